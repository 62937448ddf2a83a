import type { DuckDBMaterializedResult } from '@duckdb/node-api';
import { TipoffError } from '#core/errors.ts';
import type { ColumnarResult } from '#platform/warehouse/port.ts';
import { isNumeric, reader } from './values.ts';

/** A materialised result as columns: numbers with NaN for null, everything else as text. */
export async function columnar(result: DuckDBMaterializedResult): Promise<ColumnarResult> {
  const names = result.columnNames();
  const types = result.columnTypes();
  const columns = await result.getColumns();
  const at = (name: string): number => {
    const index = names.indexOf(name);
    if (index < 0) throw badColumn(`the result has no column ${name}; it has ${names.join(', ')}`);
    return index;
  };
  return {
    rowCount: columns[0]?.length ?? 0,
    numbers: (name) => {
      const index = at(name);
      const type = types[index];
      if (type === undefined || !isNumeric(type)) throw badColumn(`column ${name} is ${String(type)}, not a number`);
      return Float64Array.from(columns[index] ?? [], (v) => (v === null ? Number.NaN : Number(v)));
    },
    strings: (name) => {
      const index = at(name);
      const type = types[index];
      const read = type === undefined ? String : reader(type);
      return (columns[index] ?? []).map((v) => {
        const value = v === null ? null : read(v);
        return value === null ? null : String(value);
      });
    },
  };
}

function badColumn(message: string): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', message, { hint: 'Name a selected column of a fitting type, or cast it in the statement.' });
}
