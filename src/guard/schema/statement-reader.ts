import type { ColumnType } from '#core/contracts/define.ts';
import type { NameProblem, PreparedSql, SqlEngine } from '#platform/sql/port.ts';
import { duckdbType } from '#platform/warehouse/port.ts';
import { bodiesOf } from './fixes.ts';
import type { Schema, SchemaColumn, SchemaView } from './model.ts';
import type { SqlText } from './sql-catalogue.ts';
import { StrictNames } from './strict-names.ts';
import { onlyWrites } from './written-columns.ts';

const PORTABLE: ReadonlySet<string> = new Set([
  'STRING',
  'INT64',
  'FLOAT64',
  'NUMERIC',
  'BOOL',
  'DATE',
  'TIMESTAMP',
] satisfies ColumnType[]);
/** A name that no contract has. */
const ELSEWHERE = 'tipoff_renamed';

/** A statement with the engine's answer from binding it. */
export interface ReadStatement {
  readonly text: SqlText;
  readonly problem: NameProblem | undefined;
  /** Columns of the result; empty for a statement that changes rows or was refused. */
  readonly output: readonly string[];
}

/**
 * Statements as the engine binds them against the empty tables of a schema. To find the users of a name, it renames the
 * object in a transaction, binds again and rolls back: a statement that is now refused, or has other output columns, uses
 * it. Two uses go unseen: functions of whole rows (`fn.row_hash(t)`), and a bare name that an outer block has as well.
 */
export class StatementReader {
  readonly statements: readonly ReadStatement[];
  readonly #engine: SqlEngine;
  readonly #names: StrictNames;
  readonly #views: readonly SchemaView[];
  readonly #known: ReadonlySet<string>;
  readonly #columnUsers = new Map<string, Promise<ReadStatement[]>>();

  private constructor(engine: SqlEngine, schema: Schema, statements: readonly ReadStatement[]) {
    this.#engine = engine;
    this.#names = new StrictNames(engine, columnNames(schema));
    this.#views = schema.views;
    this.#known = new Set([
      ...[...schema.tables, ...schema.views].map(({ id }) => id),
      ...schema.tables.flatMap(({ id, columns }) => columns.map(({ name }) => `${id}.${name}`)),
      ...schema.views.flatMap(({ id, columns }) => columns.map((name) => `${id}.${name}`)),
      ...(schema.functions ?? []).map(({ name }) => `fn.${name}`),
    ]);
    this.statements = statements;
  }

  /** Defines the schema on the empty engine and binds the statements. The reader owns the engine from then on. */
  static async open(engine: SqlEngine, schema: Schema, texts: readonly SqlText[]): Promise<StatementReader> {
    await define(engine, schema);
    const statements: ReadStatement[] = [];
    for (const text of texts) {
      const prepared = await engine.prepare(text.sql);
      const problem = 'problem' in prepared ? prepared.problem : undefined;
      statements.push({ text, problem, output: outputOf(prepared) });
    }
    return new StatementReader(engine, schema, statements);
  }

  /** The statements, with a problem also for names that DuckDB accepts but BigQuery refuses or a reader misreads. */
  async strictly(): Promise<ReadStatement[]> {
    const strict: ReadStatement[] = [];
    for (const each of this.statements)
      strict.push(
        each.problem === undefined ? { ...each, problem: await this.#names.fault(each.text.sql) } : each,
      );
    return strict;
  }

  /** Statements that use a table, a view, or a function (`fn.name`) by name. */
  users(id: string): Promise<ReadStatement[]> {
    if (!this.#known.has(id)) return Promise.resolve([]);
    const [dataset, name] = id.split('.');
    const change =
      dataset === 'fn' ? `DROP MACRO ${id}` : `ALTER TABLE ${dataset}.${name} RENAME TO ${ELSEWHERE}`;
    return this.#affectedBy(change, id, null, false);
  }

  /**
   * Statements that use a column of a table or view, directly or through a view. With `byName` only those
   * that spell out its name: a reader of `*` does not miss a column.
   */
  columnUsers(id: string, column: string, byName: boolean): Promise<ReadStatement[]> {
    const question = `${id}.${column} ${byName}`;
    const known = this.#columnUsers.get(question) ?? this.#findColumnUsers(id, column, byName);
    this.#columnUsers.set(question, known);
    return known;
  }

  async #findColumnUsers(id: string, column: string, byName: boolean): Promise<ReadStatement[]> {
    if (!this.#known.has(`${id}.${column}`)) return [];
    const change = `ALTER TABLE ${id} RENAME COLUMN ${column} TO ${ELSEWHERE}`;
    const direct = await this.#affectedBy(change, id, column, !byName);
    const through: ReadStatement[] = [];
    for (const view of this.#views) {
      if (view.sql === undefined || view.id === id || !mentions(view.sql, id)) continue;
      if (await this.#passesOn(view.sql, change))
        through.push(...(await this.columnUsers(view.id, column, byName)));
    }
    return [...new Set([...direct, ...through])];
  }

  /** The users of a column that read its value rather than only write it. */
  async columnReaders(id: string, column: string, byName: boolean): Promise<ReadStatement[]> {
    const users = await this.columnUsers(id, column, byName);
    return users.filter(({ text }) => !onlyWrites(text.sql, id, column));
  }

  close(): void {
    this.#engine.close();
  }

  /** A statement refused with or without the change counts as affected when it mentions the names. */
  async #affectedBy(
    change: string,
    id: string,
    column: string | null,
    byResult: boolean,
  ): Promise<ReadStatement[]> {
    const [whole, part] = [naming(id), naming(column ?? id)];
    // A statement with neither the column's name nor a star over its table cannot depend on it.
    const candidates = this.statements.filter(
      ({ text: { sql } }) => whole.test(sql) && (part.test(sql) || (byResult && STAR.test(sql))),
    );
    if (candidates.length === 0) return [];
    return this.#without(change, async () => {
      const affected: ReadStatement[] = [];
      for (const each of candidates) {
        if (each.problem !== undefined) {
          if (part.test(each.text.sql)) affected.push(each);
          continue;
        }
        const now = await this.#engine.prepare(each.text.sql);
        if ('problem' in now || (byResult && now.columns.join() !== each.output.join())) affected.push(each);
      }
      return affected;
    });
  }

  async #passesOn(sql: string, change: string): Promise<boolean> {
    const before = await this.#engine.prepare(sql);
    const after = await this.#without(change, () => this.#engine.prepare(sql));
    return 'problem' in after || outputOf(before).join() !== outputOf(after).join();
  }

  async #without<T>(change: string, work: () => Promise<T>): Promise<T> {
    await this.#engine.define('BEGIN');
    try {
      await this.#engine.define(change);
      return await work();
    } finally {
      await this.#engine.define('ROLLBACK');
    }
  }
}

/** Functions that take a whole row: the engine does not say which columns they use. */
const WHOLE_ROW = /\bfn\.row_hash\s*\(/i;

/**
 * Every column that one statement reads, including those behind a view; or just the first of each table, for
 * callers that only need the tables. Tries each column of each table it names.
 */
export async function columnsReadBy(
  sql: string,
  schema: Schema,
  openEngine: () => Promise<SqlEngine>,
  which: 'every' | 'first of a table' = 'every',
): Promise<{ readonly table: string; readonly column: string }[]> {
  const text: SqlText = { owner: '', path: '', line: 1, sql, isWhole: true };
  const reader = await StatementReader.open(await openEngine(), schema, [text]);
  try {
    const inViews = schema.views.filter(({ id }) => mentions(sql, id)).map((view) => view.sql ?? '');
    const names = [
      ...schema.tables.map(({ id, columns }) => ({ id, columns: columns.map(({ name }) => name) })),
      ...schema.views,
    ].filter(({ id }) => [sql, ...inViews].some((each) => mentions(each, id)));
    const found: { table: string; column: string }[] = [];
    for (const { id: table, columns } of names) {
      for (const column of columns) {
        if (!WHOLE_ROW.test(sql) && (await reader.columnReaders(table, column, false)).length === 0) continue;
        found.push({ table, column });
        if (which === 'first of a table') break;
      }
    }
    return found;
  } finally {
    reader.close();
  }
}

function columnNames({ tables, views }: Schema): ReadonlySet<string> {
  return new Set([
    ...tables.flatMap(({ columns }) => columns.map(({ name }) => name)),
    ...views.flatMap(({ columns }) => columns),
  ]);
}

function outputOf(prepared: PreparedSql): readonly string[] {
  return 'columns' in prepared ? prepared.columns : [];
}

/** A star that selects columns, not the one of COUNT(*). */
const STAR = /(?:SELECT|DISTINCT|,|\w\s*\.)\s*\*/i;

function mentions(sql: string, id: string): boolean {
  return naming(id).test(sql);
}

function naming(id: string): RegExp {
  return new RegExp(`\\b${id.replace('.', '\\.')}\\b`, 'i');
}

/** Creates the tables and functions of a schema on the engine, and its views as tables. */
async function define(engine: SqlEngine, { tables, views, functions = [] }: Schema): Promise<void> {
  const datasets = new Set([...tables, ...views].map(({ id }) => id.split('.')[0] ?? ''));
  await engine.define(
    [
      ...[...datasets, 'fn'].map((name) => `CREATE SCHEMA ${name}`),
      ...functions.map((each) => {
        const own = bodiesOf(each)?.duckdb;
        return `CREATE MACRO fn.${each.name}${own ?? `(${each.parameters.join(', ')}) AS (${each.parameters[0] ?? 'NULL'})`}`;
      }),
      ...tables.map(({ id, columns }) =>
        emptyTable(
          id,
          columns.map((column) => `${column.name} ${typeOf(column)}`),
        ),
      ),
    ].join(';\n'),
  );
  for (const { id, sql, columns } of views) {
    const selected = sql === undefined ? [] : outputOf(await engine.prepare(sql));
    // A view that no longer binds, or of which only the columns are known, gets VARCHAR columns.
    const missing = columns.filter((name) => !selected.includes(name));
    const made =
      selected.length > 0
        ? [`CREATE TABLE ${id} AS SELECT * FROM (${sql}) AS v WITH NO DATA`]
        : [
            emptyTable(
              id,
              missing.map((name) => `${name} VARCHAR`),
            ),
          ];
    const added =
      selected.length > 0 ? missing.map((name) => `ALTER TABLE ${id} ADD COLUMN ${name} VARCHAR`) : [];
    await engine.define([...made, ...added].join(';\n'));
  }
}

/** CREATE TABLE; DuckDB refuses a table without columns, so that one gets a placeholder. */
function emptyTable(id: string, columns: readonly string[]): string {
  return `CREATE TABLE ${id} (${columns.length === 0 ? `${ELSEWHERE} VARCHAR` : columns.join(', ')})`;
}

function typeOf({ type, mode, fields }: SchemaColumn): string {
  const name =
    fields !== undefined
      ? `STRUCT(${fields.map((field) => `${field.name} ${typeOf(field)}`).join(', ')})`
      : PORTABLE.has(type)
        ? duckdbType({ type: type as ColumnType })
        : 'VARCHAR';
  return mode === 'REPEATED' ? `${name}[]` : name;
}
