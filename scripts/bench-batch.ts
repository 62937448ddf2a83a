/**
 * `node scripts/bench-batch.ts [--players 450] [--rounds 5]`: one batch over HTTP from `/start` to published, with every
 * system at two lines a player, staged in units, on the embedded adapters; and the consolidation of its rows against one
 * hand-written INSERT … SELECT of the same rows. Prints one JSON document.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { startServing } from '#app/services/serve.ts';
import { columnNames, type RowOf, tableId } from '#core/contracts/define.ts';
import { upcomingPlayerGameContext } from '#core/contracts/nba_analytics/upcoming-player-game-context.ts';
import { mlFeatureStore } from '#core/contracts/nba_predictions/ml-feature-store.ts';
import { stagedPredictions } from '#core/contracts/nba_predictions/player-prop-predictions.ts';
import { listBatches, readBatch, readUnits } from '#pipeline/predict/batches.ts';
import { isActive } from '#pipeline/predict/documents.ts';
import { copyRows, stagedSelect } from '#pipeline/publish/rows.ts';
import { shiftedClock } from '#platform/clock.ts';
import { homeOwner } from '#platform/home.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { KILL_MORNING, KILL_SLATE, makeTemplate } from './kill-world.ts';

/** Medians over the rounds; seconds of the wall clock. */
export interface BatchBench {
  readonly players: number;
  readonly rows: number;
  readonly answer_seconds: number;
  readonly published_seconds: number;
  /** From the move into consolidation to the end: audit, copy, subsets, receipt, sweeping up. */
  readonly consolidation_seconds: number;
  readonly copy_seconds: number;
  readonly by_hand_seconds: number;
  readonly copy_ratio: number;
  readonly consolidation_ratio: number;
}

/** What a round found out, in seconds of the wall clock. */
interface Round {
  readonly answer: number;
  readonly published: number;
  readonly consolidation: number;
}

const { values } = parseArgs({ options: { players: { type: 'string', default: '450' }, rounds: { type: 'string', default: '5' } } });
const [players, rounds] = [Number(values.players), Number(values.rounds)];
const work = mkdtempSync(join(tmpdir(), 'tipoff-bench-batch-'));
const clock = shiftedClock(KILL_MORNING);
/** Above every player id of the simulated league. */
const FIRST_ID = 1_000_000;
const STAGED = { dataset: 'nba_predictions', name: '_staging_bench__u001_1' } as const;

/** Copies the feature rows of the slate to as many players as wanted, each with two lines. */
async function crowd(warehouse: Warehouse, count: number): Promise<void> {
  const contexts = await rowsOf(warehouse, upcomingPlayerGameContext);
  const features = new Map((await rowsOf(warehouse, mlFeatureStore)).map((row) => [row.player_id, row]));
  const whole = contexts.filter((row) => features.get(row.player_id)?.required_default_count === 0 && row.injury_status === null);
  const copies = Array.from({ length: count }, (_, i) => {
    const context = whole[i % whole.length];
    const feature = context === undefined ? undefined : features.get(context.player_id);
    if (context === undefined || feature === undefined) throw new RangeError('the slate has nobody with whole features');
    const player_id = FIRST_ID + i;
    const near = Math.round(Number((feature as Readonly<Record<string, unknown>>)['pts_ewma8'] ?? 10) + (i % 5) - 2);
    const [line, second_line] = [String(Math.max(1, near) - 0.5), String(Math.max(1, near) + 0.5)];
    return {
      context: { ...context, player_id, player_lookup: `player${player_id}`, has_prop_line: true, line, second_line },
      feature: { ...varied(feature, i), player_id, quality_alert_level: 'green', feature_quality_score: 95, matchup_quality_pct: 95 },
    };
  });
  for (const table of [upcomingPlayerGameContext, mlFeatureStore]) {
    await warehouse.execute(`DELETE FROM ${table.dataset}.${table.name} WHERE slate = CAST(@slate AS DATE)`, { slate: KILL_SLATE });
  }
  await warehouse.append(
    upcomingPlayerGameContext,
    copies.map(({ context }) => ({ ...context, line_bookmaker: 'draftkings', second_line_bookmaker: 'fanduel', line_quality: 'exact' })),
  );
  await warehouse.append(
    mlFeatureStore,
    copies.map(({ feature }) => feature),
  );
}

async function rowsOf<T extends typeof upcomingPlayerGameContext | typeof mlFeatureStore>(
  warehouse: Warehouse,
  table: T,
): Promise<RowOf<T>[]> {
  return warehouse.query<RowOf<T>>(
    `SELECT ${columnNames(table).join(', ')} FROM ${table.dataset}.${table.name} WHERE slate = CAST(@slate AS DATE)`,
    { slate: KILL_SLATE },
  );
}

/** The features a little different for every player: a model that says the same of everybody would fail the audit. */
function varied(feature: RowOf<typeof mlFeatureStore>, i: number): RowOf<typeof mlFeatureStore> {
  const change = (name: string, value: unknown): unknown =>
    typeof value === 'number' && name.startsWith('pts_') ? value * (1 + i / 2000) : value;
  return Object.fromEntries(Object.entries(feature).map(([name, value]) => [name, change(name, value)])) as typeof feature;
}

/** One batch, driven as a scheduler drives it. */
async function batchOverHttp(app: App, address: string, key: string): Promise<Round> {
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  const response = await fetch(`${address}/start`, {
    method: 'POST',
    headers: { 'x-api-key': key },
    body: JSON.stringify({ game_date: KILL_SLATE, mode: 'LINE_UPDATE' }),
  });
  const { batch_id } = (await response.json()) as { batch_id: string };
  if (response.status !== 202) throw new Error(`/start answered ${response.status}`);
  const answer = seconds();
  let consolidating: number | undefined;
  for (;;) {
    const { state, reason } = await readBatch(app.state, batch_id);
    if (state === 'consolidating') consolidating ??= seconds();
    if (!isActive(state)) {
      if (state !== 'published') throw new Error(`the batch ended ${state}: ${reason}`);
      return { answer, published: seconds(), consolidation: seconds() - (consolidating ?? seconds()) };
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Seconds of one hand-written statement that copies the staged rows, and of the same copy as the consolidation makes it. */
async function copies(app: App, home: string): Promise<{ byHand: number[]; copy: number[]; rows: number }> {
  const staged = tableId(STAGED);
  await app.warehouse.createTable(stagedPredictions, STAGED);
  const columns = columnNames(stagedPredictions).join(', ');
  const rows = await app.warehouse.execute(
    `INSERT INTO ${staged} (${columns}) SELECT ${columns} FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)`,
    { slate: KILL_SLATE },
  );
  const [batch] = await listBatches(app.state, KILL_SLATE);
  if (batch === undefined) throw new RangeError('no batch was run');
  const [unit] = await readUnits(app.state, batch.batch_id);
  if (unit === undefined) throw new RangeError('the batch had no unit');
  const select = stagedSelect([{ ...unit, staging_table: STAGED.name }]);
  const copy: number[] = [];
  for (let i = 0; i <= rounds; i++) {
    const began = performance.now();
    await copyRows(app.warehouse, { publicationId: `bench-${i}`, staged: select, at: clock.now().toISOString() });
    copy.push((performance.now() - began) / 1000);
  }
  await app.close();
  const instance = await DuckDBInstance.create(join(home, 'warehouse.duckdb'));
  const connection = await instance.connect();
  const byHand: number[] = [];
  for (let i = 0; i <= rounds; i++) {
    const began = performance.now();
    await connection.run(
      `INSERT INTO nba_predictions.player_prop_predictions (publication_id, record_class, ${columns}) SELECT 'hand-${i}', 'live', ${columns} FROM ${staged}`,
    );
    byHand.push((performance.now() - began) / 1000);
  }
  connection.closeSync();
  instance.closeSync();
  return { byHand: byHand.slice(1), copy: copy.slice(1), rows };
}

function middle(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

try {
  const home = join(work, 'home');
  await makeTemplate(home);
  const app = await openApp(readConfig({ TIPOFF_HOME: home }), { command: 'bench', clock, write: () => undefined });
  await crowd(app.warehouse, players);
  const serving = await startServing(app, {
    roles: ['coordinator', 'worker'],
    workers: 2,
    hostname: '127.0.0.1',
    port: 0,
    log: () => undefined,
  });
  const key = (await homeOwner(home))?.key ?? '';
  const found: Round[] = [];
  for (let i = 0; i < rounds; i++) found.push(await batchOverHttp(app, serving.address, key));
  await serving.drain();
  const { byHand, copy, rows } = await copies(app, home);
  const consolidation = middle(found.map((round) => round.consolidation));
  const result: BatchBench = {
    players,
    rows,
    answer_seconds: middle(found.map(({ answer }) => answer)),
    published_seconds: middle(found.map(({ published }) => published)),
    consolidation_seconds: consolidation,
    copy_seconds: middle(copy),
    by_hand_seconds: middle(byHand),
    copy_ratio: middle(copy) / middle(byHand),
    consolidation_ratio: consolidation / middle(byHand),
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
