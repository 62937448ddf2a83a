import { messageOf, TipoffError } from '#core/errors.ts';

/** What DuckDB refused, as an error with a code: a file held by another process, or a statement it does not accept. */
export function duckdbError(error: unknown, statement?: string): TipoffError {
  if (error instanceof TipoffError) return error;
  const message = messageOf(error);
  if (/Conflicting lock is held/.test(message)) {
    const pid = /PID (\d+)/.exec(message)?.[1] ?? 'unknown';
    return new TipoffError('TIPOFF_HOME_LOCKED', `the warehouse file is held by process ${pid}`, {
      hint: `Stop process ${pid}, or use another --home; DuckDB lets one process in.`,
      details: { pid },
      cause: error,
    });
  }
  if (/NOT NULL constraint failed/i.test(message)) {
    return new TipoffError('TIPOFF_SCHEMA_MISMATCH', message, {
      hint: 'Give the required column a value in the statement; nothing was written.',
      ...(statement === undefined ? {} : { details: { statement: statement.slice(0, 400) } }),
      cause: error,
    });
  }
  const busy = /Conflict on|write-write conflict|TransactionContext Error/i.test(message);
  return new TipoffError(busy ? 'TIPOFF_WAREHOUSE_BUSY' : 'TIPOFF_SQL', message, {
    hint: busy ? 'Run it again; another writer changed the same rows.' : 'Correct the statement, or check it against `schema check`.',
    ...(statement === undefined ? {} : { details: { statement: statement.slice(0, 400) } }),
    cause: error,
  });
}
