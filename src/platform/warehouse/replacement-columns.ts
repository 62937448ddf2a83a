import { columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import { TipoffError } from '#core/errors.ts';

/** Refuses a select that gives a column the table does not have, or lacks one that the contract has. */
export function checkReplacementColumns(table: TableContract, given: readonly string[]): void {
  const wanted = columnNames(table);
  const extra = given.filter((name) => !wanted.includes(name));
  const missing = wanted.filter((name) => !given.includes(name));
  if (extra.length === 0 && missing.length === 0) return;
  throw new TipoffError(
    'TIPOFF_SCHEMA_MISMATCH',
    `${tableId(table)}: the statement gives unknown columns [${extra.join(', ')}] and lacks [${missing.join(', ')}]`,
    {
      hint: `Correct the statement of ${table.writer} or the contract; nothing was written.`,
      details: { table: tableId(table), extra, missing },
    },
  );
}
