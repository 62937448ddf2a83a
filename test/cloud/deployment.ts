import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import type { ActionRunner } from '#test/actions/run-action.ts';
import { type CloudRun, cloudRun, imageFolder } from '#test/fakes/cloud-run.ts';
import type { StrictFront } from '#test/fakes/front/front.ts';

const KEY = 'a-key-of-the-cloud-tests-with-enough-characters';
const POLL_MS = 200;
const PROOF = { authorization: `Bearer ${KEY}` };

/** A project that has lived a day, and who deploys into it. */
interface Deployed {
  readonly front: StrictFront;
  readonly act: ActionRunner['run'];
  /** A folder for images and what processes keep. */
  readonly folder: string;
  /** A slate that can be predicted, and the instant that services take for now. */
  readonly slate: string;
  readonly at: string;
}

/** The contracts of the version after this one: a nullable column more in the predictions. */
function widened(text: string): string {
  return text.replace(
    '  has_status_feed: required.bool(',
    "  mood: nullable.string('What the next version adds'),\n  has_status_feed: required.bool(",
  );
}

const addressOf = ({ made }: StrictFront, tag: string): string =>
  `us-east1-docker.pkg.dev/${made.project}/tipoff/tipoff:${tag}`;

/** The services as provisioning made them, the next version with wider tables, and the way back; a batch by the next one, and by the first one after it. */
export async function deployAndGoBack(given: Deployed): Promise<void> {
  const { front, folder, at } = given;
  const image = (version: string, changed = {}): string =>
    imageFolder(join(folder, version), version, changed);
  const later = { 'src/core/contracts/nba_predictions.ts': widened };
  const next = image('next', later);
  const services = await cloudRun({
    ...{ made: front.made, at, folder, deployer: 'deployer', first: addressOf(front, 'first') },
    images: {
      [addressOf(front, 'first')]: { folder: image('first') },
      [addressOf(front, 'next')]: { folder: next },
      [addressOf(front, 'spoilt')]: {
        folder: image('spoilt', later),
        answersUsers: { status: 500, body: {} },
      },
    },
    environment: async (account) => ({ ...(await front.as(account)), TIPOFF_API_KEY: KEY }),
  });
  try {
    await rollThrough(given, services, next);
  } finally {
    await services.close();
  }
}

async function ask(address: string, path: string, body?: object) {
  const answer = await fetch(`${address}${path}`, {
    headers: { ...PROOF, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function rollThrough({ front, act, slate }: Deployed, services: CloudRun, next: string): Promise<void> {
  const { made } = front;
  const [coordinator, worker] = ['tipoff-coordinator', 'tipoff-worker'].map(services.url);
  if (coordinator === undefined || worker === undefined) throw new Error('provisioning made no services');
  await front.pushTo(worker, PROOF);
  const deploy = (service: string, version: string) =>
    act(
      'deploy-service',
      {
        ...{ service, version, image: addressOf(front, version), service_token: KEY, wait_seconds: '0' },
        ...{ project: made.project, region: 'us-east1' },
      },
      { PATH: `${services.tools}${delimiter}${process.env['PATH'] ?? ''}` },
    );
  const verified = async (service: string, version: string): Promise<void> => {
    const inputs = { service, service_url: services.url(service), service_token: KEY };
    const seen = await act('verify-deployment', {
      ...inputs,
      expected_version: version,
      wait_seconds: '0',
    });
    expect([seen.code, seen.outputs['seen_version']], seen.summary + services.logs()).toEqual([0, version]);
  };
  /** A batch from the coordinator's start to its publication, pushed to the worker. */
  const predicted = async (): Promise<void> => {
    const started = await ask(coordinator, '/start', {
      game_date: slate,
      mode: 'LINE_UPDATE',
      force: true,
    });
    expect(started.status, JSON.stringify(started.body)).toBe(202);
    let state: unknown;
    while (!['published', 'published_partial', 'held', 'failed'].includes(String(state))) {
      // Who asks without a pause takes the time that the batch needs.
      await pause(POLL_MS);
      state = (await ask(coordinator, `/batches/${String(started.body['batch_id'])}`)).body['state'];
    }
    expect(state, services.logs()).toBe('published');
  };

  for (const [service, role] of [
    [coordinator, 'coordinator'],
    [worker, 'worker'],
  ] as const) {
    const deep = await ask(service, '/health/deep');
    expect([deep.status, deep.body['verdicts']], JSON.stringify(deep.body)).toEqual([
      200,
      expect.objectContaining({ queue_publish: 'pass', clock_skew: 'pass', output_schema: 'pass' }),
    ]);
    expect((await ask(service, '/version')).body).toMatchObject({ version: 'first', roles: [role] });
  }
  expect((await ask(coordinator, '/status')).status).toBe(200);
  expect((await fetch(`${coordinator}/status`)).status).toBe(401);

  // Tables first: the next version gets no traffic while a column that it writes is missing.
  const early = await deploy('tipoff-worker', 'next');
  expect([early.code, early.summary]).toEqual([1, expect.stringContaining('is not fit and got no traffic')]);
  expect(early.summary).toContain('output_schema');
  await verified('tipoff-worker', 'first');
  const applying = spawn(process.execPath, [join(next, 'src/app/cli/tipoff.ts'), 'schema', 'apply'], {
    env: { ...process.env, ...(await front.as('writer')) },
    stdio: 'ignore',
  });
  expect((await once(applying, 'close'))[0]).toBe(0);
  // What serves is right on the wider tables, before anything is deployed.
  await verified('tipoff-coordinator', 'first');

  // An image under the wrong role, and a deployment by an account that may not.
  const record = made.cli.state.things;
  const own = record['run services tipoff-worker'] ?? {};
  record['run services tipoff-worker'] = JSON.parse(
    JSON.stringify(own).replace('"--worker"', '"--coordinator"').replace(',"--workers","0"', ''),
  );
  const wrong = await deploy('tipoff-worker', 'next');
  expect([wrong.code, wrong.summary]).toEqual([
    1,
    expect.stringContaining('expected a worker as tipoff-worker, saw one as coordinator'),
  ]);
  record['run services tipoff-worker'] = own;
  const policies = made.cli.state.policies;
  const bound = policies['run services tipoff-worker'] ?? [];
  policies['run services tipoff-worker'] = [];
  const denied = await deploy('tipoff-worker', 'next');
  expect([denied.code, denied.log]).toEqual([3, expect.stringContaining("'run.services.update' denied")]);
  policies['run services tipoff-worker'] = bound;

  for (const service of ['tipoff-worker', 'tipoff-coordinator']) {
    const deployed = await deploy(service, 'next');
    expect([deployed.code, deployed.outputs['verdict']], deployed.summary).toEqual([0, 'ok']);
    await verified(service, 'next');
  }
  await predicted();

  // Back: by the deployment itself when what serves is not right, and by hand as docs/deploy.md says.
  const spoilt = await deploy('tipoff-coordinator', 'spoilt');
  expect([spoilt.code, spoilt.outputs['rolled_back']], spoilt.summary).toEqual([1, 'true']);
  await verified('tipoff-coordinator', 'next');
  for (const service of ['tipoff-worker', 'tipoff-coordinator']) {
    const flags = `${service} --project=${made.project} --region=us-east1 --to-revisions=${service}-00001=100`;
    const args = `run services update-traffic ${flags}`.split(' ');
    const [code] = await once(spawn(join(services.tools, 'gcloud'), args, { stdio: 'ignore' }), 'close');
    expect(code).toBe(0);
    await verified(service, 'first');
  }
  await predicted();
}
