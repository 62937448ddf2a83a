import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { mondayBefore, type Slate } from '#core/calendar.ts';
import { executor, type RunDeps } from '#guard/backfill/execute.ts';
import { NO_OBJECTS, pricedPlan, readEstimator } from '#guard/backfill/priced-plan.ts';
import type { Chunk } from '#guard/backfill/slates.ts';
import { backfillSteps } from '#guard/backfill/steps.ts';
import { virtualClock } from '#platform/clock.ts';
import { type BigQueryWarehouse, openBigQuery } from '#platform/warehouse/bigquery/warehouse.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type FakeBigQuery, fakeBigQuery } from '#test/fakes/bigquery-server.ts';
import { type BackfillWorld, backfillWorld, computedWorld } from './world.ts';

// A season is backfilled to compare plan and run.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** A million bytes for each statement that names the feature store, one thousand for any other. */
const bytesOf = (sql: string): number => (sql.includes('ml_feature_store') ? 1_000_000 : 1000);

let world: BackfillWorld;
let server: FakeBigQuery;
let bigQuery: BigQueryWarehouse;
beforeAll(async () => {
  world = await backfillWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  server = await fakeBigQuery();
  server.answer((sql) => ({ bytes: bytesOf(sql) }));
  bigQuery = openBigQuery({
    projectId: 'p',
    location: 'EU',
    endpoint: server.url,
    clock: virtualClock('2026-02-08T12:00:00Z'),
  });
});
afterEach(async () => {
  await bigQuery.close();
  await server.close();
});

const budget = (bytes: number): NonNullable<RunDeps['budget']> => ({
  bytes,
  estimate: async (sql, params) => (await bigQuery.dryRun(sql, params)).bytes,
});
const request = () =>
  ({
    from: world.first,
    to: world.last,
    phases: ['analytics', 'precompute'],
    now: world.deps.clock.now(),
  }) as const;
const work = (step: string, slates: readonly Slate[]): Chunk => {
  const found = backfillSteps(world.deps).find(({ name }) => name === step);
  if (found === undefined) throw new Error(`no step ${step}`);
  return { step: found, slates };
};

/** A warehouse that notes the text of what it is asked to read. */
function noting(warehouse: Warehouse): { warehouse: Warehouse; texts: string[] } {
  const texts: string[] = [];
  return {
    texts,
    warehouse: {
      ...warehouse,
      query: (sql, params) => {
        texts.push(sql);
        return warehouse.query(sql, params);
      },
      execute: (sql, params) => {
        texts.push(sql);
        return warehouse.execute(sql, params);
      },
      replaceRange: (table, range, select, params) => {
        texts.push(select);
        return warehouse.replaceRange(table, range, select, params);
      },
    },
  };
}

describe('what a plan would read', () => {
  it('is the bytes that dry runs give for the statements of the run, by step, with its price and the budget', async () => {
    const plan = await pricedPlan({ ...world.deps, budget: budget(1e12) }, request());
    const steps = plan.reading?.steps ?? [];
    expect(steps[0]?.step).toBe('plan');
    expect(new Set(steps.slice(1).map(({ step }) => step))).toEqual(
      new Set(plan.units.map(({ step }) => step)),
    );
    expect(plan.bytes).toBe(steps.reduce((sum, { bytes }) => sum + bytes, 0));
    const store = steps.find(({ step }) => step === 'MLFeatureStore');
    // Its statement does not name its own table; counting its rows does, and the readiness is asked once for all steps.
    expect(store).toMatchObject({ statements: 2, bytes: 1_001_000 });
    expect(store?.cost_usd).toBeCloseTo((2 * 10 * 2 ** 20 * 6.25) / 2 ** 40, 12);
    expect(plan.reading).toMatchObject({ budget_bytes: 1e12, stops_before: null, dollars_per_tib: 6.25 });
    expect(server.jobs).toEqual([]);
  });

  it('is nothing known where reading is not billed, never 0', async () => {
    const plan = await pricedPlan(world.deps, request());
    expect([plan.bytes, plan.cost_usd, plan.reading]).toEqual([null, null, null]);
  });

  it('is refused as a whole when one dry run is refused', async () => {
    server.answer((sql) =>
      sql.includes('shot_zone')
        ? { error: { reason: 'invalidQuery', message: 'Unrecognized name: paint' } }
        : { bytes: 1 },
    );
    await expect(pricedPlan({ ...world.deps, budget: budget(1e12) }, request())).rejects.toMatchObject({
      code: 'TIPOFF_SQL',
      message: expect.stringContaining('Unrecognized name: paint'),
    });
  });

  it('is refused when a dry run is answered without a figure', async () => {
    server.answer(() => ({ bytes: null }));
    await expect(pricedPlan({ ...world.deps, budget: budget(1e12) }, request())).rejects.toThrow(
      /without saying how many bytes/,
    );
  });

  it('costs history once per statement: a plan by months reads it for every month', async () => {
    const stores = [];
    for (const chunk of ['season', 'month'] as const) {
      const plan = await pricedPlan({ ...world.deps, budget: budget(1e12) }, { ...request(), chunk });
      stores.push(plan.reading?.steps.find(({ step }) => step === 'MLFeatureStore')?.bytes);
    }
    const months = new Set(world.season.map((slate) => slate.slice(0, 7))).size;
    expect(months).toBeGreaterThan(1);
    expect(stores).toEqual([1_001_000, months * 1_001_000]);
  });
});

describe('the budget', () => {
  it('ends a run where the plan says that it would, with the same bytes and before the statement', async () => {
    const own = await backfillWorld();
    try {
      const limit = budget(1_060_000);
      const plan = await pricedPlan({ ...own.deps, budget: limit }, { ...request(), chunk: 'month' });
      const stop = plan.reading?.stops_before;
      expect(stop?.bytes).toBeGreaterThan(1_060_000);
      const report = await own.run({ budget: limit, chunk: 'month' });
      expect(report.stopped).toBe(
        `the budget of 1060000 bytes would be exceeded by ${stop?.step} from ${stop?.from}: ${stop?.bytes} bytes in all`,
      );
      expect(report.executed.length).toBeGreaterThan(0);
      expect(report.executed).not.toContainEqual(
        expect.objectContaining({ step: stop?.step, month: stop?.from.slice(0, 7) }),
      );
    } finally {
      await own.close();
    }
  });
});

describe('the statements that are asked for beforehand', () => {
  let computed: BackfillWorld;
  beforeAll(async () => {
    // Steps whose inputs are missing are held, and send nothing.
    computed = await computedWorld();
  });
  afterAll(() => computed.close());
  const slates = (): readonly Slate[] => world.season.slice(2, 12);
  const asked = async (one: Chunk): Promise<Map<string, number>> => {
    const texts = new Map<string, number>();
    const estimate = async (sql: string): Promise<number> => {
      texts.set(sql, (texts.get(sql) ?? 0) + 1);
      return 1;
    };
    const all = { slates: world.season, open: new Set<Slate>() };
    const reading = await readEstimator(world.deps, { estimate }, all).chunk(one);
    expect(reading.bytes).toBe(reading.statements);
    return texts;
  };

  it.each(['PlayerGameSummary', 'MLFeatureStore', 'Grades', 'Exports'])(
    'are those that %s sends',
    async (step) => {
      const one = work(step, slates());
      const real = noting(computed.warehouse);
      const deps = { ...computed.deps, warehouse: real.warehouse, exports: NO_OBJECTS };
      const texts = new Set((await asked(one)).keys());
      await executor(deps, world.season, new Set(), 'test').execute(one, async () => undefined);
      expect(texts).toEqual(new Set(real.texts));
    },
  );

  it('of predictions stand for every slate and week: one dry run for each text', async () => {
    const texts = await asked(work('Predictions', slates()));
    expect(new Set(texts.values())).toEqual(new Set([1]));
    const names = [...texts.keys()].join('\n');
    for (const table of [
      'ml_feature_store',
      'upcoming_player_game_context',
      'publications',
      'player_game_summary',
      'counted_games',
    ]) {
      expect(names).toContain(table);
    }
  });

  it('of a slate are counted once for every slate, those of its season once for every week', async () => {
    const estimate = async (): Promise<number> => 5;
    const reader = readEstimator(world.deps, { estimate }, { slates: world.season, open: new Set() });
    const [first, second] = [slates().slice(0, 2), slates().slice(0, 8)];
    const [few, many] = [
      await reader.chunk(work('Exports', first)),
      await reader.chunk(work('Exports', second)),
    ];
    const weeks = (of: readonly Slate[]): number => new Set(of.map(mondayBefore)).size;
    expect(weeks(second)).toBeGreaterThan(weeks(first));
    const more = many.statements - few.statements;
    // The record of a slate is read with those of its week.
    expect(more).toBe(2 * (second.length - first.length) + 4 * (weeks(second) - weeks(first)));
    expect(many.bytes - few.bytes).toBe(5 * more);
  });
});
