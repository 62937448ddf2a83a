import { createHash } from 'node:crypto';
import type { PreparedSql, SqlEngine } from '#platform/sql/port.ts';
import { openSqlEngine } from '#platform/warehouse/duckdb/sql-engine.ts';

/** What an engine said of a statement after a sequence of definitions, by the digest of both. */
const answers = new Map<string, PreparedSql>();
/** Why an engine refused a definition after others, by the digest of both; undefined where it took it. */
const refusals = new Map<string, { readonly error: unknown } | undefined>();

/**
 * The engine of the embedded warehouse, as `openSqlEngine` gives it, that binds a statement once per process and sequence of
 * definitions: most of the statements that a test reads are those that the test before it read, against the same tables. What
 * is not known yet is asked of a real engine, which is opened for it and brought to the same definitions.
 */
export async function openRememberingEngine(): Promise<SqlEngine> {
  let engine: SqlEngine | undefined;
  // A digest of the definitions so far; one level of the stack for each transaction.
  let [state, pending]: [string, string[]] = ['', []];
  const begun: string[] = [];
  let tail: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = tail.then(work, work);
    tail = next.catch(() => undefined);
    return next;
  };
  const brought = async (): Promise<SqlEngine> => {
    engine ??= await openSqlEngine();
    // A definition that was refused before is refused again, and changes nothing else.
    for (const sql of pending.splice(0)) await engine.define(sql).catch(() => undefined);
    return engine;
  };
  const follow = (sql: string): void => {
    if (sql === 'BEGIN') begun.push(state);
    state = sql === 'ROLLBACK' ? (begun.pop() ?? state) : digestOf(state, sql);
  };
  return {
    define: (sql) =>
      inTurn(async () => {
        const key = digestOf(state, sql);
        if (!refusals.has(key)) {
          const own = await brought();
          refusals.set(
            key,
            await own.define(sql).then(
              () => undefined,
              (error: unknown) => ({ error }),
            ),
          );
        } else if (sql === 'ROLLBACK' && pending.includes('BEGIN'))
          pending = pending.slice(0, pending.lastIndexOf('BEGIN'));
        else pending.push(sql);
        follow(sql);
        const refused = refusals.get(key);
        if (refused !== undefined) throw refused.error;
      }),
    prepare: (sql) =>
      inTurn(async () => {
        const key = digestOf(state, sql);
        const known = answers.get(key) ?? (await (await brought()).prepare(sql));
        answers.set(key, known);
        return known;
      }),
    close: () => engine?.close(),
  };
}

function digestOf(state: string, sql: string): string {
  return createHash('sha256').update(state).update('\0').update(sql).digest('base64');
}
