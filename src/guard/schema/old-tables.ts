import { columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import { TipoffError } from '#core/errors.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

type Described = Pick<Warehouse, 'shapesOf'>;

/** Throws TIPOFF_SCHEMA_MISMATCH when a table lacks a column of its contract: every step on it would fail. */
export async function requireCurrentTables(
  warehouse: Described,
  contracts: readonly TableContract[],
): Promise<void> {
  const lacking = await lackingColumns(warehouse, contracts);
  if (lacking.size > 0) throw oldTables(lacking);
}

/**
 * The real cause of a refused statement that names a column its contract has and its table lacks: an earlier
 * version created the tables. Any other error is returned unchanged.
 */
export async function causedByOldTables(
  error: unknown,
  warehouse: Described,
  contracts: readonly TableContract[],
): Promise<unknown> {
  if (!(error instanceof TipoffError) || error.code !== 'TIPOFF_SQL') return error;
  const lacking = await lackingColumns(warehouse, contracts);
  const isNamed = [...lacking.values()]
    .flat()
    .some((name) => new RegExp(`\\b${name}\\b`, 'i').test(error.message));
  return isNamed ? oldTables(lacking, error) : error;
}

/** Contract columns that existing tables lack, by table. */
async function lackingColumns(
  warehouse: Described,
  contracts: readonly TableContract[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const lacking = new Map<string, readonly string[]>();
  const shapes = await warehouse.shapesOf(contracts);
  for (const contract of contracts) {
    const live = shapes.get(tableId(contract));
    if (live === undefined) continue;
    const there = new Set(live.map(({ name }) => name));
    const missing = columnNames(contract).filter((name) => !there.has(name));
    if (missing.length > 0) lacking.set(tableId(contract), missing);
  }
  return lacking;
}

function oldTables(lacking: ReadonlyMap<string, readonly string[]>, cause?: unknown): TipoffError {
  const named = [...lacking].map(([table, columns]) => `${table} lacks ${columns.join(', ')}`);
  return new TipoffError(
    'TIPOFF_SCHEMA_MISMATCH',
    `expected the tables of this version, saw older ones: ${named.join('; ')}`,
    {
      hint: 'Run `tipoff schema apply`, which adds the columns, then the same command again.',
      details: { lacking: Object.fromEntries(lacking) },
      cause,
    },
  );
}
