import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { tableId } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { PUBLISHED_MARKETS } from '#core/markets.ts';
import { emulated, openBigQuery } from '#platform/warehouse/bigquery/warehouse.ts';
import { openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';
import type { Row, Warehouse } from '#platform/warehouse/port.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { type GoldenDays, liveGoldenDays } from './golden-days.ts';
import { offered } from './offered.ts';

const endpoint = offered('bigquery');

/**
 * How far two computations of one number may lie apart: what the order of a sum may change in a double. Columns with
 * decimals are rounded when they are stored, and must be equal.
 */
const RELATIVE_TOLERANCE = 1e-9;

describe.skipIf(endpoint === undefined)('two days of a league on DuckDB and on BigQuery', () => {
  let duckdb: GoldenDays;
  let bigquery: GoldenDays;

  const lived = async (warehouse: Warehouse): Promise<GoldenDays> => {
    const folder = await temporaryFolder();
    try {
      return await liveGoldenDays(warehouse, folder.path);
    } finally {
      await warehouse.close();
      await folder.remove();
    }
  };
  beforeAll(async () => {
    duckdb = await lived(await openDuckDb(':memory:'));
    const projectId = `tipoff-${randomUUID().slice(0, 8)}`;
    bigquery = await lived(
      openBigQuery({ projectId, location: 'US', retries: 0, ...emulated(endpoint ?? '') }),
    );
    // Two days are lived on two engines, one of them an emulator that takes seconds for a statement.
  }, 1_800_000);

  it('end alike: phases, verdicts, rows, players, outcomes', () => {
    const told = ({ days }: GoldenDays) =>
      days.map(({ batch_id, publication_id, seconds, phases, outputs, ...day }) => ({
        ...day,
        phases: phases.map(({ seconds: _, ...phase }) => phase),
      }));
    expect(told(bigquery)).toEqual(told(duckdb));
    expect(duckdb.days.map(({ state }) => state)).toEqual(['published', 'published', 'published']);
  });

  it.each([...CONTRACTS.map(tableId), 'nba_predictions.current_predictions'])(
    'leave the same in %s',
    (name) => {
      const [expected, seen] = [duckdb.tables.get(name) ?? [], bigquery.tables.get(name) ?? []];
      expect(differences(expected, seen)).toEqual([]);
      // What is empty compares with anything.
      expect(expected.length).toBeGreaterThan(0);
    },
  );

  it('publish every market', () => {
    const rows = duckdb.tables.get('nba_predictions.player_prop_predictions') ?? [];
    expect(new Set(rows.map(({ market }) => market))).toEqual(new Set(PUBLISHED_MARKETS.map(({ id }) => id)));
  });

  it('add up the history of a count to the same bits', () => {
    expect([...duckdb.sums.values()].map(({ weeks }) => weeks.length > 5)).toEqual([true]);
    expect(bigquery.sums).toEqual(duckdb.sums);
  });

  it('write the same documents', () => {
    expect([...bigquery.documents.keys()]).toEqual([...duckdb.documents.keys()]);
    expect(duckdb.documents.size).toBeGreaterThan(3);
    for (const [path, text] of duckdb.documents) expect(bigquery.documents.get(path), path).toBe(text);
  });
});

/** Every value in which two tables differ, in words. */
function differences(expected: readonly Row[], seen: readonly Row[]): string[] {
  if (expected.length !== seen.length) return [`expected ${expected.length} rows, saw ${seen.length}`];
  return expected.flatMap((row, i) =>
    Object.entries(row)
      .filter(([name, value]) => !equal(value, seen[i]?.[name]))
      .map(([name, value]) => `row ${i}, ${name}: expected ${String(value)}, saw ${String(seen[i]?.[name])}`),
  );
}

function equal(a: Row[string], b: Row[string] | undefined): boolean {
  if (typeof a !== 'number' || typeof b !== 'number' || Number.isInteger(a)) return Object.is(a, b);
  return Math.abs(a - b) <= RELATIVE_TOLERANCE * Math.max(1, Math.abs(a));
}

describe('the comparison', () => {
  const row: Row = { a: 1, b: 0.5, c: 'x', d: null };
  it.each([
    [{ ...row }, 0],
    [{ ...row, b: 0.5 + 1e-10 }, 0],
    [{ ...row, b: 0.500001 }, 1],
    [{ ...row, a: 2 }, 1],
    [{ ...row, c: 'y' }, 1],
    [{ ...row, d: 0 }, 1],
    [{ a: 1, b: 0.5, c: 'x' }, 1],
  ])('finds in %j %i differences', (other: Row, count) => {
    expect(differences([row], [other])).toHaveLength(count);
  });

  it('finds a row too many', () => {
    expect(differences([row], [row, row])).toEqual(['expected 1 rows, saw 2']);
  });
});
