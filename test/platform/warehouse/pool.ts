import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { type DuckDbOptions, engineSettings, openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** Test files run beside each other, and threads for a few thousand rows cost more than they do. */
export const THREADS = 1;

/** A database in memory that has been prepared, and what it has as long as nobody has written to it: its tables and views. */
interface Prepared {
  readonly path: string;
  readonly instance: DuckDBInstance;
  readonly connection: DuckDBConnection;
  readonly pristine: ReadonlyMap<string, Found>;
}

interface Found {
  readonly kind: 'table' | 'view' | 'schema';
  readonly id: string;
  readonly sql: string;
  readonly comment: string | null;
  /** Rows that were ever committed to it and not reclaimed: deleted ones count. */
  readonly written: bigint;
}

const idle: Prepared[] = [];
let made = 0;

/**
 * Opens a warehouse in memory with all tables. Building one takes forty times as long as connecting to it, so that one that a test
 * has closed is used again: the tables that were written to, altered or dropped are made anew, and one in which anything else was
 * changed is never used again.
 */
export async function openPooled(options: DuckDbOptions): Promise<Warehouse> {
  const prepared = (await clean()) ?? (await build());
  const warehouse = await openDuckDb(prepared.path, { threads: THREADS, ...options });
  let isSame = true;
  let isOpen = true;
  /** What no look at the tables would tell: functions, settings, other databases. */
  const watched = async <T>(sql: string, work: () => Promise<T>): Promise<T> => {
    if (!/^\s*(?:SELECT|WITH|INSERT|UPDATE|DELETE|MERGE)\b/i.test(sql)) isSame = false;
    return work();
  };
  return {
    ...warehouse,
    query: (sql, ...rest) => watched(sql, () => warehouse.query(sql, ...rest)),
    execute: (sql, ...rest) => watched(sql, () => warehouse.execute(sql, ...rest)),
    replaceFunctions: () => {
      isSame = false;
      return warehouse.replaceFunctions();
    },
    close: async () => {
      await warehouse.close();
      if (isOpen && isSame) idle.push(prepared);
      else if (isOpen) discard(prepared);
      isOpen = false;
    },
  };
}

async function build(): Promise<Prepared> {
  made += 1;
  const path = `:memory:prepared_${made}`;
  const instance = await DuckDBInstance.fromCache(path, engineSettings(path, THREADS));
  const warehouse = await openDuckDb(path, { threads: THREADS });
  await warehouse.prepare(CONTRACTS);
  for (const { ref, sql } of VIEWS) await warehouse.createView(ref, sql);
  await warehouse.close();
  const connection = await instance.connect();
  return { path, instance, connection, pristine: await contents(connection) };
}

function discard({ connection, instance }: Prepared): void {
  connection.closeSync();
  instance.closeSync();
}

/** One that is as new; undefined when there is none. */
async function clean(): Promise<Prepared | undefined> {
  for (let one = idle.pop(); one !== undefined; one = idle.pop()) {
    if (await isRestored(one)) return one;
    discard(one);
  }
  return undefined;
}

/** Makes the tables anew that are not as they were; false when something else is not. */
async function isRestored({ connection, pristine }: Prepared): Promise<boolean> {
  const now = await contents(connection);
  const statements: string[] = [];
  for (const id of new Set([...pristine.keys(), ...now.keys()])) {
    const [before, after] = [pristine.get(id), now.get(id)];
    if (before?.sql === after?.sql && before?.comment === after?.comment && after?.written === 0n) continue;
    if ((before ?? after)?.kind !== 'table' || (after ?? before)?.kind !== 'table') return false;
    if (after !== undefined) statements.push(`DROP TABLE ${id}`);
    if (before !== undefined) statements.push(before.sql.replace(/;$/, ''));
    if (before?.comment != null)
      statements.push(`COMMENT ON TABLE ${id} IS '${before.comment.replaceAll("'", "''")}'`);
  }
  if (statements.length > 0) await connection.run(statements.join('; '));
  return true;
}

async function contents(connection: DuckDBConnection): Promise<ReadonlyMap<string, Found>> {
  const result = await connection.run(
    `SELECT 'table' AS kind, schema_name || '.' || table_name AS id, sql, comment, estimated_size AS written FROM duckdb_tables()
     UNION ALL SELECT 'view', schema_name || '.' || view_name, sql, comment, 0 FROM duckdb_views() WHERE NOT internal
     UNION ALL SELECT 'schema', schema_name, '', comment, 0 FROM duckdb_schemas() WHERE NOT internal`,
  );
  const rows = (await result.getRowObjects()) as unknown as readonly Found[];
  return new Map(rows.map((row) => [row.id, row]));
}
