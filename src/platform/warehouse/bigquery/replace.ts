import { randomUUID } from 'node:crypto';
import { columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import { TipoffError } from '#core/errors.ts';
import type { SqlParams, Warehouse } from '#platform/warehouse/port.ts';
import { roundedSql } from '#platform/warehouse/precision.ts';
import { checkReplacementColumns } from '#platform/warehouse/replacement-columns.ts';
import type { Jobs } from './jobs.ts';
import { inlined } from './parameters.ts';
import { toRows } from './rows.ts';

export type ReplacedRange = Parameters<Warehouse['replaceRange']>[1];

/**
 * Replaces the rows of a range by a select, in one script with one transaction. The columns of the select are compared by a
 * dry run before; its rows are kept in a temporary table and checked before anything is deleted.
 */
export async function replaceRange(
  jobs: Jobs,
  table: TableContract,
  range: ReplacedRange,
  select: string,
  params: SqlParams,
): Promise<number> {
  const bounds = boundsOf(table, range);
  const { fields } = await jobs.dryRun(select, params);
  checkReplacementColumns(
    table,
    fields.map((field) => field.name),
  );
  const all: SqlParams = { ...params, range_from: range.from, range_to: range.to };
  const [outcome] = toRows<Outcome>(await jobs.read(inlined(replacementScript(table, bounds, select), all)));
  if (outcome === undefined) throw noOutcome(table);
  checkOutcome(table, range, outcome);
  return outcome.replaced;
}

interface Outcome {
  readonly outside: number;
  readonly doubled: number;
  readonly incomplete: number;
  readonly replaced: number;
}

/** The script ends with what it found, and has changed nothing unless all is well. A script that fails is rolled back. */
function replacementScript(table: TableContract, bounds: string, select: string): string {
  const rows = `tipoff_replacement_${randomUUID().replaceAll('-', '')}`;
  const names = columnNames(table).join(', ');
  const key = table.key.join(', ');
  const required = columnNames(table).filter((name) => table.columns[name]?.required === true);
  const lacking = ['FALSE', ...required.map((name) => `${name} IS NULL`)].join(' OR ');
  return `DECLARE outside, doubled, incomplete, replaced INT64 DEFAULT 0;
CREATE TEMP TABLE ${rows} AS SELECT ${storedColumns(table)} FROM (${select}
) s;
SET outside = (SELECT COUNT(*) FROM ${rows} WHERE (${bounds}) IS NOT TRUE);
SET doubled = (SELECT COUNT(*) FROM (SELECT ${key} FROM ${rows} GROUP BY ${key} HAVING COUNT(*) > 1));
SET incomplete = (SELECT COUNT(*) FROM ${rows} WHERE ${lacking});
SET replaced = (SELECT COUNT(*) FROM ${rows});
IF outside = 0 AND doubled = 0 AND incomplete = 0 THEN
  BEGIN TRANSACTION;
  DELETE FROM ${tableId(table)} WHERE ${bounds};
  INSERT INTO ${tableId(table)} (${names}) SELECT ${names} FROM ${rows};
  COMMIT TRANSACTION;
END IF;
SELECT outside, doubled, incomplete, replaced`;
}

/** The SELECT list that turns a select into the stored types and precisions of a contract. */
function storedColumns(table: TableContract): string {
  return Object.entries(table.columns)
    .map(([name, { type, decimals }]) => {
      const cast = `CAST(s.${name} AS ${type})`;
      return `${decimals === undefined ? cast : roundedSql(cast, decimals)} AS ${name}`;
    })
    .join(', ');
}

function boundsOf(table: TableContract, range: ReplacedRange): string {
  const column = table.columns[range.column];
  if (column === undefined) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `${tableId(table)} has no column ${range.column} to bound a range with`, {
      hint: `Bound the range with one of ${columnNames(table).join(', ')}.`,
      details: { table: tableId(table), column: range.column },
    });
  }
  const extra = range.extraWhere === undefined ? '' : ` AND (${range.extraWhere})`;
  return `${range.column} BETWEEN CAST(@range_from AS ${column.type}) AND CAST(@range_to AS ${column.type})${extra}`;
}

function checkOutcome(table: TableContract, range: ReplacedRange, { outside, doubled, incomplete }: Outcome): void {
  const where = `${range.column} in [${range.from}, ${range.to}]${range.extraWhere === undefined ? '' : ` where ${range.extraWhere}`}`;
  const problems = [
    ...(outside > 0 ? [`${outside} rows lie outside of what is replaced, ${where}`] : []),
    ...(doubled > 0 ? [`${doubled} keys (${table.key.join(', ')}) occur more than once`] : []),
    ...(incomplete > 0 ? [`${incomplete} rows have null in a required column`] : []),
  ];
  if (problems.length === 0) return;
  throw new TipoffError('TIPOFF_SCHEMA_MISMATCH', `${tableId(table)}: in the result of the statement ${problems.join(' and ')}`, {
    hint: `Correct the statement of ${table.writer}; nothing was written.`,
    details: { table: tableId(table), column: range.column, from: range.from, to: range.to, outside, doubled, incomplete },
  });
}

function noOutcome(table: TableContract): TipoffError {
  return new TipoffError('TIPOFF_INTEGRITY', `${tableId(table)}: the script that replaces a range gave no result`, {
    hint: 'Run it again: replacing a range twice gives the same rows.',
    details: { table: tableId(table) },
  });
}
