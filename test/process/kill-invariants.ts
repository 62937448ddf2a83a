import { openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { listStaging } from '#guard/staging.ts';
import {
  type BatchDoc,
  COLLECTIONS,
  isActive,
  listBatches,
  readOutcomes,
  readUnits,
} from '#pipeline/batch/state.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { KILL_SLATE } from './kill-home.ts';

/** What is wrong with a home after everything has ended, in sentences; and how its batches ended. */
export interface HomeVerdict {
  readonly problems: readonly string[];
  readonly states: readonly string[];
}

/** Opens a home that nobody uses any more and checks every batch of the slate; `elsewhere` holds them when the home does not. */
export async function checkHome(home: string, clock: Clock, elsewhere?: StateStore): Promise<HomeVerdict> {
  const opened = await openApp(readConfig({ TIPOFF_HOME: home }), {
    command: 'kill test',
    clock,
    write: () => undefined,
  });
  const app = { ...opened, state: elsewhere ?? opened.state };
  try {
    const batches = await listBatches(app.state, KILL_SLATE);
    const problems: string[] = [];
    if (batches.length === 0) problems.push('no batch was ever started');
    const slate = await app.state.get<{ active_batch: string | null }>(COLLECTIONS.slates, KILL_SLATE);
    if (slate?.data.active_batch != null) problems.push(`the slate is blocked by ${slate.data.active_batch}`);
    for (const batch of batches)
      problems.push(...(await batchProblems(app, batch)).map((text) => `${batch.batch_id}: ${text}`));
    problems.push(...(await visibleProblems(app.warehouse, batches)));
    problems.push(...(await leftovers(app, clock)));
    return { problems, states: batches.map(({ state }) => state) };
  } finally {
    await app.close();
  }
}

async function batchProblems(
  { state, warehouse }: { state: StateStore; warehouse: Warehouse },
  batch: BatchDoc,
): Promise<string[]> {
  const { batch_id } = batch;
  if (isActive(batch.state)) return [`it is still ${batch.state}`];
  const problems: string[] = [];
  const outcomes = await readOutcomes(state, batch_id);
  const players = outcomes.map(({ player_id }) => player_id);
  const expected = new Set([
    ...(await readUnits(state, batch_id)).flatMap((unit) => unit.players),
    ...outcomes.filter(({ outcome }) => outcome === 'skipped').map(({ player_id }) => player_id),
  ]);
  if (expected.size !== batch.expected)
    problems.push(`expected ${batch.expected} players, its units and skips name ${expected.size}`);
  if (new Set(players).size !== players.length) problems.push('a player has two outcomes');
  const stray = players.filter((id) => !expected.has(id));
  if (stray.length > 0) problems.push(`outcomes of players nobody expects: ${stray.join(', ')}`);
  const without = [...expected].filter((id) => !players.includes(id));
  // A batch that was reset or superseded before its end has no duty to name the rest.
  if (batch.state !== 'reset' && without.length > 0) problems.push(`no outcome for ${without.join(', ')}`);

  const receipts = await warehouse.query<{ publication_id: string }>(
    `SELECT publication_id FROM nba_predictions.publications WHERE slate = CAST(@slate AS DATE) AND batch_id = @batch_id AND event = 'published'`,
    { slate: batch.slate, batch_id },
  );
  const isPublished = batch.state === 'published' || batch.state === 'published_partial';
  if (receipts.length !== (isPublished ? 1 : 0))
    problems.push(`it is ${batch.state} with ${receipts.length} receipts`);
  const rows = await warehouse.query<{ publication_id: string; player_id: number; n: number; ids: number }>(
    `SELECT publication_id, player_id, COUNT(*) AS n, COUNT(DISTINCT prediction_id) AS ids FROM nba_predictions.player_prop_predictions
     WHERE slate = CAST(@slate AS DATE) AND batch_id = @batch_id GROUP BY publication_id, player_id`,
    { slate: batch.slate, batch_id },
  );
  if (!isPublished)
    return [
      ...problems,
      ...rows.slice(0, 1).map((row) => `it is ${batch.state}, and rows of ${row.publication_id} lie about`),
    ];
  const wanted = new Map(
    outcomes.filter(({ outcome }) => outcome === 'predicted').map((doc) => [doc.player_id, doc.rows]),
  );
  for (const { publication_id, player_id, n, ids } of rows) {
    if (publication_id !== batch.publication_id)
      problems.push(`rows of ${publication_id} lie about, ${batch.publication_id} is published`);
    else if (wanted.get(player_id) !== n)
      problems.push(`player ${player_id} has ${n} rows, his outcome says ${wanted.get(player_id) ?? 'none'}`);
    if (ids !== n) problems.push(`player ${player_id} has ${n} rows with ${ids} keys`);
    wanted.delete(player_id);
  }
  if (wanted.size > 0) problems.push(`predicted and not published: ${[...wanted.keys()].join(', ')}`);
  return problems;
}

/** Staging tables that no cleanup would ever clear away, although nobody waits for them; held ones wait for a person. */
async function leftovers(
  { warehouse, state }: { state: StateStore; warehouse: Warehouse },
  clock: Clock,
): Promise<string[]> {
  const later = { ...clock, now: () => new Date('2100-01-01T00:00:00Z') };
  const tables = await listStaging({ warehouse, state, clock: later });
  return tables
    .filter(({ verdict }) => verdict !== 'drop' && verdict !== 'held')
    .map(({ name, reason }) => `the staging table ${name} would be left over: ${reason}`);
}

async function visibleProblems(warehouse: Warehouse, batches: readonly BatchDoc[]): Promise<string[]> {
  const rows = await warehouse.query<{ batch_id: string; publication_id: string; n: number; keys: number }>(
    `SELECT batch_id, publication_id, COUNT(*) AS n, COUNT(DISTINCT prediction_id) AS keys
     FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE) GROUP BY batch_id, publication_id`,
    { slate: KILL_SLATE },
  );
  const doubled = await warehouse.query<{ player_id: number }>(
    `SELECT player_id FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)
     GROUP BY player_id, game_id, market, system_id, line HAVING COUNT(*) > 1`,
    { slate: KILL_SLATE },
  );
  const published = new Map(batches.map((batch) => [batch.batch_id, batch.publication_id]));
  return [
    ...rows
      .filter((row) => published.get(row.batch_id) !== row.publication_id)
      .map((row) => `rows of ${row.publication_id} are visible, it is not published`),
    ...rows
      .filter((row) => row.n !== row.keys)
      .map((row) => `${row.publication_id} shows ${row.n} rows with ${row.keys} keys`),
    ...doubled.map(({ player_id }) => `player ${player_id} is visible twice for one line`),
  ];
}
