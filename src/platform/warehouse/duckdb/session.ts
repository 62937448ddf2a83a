import { AsyncLocalStorage } from 'node:async_hooks';
import type { DuckDBConnection, DuckDBMaterializedResult, DuckDBValue } from '@duckdb/node-api';
import { messageOf, TipoffError } from '#core/errors.ts';
import { systemClock } from '#platform/clock.ts';
import type { RightOfWay } from '#platform/right-of-way.ts';
import { meaningful, type SqlToken, tokenise } from '#platform/warehouse/lint/vocabulary.ts';
import type { Row, SqlParams } from '#platform/warehouse/port.ts';
import { bindings, chunksOf, duckdbError, reader } from './values.ts';

/** A portable statement in DuckDB's spelling. */
export interface Translation {
  /** The statement with each parameter as it is spelled: a literal, a list of literals in parentheses, or `$name`; undefined for an empty list. */
  text(spell: (name: string) => string | undefined): string;
  /** Parameters the statement names. */
  readonly names: ReadonlySet<string>;
}

/** Portable type names that DuckDB lacks or means differently: its NUMERIC is DECIMAL(18,3), its TIMESTAMP has no zone. */
const CAST_TYPES: Readonly<Record<string, string>> = {
  FLOAT64: 'DOUBLE',
  NUMERIC: 'DECIMAL(38,9)',
  TIMESTAMP: 'TIMESTAMPTZ',
};

type Piece = string | { readonly parameter: string; readonly isList: boolean };

/** Statements that a process translates again and again. Their texts are few: values are parameters. */
const MAX_TRANSLATIONS = 500;
const translations = new Map<string, Translation>();

/**
 * Rewrites a portable statement outside of strings and comments: `@name` to its value, `IN UNNEST(@ids)` to a list lookup,
 * type names in CAST and typed literals, and decimal literals to floats (`0.5` is FLOAT64 in the portable subset, an exact
 * decimal in DuckDB). Remembered by its text: translating a long statement takes a tenth of the time of running it on few rows.
 */
export function toDuckDb(sql: string): Translation {
  const known = translations.get(sql);
  if (known !== undefined) return known;
  const made = translated(sql);
  if (translations.size >= MAX_TRANSLATIONS) translations.clear();
  translations.set(sql, made);
  return made;
}

function translated(sql: string): Translation {
  const names = new Set<string>();
  const pieces: Piece[] = [];
  const tokens = tokenise(sql);
  const code = meaningful(tokens);
  const position = new Map(code.map((token, i) => [token, i]));
  const inCast: boolean[] = [];
  let skip: SqlToken | undefined;
  for (const token of tokens) {
    const at = position.get(token);
    if (skip !== undefined) {
      if (token === skip) skip = undefined;
      continue;
    }
    if (at === undefined) {
      pieces.push(token.text);
      continue;
    }
    const [before, after] = [code[at - 1], code[at + 1]];
    if (token.text === '(') inCast.push(before?.upper === 'CAST');
    if (token.text === ')') inCast.pop();
    const list = token.upper === 'UNNEST' && before?.upper === 'IN' ? unnestedParameter(code, at) : undefined;
    if (list !== undefined) {
      names.add(list.name);
      pieces.push({ parameter: list.name, isList: true });
      skip = list.end;
    } else if (token.kind === 'parameter') {
      names.add(token.text.slice(1));
      pieces.push({ parameter: token.text.slice(1), isList: false });
    } else if (token.kind === 'number') {
      pieces.push(/^[\d]*\.[\d]*$/.test(token.text) ? `${token.text}e0` : token.text);
    } else {
      const isType =
        (before?.upper === 'AS' && inCast.at(-1) === true && after?.text === ')') || after?.kind === 'string';
      pieces.push((isType ? CAST_TYPES[token.upper] : undefined) ?? token.text);
    }
  }
  const parts = joined(pieces);
  return {
    names,
    text: (spell) =>
      parts
        .map((piece) => {
          if (typeof piece === 'string') return piece;
          const spelled = spell(piece.parameter);
          if (!piece.isList) return spelled ?? `$${piece.parameter}`;
          if (spelled === undefined) return '(SELECT NULL WHERE FALSE)';
          return spelled.startsWith('(') ? spelled : `(SELECT unnest(${spelled}))`;
        })
        .join(''),
  };
}

/** Neighbouring texts as one. */
function joined(pieces: readonly Piece[]): Piece[] {
  const parts: Piece[] = [];
  for (const piece of pieces) {
    const last = parts.at(-1);
    if (typeof piece === 'string' && typeof last === 'string') parts[parts.length - 1] = last + piece;
    else parts.push(piece);
  }
  return parts;
}

/** The parameter of `UNNEST(@ids)` at a position, with the token that closes it. */
function unnestedParameter(
  code: readonly SqlToken[],
  at: number,
): { name: string; end: SqlToken } | undefined {
  const [open, parameter, end] = code.slice(at + 1, at + 4);
  return open?.text === '(' && parameter?.kind === 'parameter' && end?.text === ')'
    ? { name: parameter.text.slice(1), end }
    : undefined;
}

/** One connection that serves one statement or transaction at a time. `run`, `rows` and `changed` belong inside of `exclusive` or `atomically`. */
export interface Session {
  readonly connection: DuckDBConnection;
  /** Runs work after the work before it has finished: callers may overlap, but a connection serves one at a time. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** `exclusive` in a transaction, rolled back when the work fails. */
  atomically<T>(work: () => Promise<T>): Promise<T>;
  /** Runs a statement in the portable spelling, within a time limit. */
  run(sql: string, params?: SqlParams, maxSeconds?: number): Promise<DuckDBMaterializedResult>;
  /** Runs a statement in DuckDB's own spelling, untranslated: definitions of tables and functions. */
  native(sql: string): Promise<void>;
  rows<T extends object>(sql: string, params?: SqlParams): Promise<T[]>;
  /** Runs DML and returns the rows it changed. */
  changed(sql: string, params?: SqlParams): Promise<number>;
  /**
   * Runs an INSERT and returns its rows. One thread writes them as they come: the engine's parallel insert, which RETURNING
   * rules out, gathers them first, and that pays with more rows than a slate has. Use `changed` for bulk.
   */
  inserted(sql: string, params?: SqlParams): Promise<number>;
  /** Ends the session after the work before it; what comes later is refused. */
  end(release: () => void): Promise<void>;
}

/** Opens a session. Callers with the right of way are served first; while there are any, the others wait, in their order. */
export function openSession(connection: DuckDBConnection, rightOfWay: RightOfWay): Session {
  const inTurn = queue(rightOfWay);
  let ended = false;
  const exclusive = <T>(work: () => Promise<T>): Promise<T> =>
    inTurn(() => {
      if (!ended) return work();
      throw new TipoffError('TIPOFF_SQL', 'the warehouse is closed', {
        hint: 'Open it again; whoever composed it called close.',
      });
    });
  const run = async (
    sql: string,
    params: SqlParams = {},
    maxSeconds?: number,
  ): Promise<DuckDBMaterializedResult> => {
    const statement = toDuckDb(sql);
    const { spelled, values, types } = bindings(statement.names, params);
    const text = statement.text((name) => spelled.get(name));
    const limit = maxSeconds === undefined ? undefined : timeLimit(connection, maxSeconds);
    try {
      if (Object.keys(values).length === 0) return await connection.run(text);
      const prepared = await connection.prepare(text);
      try {
        prepared.bind(values, types);
        return await prepared.run();
      } finally {
        prepared.destroySync();
      }
    } catch (error) {
      if (limit?.isOver() !== true) throw duckdbError(error, sql);
      throw new TipoffError('TIPOFF_SQL', `the statement was ended after ${maxSeconds} s`, {
        hint: 'Read fewer rows: bound every table by its slate.',
        cause: error,
      });
    } finally {
      limit?.lift();
    }
  };
  const atomically = <T>(work: () => Promise<T>): Promise<T> =>
    exclusive(async () => {
      await run('BEGIN TRANSACTION');
      try {
        const result = await work();
        await run('COMMIT');
        return result;
      } catch (error) {
        throw await rolledBack(run, duckdbError(error));
      }
    });
  const rows = async <T extends object>(sql: string, params?: SqlParams): Promise<T[]> =>
    rowsOf<T>(await run(sql, params));
  return {
    connection,
    exclusive,
    atomically,
    run,
    native: async (sql) => {
      try {
        await connection.run(sql);
      } catch (error) {
        throw duckdbError(error, sql);
      }
    },
    rows,
    changed: async (sql, params) => (await run(sql, params)).rowsChanged,
    inserted: async (sql, params) => (await run(`${sql}\nRETURNING TRUE`, params)).rowCount,
    end: (release) =>
      inTurn(async () => {
        if (ended) return;
        ended = true;
        release();
      }),
  };
}

/** Interrupts the statement that a connection runs after some seconds, unless it is lifted before. */
function timeLimit(
  connection: DuckDBConnection,
  seconds: number,
): { readonly isOver: () => boolean; readonly lift: () => void } {
  const stop = new AbortController();
  let isOver = false;
  systemClock.sleep(seconds * 1000, stop.signal).then(
    () => {
      isOver = true;
      connection.interrupt();
    },
    () => undefined,
  );
  return { isOver: () => isOver, lift: () => stop.abort() };
}

/** Work that waits for a connection. */
interface Waiting {
  readonly isFirst: boolean;
  readonly begin: () => Promise<void>;
  /** Whether those who had the right of way when it was at the head of the queue are answered. */
  mayBegin: boolean;
}

/** Does one piece of work after the other. */
function queue(rightOfWay: RightOfWay): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: Waiting[] = [];
  let isBusy = false;
  let isGivingWay = false;
  const next = (): void => {
    const head = waiting.find(({ isFirst }) => isFirst) ?? waiting[0];
    if (isBusy || head === undefined) return;
    if (head.isFirst || head.mayBegin || !rightOfWay.isTaken()) {
      isBusy = true;
      waiting.splice(waiting.indexOf(head), 1);
      void head.begin().then(() => {
        isBusy = false;
        next();
      });
    } else if (!isGivingWay) {
      isGivingWay = true;
      void rightOfWay.answered().then(() => {
        isGivingWay = false;
        head.mayBegin = true;
        next();
      });
    }
  };
  return <T>(work: () => Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      // The work belongs to whoever asked for it, and not to the work after which it begins. Work that throws before its first
      // wait, as that of a closed warehouse does, must not leave the queue busy for ever.
      const begin = AsyncLocalStorage.bind(() => (async () => work())().then(resolve, reject));
      waiting.push({ isFirst: rightOfWay.isFirst(), mayBegin: false, begin });
      next();
    });
}

/** The rows of a result as the port gives them. Needs the connection no more. */
export function rowsOf<T extends object>(result: DuckDBMaterializedResult): T[] {
  const names = result.columnNames();
  const columns: DuckDBValue[][] = [];
  for (const chunk of chunksOf(result)) chunk.appendToColumns(columns);
  const fields = result.columnTypes().map((type, c) => ({
    name: names[c] ?? '',
    values: columns[c] ?? [],
    read: reader(type),
  }));
  // Copies of one row: objects that get their columns one by one are much slower and larger.
  const empty: Row = { ...Object.fromEntries(names.map((name) => [name, null])) };
  return Array.from({ length: columns[0]?.length ?? 0 }, (_, i) => {
    const row = { ...empty };
    for (const { name, values, read } of fields) row[name] = read(values[i] ?? null);
    return row as T;
  });
}

/** The error of a failed transaction after its rollback. A COMMIT that failed has ended the transaction already. */
async function rolledBack(run: Session['run'], error: TipoffError): Promise<TipoffError> {
  try {
    await run('ROLLBACK');
    return error;
  } catch (failure) {
    if (/no transaction is active/i.test(messageOf(failure))) return error;
    return new TipoffError(error.code, `${error.message} (and the rollback failed: ${messageOf(failure)})`, {
      hint: error.hint,
      details: error.details,
      cause: error,
    });
  }
}
