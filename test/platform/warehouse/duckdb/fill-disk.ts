import { TipoffError } from '#core/errors.ts';
import { openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';
import { everyType, fullRow } from '#test/contract/warehouse/tables.ts';

/** Started by file.test.ts under a limit on the size of files: writes until the warehouse refuses, and prints the error as JSON. */
const warehouse = await openDuckDb(process.argv[2] ?? '');
await warehouse.prepare([everyType]);
try {
  for (let from = 0; from < 2_000_000; from += 50_000) {
    const rows = Array.from({ length: 50_000 }, (_, i) => ({
      ...fullRow,
      id: from + i,
      label: `row ${from + i}`,
    }));
    await warehouse.append(everyType, rows);
  }
  process.stdout.write('{}');
} catch (error) {
  if (!(error instanceof TipoffError)) throw error;
  process.stdout.write(JSON.stringify({ code: error.code, hint: error.hint, message: error.message }));
}
