import { DuckDBInstance } from '@duckdb/node-api';
import { messageOf } from '#core/errors.ts';
import type { PreparedSql, SqlEngine, SqlProblemKind } from '#platform/sql/port.ts';
import { toDuckDb } from './session.ts';

/** Opens an empty in-memory engine that binds statements and runs none of them. About 30 ms. */
export async function openSqlEngine(): Promise<SqlEngine> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  // A statement is bound again for every name that is looked for: it is translated once.
  const translated = new Map<string, string>();
  const spelling = (sql: string): string => {
    const text = translated.get(sql) ?? toDuckDb(sql).text(() => undefined);
    translated.set(sql, text);
    return text;
  };
  return {
    define: async (sql) => {
      await connection.run(sql);
    },
    prepare: async (sql) => {
      try {
        const prepared = await connection.prepare(spelling(sql));
        const columns = Array.from({ length: prepared.columnCount }, (_, i) => prepared.columnName(i));
        prepared.destroySync();
        return { columns };
      } catch (error) {
        return refusalOf(sql, messageOf(error));
      }
    },
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** How DuckDB words the refusal of a name. The first group is the name, or the first two are alias and name. */
const REFUSALS: readonly (readonly [SqlProblemKind, RegExp])[] = [
  ['unknown_table', /Table with name (\w+) does not exist/],
  ['unknown_column', /Table "(\w+)" does not have a column with name "(\w+)"/],
  ['unknown_column', /"(\w+)" does not have a column named "(\w+)"/],
  ['unknown_column', /Referenced column "(\w+)" not found/],
  ['unknown_column', /Referenced update column (\w+) not found/],
  ['unknown_alias', /Referenced table "(\w+)" not found/],
  ['unknown_function', /Function with name (\w+) does not exist/],
  ['ambiguous_column', /Ambiguous reference to column name "(\w+)"/],
];

function refusalOf(sql: string, message: string): PreparedSql {
  const [text = message] = message.split('\n');
  const line = Number(/^LINE (\d+):/m.exec(message)?.[1] ?? 0);
  for (const [kind, wording] of REFUSALS) {
    const found = wording.exec(message);
    if (found === null) continue;
    const [, first = '', second] = found;
    const name = qualified(sql, kind, first, second);
    const last = name.split('.').at(-1) ?? name;
    return { problem: { kind, name, line: line || lineOf(sql, last), message: text } };
  }
  return { problem: { kind: 'refused', name: text, line: line || 1, message: text } };
}

/** The name as the statement writes it: tables and functions with their dataset, columns of DML with their table. */
function qualified(sql: string, kind: SqlProblemKind, first: string, second: string | undefined): string {
  if (kind === 'unknown_table' || kind === 'unknown_function')
    return new RegExp(`\\b(?:\\w+\\.)?${first}\\b`, 'i').exec(sql)?.[0] ?? first;
  const target = /^\s*(?:INSERT\s+INTO|UPDATE|MERGE\s+INTO)\s+(\w+\.(\w+))/i.exec(sql);
  if (second === undefined)
    return kind === 'unknown_column' && /^\s*UPDATE\b/i.test(sql) && target?.[1] !== undefined
      ? `${target[1]}.${first}`
      : first;
  return target?.[2]?.toLowerCase() === first.toLowerCase() ? `${target[1]}.${second}` : `${first}.${second}`;
}

function lineOf(sql: string, name: string): number {
  const at = sql.search(new RegExp(`\\b${name}\\b`, 'i'));
  return at < 0 ? 1 : sql.slice(0, at).split('\n').length;
}
