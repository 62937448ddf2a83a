import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Action } from '#actions/lib/action.ts';
import { describeInputs } from '#actions/lib/inputs.ts';
import { ROOT } from '#test/actions/run-action.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { type Known, problemsOf } from '#test/workflows/house-rules.ts';

const run = promisify(execFile);
const WORKFLOWS = readdirSync(join(ROOT, '.github/workflows')).sort();
const ACTIONS = readdirSync(join(ROOT, 'actions')).filter((name) =>
  existsSync(join(ROOT, 'actions', name, 'action.yml')),
);
const text = (...path: string[]): string => readFileSync(join(ROOT, ...path), 'utf8');

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const actionFile = z.object({
  name: z.string(),
  inputs: z.record(z.string(), z.object({ required: z.boolean(), default: scalar.optional() })).default({}),
  outputs: z.record(z.string(), z.object({ value: z.string().optional() })).default({}),
  runs: z.object({
    using: z.enum(['composite', 'node24']),
    main: z.string().optional(),
    steps: z
      .array(
        z.looseObject({
          id: z.string().optional(),
          run: z.string().optional(),
          shell: z.string().optional(),
          env: z.record(z.string(), z.string()).default({}),
        }),
      )
      .default([]),
  }),
});
const actionOf = (name: string) => actionFile.parse(parse(text('actions', name, 'action.yml')));

const KNOWN: Known = Object.fromEntries(
  ACTIONS.map((name) => {
    const { inputs, outputs } = actionOf(name);
    return [
      name,
      {
        inputs: Object.fromEntries(Object.entries(inputs).map(([input, { required }]) => [input, required])),
        outputs: Object.keys(outputs),
      },
    ];
  }),
);

describe('every workflow', () => {
  it.each(WORKFLOWS)('%s keeps the rules of the house', (name) => {
    expect(problemsOf(text('.github/workflows', name), KNOWN)).toEqual([]);
  });

  it('that runs on a schedule is watched by the watchdog, which watches nothing else', () => {
    const scheduled = WORKFLOWS.filter(
      (name) => name !== 'watchdog.yml' && 'schedule' in parse(text('.github/workflows', name)).on,
    );
    const watched = [...text('.github/workflows/watchdog.yml').matchAll(/([\w-]+\.yml)=\d/g)].map(
      ([, name]) => name,
    );
    expect(watched.sort()).toEqual(scheduled);
  });

  it('pins one action to one commit everywhere', () => {
    const files = [
      ...WORKFLOWS.map((name) => text('.github/workflows', name)),
      ...ACTIONS.map((name) => text('actions', name, 'action.yml')),
    ];
    const pins = new Map<string, Set<string>>();
    for (const [, action = '', commit = ''] of files.join('\n').matchAll(/uses: ([\w-]+\/[\w-]+)@(\S+)/g)) {
      pins.set(action, (pins.get(action) ?? new Set()).add(commit));
    }
    expect([...pins].filter(([, commits]) => commits.size > 1)).toEqual([]);
    expect(pins.size).toBeGreaterThan(2);
  });
});

const called = z.record(
  z.string(),
  z.object({ uses: z.string().optional(), secrets: z.record(z.string(), z.string()).default({}) }),
);
const GOOD = text('.github/workflows/staging-cleanup.yml');
describe('the rules of the house find', () => {
  it.each([
    ['a tag instead of a commit', /actions\/checkout@\S+/, 'actions/checkout@v7', 'expected a full commit'],
    ['a commit without its version', / # v7\.0\.1/, '', 'expected its version as a comment'],
    ['rights for everybody', 'permissions: {}', 'permissions: write-all', 'expected {} at the top'],
    [
      'a right without a reason',
      ' # the draft release that keeps the home\n',
      '\n',
      'contents: write has no reason',
    ],
    ['a job without a limit', /timeout-minutes: \d+/, 'continue-on-error: false', 'timeout-minutes'],
    ['a workflow that may run twice', /concurrency:\n(?: .*\n)+/, '', 'expected a group'],
    [
      'a cleanup that is cancelled half-way',
      'cancel-in-progress: false',
      'cancel-in-progress: true',
      'may cancel a run',
    ],
    ['a request that a newer one may drop', / {2}queue: max.*\n/, '', 'queue: max'],
    [
      'an identity outside of an environment',
      / {4}environment:\n(?: {6}.*\n)+/,
      '',
      'identity outside of an environment',
    ],
    ['a variable that nobody reads', 'TIPOFF_GCP_PROJECT:', 'TIPOFF_PROJECT:', 'nobody reads TIPOFF_PROJECT'],
    ['a schedule on the full hour', '"23 9 * * *"', '"0 9 * * *"', 'full hour'],
    [
      'credentials that stay',
      'persist-credentials: false',
      'fetch-depth: 1',
      'checkout keeps its credentials',
    ],
    [
      'a secret outside of an environment',
      / {4}environment:\n(?: {6}.*\n)+/,
      '',
      'outside of an environment',
    ],
    [
      'a record of a deployment that is none',
      '      deployment: false\n',
      '      url: https://example.com\n',
      'deployment',
    ],
    [
      'an input that does not exist',
      'max_age_hours: ${{',
      'max_age: ${{',
      'clean-staging has no input max_age',
    ],
    ['an input that is missing', '          source: clean-staging\n', '', 'post-report needs source'],
    [
      'a report under the key of another action',
      '          source: clean-staging\n',
      '          source: run-canaries\n',
      'run-canaries is told with the report of clean-staging',
    ],
    ['a report of nobody', 'source: clean-staging', 'source: cleanup', 'cleanup is the key of no action'],
    [
      'an output that does not exist',
      'steps.clean.outputs.report',
      'steps.clean.outputs.raport',
      'clean has no output raport',
    ],
    [
      'a step that does not exist',
      'steps.clean.outputs',
      'steps.cleanup.outputs',
      'there is no step cleanup',
    ],
    ['an action that does not exist', './actions/clean-staging', './actions/tidy', 'there is no action tidy'],
    [
      'a setup that comes too late',
      /( +- uses: \.\/actions\/setup\n)([\s\S]*)$/,
      '$2$1',
      'setup does not follow checkout',
    ],
    [
      'an expression inside run',
      'uses: ./actions/setup',
      `run: echo \${{ inputs.dry_run }}`,
      'an expression inside run',
    ],
    [
      'an install beside the lock file',
      'uses: ./actions/setup',
      'run: npm install left-pad',
      'the lock file does not name',
    ],
    ['a button that acts at once', 'default: true', 'default: false', 'dry_run: expected true'],
    [
      'a trigger with our rights for strangers',
      '  schedule:',
      '  pull_request_target:\n  schedule:',
      'pull_request_target',
    ],
    [
      'a secret on pull requests',
      '  schedule:',
      '  pull_request:\n  schedule:',
      'names a secret on pull requests',
    ],
  ])('%s', (_what, from, to, problem) => {
    const bad = GOOD.replace(from, to);
    expect(bad).not.toBe(GOOD);
    expect(problemsOf(bad, KNOWN).join('\n')).toContain(problem);
  });

  it.each([
    [
      'a secret that a called workflow does not declare',
      'deploy.yml',
      / {4}secrets:\n {6}TIPOFF_SLACK_TOKEN:\n(?: {8}.*\n)+/,
      '',
      'TIPOFF_SLACK_TOKEN: a called workflow has no secret that it does not declare',
    ],
    [
      'a secret that is handed on for a pull request',
      'ci.yml',
      "github.event_name == 'push' && ",
      '',
      'deploy: names a secret on pull requests',
    ],
    [
      'pages under one name',
      'day.yml',
      `name: pages-\${{ github.run_attempt }}`,
      'name: pages',
      'started again',
    ],
    [
      'pages that are deployed at once',
      'day.yml',
      / {4}concurrency:\n {6}group: pages.*\n.*\n/,
      '',
      'refuse each other',
    ],
  ])('%s', (_what, name, from, to, problem) => {
    const good = text('.github/workflows', name);
    const bad = good.replace(from, to);
    expect(bad).not.toBe(good);
    expect(problemsOf(bad, KNOWN).join('\n')).toContain(problem);
  });
});

it('a called workflow is handed every secret that it declares', () => {
  const jobs = WORKFLOWS.flatMap((name) =>
    Object.values(z.object({ jobs: called }).parse(parse(text('.github/workflows', name))).jobs),
  );
  const calls = jobs.flatMap(({ uses, secrets }) => (uses === undefined ? [] : [{ uses, secrets }]));
  expect(calls.length).toBeGreaterThan(0);
  for (const { uses, secrets } of calls) {
    const declared = z
      .object({ on: z.object({ workflow_call: z.object({ secrets: z.record(z.string(), z.unknown()) }) }) })
      .parse(parse(text(uses))).on.workflow_call.secrets;
    expect(Object.keys(secrets)).toEqual(Object.keys(declared));
  }
});

describe('the language service', () => {
  const validate = async (...files: string[]): Promise<Record<string, string[]>> => {
    const args = ['--import', 'tsx', join(ROOT, 'actions/runner/validate.ts'), ...files];
    return JSON.parse((await run(process.execPath, args, { cwd: ROOT })).stdout);
  };

  it('has nothing against any workflow and any action', async () => {
    const result = await validate();
    expect(Object.keys(result)).toHaveLength(WORKFLOWS.length + ACTIONS.length);
    expect(Object.entries(result).filter(([, problems]) => problems.length > 0)).toEqual([]);
  });

  it('is really asked: it names an unknown right, an unknown key, an unknown context, a job and a time that do not exist', async () => {
    const folder = await temporaryFolder();
    const [grammar, jobs, action] = ['grammar.yml', 'jobs.yml', 'action.yml'].map((name) =>
      join(folder.path, name),
    ) as [string, string, string];
    writeFileSync(
      grammar,
      `on: push\npermissions: { bananas: write }\njobs:\n  a:\n    runs-on: x\n    steps:\n      - runs: ls\n      - run: echo \${{ nothing.a }}\n`,
    );
    writeFileSync(
      jobs,
      'on:\n  schedule: [{ cron: "61 * * * *" }]\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: ls\n  b:\n    runs-on: x\n    needs: nobody\n    steps:\n      - run: ls\n',
    );
    writeFileSync(action, 'name: x\nruns:\n  using: composite\n  steps:\n    - ran: ls\n');
    const problems = Object.values(await validate(grammar, jobs, action)).map((list) => list.join('\n'));
    await folder.remove();
    expect(problems[0]).toMatch(/bananas[\s\S]*runs[\s\S]*nothing/);
    expect(problems[1]).toMatch(/nobody[\s\S]*cron/);
    expect(problems[2]).toContain('ran');
  });
});

describe('every action', async () => {
  const programs = ACTIONS.filter((name) => existsSync(join(ROOT, 'actions', name, 'main.ts')));
  const defined = await Promise.all(
    programs.map(async (name): Promise<Action> => (await import(`#actions/${name}/main.ts`)).action),
  );
  const described = Object.fromEntries(
    defined.map((one) => [
      one.name,
      { inputs: describeInputs(one.inputs), outputs: Object.keys(one.outputs) },
    ]),
  );

  it('with code has a folder of its name, and only the one that sets up the runner has none', () => {
    expect(Object.keys(described)).toEqual(programs);
    expect(ACTIONS.filter((name) => !programs.includes(name))).toEqual(['setup']);
  });

  it.each(Object.keys(described))(
    '%s says in action.yml what its schema says, and hands over every input',
    (name) => {
      const own = actionOf(name);
      const { inputs = {}, outputs = [] } = described[name] ?? {};
      const declared = Object.entries(own.inputs).map(([input, one]) => [
        input,
        { required: one.required, default: String(one.default ?? '') },
      ]);
      expect(Object.fromEntries(declared)).toEqual(inputs);
      expect(Object.keys(own.outputs)).toEqual(outputs);
      if (own.runs.using === 'node24') {
        // The runner hands over inputs and takes outputs by itself.
        expect([own.runs.main, own.runs.steps]).toEqual(['dist/index.js', []]);
        return;
      }
      const mapped = own.runs.steps[0]?.env ?? {};
      expect(mapped).toEqual(
        Object.fromEntries(
          Object.keys(inputs).map((input) => [`INPUT_${input.toUpperCase()}`, `\${{ inputs.${input} }}`]),
        ),
      );
      for (const [output, { value }] of Object.entries(own.outputs))
        expect(value).toBe(`\${{ steps.run.outputs.${output} }}`);
      expect(own.runs.steps[0]?.run).toBe('node "$GITHUB_ACTION_PATH/main.ts"');
    },
  );

  it.each(ACTIONS)(
    '%s is called as its folder, has a shell for each run and no expression inside one',
    (name) => {
      const own = actionOf(name);
      expect(own.name).toBe(name);
      for (const { run: script, shell } of own.runs.steps) {
        if (script === undefined) continue;
        expect(shell).toBe('bash');
        expect(script).not.toContain('${{');
      }
    },
  );
});
