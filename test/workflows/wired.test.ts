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
      steps: z
        .array(
          z.object({ uses: z.string().optional(), with: z.record(z.string(), z.unknown()).default({}), env }),
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
