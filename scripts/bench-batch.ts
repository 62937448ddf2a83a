/**
 * `node scripts/bench-batch.ts [--players 450] [--rounds 15]`: times a batch over HTTP from `/start` to
 * published, with every system at two lines per player, staged in units, on the embedded adapters. After each
 * batch, times one hand-written INSERT … SELECT of the same rows into the same table of the same open file,
 * so that both see the same machine. Prints one JSON document.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type App, openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { type Serving, startServing } from '#app/services/serve.ts';
import { columnNames, type RowOf, tableId } from '#core/contracts/define.ts';
import { upcomingPlayerGameContext } from '#core/contracts/nba_analytics.ts';
import { mlFeatureStore, playerPropPredictions, stagedPredictions } from '#core/contracts/nba_predictions.ts';
import { type BatchDoc, COLLECTIONS, isActive, readBatch } from '#pipeline/batch/state.ts';
import { shiftedClock } from '#platform/clock.ts';
import { homeOwner } from '#platform/home.ts';
import { engineSettings } from '#platform/warehouse/duckdb/warehouse.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { KILL_MORNING, KILL_SLATE, makeTemplate } from '#test/process/kill-home.ts';

/** Medians over the rounds; wall-clock seconds. */
export interface BatchBench {
  readonly players: number;
  readonly rows: number;
  readonly answer_seconds: number;
  readonly published_seconds: number;
  /**
   * From the start of the transaction that moves the batch to consolidation to the end of the one that moves
   * it to published: lease, audit, copy, picks, fencing, receipt and both moves.
   */
  readonly consolidation_seconds: number;
  /** The copying statement, which runs concurrently with the audit. */
  readonly copy_seconds: number;
  /** Dropping the staging tables, after the batch is published. */
  readonly clearing_seconds: number;
  readonly by_hand_seconds: number;
  readonly copy_ratio: number;
  readonly consolidation_ratio: number;
}

/** Measurements of one round, in wall-clock seconds. */
interface Round {
  readonly answer: number;
  readonly published: number;
  readonly consolidation: number;
  readonly copy: number;
  readonly clearing: number;
  readonly byHand: number;
}

const { values } = parseArgs({
  options: { players: { type: 'string', default: '450' }, rounds: { type: 'string', default: '15' } },
});
const [players, rounds] = [Number(values.players), Number(values.rounds)];
const work = mkdtempSync(join(tmpdir(), 'tipoff-bench-batch-'));
const clock = shiftedClock(KILL_MORNING);
/** Above every player id of the simulated league. */
const FIRST_ID = 1_000_000;
/** Numbers of rows that rounds copied by hand; all must be equal. */
const copied = new Set<number>();
const STAGED = { dataset: 'nba_predictions', name: '_by_hand' } as const;

/** Replaces the slate's feature rows by copies for `count` players, each with two lines. */
async function crowd(warehouse: Warehouse, count: number): Promise<void> {
  const contexts = await rowsOf(warehouse, upcomingPlayerGameContext);
  const features = new Map((await rowsOf(warehouse, mlFeatureStore)).map((row) => [row.player_id, row]));
  const whole = contexts.filter(
    (row) => features.get(row.player_id)?.required_default_count === 0 && row.injury_status === null,
  );
  const copies = Array.from({ length: count }, (_, i) => {
    const context = whole[i % whole.length];
    const feature = context === undefined ? undefined : features.get(context.player_id);
    if (context === undefined || feature === undefined)
      throw new RangeError('expected players with complete features on the slate, saw none');
    const player_id = FIRST_ID + i;
    const near = Math.round(
      Number((feature as Readonly<Record<string, unknown>>)['pts_ewma8'] ?? 10) + (i % 5) - 2,
    );
    const [line, second_line] = [String(Math.max(1, near) - 0.5), String(Math.max(1, near) + 0.5)];
    return {
      context: {
        ...context,
        player_id,
        player_lookup: `player${player_id}`,
        has_prop_line: true,
        line,
        second_line,
      },
      feature: {
        ...varied(feature, i),
        player_id,
        quality_alert_level: 'green',
        feature_quality_score: 95,
        matchup_quality_pct: 95,
      },
    };
  });
  for (const table of [upcomingPlayerGameContext, mlFeatureStore]) {
    await warehouse.execute(`DELETE FROM ${table.dataset}.${table.name} WHERE slate = CAST(@slate AS DATE)`, {
      slate: KILL_SLATE,
    });
    // No writer made these rows, so its record of written rows would not match them.
    await warehouse.execute(
      'DELETE FROM nba_orchestration.written_rows WHERE slate = CAST(@slate AS DATE) AND table_id = @table',
      { slate: KILL_SLATE, table: tableId(table) },
    );
  }
  await warehouse.append(
    upcomingPlayerGameContext,
    copies.map(({ context }) => ({
      ...context,
      line_bookmaker: 'draftkings',
      second_line_bookmaker: 'fanduel',
      line_quality: 'exact',
    })),
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

/** Varies the features per player: identical forecasts for everybody would fail the audit. */
function varied(feature: RowOf<typeof mlFeatureStore>, i: number): RowOf<typeof mlFeatureStore> {
  const change = (name: string, value: unknown): unknown =>
    typeof value === 'number' && name.startsWith('pts_') ? value * (1 + i / 2000) : value;
  return Object.fromEntries(
    Object.entries(feature).map(([name, value]) => [name, change(name, value)]),
  ) as typeof feature;
}

/** Timings of a batch's steps, taken at its warehouse and state store. */
interface Marks {
  consolidating: number;
  published: number;
  copy: number;
  clearing: number;
}

/** Wraps an app to time the state changes of the batch, the copying statement and the drops of staging tables. */
function timed(app: App, marks: Marks): App {
  const { state, warehouse } = app;
  const during = async <R>(work: () => Promise<R>, spent: (seconds: number) => void): Promise<R> => {
    const began = performance.now();
    const result = await work();
    spent((performance.now() - began) / 1000);
    return result;
  };
  return {
    ...app,
    state: {
      ...state,
      transaction: async (body) => {
        const began = performance.now();
        let moved: unknown;
        const result = await state.transaction((tx) =>
          body({
            ...tx,
            put: (collection, id, data) => {
              if (collection === COLLECTIONS.batches) moved = (data as BatchDoc).state;
              tx.put(collection, id, data);
            },
          }),
        );
        if (moved === 'consolidating' && Number.isNaN(marks.consolidating)) marks.consolidating = began;
        if (moved === 'published') marks.published = performance.now();
        return result;
      },
    },
    warehouse: {
      ...warehouse,
      execute: (sql, params) =>
        sql.startsWith(`INSERT INTO ${tableId(playerPropPredictions)}`)
          ? during(
              () => warehouse.execute(sql, params),
              (seconds) => {
                marks.copy = seconds;
              },
            )
          : warehouse.execute(sql, params),
      dropTable: (table) =>
        during(
          () => warehouse.dropTable(table),
          (seconds) => {
            marks.clearing += seconds;
          },
        ),
    },
  };
}

/** Runs one batch as a scheduler would, then copies the same rows by hand. */
async function round(
  app: App,
  serving: Serving,
  marks: Marks,
  key: string,
  hand: DuckDBConnection,
): Promise<Round> {
  Object.assign(marks, { consolidating: Number.NaN, published: Number.NaN, copy: Number.NaN, clearing: 0 });
  const began = performance.now();
  const response = await fetch(`${serving.address}/start`, {
    method: 'POST',
    headers: { 'x-api-key': key },
    body: JSON.stringify({ game_date: KILL_SLATE, mode: 'LINE_UPDATE' }),
  });
  const body = await response.text();
  if (response.status !== 202) throw new Error(`/start answered ${response.status}: ${body}`);
  const { batch_id } = JSON.parse(body) as { batch_id: string };
  const answer = (performance.now() - began) / 1000;
  for (;;) {
    const { state, reason } = await readBatch(app.state, batch_id);
    if (state === 'published') break;
    if (!isActive(state)) throw new Error(`the batch ended ${state}: ${reason}`);
    await sleep(10);
  }
  await sleep(500);
  const { consolidating, published, copy, clearing } = marks;
  return {
    answer,
    published: (published - began) / 1000,
    consolidation: (published - consolidating) / 1000,
    copy,
    clearing,
    byHand: await byHand(hand),
  };
}

const COLUMNS = columnNames(stagedPredictions).join(', ');

/** Seconds of one hand-written statement that copies the newest batch's rows from a table of the staging shape. */
async function byHand(hand: DuckDBConnection): Promise<number> {
  await hand.run(
    `CREATE TABLE ${tableId(STAGED)} AS SELECT ${COLUMNS} FROM nba_predictions.current_predictions WHERE slate = '${KILL_SLATE}'`,
  );
  const began = performance.now();
  const { rowsChanged } = await hand.run(
    `INSERT INTO ${tableId(playerPropPredictions)} (publication_id, record_class, ${COLUMNS}) SELECT 'by-hand', 'live', ${COLUMNS} FROM ${tableId(STAGED)}`,
  );
  const seconds = (performance.now() - began) / 1000;
  copied.add(rowsChanged);
  await hand.run(`DELETE FROM ${tableId(playerPropPredictions)} WHERE publication_id = 'by-hand'`);
  await hand.run(`DROP TABLE ${tableId(STAGED)}`);
  return seconds;
}

function middle(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

try {
  const home = join(work, 'home');
  await makeTemplate(home);
  const file = join(home, 'warehouse.duckdb');
  const settings = engineSettings(file);
  const app = await openApp(readConfig({ TIPOFF_HOME: home }), {
    command: 'bench',
    clock,
    write: () => undefined,
  });
  await crowd(app.warehouse, players);
  const marks: Marks = { consolidating: Number.NaN, published: Number.NaN, copy: Number.NaN, clearing: 0 };
  const serving = await startServing(timed(app, marks), {
    roles: ['coordinator', 'worker'],
    workers: 2,
    hostname: '127.0.0.1',
    port: 0,
    log: () => undefined,
  });
  const key = (await homeOwner(home))?.key ?? '';
  // The cached instance is the one the app has open, found by path and settings: both write to one file with one log.
  const instance = await DuckDBInstance.fromCache(file, settings);
  const hand = await instance.connect();
  const found: Round[] = [];
  for (let i = 0; i <= rounds; i++) found.push(await round(app, serving, marks, key, hand));
  hand.closeSync();
  instance.closeSync();
  await serving.drain();
  await app.close();
  const [rows = 0, ...others] = copied;
  if (others.length > 0)
    throw new Error(`expected as many rows in every round, saw ${[...copied].join(', ')}`);
  // The first round is a warm-up.
  const of = (name: keyof Round): number => middle(found.slice(1).map((one) => one[name]));
  const result: BatchBench = {
    players,
    rows,
    answer_seconds: of('answer'),
    published_seconds: of('published'),
    consolidation_seconds: of('consolidation'),
    copy_seconds: of('copy'),
    clearing_seconds: of('clearing'),
    by_hand_seconds: of('byHand'),
    copy_ratio: middle(found.slice(1).map(({ copy, byHand: hand }) => copy / hand)),
    consolidation_ratio: middle(
      found.slice(1).map(({ consolidation, byHand: hand }) => consolidation / hand),
    ),
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
