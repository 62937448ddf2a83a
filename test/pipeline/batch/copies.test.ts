import { describe, expect, it } from 'vitest';
import { TipoffError } from '#core/errors.ts';
import { consolidateIfComplete } from '#pipeline/batch/consolidate.ts';
import { dispatch } from '#pipeline/batch/dispatch.ts';
import { listPublications } from '#pipeline/batch/receipt.ts';
import { reset } from '#pipeline/batch/reset.ts';
import type { BatchDeps } from '#pipeline/batch/run.ts';
import { recover } from '#pipeline/batch/stall.ts';
import { startBatch } from '#pipeline/batch/start.ts';
import { readBatch, readUnits, UNIT_TOPIC } from '#pipeline/batch/state.ts';
import { handleUnit } from '#pipeline/batch/worker.ts';
import { interceptedDeps } from '#test/fakes/intercepted-deps.ts';
import { type PredictionWorld, players, predictionWorlds, SLATE } from '#test/fakes/prediction-world.ts';

const worldOf = predictionWorlds();
const RESET = { by: 'operator', why: 'stuck', staged: 'keep' } as const;
const GONE = new TipoffError('TIPOFF_WAREHOUSE_BUSY', 'the process is gone', { hint: '' });

/** A batch whose units are all staged, and the name of its first staging table. */
async function staged(): Promise<{ world: PredictionWorld; id: string; table: string }> {
  const world = await worldOf(players(6));
  const started = await startBatch(world.deps, { slate: SLATE, mode: 'FIRST', by: 'test', unitSize: 3 });
  if (!('batch' in started)) throw new TypeError('expected a batch');
  const id = started.batch.batch_id;
  await dispatch(world.deps, id, 'test');
  for (const delivery of await world.deps.queue.pull(UNIT_TOPIC, 5)) await handleUnit(world.deps, delivery);
  const [unit] = await readUnits(world.deps.state, id);
  return { world, id, table: `nba_predictions.${unit?.staging_table ?? 'none'}` };
}

/** Rows and picks of the slate in the published tables, visible or not, by publication. */
async function copies({ warehouse }: PredictionWorld): Promise<Record<string, unknown>[]> {
  return warehouse.query(
    `SELECT publication_id, COUNT(*) AS n FROM (
       SELECT publication_id FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE)
       UNION ALL SELECT publication_id FROM nba_predictions.subset_picks WHERE slate = CAST(@slate AS DATE)) AS rows_of
     GROUP BY publication_id`,
    { slate: SLATE },
  );
}

/** A coordinator whose audit waits: `copied` when the copy has landed meanwhile, `go` lets the audit read. */
function slowAudit(world: PredictionWorld): { deps: BatchDeps; copied: Promise<void>; go: () => void } {
  const [landed, leave] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const deps = interceptedDeps(world.deps, async (when, change) => {
    if (when === 'after' && change === 'copy') landed.resolve();
  });
  const warehouse: BatchDeps['warehouse'] = {
    ...deps.warehouse,
    query: async (sql, params) => {
      if (sql.includes('doubled_keys')) await leave.promise;
      return deps.warehouse.query(sql, params);
    },
  };
  return { deps: { ...deps, warehouse }, copied: landed.promise, go: leave.resolve };
}

describe('the copy of staged rows', () => {
  it('is not published before the audit has passed', async () => {
    const { world, id } = await staged();
    const { deps, copied, go } = slowAudit(world);
    const settling = consolidateIfComplete(deps, id, 'test');
    await copied;
    // Time enough for anybody who would not wait: his writes take turns with these.
    for (let i = 0; i < 50; i++)
      await world.warehouse.execute(
        `DELETE FROM nba_predictions.subset_picks WHERE slate = DATE '1946-11-01'`,
      );
    expect(await copies(world)).not.toEqual([]);
    expect(await listPublications(world.warehouse)).toEqual([]);
    expect(await world.visible()).toEqual([]);
    go();
    expect((await settling).state).toBe('published');
    expect(await world.visible()).toHaveLength(24);
  });

  it('is gone when the audit has failed', async () => {
    const { world, id, table } = await staged();
    await world.warehouse.execute(`UPDATE ${table} SET sd = 0 WHERE player_id = 1`);
    const ended = await consolidateIfComplete(world.deps, id, 'test');
    expect(ended).toMatchObject({ state: 'held', publication_id: null });
    expect(ended.reason).toContain('spread_is_positive');
    expect(await copies(world)).toEqual([]);
    expect(await listPublications(world.warehouse)).toEqual([]);
  });

  it('is made anew after a crash, and the first one is gone', async () => {
    const { world, id } = await staged();
    const dying = interceptedDeps(world.deps, async (when, change) => {
      if (when === 'after' && change === 'copy') throw GONE;
    });
    await expect(consolidateIfComplete(dying, id, 'test')).rejects.toThrow(GONE.message);
    expect(await copies(world)).toHaveLength(1);
    await recover(world.deps, 'restart');
    expect(await readBatch(world.deps.state, id)).toMatchObject({ state: 'published', attempts: 2 });
    expect((await copies(world)).map((row) => row['publication_id'])).toEqual([`${id}-p2`]);
  });

  it('is gone when a batch is reset whose attempt to publish died behind it', async () => {
    const { world, id } = await staged();
    const dying = interceptedDeps(world.deps, async (when, change) => {
      if (when === 'after' && change === 'copy') throw GONE;
    });
    await expect(consolidateIfComplete(dying, id, 'test')).rejects.toThrow(GONE.message);
    expect(await copies(world)).toHaveLength(1);
    expect(await reset(world.deps, { batchId: id }, RESET)).toMatchObject([{ state: 'reset' }]);
    expect(await copies(world)).toEqual([]);
  });

  it('is empty once the attempt has been fenced off, so that one that dies then leaves nothing', async () => {
    const { world, id } = await staged();
    const late = interceptedDeps(world.deps, async (when, change) => {
      if (change !== 'copy') return;
      if (when === 'before') await reset(world.deps, { batchId: id }, RESET);
      else throw GONE;
    });
    await expect(consolidateIfComplete(late, id, 'late')).rejects.toThrow(GONE.message);
    expect(await copies(world)).toEqual([]);
    expect((await readBatch(world.deps.state, id)).state).toBe('reset');
  });
});
