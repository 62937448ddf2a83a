import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { fill } from '#actions/runner/expressions.ts';
import { canaryDeps } from '#app/canaries.ts';
import type { App } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import { JOBS } from '#guard/canaries/heartbeats.ts';
import { JOBS as CLOUD_JOBS, plainVariables } from '#scripts/provision/services.ts';
import { ROOT } from '#test/actions/run-action.ts';

const env = z.record(z.string(), z.unknown()).default({});
const workflow = z.object({
  jobs: z.record(
    z.string(),
    z.object({
      env,
      if: z.unknown().optional(),
      environment: z.union([z.string(), z.object({ name: z.string() })]).optional(),
      steps: z
        .array(
          z.object({
            uses: z.string().optional(),
            run: z.string().optional(),
            if: z.unknown().optional(),
            with: z.record(z.string(), z.unknown()).default({}),
            env,
          }),
        )
        .default([]),
    }),
  ),
});

const SHA = 'c0ffee'.padEnd(40, '0');
/** What an installation has set, by its profile: the variables that docs and provisioning name, and one secret. */
const INSTALLATIONS = {
  embedded: {},
  gcp: {
    TIPOFF_PROFILE: 'gcp',
    GCP_PROJECT: 'tipoff-test',
    GCP_LOCATION: 'US',
    GCP_BUCKET: 'tipoff-test-tipoff',
  },
} as const;
const SECRETS = { TIPOFF_SLACK_TOKEN: 'xoxb-fake', TIPOFF_BACKUP_KEY: 'k'.repeat(44) };

/** Every step that asks all canaries, with the variables it has, expressions filled in. */
function asking(vars: Readonly<Record<string, string>>) {
  const github = {
    sha: SHA,
    token: 't',
    server_url: 'https://github.com',
    repository: 'a/b',
    run_id: '7',
    actor: 'ann',
  };
  const contexts = {
    github,
    vars,
    secrets: SECRETS,
    inputs: {},
    steps: {},
    needs: {},
    runner: { temp: '/t' },
  };
  const filled = (values: Readonly<Record<string, unknown>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, fill(value, contexts, 'success')]),
    );
  return readdirSync(join(ROOT, '.github/workflows')).flatMap((file) => {
    const { jobs } = workflow.parse(parse(readFileSync(join(ROOT, '.github/workflows', file), 'utf8')));
    return Object.entries(jobs).flatMap(([job, one]) =>
      one.steps
        .filter(
          ({ uses, with: given }) =>
            uses === './actions/run-canaries' && !/^[a-z_]+$/.test(String(given['only'])),
        )
        .map((step) => ({ where: `${file} ${job}`, variables: { ...filled(one.env), ...filled(step.env) } })),
    );
  });
}

/** Canaries that a profile never asks, with the reason. */
const NEVER_ASKED: Readonly<Record<keyof typeof INSTALLATIONS, Readonly<Record<string, string>>>> = {
  embedded: {},
  gcp: { backup_fresh: 'BigQuery and Cloud Storage keep their own history' },
};

it('every job that opens the home says which code writes there', () => {
  const silent = readdirSync(join(ROOT, '.github/workflows')).flatMap((file) => {
    const { jobs } = workflow.parse(parse(readFileSync(join(ROOT, '.github/workflows', file), 'utf8')));
    return Object.entries(jobs).flatMap(([job, one]) =>
      'TIPOFF_PROFILE' in one.env && !('TIPOFF_CODE_VERSION' in one.env) ? [`${file} ${job}`] : [],
    );
  });
  expect(silent).toEqual([]);
});

describe.each(Object.keys(INSTALLATIONS) as (keyof typeof INSTALLATIONS)[])(
  'the canaries of the profile %s',
  (profile) => {
    const steps = asking(INSTALLATIONS[profile]);

    it('are asked somewhere, and people are told', () => {
      expect(steps.length).toBeGreaterThan(0);
      for (const { variables } of steps)
        expect(readConfig(variables).slack?.token).toBe(SECRETS.TIPOFF_SLACK_TOKEN);
    });

    it.each(steps)(
      'in $where know what main is, which jobs must report and which settings must be there',
      ({ variables }) => {
        const config = readConfig(variables);
        expect(config.profile).toBe(profile);
        expect([config.codeVersion, config.expectedVersion]).toEqual([SHA, SHA]);
        expect(config.scheduledJobs.length).toBeGreaterThan(0);
        for (const job of config.scheduledJobs) expect(Object.keys(JOBS)).toContain(job);
        // The check of settings is no constant: take one away, and it is missed.
        expect(config.missingSettings).toEqual([]);
        const required = (variables['TIPOFF_REQUIRED_SETTINGS'] ?? '').split(',');
        expect(readConfig({ ...variables, [required[0] ?? '']: '' }).missingSettings).toEqual([required[0]]);
      },
    );

    it.each(steps)('in $where are none of them skipped for want of a setting', ({ variables }) => {
      const { deployment } = canaryDeps({ config: readConfig(variables) } as App);
      const skipped = CATALOGUE.flatMap(({ id, skips }) => {
        // Those that ask about the moment read it first: they are no matter of settings.
        const reason = skips?.length === 2 ? skips({} as never, { deployment } as never) : undefined;
        return reason === undefined || Object.hasOwn(NEVER_ASKED[profile], id) ? [] : [`${id}: ${reason}`];
      });
      expect(skipped).toEqual([]);
    });

    it('names no canary as never asked that is not there', () => {
      for (const id of Object.keys(NEVER_ASKED[profile]))
        expect(CATALOGUE.map((one) => one.id)).toContain(id);
    });
  },
);

describe('the canaries of the job on Google Cloud', () => {
  const variables = {
    ...plainVariables({
      project: 'tipoff-test',
      projectNumber: '123456789',
      region: 'us-east1',
      location: 'US',
      repository: 'a/b',
      repositoryId: '7',
      image: undefined,
      alwaysOn: false,
      operator: undefined,
      filledSecrets: ['TIPOFF_SLACK_TOKEN'],
    }),
    TIPOFF_SLACK_TOKEN: SECRETS.TIPOFF_SLACK_TOKEN,
  };
  const config = readConfig(variables);
  /** What the job cannot know, and who asks instead. */
  const ELSEWHERE: Readonly<Record<string, string>> = {
    ...NEVER_ASKED.gcp,
    deployed_version: 'only GitHub knows what main is: canaries.yml asks twice a day',
  };

  it('know which jobs must report, and which settings must be there', () => {
    // Everything that the clock starts and that reports.
    const started = Object.values(CLOUD_JOBS).map(({ args: [verb = ''] }) => verb);
    const reporting = Object.keys(JOBS).filter((job) => started.includes(job));
    expect(reporting.length).toBeGreaterThan(1);
    for (const job of reporting) expect(config.scheduledJobs).toContain(job);
    expect(config.missingSettings).toEqual([]);
    expect(readConfig({ ...variables, TIPOFF_SLACK_TOKEN: '' }).missingSettings).toEqual([
      'TIPOFF_SLACK_TOKEN',
    ]);
  });

  it('are skipped for want of a setting only where somebody else asks', () => {
    const { deployment } = canaryDeps({ config } as App);
    const skipped = CATALOGUE.filter(
      ({ skips }) => skips?.length === 2 && skips({} as never, { deployment } as never) !== undefined,
    ).map(({ id }) => id);
    expect(skipped.filter((id) => !Object.hasOwn(ELSEWHERE, id))).toEqual([]);
  });
});

it('whoever tells people on Slack knows whom to call', () => {
  const silent = readdirSync(join(ROOT, '.github/workflows')).flatMap((file) => {
    const { jobs } = workflow.parse(parse(readFileSync(join(ROOT, '.github/workflows', file), 'utf8')));
    return Object.entries(jobs).flatMap(([job, one]) =>
      one.steps
        .filter((step) => 'slack_token' in step.with || 'TIPOFF_SLACK_TOKEN' in step.env)
        .filter((step) => !('TIPOFF_SLACK_OWNERS' in { ...one.env, ...step.env }))
        .map((step) => `${file} ${job}: ${step.uses}`),
    );
  });
  expect(silent).toEqual([]);
});

/**
 * Where each identity of Google Cloud may be taken, and what may be done with it: what is here is run with its roles alone by
 * `test/cloud/command-line.cloud.ts`, or asks the coordinator, which knows who may only look.
 */
const IDENTITIES = {
  GCP_READER: {
    environment: 'alerts',
    may: ['npx tipoff schema snapshot', './actions/dispatch-backfill, which asks the coordinator for a plan'],
  },
  GCP_RECORDER: {
    environment: 'records',
    may: ['run-canaries', 'check-schema-drift', 'check-quality', 'watch-schedules'].map(
      (name) => `./actions/${name}`,
    ),
  },
} as const;
/** Steps that ask Google Cloud for nothing: with the profile gcp no home is restored or saved. */
const ASKS_NOTHING = ['setup', 'restore-home', 'save-home', 'post-report', 'propose-change'].map(
  (name) => `./actions/${name}`,
);

describe.each(Object.entries(IDENTITIES))('the identity %s', (variable, { environment, may }) => {
  const jobs = readdirSync(join(ROOT, '.github/workflows')).flatMap((file) =>
    Object.entries(
      workflow.parse(parse(readFileSync(join(ROOT, '.github/workflows', file), 'utf8'))).jobs,
    ).flatMap(([name, job]) =>
      job.steps.some((step) => step.with['service_account'] === `\${{ vars.${variable} }}`)
        ? [{ where: `${file} ${name}`, job }]
        : [],
    ),
  );
  const workOf = ({ uses, run, with: given }: Step): string | undefined => {
    if (run !== undefined) return run;
    if (uses === undefined || !uses.startsWith('./') || ASKS_NOTHING.includes(uses)) return undefined;
    const isPlan = given['dry_run'] === true && String(given['service_url']).includes('COORDINATOR');
    return uses === './actions/dispatch-backfill' && isPlan
      ? `${uses}, which asks the coordinator for a plan`
      : uses;
  };

  it('is taken in its environment only, for what its roles are enough for', () => {
    expect(jobs.length).toBeGreaterThan(1);
    const problems = jobs.flatMap(({ where, job }) => {
      const name = typeof job.environment === 'string' ? job.environment : job.environment?.name;
      const other = job.steps
        .map(workOf)
        .filter((work) => work !== undefined && !may.some((one) => one === work));
      return [
        ...(name === environment ? [] : [`${where}: in ${name}`]),
        ...other.map((work) => `${where}: ${work}`),
      ];
    });
    expect(problems).toEqual([]);
  });

  it('is the only one of its environment', () => {
    const others = readdirSync(join(ROOT, '.github/workflows')).flatMap((file) =>
      Object.entries(
        workflow.parse(parse(readFileSync(join(ROOT, '.github/workflows', file), 'utf8'))).jobs,
      ).flatMap(([name, job]) =>
        (typeof job.environment === 'string' ? job.environment : job.environment?.name) === environment
          ? job.steps
              .map((step) => step.with['service_account'])
              .filter((account) => account !== undefined && account !== `\${{ vars.${variable} }}`)
              .map((account) => `${file} ${name}: ${account}`)
          : [],
      ),
    );
    expect(others).toEqual([]);
  });
});

/** Actions that change the home they work on, and what of the home their job saves. */
const CHANGING = [
  ...['run-day', 'run-canaries', 'clean-staging', 'check-quality', 'check-schema-drift'],
  ...['reset-batch', 'dispatch-backfill', 'load-season', 'keep-evening'],
];
type Step = z.output<typeof workflow>['jobs'][string]['steps'][number];

/** What is not right with a job that works on the home: nothing for any other job. */
function homeProblems(steps: readonly Step[]): string[] {
  const at = (name: string): number => steps.findIndex(({ uses }) => uses === `./actions/${name}`);
  const last = (name: string): number => steps.findLastIndex(({ uses }) => uses === `./actions/${name}`);
  const isChange = ({ uses, run, with: given }: Step): boolean =>
    run?.includes('tipoff incidents') === true ||
    (CHANGING.some((name) => uses === `./actions/${name}`) &&
      // What only looks saves nothing, and a pull request has no home.
      given['dry_run'] !== true &&
      given['against'] !== 'snapshot');
  const changes = steps.flatMap((step, index) => (isChange(step) ? [index] : []));
  const [first, end] = [changes[0], changes.at(-1)];
  if (first === undefined || end === undefined) return [];
  const problems: string[] = [];
  const restore = at('restore-home');
  const keepsItself = at('keep-evening') !== -1;
  const save = keepsItself ? end : last('save-home');
  if (restore === -1 || (restore > first && at('check-setup') === -1))
    problems.push('does not restore before it works');
  if (save < end) problems.push('does not save what it changed');
  for (const index of [restore, save]) {
    for (const name of ['TIPOFF_BACKUP_KEY', 'GITHUB_TOKEN'])
      if (steps[index]?.env[name] === undefined) problems.push(`${steps[index]?.uses} has no ${name}`);
  }
  const isGuarded = (index: number): boolean =>
    String(steps[index]?.if ?? '').includes("steps.home.outputs.ready == 'true'");
  // Set-up is a person's: it goes on where nothing was ever saved.
  if (at('check-setup') === -1 && changes.some((index) => !isGuarded(index)))
    problems.push('works where nothing is set up');
  return problems;
}

describe('the home of GitHub alone', () => {
  const jobs = readdirSync(join(ROOT, '.github/workflows')).flatMap((file) =>
    Object.entries(
      workflow.parse(parse(readFileSync(join(ROOT, '.github/workflows', file), 'utf8'))).jobs,
    ).map(([name, job]) => ({ where: `${file} ${name}`, job })),
  );
  /** Jobs that run on Google Cloud alone, where the home is the project. */
  const CLOUD_ONLY = ['deploy.yml schema', 'watchdog.yml watch'];

  it.each(jobs.filter(({ where }) => !CLOUD_ONLY.includes(where)))(
    'is restored by $where before it works, and what it changed is saved',
    ({ job }) => {
      expect(homeProblems(job.steps)).toEqual([]);
    },
  );

  it('is what canaries, cleanup, quality, drift, reset, backfill, day, evening, set-up and answers work on', () => {
    const working = jobs.filter(({ job }) =>
      job.steps.some(({ uses }) => uses === './actions/save-home' || uses === './actions/keep-evening'),
    );
    expect(working.map(({ where }) => where).sort()).toEqual([
      'backfill.yml dispatch',
      'canaries.yml canaries',
      'day.yml day',
      'day.yml evening',
      'incidents.yml answer',
      'reset-batch.yml reset',
      'schema-drift.yml live',
      'setup.yml setup',
      'staging-cleanup.yml clean',
      'training-quality.yml quality',
    ]);
  });

  it('is missed where a job forgets it', () => {
    const { job } = jobs.find(({ where }) => where === 'canaries.yml canaries') ?? {};
    const steps = job?.steps ?? [];
    const without = (name: string) => steps.filter(({ uses }) => uses !== `./actions/${name}`);
    expect(homeProblems(without('restore-home'))).toContain('does not restore before it works');
    expect(homeProblems(without('save-home'))).toContain('does not save what it changed');
    expect(homeProblems(steps.map((step) => ({ ...step, if: undefined })))).toContain(
      'works where nothing is set up',
    );
    expect(homeProblems(steps.map((step) => ({ ...step, env: {} }))).join()).toContain(
      'has no TIPOFF_BACKUP_KEY',
    );
  });
});
