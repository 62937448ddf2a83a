import { TipoffError } from '#core/errors.ts';
import { openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';

/** Started by file.test.ts: opens the warehouse named on the command line and prints what happened as JSON. */
const print = (result: object): boolean => process.stdout.write(JSON.stringify(result));

try {
  const warehouse = await openDuckDb(process.argv[2] ?? '');
  const [counted] = await warehouse.query<{ n: number }>('SELECT COUNT(*) AS n FROM nba_raw.every_type');
  await warehouse.close();
  print({ rows: counted?.n });
} catch (error) {
  if (!(error instanceof TipoffError)) throw error;
  print({ code: error.code, transient: error.transient, pid: error.details.pid });
}
