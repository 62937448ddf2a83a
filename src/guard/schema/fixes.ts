import type { ColumnType } from '#core/contracts/define.ts';
import { textDigest } from '#platform/sql/port.ts';
import { duckdbType } from '#platform/warehouse/port.ts';
import type { Fix } from './finding.ts';
import type { SchemaColumn, SchemaFunction, SchemaTable, SchemaView } from './model.ts';

/** Nothing to run: the difference lies in the code. */
export const NOTHING: Fix = { bigquery: [], duckdb: [] };

const PORTABLE: ReadonlySet<string> = new Set<ColumnType>([
  'STRING',
  'INT64',
  'FLOAT64',
  'NUMERIC',
  'BOOL',
  'DATE',
  'TIMESTAMP',
]);

/** The type as each engine spells it; nested columns are STRUCT on both. */
function typeText(column: SchemaColumn, engine: 'duckdb' | 'bigquery'): string {
  if (column.fields !== undefined) {
    const open = engine === 'duckdb' ? ['STRUCT(', ')'] : ['STRUCT<', '>'];
    const fields = column.fields.map((field) => `${field.name} ${typeText(field, engine)}`).join(', ');
    return repeated(`${open[0]}${fields}${open[1]}`, column, engine);
  }
  const name =
    engine === 'duckdb' && PORTABLE.has(column.type)
      ? duckdbType({ type: column.type as ColumnType })
      : column.type;
  return repeated(name, column, engine);
}

function repeated(type: string, { mode }: SchemaColumn, engine: 'duckdb' | 'bigquery'): string {
  if (mode !== 'REPEATED') return type;
  return engine === 'duckdb' ? `${type}[]` : `ARRAY<${type}>`;
}

/** A string literal of BigQuery. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
}

/** Statements that both engines spell the same way. */
export function both(...statements: string[]): Fix {
  return { bigquery: statements, duckdb: statements };
}

/** ALTER TABLE … ADD COLUMN, always nullable: no engine adds a required column to a table with rows. */
export function addColumn(table: string, column: SchemaColumn): Fix {
  const described =
    column.description === undefined ? '' : ` OPTIONS (description = ${quoted(column.description)})`;
  return {
    bigquery: [`ALTER TABLE ${table} ADD COLUMN ${column.name} ${typeText(column, 'bigquery')}${described}`],
    duckdb: [`ALTER TABLE ${table} ADD COLUMN ${column.name} ${typeText(column, 'duckdb')}`],
  };
}

export function alterColumn(table: string, name: string, change: string): Fix {
  return both(`ALTER TABLE ${table} ALTER COLUMN ${name} ${change}`);
}

export function setType(table: string, column: SchemaColumn): Fix {
  return {
    bigquery: [
      `ALTER TABLE ${table} ALTER COLUMN ${column.name} SET DATA TYPE ${typeText(column, 'bigquery')}`,
    ],
    duckdb: [`ALTER TABLE ${table} ALTER COLUMN ${column.name} SET DATA TYPE ${typeText(column, 'duckdb')}`],
  };
}

/** Table options, which DuckDB does not have. */
export function tableOptions(table: string, options: string): Fix {
  return { bigquery: [`ALTER TABLE ${table} SET OPTIONS (${options})`], duckdb: [] };
}

/** CREATE TABLE with everything a schema says of a table. */
export function createTable(table: SchemaTable): Fix {
  return { bigquery: [bigqueryCreate(table)], duckdb: [duckdbCreate(table)] };
}

/** CREATE OR REPLACE of a library function; nothing where its definition is not known. */
export function createFunction(each: SchemaFunction): Fix {
  const bodies = bodiesOf(each);
  return {
    bigquery: bodies === undefined ? [] : [`CREATE OR REPLACE FUNCTION fn.${each.name}${bodies.bigquery}`],
    duckdb: bodies === undefined ? [] : [`CREATE OR REPLACE MACRO fn.${each.name}${bodies.duckdb}`],
  };
}

/** Repartitions a table: a copy under a new name takes its place. */
export function rebuild(table: SchemaTable): Fix {
  const copy = `${table.id}_rebuilt`;
  const name = table.id.split('.')[1] ?? table.id;
  const columns = table.columns.map((column) => column.name).join(', ');
  const steps = (create: string): string[] => [
    create.replace(`CREATE TABLE ${table.id}`, `CREATE TABLE ${copy}`),
    `INSERT INTO ${copy} (${columns}) SELECT ${columns} FROM ${table.id}`,
    `ALTER TABLE ${table.id} RENAME TO ${name}_before`,
    `ALTER TABLE ${copy} RENAME TO ${name}`,
  ];
  return { bigquery: steps(bigqueryCreate(table)), duckdb: steps(duckdbCreate(table)) };
}

function duckdbCreate(table: SchemaTable): string {
  const columns = table.columns.map(
    (column) =>
      `${column.name} ${typeText(column, 'duckdb')}${column.mode === 'REQUIRED' ? ' NOT NULL' : ''}`,
  );
  return `CREATE TABLE ${table.id} (${columns.join(', ')})`;
}

function bigqueryCreate(table: SchemaTable): string {
  const columns = table.columns.map((column) => {
    const described =
      column.description === undefined ? '' : ` OPTIONS (description = ${quoted(column.description)})`;
    return `${column.name} ${typeText(column, 'bigquery')}${column.mode === 'REQUIRED' ? ' NOT NULL' : ''}${described}`;
  });
  const partitionType = table.columns.find(({ name }) => name === table.partition)?.type;
  const partition =
    table.partition == null
      ? []
      : [
          `PARTITION BY ${partitionType === 'DATE' ? table.partition : `TIMESTAMP_TRUNC(${table.partition}, DAY)`}`,
        ];
  const cluster =
    table.cluster === undefined || table.cluster.length === 0
      ? []
      : [`CLUSTER BY ${table.cluster.join(', ')}`];
  const options = [
    ...(table.description === undefined ? [] : [`description = ${quoted(table.description)}`]),
    ...(table.partitionFilterRequired === true ? ['require_partition_filter = TRUE'] : []),
    ...(table.retentionDays == null ? [] : [`partition_expiration_days = ${table.retentionDays}`]),
  ];
  return [
    `CREATE TABLE ${table.id} (${columns.join(', ')})`,
    ...partition,
    ...cluster,
    ...(options.length === 0 ? [] : [`OPTIONS (${options.join(', ')})`]),
  ].join(' ');
}

/** The definition of a function in each engine's SQL, from the parameter list on. */
export type FunctionBodies = Readonly<Record<'duckdb' | 'bigquery', string>>;

/** Both definitions as one text, the form in which they are compared and stored. */
export function joinedBody({ duckdb, bigquery }: FunctionBodies): string {
  return `duckdb: ${duckdb}\nbigquery: ${bigquery}`;
}

/** The definitions of a function of the code; undefined where it has no text. */
export function bodiesOf({ body = '' }: SchemaFunction): FunctionBodies | undefined {
  const [, duckdb, bigquery] = /^duckdb: ([\s\S]*)\nbigquery: ([\s\S]*)$/.exec(body) ?? [];
  return duckdb === undefined || bigquery === undefined ? undefined : { duckdb, bigquery };
}

/** Digests of the definitions: the stored ones of a live function, or those computed from the text. */
export function digestsOf(each: SchemaFunction): Partial<FunctionBodies> {
  const bodies = bodiesOf(each);
  return bodies === undefined
    ? (each.digests ?? {})
    : { duckdb: textDigest(bodies.duckdb), bigquery: textDigest(bodies.bigquery) };
}

/** CREATE OR REPLACE of a view; nothing where its text is not known. */
export function createView({ id, sql }: SchemaView): Fix {
  return sql === undefined ? NOTHING : both(`CREATE OR REPLACE VIEW ${id} AS ${sql.trim()}`);
}

/** Describes a table, or one of its columns. DuckDB stores no descriptions. */
export function describeColumn(table: string, column: string | null, description: string): Fix {
  const what = column === null ? '' : `ALTER COLUMN ${column} `;
  return {
    bigquery: [`ALTER TABLE ${table} ${what}SET OPTIONS (description = ${quoted(description)})`],
    duckdb: [],
  };
}
