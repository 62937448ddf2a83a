import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { addDays, parseSlate } from '#core/calendar.ts';
import { shiftedClock } from '#platform/clock.ts';
import { COMMANDS, type CommandUse } from '#scripts/cost/requests.ts';
import type { Account } from '#scripts/provision/installation.ts';
import { loadLeague, simulateLeague } from '#simulate/league.ts';
import { actionRunner } from '#test/actions/run-action.ts';
import { type StrictFront, strictFront } from '#test/fakes/front/front.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { deployAndGoBack } from './deployment.ts';
import { offered } from './offered.ts';

const [firestore, pubsub, bigquery] = [offered('firestore'), offered('pubsub'), offered('bigquery')];
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TIPOFF = join(ROOT, 'src/app/cli/tipoff.ts');
const SLATE = parseSlate('2024-11-30');
const BEFORE = addDays(SLATE, -3);
const NOON = `${SLATE}T17:00:00Z`;
const KEY = 'a-key-of-the-cloud-tests-with-enough-characters';

/** Half of what a day asked BigQuery for before anybody counted; the first day of a project, with its whole history to compute. */
const MAX_REQUESTS_OF_A_DAY = 80;
/** How far a command may lie from what docs/bill.md says of it. */
const within = (said: number): readonly [number, number] => [0.5 * said - 5, 1.3 * said + 5];

/** How a verb ended. */
interface Ran {
  readonly code: number | null;
  // biome-ignore lint/suspicious/noExplicitAny: single fields of documents whose schemas are tested elsewhere
  readonly body: any;
  readonly beside: string;
}

/** A process that was started, with what it has written so far. */
interface Started {
  readonly child: ChildProcess;
  out(): string;
  err(): string;
}

function start(
  environment: Readonly<Record<string, string>>,
  args: readonly string[],
  program = TIPOFF,
): Started {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, TIPOFF_API_KEY: KEY, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { child, out: textOf(child.stdout), err: textOf(child.stderr) };
}

function textOf(stream: ChildProcess['stdout']): () => string {
  let text = '';
  stream?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return () => text;
}

describe.skipIf([firestore, pubsub, bigquery].includes(undefined))(
  'the command line in a project that allows each account its roles only',
  () => {
    let front: StrictFront;
    beforeAll(async () => {
      const behind = { bigquery: bigquery ?? '', firestore: firestore ?? '', pubsub: pubsub ?? '' };
      front = await strictFront(behind, { project: `tipoff-${randomUUID().slice(0, 8)}` });
      open.push(front);
    });
    const open: { close(): Promise<void> }[] = [];
    afterAll(async () => {
      for (const one of open.reverse()) await one.close();
    });

    /** What the commands asked for, by the name that docs/bill.md has for each. */
    const uses: Record<string, CommandUse> = {};
    const counted = async <T>(name: keyof typeof COMMANDS, work: () => Promise<T>): Promise<T> => {
      const { result, use } = await front.counted(work);
      uses[name] = use;
      return result;
    };
    /** Runs a verb as an account to its end; its JSON document, its exit code, and what it wrote beside. */
    const run = async (account: Account, ...args: string[]): Promise<Ran> => {
      const { child, out, err } = start(await front.as(account), [...args, '--json']);
      await once(child, 'close');
      return {
        code: child.exitCode,
        body: out().trim() === '' ? undefined : JSON.parse(out()),
        beside: err(),
      };
    };
    const refusals = (): string[] =>
      front.asked.flatMap(({ account, call, about, refused }) =>
        refused === undefined || refused.startsWith('Not found') || refused.startsWith('No such object')
          ? []
          : [`${account} ${call} ${about.slice(0, 80)}: ${refused}`],
      );

    const { run: act, folder: newFolder } = actionRunner();
    // A day, a backfill and the services are lived through emulators by processes of their own.
    it('lives a day, fills one before it, checks itself, and serves', { timeout: 1_500_000 }, async () => {
      const early = await run('pipeline', 'status');
      expect(early.beside).toContain('run `tipoff schema apply`');
      const told = await run('writer', 'schema', 'apply', '--dry-run');
      expect(told.code, told.beside).toBe(0);
      const applied = await counted('schema apply', () => run('writer', 'schema', 'apply'));
      expect([applied.code, applied.body?.refused], applied.beside).toEqual([0, []]);
      // A dry run says what there is to do and does nothing of it.
      expect(applied.body.applied).toHaveLength(told.body.applied.length);

      const clock = shiftedClock(NOON);
      const config = readConfig(await front.as('pipeline'));
      const app = await openApp(config, { command: 'test', clock, write: () => undefined });
      expect(app.notes).toEqual([]);
      const league = simulateLeague({
        seed: 11,
        seasons: ['2023-24', '2024-25'],
        teams: 4,
        gamesPerTeam: 20,
        playersPerTeam: 12,
        through: SLATE,
      });
      await loadLeague(app.warehouse, league, { clock });
      await app.close();

      const day = await counted('day', () => run('pipeline', 'day', SLATE, '--at', NOON));
      expect([day.code, day.body?.state, day.body?.failed], day.beside).toEqual([0, 'published', {}]);
      expect(day.body.predictions).toBeGreaterThan(20);
      const { bucket } = front.made;
      expect(day.body.outputs[0]).toMatch(new RegExp(`^gs://${bucket}/exports/`));
      const names = [...front.objects.keys()];
      expect(names.some((name) => name.startsWith(`${bucket}/models/`))).toBe(true);
      expect(names.some((name) => name.startsWith(`${bucket}/exports/`))).toBe(true);

      const again = await counted('day, nothing new', () => run('pipeline', 'day', SLATE, '--at', NOON));
      expect([again.code, again.body?.state], again.beside).toEqual([0, 'nothing_to_do']);

      const range = ['--from', BEFORE, '--to', BEFORE, '--at', NOON];
      const planned = await counted('backfill plan', () => run('coordinator', 'backfill', 'plan', ...range));
      expect(planned.code, planned.beside).toBe(0);
      expect(planned.body.units.length).toBeGreaterThan(0);
      const filled = await counted('backfill run', () => run('writer', 'backfill', 'run', ...range));
      expect(filled.code, filled.beside).toBe(0);

      const checked = await counted('canary run', () => run('recorder', 'canary', 'run', '--at', NOON));
      const errors = checked.body.results.filter(({ status }: { status: string }) => status === 'ERROR');
      expect(errors, checked.beside).toEqual([]);
      expect(checked.body.results.length).toBeGreaterThan(20);

      // What workflows do with the identities that look, in the roles of each: none of it is refused (below).
      const scheduled = { ...(await front.as('recorder')), GITHUB_EVENT_NAME: 'schedule' };
      for (const [action, variables] of Object.entries({
        // Drift reads approvals, which are of the present.
        'check-schema-drift': { INPUT_AGAINST: 'live' },
        'check-quality': { TIPOFF_AT: NOON },
        'run-canaries': { INPUT_ONLY: 'job_heartbeats', TIPOFF_AT: NOON },
      })) {
        const acted = start({ ...scheduled, ...variables }, [], join(ROOT, 'actions', action, 'main.ts'));
        await once(acted.child, 'close');
        expect(acted.child.exitCode, acted.out() + acted.err()).toBe(0);
        expect(acted.out()).not.toContain('No sign of life');
      }
      const folder = await temporaryFolder();
      const written = await run('reader', 'schema', 'snapshot', '--repository', folder.path);
      expect(written.code, written.beside).toBe(0);
      await folder.remove();
      expect((await run('reader', 'status')).code).toBe(0);

      expect(refusals()).toEqual([]);

      // The numbers of docs/bill.md.
      const said: Readonly<Record<string, CommandUse>> = COMMANDS;
      process.stdout.write(`requests by command: ${JSON.stringify(uses)}\n`);
      const wrong = Object.entries(uses).flatMap(([command, use]) =>
        Object.entries(use).flatMap(([what, seen]) => {
          const [low, high] = within(said[command]?.[what as keyof CommandUse] ?? 0);
          return seen < low || seen > high
            ? [`${command}, ${what}: expected ${low} to ${high}, saw ${seen}`]
            : [];
        }),
      );
      expect(wrong).toEqual([]);
      expect(Object.keys(uses).toSorted()).toEqual(Object.keys(said).toSorted());
      expect(uses['day']?.bigquery).toBeLessThanOrEqual(MAX_REQUESTS_OF_A_DAY);

      await deployAndGoBack({ front, act, folder: newFolder(), slate: SLATE, at: NOON });

      // The rest of what docs/deploy.md has people type.
      const typed = async (line: string, ...more: string[]): Promise<Ran> => {
        const ran = await run('writer', ...line.split(' '), ...more, '--at', NOON);
        expect(ran.code, `${line}: ${ran.beside}`).toBe(0);
        return ran;
      };
      const files = newFolder();
      await typed(`example ${files}`);
      await typed(`ingest ${files}`);
      await typed('quality');
      await typed('train --promote');
      const { body: models } = await typed('models list');
      await typed(`models promote ${models[0].model_id}`);
      const { body: published } = await typed(`publish list --slate ${SLATE}`);
      const visible = published.find(({ withdrawn_at: gone }: { withdrawn_at: unknown }) => gone === null);
      await typed(`publish undo ${visible.publication_id} --reason`, 'tried out');
      await typed(`batch reset --slate ${SLATE} --reason`, 'tried out');
      await typed('status');
      expect(refusals()).toEqual([]);
    });

    it('refuses a folder beside the project', async () => {
      const { code, beside } = await run('reader', 'status', '--home', '/nowhere');
      expect([code, beside]).toEqual([
        2,
        expect.stringContaining('expected no folder with TIPOFF_PROFILE=gcp'),
      ]);
    });

    it('says what to do when there are no credentials', async () => {
      const environment = {
        ...{ TIPOFF_PROFILE: 'gcp', TIPOFF_GCP_PROJECT: 'tipoff-none', TIPOFF_GCP_BUCKET: 'tipoff-none' },
        // Nothing outside of this machine is asked for credentials.
        ...{
          METADATA_SERVER_DETECTION: 'none',
          GOOGLE_APPLICATION_CREDENTIALS: '',
          CLOUDSDK_CONFIG: '/nowhere',
          HOME: '/nowhere',
        },
      };
      for (const args of [['status'], ['day'], ['schema', 'check']]) {
        const { child, err } = start(environment, args);
        await once(child, 'close');
        expect([child.exitCode, err()]).toEqual([
          3,
          expect.stringMatching(
            /TIPOFF_PROVIDER: expected credentials for .*gcloud auth application-default login/s,
          ),
        ]);
      }
    });
  },
);
