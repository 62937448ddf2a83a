/**
 * `npm run bench:scale -- [--players 10] [--seasons 10] [--teams 8] [--games 82]`: what training needs when a league has so many times
 * the players and so many times the seasons. A small league is simulated, its features are computed, and all its rows are copied in
 * the warehouse under other players, games and dates; then `tipoff train` runs as a process of its own on the league as it
 * was and on the copies. Prints rows, seconds, the largest memory of the process, and what BigQuery would bill for its reads.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
import { addDays, easternInstant, type Slate } from '#core/calendar.ts';
import { columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import { playerGameSummary } from '#core/contracts/nba_analytics.ts';
import { mlFeatureStore } from '#core/contracts/nba_predictions.ts';
import { schedule } from '#core/contracts/nba_reference.ts';
import { PUBLISHED_MARKETS, partsOf } from '#core/markets.ts';
import { runBackfill } from '#guard/backfill/run.ts';
import { modelColumns } from '#model/features.ts';
import type { ModelColumn } from '#model/linear.ts';
import { tableLines } from '#platform/report/console.ts';
import { loadLeague, simulateLeague } from '#simulate/league.ts';

const { values: options } = parseArgs({
  options: {
    players: { type: 'string', default: '10' },
    seasons: { type: 'string', default: '10' },
    teams: { type: 'string', default: '8' },
    games: { type: 'string', default: '82' },
  },
});
const TIPOFF = fileURLToPath(new URL('../src/app/cli/tipoff.ts', import.meta.url));
const SEASONS = ['2023-24', '2024-25'];
/** Two seasons and the summers between them. */
const DAYS_OF_A_COPY = 730;
const PLAYERS_OF_A_COPY = 10_000_000;
/** What training, its gates and its quality check read. */
const COPIED = [mlFeatureStore, playerGameSummary, schedule];

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Copies all rows of a table under other players, games and dates. */
async function copyRows({ warehouse }: App, table: TableContract): Promise<void> {
  const shifted = columnNames(table).map((name) => {
    const type = table.columns[name]?.type;
    if (name === 'player_id') return `t.player_id + ${PLAYERS_OF_A_COPY} * p.k`;
    if (name === 'game_id') return "t.game_id || '-' || p.k || '-' || s.k";
    if (type === 'DATE') return `fn.add_days(t.${name}, -${DAYS_OF_A_COPY} * CAST(s.k AS INTEGER))`;
    if (type === 'TIMESTAMP') return `fn.add_seconds(t.${name}, -${DAYS_OF_A_COPY * 86_400} * s.k)`;
    return `t.${name}`;
  });
  await warehouse.execute(
    `INSERT INTO ${tableId(table)} (${columnNames(table).join(', ')})
     SELECT ${shifted.join(', ')} FROM ${tableId(table)} t, range(${options.players}) p(k), range(${options.seasons}) s(k)
     WHERE p.k > 0 OR s.k > 0`,
  );
}

/** How a process went: seconds and the most memory that it held at once, in MiB. */
async function measured(child: ChildProcess): Promise<{ seconds: number; mebibytes: number }> {
  const began = performance.now();
  let ended = false;
  let most = 0;
  const over = once(child, 'close').then(() => {
    ended = true;
  });
  while (!ended) {
    most = Math.max(most, peakOf(child.pid ?? 0));
    await Promise.race([over, pause(100)]);
  }
  if (child.exitCode !== 0) throw new Error(`train ended with ${child.exitCode}`);
  return { seconds: (performance.now() - began) / 1000, mebibytes: Math.round(most / 1024) };
}

/** KiB of the most memory that a process has held so far; 0 when it is over, or where there is no /proc. */
function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** A statement as the process asked it: the columns of features and outcomes that it names, over all rows. */
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
  // The ranges of all columns once, the sums of each count, each with slate, game and player of both tables.
  const perRow = [features(columns.flat()), ...columns.map(features)].reduce(
    (sum, n) => sum + 8 * (n + 8),
    0,
  );
  return { rows, bytes: rows * perRow };
}

const home = mkdtempSync(join(tmpdir(), 'tipoff-scale-'));
try {
  const league = simulateLeague({
    ...{ seed: 7, seasons: SEASONS, teams: Number(options.teams), gamesPerTeam: Number(options.games) },
    through: '2025-03-15',
  });
  const tonight = (league.tonight ?? '2025-03-15') as Slate;
  const instant = easternInstant(tonight, '12:15');
  const train = (): ChildProcess =>
    spawn(
      process.execPath,
      [
        TIPOFF,
        'train',
        '--despite',
        'no_leak',
        '--reason',
        'a small league',
        '--home',
        home,
        '--at',
        instant.toISOString(),
        '--json',
      ],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
  const opened = (): Promise<App> =>
    openApp(
      { ...readConfig({}), home },
      { command: 'bench', clock: settableClock(instant), write: () => undefined },
    );
  const app = await opened();
  await loadLeague(app.warehouse, league, { clock: app.clock });
  await runBackfill(await backfillDeps(app, 'bench'), {
    ...{ from: addDays(tonight, -600), to: addDays(tonight, -1) },
    ...{ phases: ['analytics', 'precompute'], by: 'bench' },
  });
  const before = await readsOf(app);
  await app.close();
  const small = await measured(train());
  const grown = await opened();
  for (const table of COPIED) await copyRows(grown, table);
  const after = await readsOf(grown);
  await grown.close();
  const large = await measured(train());
  const row = (
    what: string,
    { rows, bytes }: typeof before,
    { seconds, mebibytes }: typeof small,
  ): string[] => [
    ...[what, rows.toLocaleString('en-US'), `${seconds.toFixed(1)} s`, `${mebibytes} MiB`],
    ...[bytesText(bytes), `$${dollarsFor(bytes).toFixed(4)}`],
  ];
  for (const line of tableLines(
    ['league', 'feature rows', 'train', 'most memory', 'its sums read on BigQuery', 'price'],
    [
      row(`${options.teams} teams, 2 seasons`, before, small),
      row(`${options.players} × players, ${options.seasons} × seasons`, after, large),
    ],
  ))
    say(line);
} finally {
  rmSync(home, { recursive: true, force: true });
}
