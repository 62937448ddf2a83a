import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { settableClock } from '#app/healthy-league.ts';
import { seededRandom } from '#core/random.ts';
import type { RunDeps } from '#guard/backfill/execute.ts';
import { readUnits } from '#guard/backfill/ledger.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { times } from '#test/depth.ts';
import { type BackfillWorld, computedWorld, contents, differences, STATEMENTS } from './world.ts';

// A season is backfilled once per point at which a run dies.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const KILLS = times(1, 5);
// A season is backfilled twice per kill.
const PATIENCE_MS = 120_000;

class Killed extends Error {}

describe('a run that does not come to its end', () => {
  let undisturbed: Map<string, string>;
  let works = 0;
  let world: BackfillWorld;
  beforeAll(async () => {
    world = await computedWorld();
    undisturbed = await contents(world.warehouse);
    await forget();
    works = (await world.run({ chunk: 'month', shouldStop: () => 'only planned' })).plan.units.length;
  });
  afterAll(() => world.close());

  /** Forgets everything: empty tables, empty ledger. */
  const forget = async (): Promise<void> => {
    for (const { table } of STATEMENTS)
      await world.warehouse.execute(
        `DELETE FROM ${table.dataset}.${table.name} WHERE slate >= DATE '1946-11-01'`,
      );
    await world.deps.state.transaction(async (tx) => {
      for (const { id } of await tx.list('backfill_units')) tx.delete('backfill_units', id);
    });
  };

  /** Dependencies that die at the n-th write: before the statement, after it, or after it in the ledger's entry. */
  const dying = (at: number, where: 'before' | 'after'): Partial<RunDeps> => {
    let writes = 0;
    const replaceRange: Warehouse['replaceRange'] = async (table, ...rest) => {
      const isOwn = STATEMENTS.some((one) => one.table === table);
      if (isOwn) writes++;
      if (isOwn && writes === at && where === 'before') throw new Killed('killed before the statement');
      const rows = await world.warehouse.replaceRange(table, ...rest);
      if (isOwn && writes === at) throw new Killed('killed between the statement and the ledger');
      return rows;
    };
    const enterNothing: RunDeps['state'] = {
      ...world.deps.state,
      transaction: (body) =>
        writes >= at ? Promise.reject(new Killed('dead')) : world.deps.state.transaction(body),
    };
    return { warehouse: { ...world.warehouse, replaceRange }, state: enterNothing };
  };

  it('because its time is up carries on in pieces, each as long as it may be, and none twice', async () => {
    await forget();
    const clock = settableClock(new Date('2025-07-01T12:00:00Z'));
    const [pieces, seen]: [number[], string[]] = [[], []];
    for (let left = true; left; ) {
      let done = 0;
      const { stopped } = await world.run(
        {
          chunk: 'month',
          endsBy: new Date(clock.now().getTime() + 38 * 60_000),
          onProgress: ({ step, from }) => {
            done++;
            seen.push(`${step} ${from}`);
            clock.set(new Date(clock.now().getTime() + 5 * 60_000));
          },
        },
        { clock },
      );
      pieces.push(done);
      left = stopped !== null;
    }
    // Eight chunks of five minutes: the one that is begun within the time is finished.
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.slice(0, -1).every((done) => done === 8)).toBe(true);
    expect(seen).toHaveLength(works);
    expect(new Set(seen).size).toBe(works);
    expect(differences(undisturbed, await contents(world.warehouse))).toEqual([]);
  });

  it('though its time is up before it begins does one piece, so that there is an end', async () => {
    await forget();
    const { stopped } = await world.run({ chunk: 'month', endsBy: new Date(0), onProgress: () => undefined });
    expect(stopped).toBe('its time is up');
    expect((await readUnits(world.deps.state)).size).toBe(1);
  });

  it(
    `because it was killed at ${KILLS} random points: what is resumed redoes at most the piece in flight, and every table is as if nothing had happened`,
    async () => {
      const random = seededRandom(20241022);
      for (let kill = 0; kill < KILLS; kill++) {
        await forget();
        const at = 1 + Math.floor(random() * works);
        const where = random() < 0.5 ? 'before' : 'after';
        await expect(world.run({ chunk: 'month' }, dying(at, where))).rejects.toThrow(Killed);
        const entered = (await readUnits(world.deps.state)).size;
        let redone = 0;
        const resumed = await world.run({ chunk: 'month', onProgress: () => redone++ });
        expect(redone, `killed ${where} write ${at} of ${works}`).toBe(works - (at - 1));
        expect(resumed.failed).toEqual([]);
        expect(entered).toBeGreaterThanOrEqual(at > 1 ? 1 : 0);
        expect(
          differences(undisturbed, await contents(world.warehouse)),
          `killed ${where} write ${at} of ${works}`,
        ).toEqual([]);
      }
    },
    PATIENCE_MS,
  );
});
