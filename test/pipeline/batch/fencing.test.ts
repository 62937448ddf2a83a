import { describe, expect, it } from 'vitest';
import { TipoffError } from '#core/errors.ts';
import { consolidateIfComplete } from '#pipeline/batch/consolidate.ts';
import { dispatch } from '#pipeline/batch/dispatch.ts';
import { acquireLease, LEASE_SECONDS, releaseLease, renewLease } from '#pipeline/batch/lease.ts';
import { listPublications } from '#pipeline/batch/receipt.ts';
import { reset } from '#pipeline/batch/reset.ts';
import { type BatchDeps, runBatch } from '#pipeline/batch/run.ts';
import { startBatch } from '#pipeline/batch/start.ts';
import { COLLECTIONS, move, readBatch, UNIT_TOPIC } from '#pipeline/batch/state.ts';
import { handleUnit } from '#pipeline/batch/worker.ts';
import { interceptedDeps } from '#test/fakes/intercepted-deps.ts';
import { type PredictionWorld, players, predictionWorlds, SLATE } from '#test/fakes/prediction-world.ts';

const worldOf = predictionWorlds();
const FIRST = { slate: SLATE, mode: 'FIRST', by: 'test' } as const;
const RESET = { by: 'operator', why: 'stuck', staged: 'keep' } as const;

/** A batch whose units are all staged. */
async function staged(): Promise<{ world: PredictionWorld; id: string }> {
  const world = await worldOf(players(6));
  const started = await startBatch(world.deps, { ...FIRST, unitSize: 3 });
  if (!('batch' in started)) throw new TypeError('expected a batch');
  await dispatch(world.deps, started.batch.batch_id, 'test');
  for (const delivery of await world.deps.queue.pull(UNIT_TOPIC, 5)) await handleUnit(world.deps, delivery);
  return { world, id: started.batch.batch_id };
}

/** Dependencies of a coordinator to whom something happens just before or after a change it makes. */
function disturbed(
  world: PredictionWorld,
  when: 'before' | 'after',
  change: string,
  event: () => Promise<unknown>,
): BatchDeps {
  let happened = false;
  return interceptedDeps(world.deps, async (now, what) => {
    if (happened || now !== when || what !== change) return;
    happened = true;
    await event();
  });
}

/** A coordinator that stops just before its receipt: `arrived` when it stands there, `go` lets it write. */
function pausedAtReceipt(world: PredictionWorld): {
  deps: BatchDeps;
  arrived: Promise<void>;
  go: () => void;
} {
  const arrival = Promise.withResolvers<void>();
  const leave = Promise.withResolvers<void>();
  const deps = disturbed(world, 'before', 'execute', async () => {
    arrival.resolve();
    await leave.promise;
  });
  return { deps, arrived: arrival.promise, go: leave.resolve };
}

const copies = async (world: PredictionWorld) =>
  (
    await world.warehouse.query(
      'SELECT DISTINCT publication_id FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE) ORDER BY publication_id',
      { slate: SLATE },
    )
  ).map((row) => row['publication_id']);

describe('a late coordinator', () => {
  it('publishes nothing once a forced start has taken the slate, and leaves no copy', async () => {
    const { world, id } = await staged();
    const late = disturbed(world, 'after', 'copy', () => runBatch(world.deps, { ...FIRST, force: true }));
    await expect(consolidateIfComplete(late, id, 'late')).rejects.toMatchObject({ code: 'TIPOFF_FENCED' });
    const publications = await listPublications(world.warehouse);
    expect(publications).toHaveLength(1);
    expect(publications[0]?.batch_id).not.toBe(id);
    expect(await copies(world)).toEqual([publications[0]?.publication_id]);
    expect((await readBatch(world.deps.state, id)).state).toBe('reset');
    expect(await world.visible()).toHaveLength(24);
  });

  it('is refused by the warehouse itself when its lease looked sound a moment before', async () => {
    const { world, id } = await staged();
    let renewals = 0;
    const late = interceptedDeps(world.deps, async (now, change) => {
      if (now === 'before' && change === 'execute') {
        renewals += 1;
        if (renewals === 1) await reset(world.deps, { batchId: id }, RESET);
      }
    });
    await expect(consolidateIfComplete(late, id, 'late')).rejects.toMatchObject({ code: 'TIPOFF_FENCED' });
    expect(await listPublications(world.warehouse)).toEqual([]);
    expect(await copies(world)).toEqual([]);
    expect((await readBatch(world.deps.state, id)).state).toBe('reset');
    expect(await runBatch(world.deps, FIRST)).toMatchObject({ state: 'published', predicted: 6 });
  });

  it('takes its receipt back where the warehouse lets two statements pass that did not see each other', async () => {
    const { world, id } = await staged();
    const blind: BatchDeps = {
      ...world.deps,
      warehouse: {
        ...world.warehouse,
        execute: async (sql, params) => {
          if (!sql.includes("'published', CAST(@at AS TIMESTAMP)"))
            return world.warehouse.execute(sql, params);
          await reset(world.deps, { batchId: id }, RESET);
          // As of before the reset: its rows, and no event of another token.
          const alone = sql.replace('NOT EXISTS', 'TRUE OR NOT EXISTS').replace('HAVING COUNT(*) > 0', '');
          await world.warehouse.execute(
            alone.replace('MIN(p.model_id), MIN(p.model_hash)', "'model', 'hash'"),
            params,
          );
          return 1;
        },
      },
    };
    await expect(consolidateIfComplete(blind, id, 'late')).rejects.toMatchObject({ code: 'TIPOFF_FENCED' });
    expect((await readBatch(world.deps.state, id)).state).toBe('reset');
    const [receipt, ...others] = await listPublications(world.warehouse);
    expect(receipt).toMatchObject({ batch_id: id, withdrawn_reason: expect.stringContaining('fenced off') });
    expect(others).toEqual([]);
    expect(await world.visible()).toEqual([]);
    expect(await copies(world)).toEqual([]);
    expect(await runBatch(world.deps, FIRST)).toMatchObject({ state: 'published', predicted: 6 });
  });

  it('of the same batch gives way to the one that took it up again', async () => {
    const { world, id } = await staged();
    const late = disturbed(world, 'after', 'copy', () =>
      consolidateIfComplete(world.deps, id, 'restart', { resume: true }),
    );
    await expect(consolidateIfComplete(late, id, 'late')).rejects.toMatchObject({ code: 'TIPOFF_FENCED' });
    const [publication, ...others] = await listPublications(world.warehouse);
    expect(others).toEqual([]);
    expect(publication).toMatchObject({ published_by: 'restart', batch_id: id });
    expect(await copies(world)).toEqual([publication?.publication_id]);
    expect((await readBatch(world.deps.state, id)).state).toBe('published');
  });
});

describe('two attempts at one batch that stand before their receipts together', () => {
  it('write one, whichever is first', async () => {
    for (const order of ['older', 'newer'] as const) {
      const { world, id } = await staged();
      const [older, newer] = [pausedAtReceipt(world), pausedAtReceipt(world)];
      const first = consolidateIfComplete(older.deps, id, 'older');
      await older.arrived;
      const second = consolidateIfComplete(newer.deps, id, 'newer', { resume: true });
      await newer.arrived;
      const [ahead, behind] = order === 'older' ? [older, newer] : [newer, older];
      ahead.go();
      await (order === 'older' ? first : second);
      behind.go();
      // The other one learns that the batch is published, and by whom.
      expect((await (order === 'older' ? second : first)).state).toBe('published');
      const publications = await listPublications(world.warehouse);
      expect(publications.map(({ published_by }) => published_by)).toEqual([order]);
      expect(await copies(world)).toEqual([publications[0]?.publication_id]);
      expect((await readBatch(world.deps.state, id)).publication_id).toBe(publications[0]?.publication_id);
      expect(await world.visible()).toHaveLength(24);
    }
  });
});

describe('a reset beside a publication', () => {
  it('that began before the attempt did sees it all the same', async () => {
    const { world, id } = await staged();
    const attempt = pausedAtReceipt(world);
    let publishing: Promise<unknown> = Promise.resolve();
    await move(world.deps, id, ['running'], 'consolidating', { by: 'test' });
    const resetting = disturbed(world, 'before', 'transaction', async () => {
      publishing = consolidateIfComplete(attempt.deps, id, 'test', { resume: true }).catch(
        (error: unknown) => error,
      );
      await attempt.arrived;
    });
    expect(await reset(resetting, { batchId: id }, RESET)).toMatchObject([{ state: 'reset' }]);
    attempt.go();
    expect(await publishing).toMatchObject({ code: 'TIPOFF_FENCED' });
    expect(await listPublications(world.warehouse)).toEqual([]);
    expect(await world.visible()).toEqual([]);
  });

  it('that comes after the receipt finds the batch published, and nothing half', async () => {
    const { world, id } = await staged();
    const publishing = disturbed(world, 'after', 'execute', async () => {
      expect(await reset(world.deps, { batchId: id }, RESET)).toMatchObject([
        { state: 'published', staged: 'publish' },
      ]);
    });
    expect((await consolidateIfComplete(publishing, id, 'test')).state).toBe('published');
    expect(await world.visible()).toHaveLength(24);
    expect(await listPublications(world.warehouse)).toMatchObject([{ withdrawn_at: null }]);
  });

  it('that comes after a crash behind the receipt makes the last move', async () => {
    const { world, id } = await staged();
    const dying = disturbed(world, 'after', 'execute', () =>
      Promise.reject(new TipoffError('TIPOFF_WAREHOUSE_BUSY', 'gone', { hint: '' })),
    );
    await expect(consolidateIfComplete(dying, id, 'test')).rejects.toThrow('gone');
    expect((await readBatch(world.deps.state, id)).state).toBe('consolidating');
    expect(await world.visible()).toHaveLength(24);
    expect(await reset(world.deps, { slate: SLATE }, RESET)).toMatchObject([{ state: 'published' }]);
    expect(await startBatch(world.deps, FIRST)).toMatchObject({ kind: 'nothing_to_do' });
  });
});

describe('the lease of a slate', () => {
  const consolidating = async (world: PredictionWorld, ...ids: string[]) => {
    for (const id of ids)
      await world.deps.state.create(COLLECTIONS.batches, id, {
        batch_id: id,
        slate: SLATE,
        state: 'consolidating',
        attempts: 0,
      });
  };

  it('has a larger token each time, also when it was given back', async () => {
    const world = await worldOf([], { games: 0 });
    await consolidating(world, 'a');
    const first = await acquireLease(world.deps, 'a', SLATE);
    expect(first).toMatchObject({ holder: 'a', token: 1 });
    if (first !== undefined) await releaseLease(world.deps, first);
    expect((await world.deps.state.get(COLLECTIONS.leases, SLATE))?.data).toMatchObject({
      holder: null,
      token: 1,
    });
    expect(await acquireLease(world.deps, 'a', SLATE)).toMatchObject({ token: 2 });
    if (first === undefined) throw new TypeError('expected a lease');
    await expect(renewLease(world.deps, first)).rejects.toMatchObject({ code: 'TIPOFF_FENCED' });
    await releaseLease(world.deps, first);
    const lease = await world.deps.state.get(COLLECTIONS.leases, SLATE);
    expect(lease?.data).toMatchObject({ holder: 'a', token: 2 });
  });

  it('is waited for while another active batch has it, and taken when it has expired', async () => {
    const world = await worldOf([], { games: 0 });
    await consolidating(world, 'a', 'b');
    const first = await acquireLease(world.deps, 'a', SLATE);
    await expect(acquireLease(world.deps, 'b', SLATE)).rejects.toMatchObject({
      code: 'TIPOFF_STATE_CONFLICT',
      transient: true,
    });
    world.clock.advance((LEASE_SECONDS - 1) * 1000);
    if (first !== undefined) await renewLease(world.deps, first);
    world.clock.advance(1000);
    await expect(acquireLease(world.deps, 'b', SLATE)).rejects.toMatchObject({
      code: 'TIPOFF_STATE_CONFLICT',
    });
    world.clock.advance((LEASE_SECONDS - 1) * 1000);
    expect(await acquireLease(world.deps, 'b', SLATE)).toMatchObject({ holder: 'b', token: 2 });
  });

  it('is not for a batch that is no longer in consolidation', async () => {
    const world = await worldOf([], { games: 0 });
    await world.deps.state.create(COLLECTIONS.batches, 'a', {
      batch_id: 'a',
      slate: SLATE,
      state: 'reset',
      attempts: 1,
    });
    expect(await acquireLease(world.deps, 'a', SLATE)).toBeUndefined();
  });
});

describe('two callers who find the last unit done', () => {
  it('consolidate once', async () => {
    const { world, id } = await staged();
    const states = await Promise.all(
      Array.from({ length: 5 }, (_, i) => consolidateIfComplete(world.deps, id, `caller ${i}`)),
    );
    expect(states.map(({ state }) => state).filter((state) => state === 'published')).toHaveLength(1);
    expect(await listPublications(world.warehouse)).toHaveLength(1);
    expect((await readBatch(world.deps.state, id)).state).toBe('published');
  });
});
