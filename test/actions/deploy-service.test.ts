import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ActionRun, actionRunner } from '#test/actions/run-action.ts';
import { type FakeCoordinator, fakeCoordinator } from '#test/fakes/coordinator-server.ts';

const { run, runProcess, folder } = actionRunner();
let service: FakeCoordinator;
let candidate: FakeCoordinator;
beforeEach(async () => {
  [service, candidate] = await Promise.all([fakeCoordinator(), fakeCoordinator()]);
});
afterEach(async () => {
  await Promise.all([service.close(), candidate.close()]);
});

/** What a service says of itself, look by look; the last word stays. */
function says(
  who: FakeCoordinator,
  ...looks: readonly { readonly version: string; readonly health?: number; readonly role?: string }[]
): void {
  who.answers.set(
    'GET /version',
    looks.map(({ version, role = 'worker' }) => ({ status: 200, body: { version, roles: [role] } })),
  );
  who.answers.set(
    'GET /health/deep',
    looks.flatMap(({ health = 200 }) =>
      health === 200
        ? [{ status: 200, body: {} }]
        : [{ status: health, body: { message: 'the model is gone' } }],
    ),
  );
}

/** Deploys with a gcloud that describes one service, writes down what it is asked, and fails where a pattern says so. */
async function deploy(failing = '', start = run): Promise<ActionRun & { readonly asked: string[] }> {
  const here = folder();
  const traffic = [
    { revisionName: 'worker-001', percent: 100 },
    { revisionName: 'worker-002', tag: 'candidate', url: candidate.url },
  ];
  writeFileSync(join(here, 'service.json'), JSON.stringify({ status: { url: service.url, traffic } }));
  writeFileSync(join(here, 'asked'), '');
  const script = `#!/usr/bin/env bash
echo "$*" >>"${here}/asked"
if [ -n "${failing}" ] && [[ "$*" == *"${failing}"* ]]; then echo "ERROR: (gcloud) no permission" >&2; exit 1; fi
if [[ "$*" == *describe* ]]; then cat "${here}/service.json"; else echo '{}'; fi
`;
  writeFileSync(join(here, 'gcloud'), script);
  chmodSync(join(here, 'gcloud'), 0o755);
  const inputs = {
    service: 'worker',
    project: 'p',
    region: 'r',
    image: 'r/p/tipoff:abc',
    version: 'abc',
    wait_seconds: '0',
  };
  const ran = await start('deploy-service', inputs, {
    PATH: `${here}${delimiter}${process.env['PATH'] ?? ''}`,
  });
  const lines = readFileSync(join(here, 'asked'), 'utf8').trim().split('\n');
  return { ...ran, asked: lines.filter((line) => !line.includes('describe')) };
}
const FLAGS = '--project=p --region=r --quiet --format=json';
const DEPLOY = `run deploy worker --image=r/p/tipoff:abc --no-traffic --tag=candidate ${FLAGS}`;
const TO_LATEST = `run services update-traffic worker --to-latest ${FLAGS}`;
const traffic = (revision: string) =>
  `run services update-traffic worker --to-revisions=${revision}=100 ${FLAGS}`;

describe('deploy-service', () => {
  it('tries the revision without traffic, switches, and looks again', async () => {
    says(service, { version: 'old' }, { version: 'abc' });
    says(candidate, { version: 'abc' });
    const ran = await deploy('', runProcess);
    expect(ran).toMatchObject({
      code: 0,
      outputs: { verdict: 'ok', revision: 'worker-002', rolled_back: 'false' },
    });
    expect(ran.asked).toEqual([DEPLOY, TO_LATEST]);
    expect(ran.summary).toContain('worker serves abc as worker-002 and is healthy in depth');
  });

  it('deploys nothing when the version is there already', async () => {
    says(service, { version: 'abc' });
    const ran = await deploy();
    expect(ran).toMatchObject({
      code: 0,
      outputs: { verdict: 'nothing', revision: 'worker-001', rolled_back: 'false' },
    });
    expect(ran.asked).toEqual([]);
  });

  it('gives no traffic to a revision that is not healthy', async () => {
    says(service, { version: 'old' });
    says(candidate, { version: 'abc', health: 500 });
    const ran = await deploy();
    expect(ran).toMatchObject({
      code: 1,
      outputs: { verdict: 'failed', revision: 'worker-001', rolled_back: 'true' },
    });
    expect(ran.asked).toEqual([DEPLOY]);
    expect(ran.summary).toContain(
      'worker-002 of worker is not fit and got no traffic; worker-001 keeps serving',
    );
    expect(ran.summary).toContain('the model is gone');
  });

  it('gives no traffic to an image that runs as something else', async () => {
    says(service, { version: 'old' });
    says(candidate, { version: 'abc', role: 'coordinator' });
    const ran = await deploy();
    expect(ran).toMatchObject({ code: 1, outputs: { verdict: 'failed', revision: 'worker-001' } });
    expect(ran.asked).toEqual([DEPLOY]);
    expect(ran.summary).toContain('expected a worker as worker, saw one as coordinator');
  });

  it.each([
    ['the service is not right after the switch', [{ version: 'old' }, { version: 'old' }], '', 'saw "old"'],
    ['the switch itself fails', [{ version: 'old' }], '--to-latest', 'no permission'],
  ])('goes back when %s', async (_what, looks, failing, why) => {
    says(service, ...looks);
    says(candidate, { version: 'abc' });
    const ran = await deploy(failing);
    expect(ran).toMatchObject({
      code: 1,
      outputs: { verdict: 'failed', revision: 'worker-001', rolled_back: 'true' },
    });
    expect(ran.asked).toEqual([DEPLOY, TO_LATEST, traffic('worker-001')]);
    expect(ran.log).toMatch(/^::error title=Deployment of worker::/m);
    expect(ran.summary).toContain('worker was rolled back to worker-001');
    expect(ran.summary).toContain(why);
  });

  it('ends as an error when there is no way back', async () => {
    says(service, { version: 'old' });
    says(candidate, { version: 'abc' });
    const ran = await deploy('update-traffic');
    expect(ran).toMatchObject({ code: 3, outputs: { verdict: 'error', revision: '', rolled_back: 'false' } });
    expect(ran.summary).toContain('could not be rolled back to worker-001');
  });

  it('says the last words of a command that fails, and that a machine has no gcloud', async () => {
    says(service, { version: 'old' });
    const refused = await deploy('run deploy');
    expect(refused).toMatchObject({ code: 3, outputs: { verdict: 'error', revision: '' } });
    expect(refused.log).toContain('gcloud run deploy worker ended with 1: ERROR: (gcloud) no permission');
    const inputs = { service: 'worker', project: 'p', region: 'r', image: 'i', version: 'abc' };
    const none = await run('deploy-service', inputs, { PATH: folder() });
    expect(none).toMatchObject({ code: 2, outputs: { verdict: 'error' } });
    expect(none.log).toContain('expected gcloud on this machine, saw none');
  });

  it('names every input that is missing at once', async () => {
    const ran = await run('deploy-service', { service: 'worker', wait_seconds: '9999' });
    expect(ran).toMatchObject({ code: 2, outputs: { verdict: 'error', rolled_back: 'false' } });
    for (const input of ['project', 'region', 'image', 'version', 'wait_seconds'])
      expect(ran.log).toContain(`${input}: expected`);
  });
});
