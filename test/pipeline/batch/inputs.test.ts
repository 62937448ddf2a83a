import { describe, expect, it } from 'vitest';
import { addDays, parseSlate, type Slate } from '#core/calendar.ts';
import { currentInputs, type PlayerInput, seasonInputs } from '#pipeline/batch/inputs.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { players, predictionWorlds } from '#test/fakes/prediction-world.ts';

const worldOf = predictionWorlds();
const SLATES = Array.from({ length: 16 }, (_, i) => addDays(parseSlate('2025-02-01'), i));
const IDS = [1, 2, 3];

async function season(): Promise<{
  warehouse: Warehouse;
  reads: () => number;
  failNext: (error: Error) => void;
}> {
  const world = await worldOf([]);
  for (const slate of SLATES) await world.addSlate(slate, players(4));
  let reads = 0;
  let failure: Error | undefined;
  const query: Warehouse['query'] = async (sql, params) => {
    reads += 1;
    if (failure === undefined) return world.warehouse.query(sql, params);
    const error = failure;
    failure = undefined;
    throw error;
  };
  return {
    warehouse: { ...world.warehouse, query },
    reads: () => reads,
    failNext: (error) => {
      failure = error;
    },
  };
}

const byId = (inputs: readonly PlayerInput[]): PlayerInput[] =>
  inputs.toSorted((a, b) => a.player_id - b.player_id);

/** Each read is two statements: features with contexts, and lines. */
describe('the inputs of a season', () => {
  it('are those read slate by slate, in a fraction of the reads', async () => {
    const { warehouse, reads } = await season();
    const [together, apart] = [seasonInputs(warehouse, SLATES), currentInputs(warehouse)];
    for (const slate of SLATES) {
      const own = byId(await together.ofPlayers(slate, IDS));
      expect(own.map(({ player_id }) => player_id)).toEqual(IDS);
      expect(own).toEqual(byId(await apart.ofPlayers(slate, IDS)));
    }
    expect(reads()).toBe(2 * (SLATES.length + 2));
  });

  it('are read once for callers beside each other, also on both sides of a boundary', async () => {
    const { warehouse, reads } = await season();
    const source = seasonInputs(warehouse, SLATES);
    const order = [0, 13, 14, 12, 15, 13].map((i) => SLATES[i] as Slate);
    const found = await Promise.all(order.map((slate) => source.ofPlayers(slate, IDS)));
    expect(found.map((inputs) => inputs.length)).toEqual(order.map(() => IDS.length));
    expect(reads()).toBe(2 * 2);
  });

  it('are read again after a read that failed, and one by one for a slate that was not foreseen', async () => {
    const { warehouse, failNext } = await season();
    const source = seasonInputs(warehouse, SLATES.slice(0, 3));
    const [first, last] = [SLATES[0] as Slate, SLATES.at(-1) as Slate];
    failNext(new Error('no answer'));
    await expect(source.ofPlayers(first, IDS)).rejects.toThrow('no answer');
    expect(await source.ofPlayers(first, IDS)).toHaveLength(3);
    expect(await source.ofPlayers(last, [4])).toHaveLength(1);
    expect(await source.ofPlayers(first, [])).toEqual([]);
  });
});
