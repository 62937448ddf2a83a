import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { SETTINGS } from '#app/config/settings.ts';
import { readConfig } from '#app/config.ts';
import { TipoffError } from '#core/errors.ts';
import { UNIT_TOPIC } from '#pipeline/batch/state.ts';
import { type Account, SERVICES } from '#scripts/provision/installation.ts';
import { installationSteps } from '#scripts/provision/plan.ts';
import { type Asked, provision } from '#scripts/provision/provision.ts';
import { GRANTS } from '#scripts/provision/roles.ts';
import { cloudTools } from '#scripts/provision/run.ts';
import { JOBS, plainVariables } from '#scripts/provision/services.ts';
import { type CloudCli, fakeCloudCli } from '#test/fakes/cloud-cli.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

const ASKED: Asked['installation'] = {
  project: 'my-forecasts',
  region: 'us-east1',
  location: 'us-east1',
  repository: 'ann/tipoff',
  repositoryId: '4711',
  image: 'us-east1-docker.pkg.dev/my-forecasts/tipoff/tipoff:first',
  operator: 'user:ann@example.com',
  alwaysOn: false,
};
const CHANGES =
  /\b(?:set-cleanup-policies|create|create-oidc|update|deploy|enable|mk|query|add-iam-policy-binding)\b/;

let cloud: CloudCli;
let said: string[];
beforeEach(() => {
  cloud = fakeCloudCli();
  said = [];
});

function run(isApplied: boolean, change: Partial<Asked['installation']> = {}): string {
  said = [];
  cloud.calls.length = 0;
  provision({ installation: { ...ASKED, ...change }, isApplied }, cloudTools(cloud.call), (line) =>
    said.push(line),
  );
  return said.join('\n');
}
const changes = (): string[] => cloud.calls.filter((call) => CHANGES.test(call));

describe('provisioning', () => {
  it('prints the plan and does nothing unless it is told to', () => {
    const plan = run(false);
    expect(changes()).toEqual([]);
    expect(plan).toContain('+ dataset nba_raw');
    expect(plan).toContain('0 stand,');
    expect(plan).toContain('Run it again with --yes');
  });

  it('makes everything in an empty project, in an order that works, and the second time changes nothing and says so', () => {
    run(true);
    const planned = said.join('\n').match(/(\d+) to make/)?.[1];
    expect(changes()).toHaveLength(Number(planned));
    expect(run(true)).toContain('Everything stands; nothing was changed.');
    expect(changes()).toEqual([]);
    expect(said.join('\n')).toMatch(/\d+ stand, 0 to make, 0 to change/);
  });

  it('keeps a coordinator running only where that is asked for, and none of a candidate', () => {
    const shape = (): string =>
      cloud.calls.find((call) => /run (?:deploy|services update) tipoff-coordinator/.test(call)) ?? '';
    run(true);
    expect(shape()).toContain('--min-instances=default --min=0 --cpu-throttling');
    expect(shape()).not.toContain('staging-cleanup,services');
    run(true, { alwaysOn: true });
    expect(shape()).toContain('--min-instances=default --min=1 --no-cpu-throttling');
    expect(shape()).toContain('staging-cleanup,services');
  });

  it('says that a change takes no effect where traffic is pinned to a revision', () => {
    run(true);
    expect(said.join()).not.toContain('pinned');
    const worker = cloud.state.things['run services tipoff-worker'];
    if (worker === undefined) throw new Error('no worker');
    worker['status'] = { traffic: [{ revisionName: 'worker-001', percent: 100 }] };
    expect(run(false)).toMatch(
      /tipoff-worker: its traffic is pinned .*update-traffic tipoff-worker .*--to-latest/,
    );
    worker['status'] = { traffic: [{ revisionName: 'worker-002', percent: 100, latestRevision: true }] };
    expect(run(false)).not.toContain('pinned');
  });

  it('stays within the bounds that the services state', () => {
    for (const planted of [
      ['pubsub', 'subscriptions', 'create', 'x', '--topic=t', '--ack-deadline=601'],
      ['pubsub', 'subscriptions', 'create', 'x', '--topic=t', '--message-retention-duration=5m'],
      ['scheduler', 'jobs', 'create', 'http', 'x', '--attempt-deadline=31m'],
      ['run', 'deploy', 'x', '--timeout=3601'],
      ['run', 'deploy', 'x', '--cpu=1', '--memory=8Gi'],
    ])
      expect(cloud.call('gcloud', planted), planted.join(' ')).toMatchObject({
        status: 1,
        text: expect.stringContaining('INVALID_ARGUMENT'),
      });
    expect(run(true, { alwaysOn: true })).not.toContain('INVALID_ARGUMENT');
  });

  it('goes on where a failure stopped it', () => {
    cloud.fail = {
      when: 'pubsub topics create',
      words: 'ERROR: PERMISSION_DENIED: pubsub.topics.create on my-forecasts',
    };
    const failure = (): string => {
      try {
        run(true);
      } catch (error) {
        if (error instanceof TipoffError) return `${error.message} ${error.hint}`;
      }
      return 'nothing failed';
    };
    expect(failure()).toMatch(
      /stopped at \d+ of \d+, topic tipoff-predict-units: gcloud pubsub topics create .*PERMISSION_DENIED.*Ask an owner/s,
    );
    const standing = changes().length - 1;
    expect(standing).toBeGreaterThan(10);
    cloud.fail = undefined;
    expect(run(true)).toContain(`${standing} stand,`);
    expect(run(false)).toContain('Everything stands');
  });

  it('takes no failure of a look for an absence', () => {
    cloud.fail = {
      when: 'firestore databases describe',
      words: 'ERROR: (gcloud.firestore) UNAVAILABLE: try later',
    };
    expect(() => run(true)).toThrow('UNAVAILABLE');
    expect(changes()).toEqual([]);
  });

  it('takes an API that is not enabled yet for one whose things are still to be made', () => {
    cloud.fail = {
      when: 'run services describe',
      words: 'ERROR: SERVICE_DISABLED: Cloud Run Admin API has not been used in project 1',
    };
    expect(run(false)).toContain('+ service tipoff-coordinator');
  });

  it('leaves services, jobs and triggers out without an image, and adds them with one', () => {
    expect(run(true, { image: undefined })).toContain('are left out');
    expect(changes().filter((call) => /gcloud (?:run|scheduler)/.test(call))).toEqual([]);
    expect(run(true)).toContain('Done.');
    expect(changes().every((call) => /gcloud (?:run|scheduler)/.test(call))).toBe(true);
  });

  it('changes a service whose variables are others, keeps its image, and gives it a secret once that has a value', () => {
    run(true);
    cloud.filled.push('tipoff-slack-token');
    expect(run(true)).toContain('~ service tipoff-coordinator');
    const [service = '', ...jobs] = changes();
    expect(service).toContain('gcloud run services update tipoff-coordinator');
    expect(service).toContain('--update-secrets=TIPOFF_SLACK_TOKEN=tipoff-slack-token:latest');
    expect(service).not.toContain('--image');
    expect(jobs.map((call) => call.split(' ').slice(1, 5).join(' '))).toEqual([
      'run jobs update tipoff-fetch',
      'run jobs update tipoff-day',
      'run jobs update tipoff-statuses',
      'run jobs update tipoff-last-call',
      'run jobs update tipoff-canaries',
    ]);
    expect(run(false)).toContain('Everything stands');
  });

  it.each([
    ['project', 'x; rm -rf'],
    ['region', '--flag'],
    ['repositoryId', 'tipoff'],
    ['repository', 'tipoff'],
    ['operator', 'ann'],
    ['image', 'a b'],
  ] as const)('refuses %s when it is "%s"', (name, value) => {
    expect(() => run(true, { [name]: value })).toThrow(/expected .*saw/);
    expect(cloud.calls).toEqual([]);
  });
});

describe('what accounts may do', () => {
  const members = (account: Account): string =>
    `serviceAccount:tipoff-${account}@my-forecasts.iam.gserviceaccount.com`;
  const rolesOf = (account: Account): string[] =>
    Object.entries(cloud.state.policies).flatMap(([thing, bindings]) =>
      bindings
        .filter((binding) => binding.members.includes(members(account)))
        .map(({ role }) => `${role} on ${thing.split(' ')[0]}`),
    );

  it('is never owner, editor or administrator of anything, and no policy names everybody', () => {
    run(true);
    const given = Object.values(cloud.state.policies).flat();
    expect(given.filter(({ role }) => /owner|editor$|admin/i.test(role))).toEqual([]);
    expect(
      given.flatMap(({ members: who }) => who).filter((who) => /allUsers|allAuthenticatedUsers/.test(who)),
    ).toEqual([]);
  });

  it('is the least that each needs', () => {
    run(true);
    const onProject = ['roles/bigquery.jobUser', 'roles/datastore.user', 'roles/pubsub.viewer'].map(
      (role) => `${role} on projects`,
    );
    expect(rolesOf('push')).toEqual([]);
    expect(rolesOf('scheduler')).toEqual(Array.from({ length: 5 }, () => 'roles/run.invoker on run'));
    const probing = ['roles/pubsub.publisher on pubsub', 'roles/pubsub.subscriber on pubsub'];
    expect(rolesOf('worker')).toEqual([...onProject, 'roles/storage.objectViewer on storage', ...probing]);
    expect(rolesOf('deployer').filter((role) => role.endsWith('on projects'))).toEqual([]);
    // A role that is not known to look only may write.
    const looking =
      /^roles\/(?:bigquery\.(?:jobUser|dataViewer)|datastore\.viewer|pubsub\.viewer|storage\.objectViewer) /;
    const more = (account: Account): string[] => rolesOf(account).filter((role) => !looking.test(role));
    expect(more('reader')).toEqual([]);
    expect(more('recorder')).toEqual(['roles/datastore.user on projects']);
    const written = (account: Account): string[] =>
      Object.entries(cloud.state.datasets).flatMap(([dataset, entries]) =>
        entries.some(
          ({ role, userByEmail }) => role !== 'READER' && userByEmail.startsWith(`tipoff-${account}@`),
        )
          ? [dataset]
          : [],
      );
    expect(written('reader')).toEqual([]);
    expect(written('recorder')).toEqual(['nba_orchestration']);
    expect(rolesOf('coordinator').some((role) => /run\./.test(role))).toBe(false);
    const takers = (subscription: string): string[] =>
      (cloud.state.policies[`pubsub subscriptions ${subscription}`] ?? [])
        .flatMap(({ members }) => members)
        .map((member) => member.replace(/^serviceAccount:tipoff-|@.*$/g, ''));
    expect(takers('tipoff-predict-units')).toEqual(['pipeline', 'writer']);
    expect(takers('tipoff-health-probe')).toEqual(['coordinator', 'worker']);
    const writers = (dataset: string): string[] =>
      (cloud.state.datasets[dataset] ?? [])
        .filter(({ role }) => role === 'WRITER')
        .map(({ userByEmail }) => userByEmail.split('@')[0] ?? '');
    expect(writers('nba_raw')).toEqual(['tipoff-pipeline', 'tipoff-writer']);
    expect(writers('fn')).toEqual(['tipoff-writer']);
    expect(writers('nba_predictions')).toEqual([
      'tipoff-coordinator',
      'tipoff-worker',
      'tipoff-pipeline',
      'tipoff-writer',
    ]);
    for (const { writes, reads } of GRANTS) expect(writes.filter((name) => reads.includes(name))).toEqual([]);
  });

  it('is reached by GitHub from this repository and these environments only', () => {
    run(true);
    const provider = cloud.calls.find((call) => call.includes('create-oidc')) ?? '';
    expect(provider).toContain(
      "--attribute-condition=assertion.repository_id=='4711' && assertion.ref=='refs/heads/main'",
    );
    const reached = Object.entries(cloud.state.policies).flatMap(([thing, bindings]) =>
      bindings
        .filter(({ role }) => role === 'roles/iam.workloadIdentityUser')
        .map(
          ({ members: [who = ''] }) => `${/tipoff-(\w+)@/.exec(thing)?.[1]} from ${who.split('/').at(-1)}`,
        ),
    );
    expect(reached.sort()).toEqual([
      'deployer from production',
      'reader from alerts',
      'recorder from records',
      'writer from maintenance',
      'writer from production',
    ]);
  });
});

describe('what is provisioned', () => {
  const steps = installationSteps({
    ...ASKED,
    image: ASKED.image ?? '',
    projectNumber: '123456789012',
    filledSecrets: [],
  });
  const commands = steps.map(({ make }) => make.args.join(' '));

  it('names the topic as the queue does, with a dead-letter topic and a signed push to the worker', () => {
    expect(commands).toContainEqual(expect.stringContaining(`pubsub topics create tipoff-${UNIT_TOPIC} `));
    const push =
      commands.find((command) => command.includes('subscriptions create tipoff-predict-units-push')) ?? '';
    expect(push).toContain('--push-endpoint=https://tipoff-worker-123456789012.us-east1.run.app/predict');
    expect(push).toContain('--push-auth-service-account=tipoff-push@');
    expect(push).toContain('--dead-letter-topic=tipoff-predict-units-dead');
  });

  it('runs what the configuration accepts: every variable is known, and the profile is complete', () => {
    const installation = { ...ASKED, projectNumber: '123456789012', filledSecrets: [] };
    for (const service of [...SERVICES, undefined]) {
      const variables = plainVariables(installation, service);
      expect(Object.keys(variables).filter((name) => !(name in SETTINGS.shape))).toEqual([]);
      const config = readConfig(variables);
      expect(config.profile === 'gcp' ? config.gcp : undefined).toMatchObject({
        project: 'my-forecasts',
        bucket: 'my-forecasts-tipoff',
      });
      expect(config.oidc?.audience).toBe(
        service === undefined ? undefined : `https://tipoff-${service}-123456789012.us-east1.run.app`,
      );
    }
  });

  it('tells GitHub every variable that its workflows ask for, but the names of its own channels and what is for GitHub alone', () => {
    const workflows = readdirSync('.github/workflows').map((name) =>
      readFileSync(join('.github/workflows', name), 'utf8'),
    );
    const asked = new Set(
      workflows.flatMap((text) => [...text.matchAll(/\bvars\.(\w+)/g)].map(([, name = '']) => name)),
    );
    run(true);
    const told = new Set(
      [...said.join('\n').matchAll(/gh variable set (\w+)/g)].map(([, name = '']) => name),
    );
    expect([...asked].filter((name) => !told.has(name)).sort()).toEqual([
      'TIPOFF_BACKFILL_MINUTES',
      'TIPOFF_BACKUP',
      'TIPOFF_LATE_RUNS',
      'TIPOFF_ODDS_MARKETS',
      'TIPOFF_ODDS_REGIONS',
      'TIPOFF_PAGES',
      'TIPOFF_REQUIRED_SETTINGS',
      'TIPOFF_SITE_URL',
      'TIPOFF_SLACK_CHANNEL',
      'TIPOFF_SLACK_CHANNELS',
      'TIPOFF_SLACK_OWNERS',
      'TIPOFF_SOURCES',
    ]);
    expect([...told].filter((name) => !asked.has(name))).toEqual([]);
  });

  it('has no step that is named twice', () => {
    const titles = steps.map(({ title }) => title);
    expect(titles.filter((title, i) => titles.indexOf(title) !== i)).toEqual([]);
  });
});

describe('npm run provision', () => {
  it('finds gcloud on the path, asks it no questions, and ends with what to do when it refuses', async () => {
    const folder = await temporaryFolder();
    try {
      const stub = join(folder.path, 'gcloud');
      await writeFile(
        stub,
        `#!/bin/sh\necho "$@" >> ${folder.path}/calls\necho "ERROR: You do not currently have an active account selected." >&2\nexit 1\n`,
      );
      await chmod(stub, 0o755);
      const args = [
        '--project',
        'my-forecasts',
        '--region',
        'us-east1',
        '--repository',
        'ann/tipoff',
        '--repository-id',
        '4711',
      ];
      const start = (more: readonly string[]) =>
        spawnSync(process.execPath, ['scripts/provision.ts', ...more], {
          encoding: 'utf8',
          env: { ...process.env, PATH: `${folder.path}:/usr/bin:/bin` },
        });
      const refused = start(args);
      expect(refused.status).toBe(3);
      expect(refused.stderr).toContain('gcloud projects describe my-forecasts');
      expect(refused.stderr).toContain('Run `gcloud auth login`, then this again.');
      expect(start(args.slice(2)).stderr).toContain('expected --project, saw none');
      expect(start(['--help']).stdout).toContain('--yes');
    } finally {
      await folder.remove();
    }
  });
});

describe('a deployment', () => {
  it('gives every provisioned job the new image', () => {
    const [, names = ''] = /^for job in (.+); do$/m.exec(readFileSync('.github/update-jobs', 'utf8')) ?? [];
    expect(names.split(' ').sort()).toEqual(Object.keys(JOBS).sort());
  });
});
