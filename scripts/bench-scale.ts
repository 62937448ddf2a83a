/**
 * `npm run bench:scale -- [--players 10] [--seasons 10] [--teams 8] [--games 82] [--folder DIR]`: what
 * training and a batch of predictions need for a league with that many times the players and seasons. A small
 * league is simulated and its features are computed; then its rows are copied in the warehouse under other
 * players, games and dates. `tipoff train` and a batch by `tipoff serve` run as separate processes, on the
 * original league and on the copies. Prints rows, processor seconds, peak memory of each process, and what
 * BigQuery would bill for the sums. With `--folder` the homes are kept there and a later run reuses them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { backfillDeps } from '#app/backfill.ts';
import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { settableClock } from '#app/healthy-league.ts';
import { bytesText, dollarsFor } from '#core/billing.ts';
import { addDays, easternInstant, parseSlate } from '#core/calendar.ts';
import { columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import {
  playerGameSummary,
  playerPropLines,
  upcomingPlayerGameContext,
} from '#core/contracts/nba_analytics.ts';
import { writtenRows } from '#core/contracts/nba_orchestration.ts';
import { playerCompositeFactors, playerDailyCache } from '#core/contracts/nba_precompute.ts';
import { mlFeatureStore } from '#core/contracts/nba_predictions.ts';
import { schedule } from '#core/contracts/nba_reference.ts';
import { PUBLISHED_MARKETS, partsOf } from '#core/markets.ts';
import { runBackfill } from '#guard/backfill/run.ts';
import { modelColumns } from '#model/features.ts';
import type { ModelColumn } from '#model/linear.ts';
import { type BatchState, isActive } from '#pipeline/batch/state.ts';
import { homeOwner } from '#platform/home.ts';
import { tableLines } from '#platform/report/console.ts';
import { loadLeague, simulateLeague } from '#simulate/league.ts';

const { values: options } = parseArgs({
  options: {
    players: { type: 'string', default: '10' },
    seasons: { type: 'string', default: '10' },
    teams: { type: 'string', default: '8' },
    games: { type: 'string', default: '82' },
    folder: { type: 'string' },
  },
});
const TIPOFF = fileURLToPath(new URL('../src/app/cli/tipoff.ts', import.meta.url));
const SEASONS = ['2023-24', '2024-25'];
const TONIGHT = parseSlate('2025-03-15');
/** Two seasons with their summers. */
const DAYS_OF_A_COPY = 730;
const PLAYERS_OF_A_COPY = 10_000_000;
/** Tables read by training, its gates and its quality check, and by the evening's batch. */
const COPIED = [
  mlFeatureStore,
  playerGameSummary,
  playerPropLines,
  upcomingPlayerGameContext,
  playerCompositeFactors,
  playerDailyCache,
  schedule,
];

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Copies all rows of a table under other players, games and dates. */
async function copyRows({ warehouse }: App, table: TableContract): Promise<void> {
  const names = columnNames(table);
  const of = (name: string): string => {
    const type = table.columns[name]?.type;
    if (name === 'player_id') return `t.player_id + ${PLAYERS_OF_A_COPY} * p.k`;
    if (name === 'player_lookup') return 't.player_lookup || p.k';
    if (name === 'game_id') return "t.game_id || '-' || p.k || '-' || s.k";
    if (type === 'DATE') return `fn.add_days(t.${name}, -${DAYS_OF_A_COPY} * CAST(s.k AS INTEGER))`;
    if (type === 'TIMESTAMP') return `fn.add_seconds(t.${name}, -${DAYS_OF_A_COPY * 86_400} * s.k)`;
    // The audit would hold copies with identical forecasts.
    if (type === 'FLOAT64' && name.startsWith('pts_')) return `t.${name} * (1 + p.k / 200.0)`;
    return `t.${name}`;
  };
  await warehouse.execute(
    `INSERT INTO ${tableId(table)} (${names.join(', ')})
     SELECT ${names.map(of).join(', ')} FROM ${tableId(table)} t, range(${options.players}) p(k), range(${options.seasons}) s(k)
     WHERE p.k > 0 OR s.k > 0`,
  );
}

/** Resources of a process: processor seconds, and peak memory in MiB. */
interface Course {
  readonly seconds: number;
  readonly mebibytes: number;
}

/** Runs a verb over a home and returns its resource use. Memory is that of the whole process, engine included. */
async function measured(
  home: string,
  args: readonly string[],
  /** Requests to the running process, before it is told to end. */
  talk?: () => Promise<void>,
): Promise<Course> {
  const child = spawn(process.execPath, [TIPOFF, ...args, '--home', home, '--at', instantText, '--json'], {
    stdio: ['ignore', 'ignore', talk === undefined ? 'inherit' : 'ignore'],
  });
  let ended = false;
  let course = { seconds: 0, mebibytes: 0 };
  const over = once(child, 'close').then(() => {
    ended = true;
  });
  const talked = talk?.().finally(() => child.kill('SIGTERM'));
  while (!ended) {
    course = courseOf(child.pid ?? 0) ?? course;
    await Promise.race([over, pause(100)]);
  }
  await talked;
  if (child.exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${child.exitCode}`);
  return course;
}

/** Starts a batch over HTTP and waits until it is published, as the evening's scheduler does. */
async function batch(home: string): Promise<void> {
  let owner = await homeOwner(home);
  for (; owner?.address === undefined; owner = await homeOwner(home)) await pause(100);
  const ask = async (path: string, init: RequestInit = {}): Promise<{ batch_id: string; state: string }> => {
    const answer = await fetch(`${owner?.address}${path}`, {
      ...init,
      headers: { 'x-api-key': owner?.key ?? '' },
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as { batch_id: string; state: string };
  };
  const body = JSON.stringify({ game_date: TONIGHT, mode: 'FIRST' });
  const { batch_id } = await ask('/start', { method: 'POST', body });
  for (;;) {
    const { state } = await ask(`/batches/${batch_id}`);
    if (state === 'published') return;
    if (!isActive(state as BatchState)) throw new Error(`the batch ended ${state}`);
    await pause(500);
  }
}

/**
 * Resource use of a process so far; undefined once it has ended. Linux counts processor time in hundredths of a second.
 */
function courseOf(pid: number): Course | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const kibibytes = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]);
    const course = {
      seconds: (Number(fields[11]) + Number(fields[12])) / 100,
      mebibytes: Math.round(kibibytes / 1024),
    };
    return Number.isFinite(course.mebibytes) ? course : undefined;
  } catch {
    return undefined;
  }
}

/** Rows and bytes that the summing statements read: the columns of features and outcomes they name, over all rows. */
async function readsOf({ warehouse }: App): Promise<{ rows: number; bytes: number }> {
  const [found] = await warehouse.query<{ n: number }>(
    `SELECT COUNT(*) AS n FROM ${tableId(mlFeatureStore)}`,
  );
  const rows = found?.n ?? 0;
  const counts = new Map(PUBLISHED_MARKETS.flatMap(partsOf).map((part) => [part.id, part]));
  const columns = [...counts.values()].map(({ features: [own] }) =>
    own === undefined ? [] : modelColumns(own),
  );
  const features = (some: readonly ModelColumn[]): number =>
    new Set(some.flatMap(({ factors }) => factors.map(({ feature }) => feature))).size;
  // Ranges of all columns once, then the sums of each count; each reads slate, game and player of both tables.
  const perRow = [features(columns.flat()), ...columns.map(features)].reduce(
    (sum, n) => sum + 8 * (n + 8),
    0,
  );
  return { rows, bytes: rows * perRow };
}

/** Measurements of one league size: the rows to read, and the resources of training and of a batch. */
interface Measured {
  readonly what: string;
  readonly rows: number;
  readonly bytes: number;
  readonly players: number;
  readonly train: Course;
  readonly predict: Course;
}

const opened = (home: string): Promise<App> =>
  openApp(
    { ...readConfig({}), home },
    { command: 'bench', clock: settableClock(new Date(instantText)), write: () => undefined },
  );

const courseCells = ({ seconds, mebibytes }: Course): string[] => [
  `${seconds.toFixed(1)} s`,
  `${mebibytes} MiB`,
];

/** Builds a home under a temporary name first, so that a half-built one from an aborted run is not reused. */
async function made(home: string, fill: (path: string) => Promise<void>): Promise<string> {
  if (existsSync(home)) return home;
  const path = `${home}.unfinished`;
  rmSync(path, { recursive: true, force: true });
  await fill(path);
  renameSync(path, home);
  return home;
}

async function measure(what: string, kept: string): Promise<Measured> {
  // The kept home must stay without tonight's batch.
  const home = `${kept}.measured`;
  rmSync(home, { recursive: true, force: true });
  cpSync(kept, home, { recursive: true });
  const gates = ['--promote', '--despite', 'no_leak', 'no_loss_to_champion'];
  const train = await measured(home, ['train', ...gates, '--reason', 'a simulated league']);
  say(`${what}: training took ${courseCells(train).join(' and ')}.`);
  const predict = await measured(home, ['serve', '--port', '0'], () => batch(home));
  say(`${what}: a batch took ${courseCells(predict).join(' and ')}.`);
  const app = await opened(home);
  try {
    const [batch] = await app.warehouse.query<{ n: number }>(
      `SELECT COUNT(DISTINCT player_id) AS n FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)`,
      { slate: TONIGHT },
    );
    return { what, ...(await readsOf(app)), players: batch?.n ?? 0, train, predict };
  } finally {
    await app.close();
    rmSync(home, { recursive: true });
  }
}

const shape = {
  seed: 7,
  seasons: SEASONS,
  teams: Number(options.teams),
  gamesPerTeam: Number(options.games),
};
const league = simulateLeague({ ...shape, through: TONIGHT });
const instantText = easternInstant(TONIGHT, '12:15').toISOString();

const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'tipoff-scale-'));
try {
  mkdirSync(folder, { recursive: true });
  const small = await made(join(folder, 'small'), async (home) => {
    say('A league is simulated, and its features are computed.');
    const app = await opened(home);
    try {
      await loadLeague(app.warehouse, league, { clock: app.clock });
      await runBackfill(await backfillDeps(app, 'bench'), {
        ...{ from: addDays(TONIGHT, -600), to: TONIGHT },
        ...{ phases: ['analytics', 'precompute'], by: 'bench' },
      });
    } finally {
      await app.close();
    }
  });
  const large = await made(join(folder, 'large'), async (home) => {
    say('Its rows are copied.');
    cpSync(small, home, { recursive: true });
    const app = await opened(home);
    try {
      for (const table of COPIED) await copyRows(app, table);
      // Without entries, the copied rows are not checked against what writers recorded.
      await app.warehouse.execute(`DELETE FROM ${tableId(writtenRows)} WHERE TRUE`);
    } finally {
      await app.close();
    }
  });
  const leagues = [
    await measure(`${options.teams} teams, 2 seasons`, small),
    await measure(`${options.players} × players, ${options.seasons} × seasons`, large),
  ];
  for (const line of tableLines(
    ['league', 'feature rows', 'train', 'memory', 'players', 'predict', 'memory', 'sums read', 'price'],
    leagues.map(({ what, rows, bytes, players, train, predict }) => [
      ...[what, rows.toLocaleString('en-US'), ...courseCells(train)],
      ...[players.toLocaleString('en-US'), ...courseCells(predict)],
      ...[bytesText(bytes), `$${dollarsFor(bytes).toFixed(4)}`],
    ]),
  ))
    say(line);
} finally {
  if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
}
