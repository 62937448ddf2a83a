import { describe, expect, it } from 'vitest';
import { deepHealth, HEALTH_CHECKS } from '#app/services/health.ts';
import type { Column } from '#core/contracts/define.ts';
import {
  playerPropPredictions,
  type StagedPrediction,
  stagedPredictions,
} from '#core/contracts/nba_predictions.ts';
import { checkOutput } from '#pipeline/batch/output-gate.ts';
import { runBatch } from '#pipeline/batch/run.ts';
import { shiftedClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import {
  MORNING,
  type PredictionWorld,
  players,
  predictionWorlds,
  SLATE,
} from '#test/fakes/prediction-world.ts';

const worldOf = predictionWorlds();
const TABLE = 'nba_predictions.player_prop_predictions';
const start = (world: PredictionWorld, warehouse: Warehouse = world.warehouse) =>
  runBatch({ ...world.deps, warehouse }, { slate: SLATE, mode: 'FIRST', by: 'test' });

/** The predictions table as it was before a column of the contract was thought of, or with one changed. */
async function madeWithout(
  world: PredictionWorld,
  change: (columns: Record<string, Column>) => void,
): Promise<void> {
  await world.warehouse.dropTable(playerPropPredictions);
  const columns: Record<string, Column> = { ...playerPropPredictions.columns };
  change(columns);
  await world.warehouse.createTable({ ...playerPropPredictions, columns });
}

const outputSchema = async ({ deps }: PredictionWorld) =>
  (
    await deepHealth(
      { ...deps, clock: shiftedClock(MORNING), machine: shiftedClock(MORNING), settings: {} },
      HEALTH_CHECKS.filter(({ id }) => id === 'output_schema'),
    )
  ).status;

describe('the schema gate of the writer', () => {
  it('refuses a batch whose table lacks a field before anything is staged, names the ALTER TABLE, and takes the next one after it', async () => {
    const world = await worldOf(players(3));
    expect(await outputSchema(world)).toBe('healthy');
    await madeWithout(world, (columns) => {
      delete columns['p_push'];
      delete columns['feature_sources'];
    });
    const written: string[] = [];
    const watched: Warehouse = {
      ...world.warehouse,
      stage: async (table, as, rows, options) => {
        written.push(as.name);
        return world.warehouse.stage(table, as, rows, options);
      },
    };
    const failed = await start(world, watched);
    expect(failed).toMatchObject({
      state: 'failed',
      predicted: 0,
      failed: { [Object.keys(failed.failed)[0] ?? '']: 3 },
    });
    expect(failed.reason).toContain(`TIPOFF_SCHEMA_MISMATCH: ${TABLE} does not take the predictions`);
    expect(failed.reason).toContain('p_push (expected FLOAT64, saw no such column)');
    expect(failed.reason).toContain(
      `ALTER TABLE ${TABLE} ADD COLUMN p_push DOUBLE; ALTER TABLE ${TABLE} ADD COLUMN feature_sources VARCHAR`,
    );
    expect(written).toEqual([]);
    expect(await world.warehouse.listTables('nba_predictions', '_staging_')).toEqual([]);
    expect(await outputSchema(world)).toBe('unhealthy');

    await world.warehouse.addColumn(playerPropPredictions, 'p_push', playerPropPredictions.columns.p_push);
    await world.warehouse.addColumn(
      playerPropPredictions,
      'feature_sources',
      playerPropPredictions.columns.feature_sources,
    );
    expect(await start(world, watched)).toMatchObject({ state: 'published', predicted: 3 });
    expect(written).toHaveLength(1);
  });

  it('sees another type, a table that requires what a record lacks, and a table that is gone', async () => {
    const world = await worldOf(players(2));
    await madeWithout(world, (columns) => {
      columns['line'] = { ...playerPropPredictions.columns.line, type: 'FLOAT64' };
    });
    expect((await start(world)).reason).toContain(
      'line (expected NUMERIC, saw FLOAT64). Repair: ALTER TABLE',
    );
    await madeWithout(world, (columns) => {
      columns['injury_status'] = { ...playerPropPredictions.columns.injury_status, required: true };
    });
    expect((await start(world)).reason).toContain(
      `ALTER TABLE ${TABLE} ALTER COLUMN injury_status DROP NOT NULL`,
    );
    await madeWithout(world, () => undefined);
    await world.warehouse.dropTable(playerPropPredictions);
    await expect(checkOutput(world.warehouse, [])).rejects.toMatchObject({ code: 'TIPOFF_SCHEMA_MISMATCH' });
  });

  it('looks at every record, not at the first, and lets columns pass that only the table has', async () => {
    const world = await worldOf(players(1));
    await world.warehouse.addColumn(playerPropPredictions, 'of_somebody_else', {
      type: 'STRING',
      description: 'x',
    });
    const record = {} as StagedPrediction;
    await checkOutput(world.warehouse, [record]);
    await expect(
      checkOutput(world.warehouse, [record, { invented: 1 } as unknown as StagedPrediction]),
    ).rejects.toThrow(`ALTER TABLE ${TABLE} ADD COLUMN invented BIGINT`);
  });

  it('leaves no staging table behind when the rows themselves are refused', async () => {
    const world = await worldOf(players(1));
    const refusing: Warehouse = {
      ...world.warehouse,
      stage: async (table, as, rows, options) =>
        world.warehouse.stage(
          table,
          as,
          rows.map((row) => ({ ...row, system_id: undefined })) as unknown as typeof rows,
          options,
        ),
    };
    expect((await start(world, refusing)).reason).toContain('field system_id: expected a value');
    expect(await world.warehouse.listTables('nba_predictions', '_staging_')).toEqual([]);
  });
});

/** Columns whose published value is not the one the worker wrote. */
async function lostOnTheWay(world: PredictionWorld): Promise<string[]> {
  const sent = new Map<string, Record<string, unknown>>();
  const watched: Warehouse = {
    ...world.warehouse,
    stage: async (table, as, rows, options) => {
      const own = rows as unknown as Record<string, unknown>[];
      for (const row of own) sent.set(String(row['prediction_id']), row);
      return world.warehouse.stage(table, as, rows, options);
    },
  };
  expect(await start(world, watched)).toMatchObject({ state: 'published' });
  const published = await world.warehouse.query(
    `SELECT * FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)`,
    {
      slate: SLATE,
    },
  );
  expect(published.length).toBe(sent.size);
  const columns: [string, Column][] = Object.entries(stagedPredictions.columns);
  const empty = columns
    .filter(([name]) => [...sent.values()].every((row) => row[name] == null))
    .map(([name]) => name);
  expect(empty, 'columns this test says nothing about').toEqual([]);
  return columns.flatMap(([name, column]) =>
    published.every((row) => isSame(sent.get(String(row['prediction_id']))?.[name], row[name], column))
      ? []
      : [name],
  );
}

function isSame(sent: unknown, seen: unknown, { type, decimals }: Column): boolean {
  if (sent == null || seen == null) return (sent ?? null) === (seen ?? null);
  if (type === 'FLOAT64')
    return (
      Math.abs(Number(sent) - Number(seen)) <= (decimals === undefined ? 1e-12 : 0.5000001 * 10 ** -decimals)
    );
  if (type === 'NUMERIC') return Number(sent) === Number(seen);
  return type === 'TIMESTAMP' ? Date.parse(String(sent)) === Date.parse(String(seen)) : sent === seen;
}

const VARIED = players(6).map((player, i) => ({
  ...player,
  context: {
    injury_status: i % 2 === 0 ? 'questionable' : null,
    second_line: i % 3 === 0 ? '14.5' : null,
    second_line_bookmaker: 'fanduel',
    is_home: i % 2 === 0,
    over_price: -110 - i,
    under_price: -105,
  },
}));

describe('the value of every column the worker owns', () => {
  it('arrives in the published table as the worker wrote it', async () => {
    expect(await lostOnTheWay(await worldOf(VARIED))).toEqual([]);
  });

  it.each(['injury_status', 'line_quality', 'over_price'])(
    'holds the batch when %s gets lost between worker and table',
    async (column) => {
      const world = await worldOf(VARIED);
      const losing: Warehouse = {
        ...world.warehouse,
        stage: (table, as, rows, options) =>
          world.warehouse.stage(
            table,
            as,
            rows.map((row) => ({ ...row, [column]: null })),
            options,
          ),
      };
      expect(await start(world, losing)).toMatchObject({
        state: 'held',
        reason: expect.stringMatching(
          /^TIPOFF_AUDIT_FAILED: rows_are_as_made \(.*saw others of [36] players: 1, /,
        ),
      });
      expect(await world.visible()).toEqual([]);
    },
  );
});
