import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { heartbeats } from '#core/contracts/nba_orchestration.ts';
import { stagedPredictions } from '#core/contracts/nba_predictions.ts';
import { gameLines } from '#core/contracts/nba_raw.ts';
import { cleanStaging, judge, listStaging, type StagingDeps, stagingOutcomes } from '#guard/staging.ts';
import { stagingTable } from '#pipeline/batch/output-gate.ts';
import { type BatchDoc, type BatchState, COLLECTIONS, NEXT_STATES } from '#pipeline/batch/state.ts';
import { systemClock, virtualClock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import type { TableOptions, Warehouse } from '#platform/warehouse/port.ts';
import { stagedRow } from '#test/guard/staging-cleanup/staged-row.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

const NOW = '2025-01-12T12:00:00.000Z';
const HOUR = 3_600_000;

let warehouse: Warehouse;
let state: StateStore;
let deps: StagingDeps;
/** When the next table is made. */
let madeAt = new Date(NOW);

beforeAll(async () => {
  warehouse = await openWarehouse({ tables: [heartbeats], clock: { ...systemClock, now: () => madeAt } });
});
afterAll(() => warehouse.close());
beforeEach(() => {
  const clock = virtualClock(NOW);
  state = openSqliteState(':memory:', { clock });
  deps = { warehouse, state, clock };
});
afterEach(async () => {
  for (const { dataset, name } of await warehouse.listTables('nba_predictions', '_staging_'))
    await warehouse.dropTable({ dataset, name });
  await state.close();
});

const hoursAgo = (hours: number) => new Date(Date.parse(NOW) - hours * HOUR);

/** A staging table of a batch, so many hours old. */
async function table(
  batch: string,
  ageHours: number,
  rows: number,
  options: TableOptions = {},
): Promise<string> {
  const ref = stagingTable(batch, 'u00', 1);
  madeAt = hoursAgo(ageHours);
  await warehouse.createTable(stagedPredictions, ref, options);
  await warehouse.append(
    stagedPredictions,
    Array.from({ length: rows }, (_, i) => stagedRow(batch, i + 1)),
    ref,
  );
  return ref.name;
}

async function batch(id: string, is: BatchState): Promise<void> {
  await state.create(COLLECTIONS.batches, id, {
    batch_id: id,
    state: is,
    slate: '2025-01-10',
    created_at: '2025-01-10T13:00:00Z',
  });
}

const names = async () =>
  (await warehouse.listTables('nba_predictions', '_staging_')).map(({ name }) => name).sort();
const verdicts = (tables: readonly { name: string; verdict: string }[]) =>
  tables.map(({ name, verdict }) => [name, verdict]);

describe('the staging cleanup', () => {
  it('drops what is merged or given up, reports what nobody merged, and never touches live or foreign tables', async () => {
    await batch('merged', 'published');
    await batch('broken', 'failed');
    await batch('live', 'running');
    const merged = await table('merged', 30, 2);
    const unknown = await table('unknown', 30, 3);
    const failed = await table('broken', 26, 4);
    madeAt = hoursAgo(25);
    await warehouse.createTable(gameLines, { dataset: 'nba_predictions', name: '_staging_elsewhere' });
    const live = await table('live', 1, 5);

    const dry = await cleanStaging(deps, { dryRun: true });
    expect(verdicts(dry.tables)).toEqual([
      [failed, 'drop'],
      ['_staging_elsewhere', 'foreign'],
      [live, 'open'],
      [merged, 'drop'],
      [unknown, 'unmerged'],
    ]);
    expect(dry).toMatchObject({
      dry_run: true,
      dropped: 0,
      would_drop: 2,
      rows: 6,
      kept: { foreign: 1, open: 1, unmerged: 1 },
      errors: [],
    });
    expect(stagingOutcomes(dry)).toMatchObject([
      {
        check: 'staging_merged',
        status: 'fail',
        severity: 'warning',
        reason: expect.stringMatching(`^${unknown}: .* a batch nobody knows`),
      },
    ]);
    expect(await names()).toHaveLength(5);

    expect(await cleanStaging(deps, { dryRun: false })).toMatchObject({
      dropped: 2,
      would_drop: 0,
      rows: 6,
      errors: [],
    });
    expect(await names()).toEqual(['_staging_elsewhere', live, unknown].sort());
    expect(await cleanStaging(deps, { dryRun: false })).toMatchObject({ dropped: 0, gone: 0, rows: 0 });
  });

  it('takes a table that is exactly 24 hours old and leaves one that is a millisecond younger', async () => {
    await batch('old', 'reset');
    await batch('new', 'reset');
    const old = await table('old', 24, 0);
    const young = await table('new', 24 - 1 / HOUR, 0);
    expect(verdicts(await listStaging(deps))).toEqual([
      [young, 'young'],
      [old, 'drop'],
    ]);
  });

  it.each(Object.keys(NEXT_STATES) as BatchState[])('decides by the state of the batch: %s', (is) => {
    const info = {
      dataset: 'nba_predictions',
      name: 't',
      kind: 'table',
      createdAt: hoursAgo(200).toISOString(),
    } as const;
    const doc = { batch_id: 'b', state: is } as BatchDoc;
    const verdict = judge({ ...info, expiresAt: null, labels: {}, rows: 1 }, doc, {
      now: new Date(NOW),
      maxAgeHours: 24,
      isOurs: true,
    });
    const kept =
      is === 'held'
        ? 'held'
        : ['created', 'dispatching', 'running', 'consolidating'].includes(is)
          ? 'open'
          : 'drop';
    expect(verdict).toMatchObject({ batch_state: is, age_hours: 200, verdict: kept });
  });

  it('is silent about many young tables of a live batch', async () => {
    await batch('live', 'running');
    madeAt = hoursAgo(0.5);
    for (let i = 0; i < 12; i++)
      await warehouse.createTable(stagedPredictions, stagingTable('live', `u${i}`, 1));
    expect(await cleanStaging(deps, { dryRun: false })).toMatchObject({
      dropped: 0,
      kept: { open: 12 },
      errors: [],
    });
  });

  it('does not take a batch for another whose id begins alike', async () => {
    await batch('slate-1', 'published');
    await batch('slate-10', 'running');
    const name = await table('slate-10', 30, 1);
    expect(await listStaging(deps)).toMatchObject([{ name, batch_id: 'slate-10', verdict: 'open' }]);
  });

  it('collects errors and goes on', async () => {
    await batch('first', 'published');
    await batch('second', 'published');
    const stubborn = await table('first', 40, 1);
    await table('second', 30, 1);
    const refusing = {
      listTables: warehouse.listTables,
      describe: warehouse.describe,
      execute: warehouse.execute,
      dropTable: async (ref: { dataset: 'nba_predictions'; name: string }) => {
        if (ref.name === stubborn) throw new Error('not allowed');
        return warehouse.dropTable(ref);
      },
    } as StagingDeps['warehouse'];
    const result = await cleanStaging({ ...deps, warehouse: refusing }, { dryRun: false });
    expect(result).toMatchObject({
      dropped: 1,
      errors: [{ table: `nba_predictions.${stubborn}`, message: 'not allowed' }],
    });
    expect(stagingOutcomes(result)).toMatchObject([
      { status: 'error', reason: `nba_predictions.${stubborn}: not allowed` },
    ]);
    expect(await names()).toEqual([stubborn]);
  });

  it('counts a table that somebody else dropped in between as gone, not as dropped', async () => {
    await batch('b', 'published');
    await table('b', 30, 1);
    const late = {
      listTables: warehouse.listTables,
      describe: warehouse.describe,
      execute: warehouse.execute,
      dropTable: async () => false,
    };
    expect(await cleanStaging({ ...deps, warehouse: late }, { dryRun: false })).toMatchObject({
      dropped: 0,
      gone: 1,
      errors: [],
    });
  });

  it('goes by the expiry when nothing says when a table was made, and keeps one that says neither', async () => {
    await batch('b', 'published');
    const name = await table('b', 30, 1);
    const undated = (expiresAt: string | null): StagingDeps => ({
      ...deps,
      warehouse: {
        describe: warehouse.describe,
        execute: warehouse.execute,
        dropTable: warehouse.dropTable,
        listTables: async (dataset, prefix) =>
          (await warehouse.listTables(dataset, prefix)).map((info) => ({
            ...info,
            createdAt: null,
            expiresAt,
          })),
      },
    });
    expect(await listStaging(undated(null))).toMatchObject([{ name, age_hours: null, verdict: 'undated' }]);
    expect(await listStaging(undated('2025-01-12T12:00:00.001Z'))).toMatchObject([{ verdict: 'young' }]);
    expect(await listStaging(undated(NOW))).toMatchObject([{ verdict: 'drop' }]);
  });

  it.each([0, 0.5, -1, Number.NaN])('refuses an age limit of %s hours', async (limit) => {
    await expect(cleanStaging(deps, { dryRun: false, maxAgeHours: limit })).rejects.toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
    });
  });

  it('lets a failed listing fail: it is not an empty one', async () => {
    const broken = { ...warehouse, listTables: async () => Promise.reject(new Error('no answer')) };
    await expect(cleanStaging({ ...deps, warehouse: broken }, { dryRun: true })).rejects.toThrow('no answer');
  });
});
