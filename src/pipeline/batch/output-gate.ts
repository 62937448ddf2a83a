import { type Column, type ColumnType, tableId } from '#core/contracts/define.ts';
import { playerPropPredictions, type StagedPrediction } from '#core/contracts/nba_predictions.ts';
import { TipoffError } from '#core/errors.ts';
import { duckdbType, type LiveColumn, type TableRef, type Warehouse } from '#platform/warehouse/port.ts';

/** Prefix of every staging table. */
export const STAGING_PREFIX = '_staging_';
/** Hours after which a forgotten staging table may be dropped. */
export const STAGING_HOURS = 48;

/** Prefix of all staging tables of a batch. */
export function stagingPrefix(batchId: string): string {
  return `${STAGING_PREFIX}${batchId.replaceAll('-', '_')}__`;
}

/** The staging table of one claim of a unit: two workers never write the same one. */
export function stagingTable(batchId: string, unitId: string, claim: number): TableRef {
  return { dataset: 'nba_predictions', name: `${stagingPrefix(batchId)}${unitId}_${claim}` };
}

const TABLE = tableId(playerPropPredictions);

/** A column of the live table that does not accept what is to be written, and the statement that repairs it. */
interface Difference {
  readonly field: string;
  readonly expected: string;
  readonly seen: string;
  readonly repair: string;
}

/**
 * Compares the records of a write with the live predictions table: names, types and NOT NULL. The table is described anew for
 * each write, so a repaired one is seen without a restart. Columns beyond the contract, and columns that are no longer
 * required, do not harm a write; deep health and the drift check report them.
 *
 * Returns the columns of the table. Throws TIPOFF_SCHEMA_MISMATCH, before anything is staged, with the table, each field and
 * the ALTER TABLE that repairs it.
 */
export async function checkOutput(
  warehouse: Warehouse,
  records: readonly StagedPrediction[],
): Promise<readonly LiveColumn[]> {
  const live = await warehouse.describe(playerPropPredictions, 'shape');
  if (live === undefined) {
    throw new TipoffError('TIPOFF_SCHEMA_MISMATCH', `${TABLE} does not exist`, {
      hint: 'Make it with `tipoff schema apply`; nothing was written.',
      details: { table: TABLE, fields: [] },
    });
  }
  const differences = [
    ...missingOrChanged(live, records, warehouse.engine),
    ...requiredByTable(live, records),
  ];
  if (differences.length === 0) return live;
  const words = differences
    .map(({ field, expected, seen }) => `${field} (expected ${expected}, saw ${seen})`)
    .join(', ');
  const repairs = differences.map(({ repair }) => repair);
  throw new TipoffError(
    'TIPOFF_SCHEMA_MISMATCH',
    `${TABLE} does not take the predictions: ${words}. Repair: ${repairs.join('; ')}`,
    {
      hint: 'Run the statements, or `tipoff schema apply`, and start the slate again; nothing was written.',
      details: { table: TABLE, fields: differences.map(({ field }) => field), repairs },
    },
  );
}

/** Columns of the contract and fields of any record that the table lacks, or has with another type. */
function missingOrChanged(
  live: readonly LiveColumn[],
  records: readonly StagedPrediction[],
  engine: Warehouse['engine'],
): readonly Difference[] {
  const found = new Map(live.map(({ name, type }) => [name, type]));
  const contract: Readonly<Record<string, Column>> = playerPropPredictions.columns;
  const fields = new Set(Object.keys(contract));
  for (const record of records) for (const field in record) fields.add(field);
  return [...fields].flatMap((field): Difference[] => {
    const type = contract[field]?.type ?? typeOf(field, records);
    const seen = found.get(field);
    if (seen === type) return [];
    const spelled = engine === 'duckdb' ? duckdbType({ type }) : type;
    const repair =
      seen === undefined
        ? `ALTER TABLE ${TABLE} ADD COLUMN ${field} ${spelled}`
        : `ALTER TABLE ${TABLE} ALTER COLUMN ${field} SET DATA TYPE ${spelled}`;
    return [{ field, expected: type, seen: seen ?? 'no such column', repair }];
  });
}

/** Columns that the table requires although the contract does not, and that some record leaves empty. */
function requiredByTable(
  live: readonly LiveColumn[],
  records: readonly StagedPrediction[],
): readonly Difference[] {
  const contract: Readonly<Record<string, Column>> = playerPropPredictions.columns;
  return live.flatMap(({ name, required }): Difference[] => {
    if (!required || contract[name]?.required === true) return [];
    const isEmpty = records.some((record) => (record as Readonly<Record<string, unknown>>)[name] == null);
    const repair = `ALTER TABLE ${TABLE} ALTER COLUMN ${name} DROP NOT NULL`;
    return isEmpty ? [{ field: name, expected: 'a column that may be empty', seen: 'NOT NULL', repair }] : [];
  });
}

/** The type of a field that no contract declares, inferred from its first value. */
function typeOf(field: string, records: readonly StagedPrediction[]): ColumnType {
  const value = records
    .map((record): unknown => (record as Readonly<Record<string, unknown>>)[field])
    .find((one) => one != null);
  if (typeof value === 'number') return Number.isInteger(value) ? 'INT64' : 'FLOAT64';
  return typeof value === 'boolean' ? 'BOOL' : 'STRING';
}
