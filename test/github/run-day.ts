import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '#test/actions/run-action.ts';
import { FAKE_GITHUB_TOKEN, FAKE_REPOSITORY } from '#test/fakes/github-server.ts';
import type { Act } from './act.ts';
import { providersAt, type World } from './world.ts';

/** One run of day.yml on an empty machine. */
export interface DayRun {
  readonly code: number | null;
  /** Steps that ended, by name, in order. */
  readonly steps: readonly string[];
  readonly log: string;
}

/** The schedule that the run answers. */
const CRON = '37 17 * 1-6,10-12 *';

/**
 * Runs the day.yml of the checkout in a home of its own, with act or with the pocket runner. With `killAt` the process group is
 * killed as soon as the step of this name begins: nothing of the job runs after that.
 */
export async function runDayWorkflow(
  world: World,
  at: Date,
  { act, killAt }: { readonly act?: Act | undefined; readonly killAt?: string } = {},
): Promise<DayRun> {
  const home = world.fresh();
  const payload = `${home}-event.json`;
  await writeFile(payload, JSON.stringify({ schedule: CRON, repository: { visibility: 'private' } }));
  const list = (flag: string, values: Readonly<Record<string, string>>): string[] =>
    Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);
  const here = {
    USER: 'ann',
    TMPDIR: tmpdir(),
    NODE_COMPILE_CACHE: join(tmpdir(), 'tipoff-compile-cache'),
    GITHUB_REPOSITORY: FAKE_REPOSITORY,
    GITHUB_API_URL: world.github.url,
    TIPOFF_SLACK_API_URL: world.slack.url,
    ...providersAt(world.providers.url),
  };
  const [program, options, env] =
    act === undefined
      ? [
          process.execPath,
          [
            ...[
              join(ROOT, 'scripts/workflow.ts'),
              '.github/workflows/day.yml',
              '--event',
              'schedule',
              '--payload',
              payload,
            ],
            ...['--home', home, '--at', at.toISOString()],
            ...list('--var', world.variables),
            ...list('--secret', world.secrets),
          ],
          {
            ...here,
            PATH: process.env['PATH'] ?? '',
            GITHUB_ACTIONS: 'true',
            GITHUB_TOKEN: FAKE_GITHUB_TOKEN,
          },
        ]
      : [
          act.program,
          [
            ...[
              'schedule',
              '-W',
              act.workflow('day.yml', dirname(home)),
              '-j',
              'day',
              '-e',
              payload,
              ...act.options,
            ],
            ...list('--env', {
              ...here,
              TIPOFF_HOME: home,
              PLAYED_BEHIND_MS: String(Date.now() - at.getTime()),
            }),
            ...list('--var', world.variables),
            ...list('-s', { ...world.secrets, GITHUB_TOKEN: FAKE_GITHUB_TOKEN }),
          ],
          act.env,
        ];
  // A group of its own, so that a kill takes the step with it.
  const child = spawn(program, options, { cwd: ROOT, detached: true, env });
  let log = '';
  const stepsIn = (text: string): string[] =>
    [...text.matchAll(act === undefined ? /^▸ (.*)$/gm : /⭐ Run Main (.*)$/gm)].map(([, name = '']) => name);
  const watch = (text: string): void => {
    log += text;
    if (killAt !== undefined && child.pid !== undefined && stepsIn(log).includes(killAt))
      process.kill(-child.pid, 'SIGKILL');
  };
  child.stdout.setEncoding('utf8').on('data', watch);
  child.stderr.setEncoding('utf8').on('data', watch);
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, log, steps: stepsIn(log) };
}
