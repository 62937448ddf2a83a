import type { Usage } from '#guard/schema/compare.ts';
import type { ChangeClass, ChangeKind, Direction } from '#guard/schema/finding.ts';
import type { Schema, SchemaColumn, SchemaFunction, SchemaTable, SchemaView } from '#guard/schema/model.ts';
import { textDigest } from '#platform/sql/port.ts';

export const TABLE = 'nba_raw.box';

export function column(name: string, type = 'INT64', more: Partial<SchemaColumn> = {}): SchemaColumn {
  return {
    name,
    type,
    mode: 'NULLABLE',
    description: `about ${name}`,
    default: null,
    decimals: null,
    range: null,
    ...more,
  };
}

/** A table with one of everything. `points` is read by an export; `minutes` by nobody. */
const BASE: SchemaTable = {
  id: TABLE,
  description: 'Box scores',
  columns: [
    column('game_id', 'STRING', { mode: 'REQUIRED', writer: 'ingest' }),
    column('slate', 'DATE', { mode: 'REQUIRED' }),
    column('player_id', 'INT64', { mode: 'REQUIRED' }),
    column('points'),
    column('minutes', 'FLOAT64'),
    column('line', 'NUMERIC'),
    column('quote', 'NUMERIC'),
    column('note', 'STRING', { default: "''" }),
    column('required_note', 'STRING', { mode: 'REQUIRED', default: "'none'" }),
    column('place', 'RECORD', { fields: [column('x', 'FLOAT64'), column('y', 'FLOAT64')] }),
    column('tags', 'STRING', { mode: 'REPEATED' }),
  ],
  partition: 'slate',
  cluster: ['player_id'],
  partitionFilterRequired: false,
  retentionDays: 400,
  key: ['game_id', 'player_id'],
};

const VIEW = {
  id: 'nba_raw.current_box',
  columns: ['game_id', 'points'],
  sql: 'SELECT game_id, points FROM nba_raw.box',
};
const HALF = { name: 'half', parameters: ['a'], body: 'a / 2' };
export const SCHEMA: Schema = {
  tables: [BASE],
  views: [VIEW],
  functions: [HALF, { name: 'unused', parameters: ['a'], body: 'a' }],
};

const READ: Readonly<Record<string, readonly string[]>> = {
  'nba_raw.box.points': ['export picks'],
  'nba_raw.box.line': ['canary lines'],
  'nba_raw.current_box.points': ['export picks'],
  'nba_raw.box': ['export picks'],
  'nba_raw.current_box': ['export picks'],
  'fn.half': ['processor Halves'],
};

/** Who uses the base schema. */
export const USAGE: Usage = {
  writers: () => ['ingest'],
  readers: (table, name) => READ[`${table}.${name}`] ?? [],
  readersOf: (id) => READ[id] ?? [],
};

type Label = readonly [ChangeKind, ChangeClass, Direction];

export interface Case {
  readonly name: string;
  readonly before?: (schema: Schema) => Schema;
  readonly after: (schema: Schema) => Schema;
  readonly labels: readonly Label[];
}

/** A schema with its table changed. */
function table(change: (box: SchemaTable) => SchemaTable): (schema: Schema) => Schema {
  return (schema) => ({
    ...schema,
    tables: schema.tables.map((each) => (each.id === TABLE ? change(each) : each)),
  });
}

export const adding = (...columns: SchemaColumn[]): ((schema: Schema) => Schema) =>
  table((box) => ({ ...box, columns: [...box.columns, ...columns] }));
export const dropping = (...names: string[]): ((schema: Schema) => Schema) =>
  table((box) => ({ ...box, columns: box.columns.filter(({ name }) => !names.includes(name)) }));
export const changing = (name: string, change: Partial<SchemaColumn>): ((schema: Schema) => Schema) =>
  table((box) => ({
    ...box,
    columns: box.columns.map((each) => (each.name === name ? { ...each, ...change } : each)),
  }));
export const layout = (change: Partial<SchemaTable>): ((schema: Schema) => Schema) =>
  table((box) => ({ ...box, ...change }));
export const both =
  (...changes: ((schema: Schema) => Schema)[]): ((schema: Schema) => Schema) =>
  (schema) =>
    changes.reduce((now, change) => change(now), schema);

const field = (name: string, type = 'FLOAT64', more: Partial<SchemaColumn> = {}): SchemaColumn =>
  column(name, type, more);
const fields = (...list: SchemaColumn[]): ((schema: Schema) => Schema) => changing('place', { fields: list });
const X = field('x');
const Y = field('y');
const same = (schema: Schema): Schema => schema;

const COLUMNS: Case[] = [
  { name: 'nothing changes', after: same, labels: [] },
  {
    name: 'a nullable column is added',
    after: adding(column('steals')),
    labels: [['column_added', 'needs_order', 'table_first']],
  },
  {
    name: 'two nullable columns are added',
    after: adding(column('steals'), column('blocks')),
    labels: [
      ['column_added', 'needs_order', 'table_first'],
      ['column_added', 'needs_order', 'table_first'],
    ],
  },
  {
    name: 'a nullable timestamp is added',
    after: adding(column('seen_at', 'TIMESTAMP')),
    labels: [['column_added', 'needs_order', 'table_first']],
  },
  {
    name: 'a repeated column is added',
    after: adding(column('labels', 'STRING', { mode: 'REPEATED' })),
    labels: [['column_added', 'needs_order', 'table_first']],
  },
  {
    name: 'a required column is added',
    after: adding(column('steals', 'INT64', { mode: 'REQUIRED' })),
    labels: [['column_added', 'breaking', 'table_first']],
  },
  {
    name: 'a nested column is added',
    after: adding(column('shot', 'RECORD', { fields: [X] })),
    labels: [['column_added', 'needs_order', 'table_first']],
  },
  {
    name: 'an unread nullable column is dropped',
    after: dropping('minutes'),
    labels: [['column_removed', 'needs_order', 'code_first']],
  },
  {
    name: 'a read column is dropped',
    after: dropping('points'),
    labels: [['column_removed', 'breaking', 'code_first']],
  },
  {
    name: 'an unread required column is dropped',
    after: dropping('required_note'),
    labels: [['column_removed', 'needs_order', 'table_first']],
  },
  {
    name: 'the partition column is dropped',
    after: both(dropping('slate'), layout({ partition: null })),
    labels: [
      ['column_removed', 'breaking', 'table_first'],
      ['partition_changed', 'breaking', 'table_first'],
    ],
  },
  {
    name: 'the clustering column is dropped',
    after: both(dropping('player_id'), layout({ cluster: [], key: ['game_id'] })),
    labels: [
      ['cluster_changed', 'safe', 'either'],
      ['key_changed', 'breaking', 'either'],
      ['column_removed', 'breaking', 'table_first'],
    ],
  },
  {
    name: 'a column is renamed, description kept',
    after: changing('minutes', { name: 'time_on_court' }),
    labels: [['column_renamed', 'breaking', 'table_first']],
  },
  {
    name: 'a column is renamed, name kept in part',
    after: changing('minutes', { name: 'minutes_played', description: 'other words' }),
    labels: [['column_renamed', 'breaking', 'table_first']],
  },
  {
    name: 'one column goes and an unlike one comes',
    after: both(dropping('minutes'), adding(column('pace', 'FLOAT64'))),
    labels: [
      ['column_removed', 'needs_order', 'code_first'],
      ['column_added', 'needs_order', 'table_first'],
    ],
  },
  {
    name: 'one of a family of columns goes and another one comes',
    before: both(adding(column('points_ewma', 'FLOAT64')), adding(column('fouls_ewma', 'FLOAT64'))),
    after: both(adding(column('points_ewma', 'FLOAT64')), adding(column('steals_ewma', 'FLOAT64'))),
    labels: [
      ['column_removed', 'needs_order', 'code_first'],
      ['column_added', 'needs_order', 'table_first'],
    ],
  },
  {
    name: 'one column goes and one of another type comes under its description',
    after: changing('minutes', { name: 'minutes_text', type: 'STRING' }),
    labels: [
      ['column_removed', 'needs_order', 'code_first'],
      ['column_added', 'needs_order', 'table_first'],
    ],
  },
  {
    name: 'columns stand in another order',
    after: table((box) => ({ ...box, columns: [...box.columns].reverse() })),
    labels: [['order_changed', 'safe', 'either']],
  },
  {
    name: 'a column is described differently',
    after: changing('minutes', { description: 'time on court' }),
    labels: [['description_changed', 'safe', 'either']],
  },
  {
    name: 'the table is described differently',
    after: layout({ description: 'Box scores of all games' }),
    labels: [['description_changed', 'safe', 'either']],
  },
  {
    name: 'another component writes a column',
    after: changing('game_id', { writer: 'fetch' }),
    labels: [['writer_changed', 'safe', 'either']],
  },
  {
    name: 'a column is rounded that was not',
    after: changing('minutes', { decimals: 3 }),
    labels: [['decimals_changed', 'safe', 'either']],
  },
  {
    name: 'a column is no longer rounded',
    before: changing('minutes', { decimals: 3 }),
    after: same,
    labels: [['decimals_changed', 'safe', 'either']],
  },
  {
    name: 'fewer values are plausible',
    before: changing('minutes', { range: [0, 70] }),
    after: changing('minutes', { range: [0, 60] }),
    labels: [['range_changed', 'safe', 'either']],
  },
  {
    name: 'any value is plausible',
    before: changing('minutes', { range: [0, 70] }),
    after: same,
    labels: [['range_changed', 'safe', 'either']],
  },
  {
    name: 'a description that one side does not know',
    before: table((box) => ({ ...box, columns: box.columns.map(({ description: _, ...rest }) => rest) })),
    after: same,
    labels: [],
  },
];

const TYPES: Case[] = [
  {
    name: 'INT64 to FLOAT64, read',
    after: changing('points', { type: 'FLOAT64' }),
    labels: [['type_changed', 'needs_order', 'table_first']],
  },
  {
    name: 'INT64 to NUMERIC, read',
    after: changing('points', { type: 'NUMERIC' }),
    labels: [['type_changed', 'breaking', 'either']],
  },
  {
    name: 'INT64 to NUMERIC, unread',
    after: changing('player_id', { type: 'NUMERIC' }),
    labels: [['type_changed', 'needs_order', 'table_first']],
  },
  {
    name: 'NUMERIC to FLOAT64, read',
    after: changing('line', { type: 'FLOAT64' }),
    labels: [['type_changed', 'breaking', 'either']],
  },
  {
    name: 'NUMERIC to FLOAT64, unread',
    after: changing('quote', { type: 'FLOAT64' }),
    labels: [['type_changed', 'needs_order', 'table_first']],
  },
  {
    name: 'NUMERIC to BIGNUMERIC, read',
    after: changing('line', { type: 'BIGNUMERIC' }),
    labels: [['type_changed', 'needs_order', 'table_first']],
  },
  {
    name: 'FLOAT64 to INT64',
    after: changing('minutes', { type: 'INT64' }),
    labels: [['type_changed', 'breaking', 'either']],
  },
  {
    name: 'FLOAT64 to NUMERIC',
    after: changing('minutes', { type: 'NUMERIC' }),
    labels: [['type_changed', 'breaking', 'either']],
  },
  {
    name: 'NUMERIC to INT64',
    after: changing('quote', { type: 'INT64' }),
    labels: [['type_changed', 'breaking', 'either']],
  },
  {
    name: 'INT64 to STRING',
    after: changing('points', { type: 'STRING' }),
    labels: [['type_changed', 'breaking', 'either']],
  },
  {
    name: 'STRING to INT64',
    after: changing('note', { type: 'INT64' }),
    labels: [['type_changed', 'breaking', 'either']],
  },
  {
    name: 'STRING to DATE',
    after: changing('note', { type: 'DATE' }),
    labels: [['type_changed', 'breaking', 'either']],
  },
  {
    name: 'DATE to TIMESTAMP',
    after: changing('slate', { type: 'TIMESTAMP' }),
    labels: [['type_changed', 'breaking', 'either']],
  },
  {
    name: 'INT64 to BOOL',
    after: changing('points', { type: 'BOOL' }),
    labels: [['type_changed', 'breaking', 'either']],
  },
  {
    name: 'a narrow number of the embedded engine becomes a wide one',
    before: changing('points', { type: 'INTEGER' }),
    after: same,
    labels: [['type_changed', 'needs_order', 'table_first']],
  },
  {
    name: 'a type that no contract has',
    before: changing('note', { type: 'JSON' }),
    after: same,
    labels: [['type_changed', 'breaking', 'either']],
  },
  {
    name: 'TIMESTAMP to DATE',
    before: changing('note', { type: 'TIMESTAMP' }),
    after: changing('note', { type: 'DATE' }),
    labels: [['type_changed', 'breaking', 'either']],
  },
  {
    name: 'BOOL to STRING',
    before: changing('note', { type: 'BOOL' }),
    after: same,
    labels: [['type_changed', 'breaking', 'either']],
  },
  {
    name: 'required to nullable',
    after: changing('game_id', { mode: 'NULLABLE' }),
    labels: [['mode_relaxed', 'needs_order', 'table_first']],
  },
  {
    name: 'nullable to required',
    after: changing('points', { mode: 'REQUIRED' }),
    labels: [['mode_tightened', 'breaking', 'code_first']],
  },
  {
    name: 'nullable to repeated',
    after: changing('note', { mode: 'REPEATED' }),
    labels: [['mode_repeated', 'breaking', 'either']],
  },
  {
    name: 'repeated to nullable',
    after: changing('tags', { mode: 'NULLABLE' }),
    labels: [['mode_repeated', 'breaking', 'either']],
  },
  {
    name: 'retyped and relaxed at once',
    after: changing('game_id', { type: 'INT64', mode: 'NULLABLE' }),
    labels: [
      ['mode_relaxed', 'needs_order', 'table_first'],
      ['type_changed', 'breaking', 'either'],
    ],
  },
  {
    name: 'a required column gets a default',
    after: changing('game_id', { default: "'none'" }),
    labels: [['default_changed', 'needs_order', 'table_first']],
  },
  {
    name: 'a nullable column gets a default',
    after: changing('minutes', { default: '0' }),
    labels: [['default_changed', 'safe', 'either']],
  },
  {
    name: 'a default changes',
    after: changing('note', { default: "'none'" }),
    labels: [['default_changed', 'safe', 'either']],
  },
  {
    name: 'a nullable column loses its default',
    after: changing('note', { default: null }),
    labels: [['default_changed', 'safe', 'either']],
  },
  {
    name: 'a required column loses its default',
    after: changing('required_note', { default: null }),
    labels: [['default_changed', 'needs_order', 'code_first']],
  },
  {
    name: 'a nested field is added',
    after: fields(X, Y, field('z')),
    labels: [['column_added', 'needs_order', 'table_first']],
  },
  {
    name: 'a required nested field is added',
    after: fields(X, Y, field('z', 'FLOAT64', { mode: 'REQUIRED' })),
    labels: [['column_added', 'breaking', 'table_first']],
  },
  {
    name: 'an unread nested field is dropped',
    after: fields(X),
    labels: [['column_removed', 'needs_order', 'code_first']],
  },
  {
    name: 'a required nested field is dropped',
    before: fields(X, field('y', 'FLOAT64', { mode: 'REQUIRED' })),
    after: fields(X),
    labels: [['column_removed', 'breaking', 'table_first']],
  },
  {
    name: 'a nested field of a read column is dropped',
    before: changing('points', { type: 'RECORD', fields: [X, Y] }),
    after: changing('points', { type: 'RECORD', fields: [X] }),
    labels: [['column_removed', 'breaking', 'code_first']],
  },
  {
    name: 'a nested field may now be null',
    before: fields(field('x', 'FLOAT64', { mode: 'REQUIRED' }), Y),
    after: fields(X, Y),
    labels: [['mode_relaxed', 'needs_order', 'table_first']],
  },
  {
    name: 'a nested field becomes required',
    after: fields(field('x', 'FLOAT64', { mode: 'REQUIRED' }), Y),
    labels: [['mode_tightened', 'breaking', 'code_first']],
  },
  {
    name: 'a nested field is widened',
    before: fields(field('x', 'INT64'), Y),
    after: fields(X, Y),
    labels: [['type_changed', 'needs_order', 'table_first']],
  },
  {
    name: 'a nested field is retyped',
    after: fields(field('x', 'STRING', { description: 'about x' }), Y),
    labels: [['type_changed', 'breaking', 'either']],
  },
  {
    name: 'a nested field is described differently',
    after: fields(field('x', 'FLOAT64', { description: 'other' }), Y),
    labels: [['description_changed', 'safe', 'either']],
  },
];

const LAYOUT: Case[] = [
  {
    name: 'another partition column',
    before: adding(column('seen_on', 'DATE')),
    after: both(adding(column('seen_on', 'DATE')), layout({ partition: 'seen_on' })),
    labels: [['partition_changed', 'breaking', 'table_first']],
  },
  {
    name: 'no more partition',
    after: layout({ partition: null }),
    labels: [['partition_changed', 'breaking', 'table_first']],
  },
  {
    name: 'a partition where there was none',
    before: layout({ partition: null }),
    after: same,
    labels: [['partition_changed', 'breaking', 'table_first']],
  },
  {
    name: 'queries must bound the partition',
    after: layout({ partitionFilterRequired: true }),
    labels: [['partition_filter_changed', 'needs_order', 'code_first']],
  },
  {
    name: 'queries need not bound the partition',
    before: layout({ partitionFilterRequired: true }),
    after: same,
    labels: [['partition_filter_changed', 'safe', 'either']],
  },
  {
    name: 'other clustering',
    after: layout({ cluster: ['player_id', 'game_id'] }),
    labels: [['cluster_changed', 'safe', 'either']],
  },
  {
    name: 'no more clustering',
    after: layout({ cluster: [] }),
    labels: [['cluster_changed', 'safe', 'either']],
  },
  {
    name: 'rows are kept for longer',
    after: layout({ retentionDays: 800 }),
    labels: [['retention_changed', 'safe', 'either']],
  },
  {
    name: 'rows are kept for ever',
    after: layout({ retentionDays: null }),
    labels: [['retention_changed', 'safe', 'either']],
  },
  {
    name: 'rows are kept for less long',
    after: layout({ retentionDays: 30 }),
    labels: [['retention_changed', 'breaking', 'either']],
  },
  {
    name: 'rows expire that did not',
    before: layout({ retentionDays: null }),
    after: same,
    labels: [['retention_changed', 'breaking', 'either']],
  },
  {
    name: 'a finer key of a read table',
    after: layout({ key: ['game_id', 'player_id', 'slate'] }),
    labels: [['key_changed', 'needs_order', 'code_first']],
  },
  {
    name: 'a finer key of an unread table',
    before: (schema) => ({ ...schema, tables: [...schema.tables, { ...BASE, id: 'nba_raw.unread' }] }),
    after: (schema) => ({
      ...schema,
      tables: [...schema.tables, { ...BASE, id: 'nba_raw.unread', key: ['game_id', 'player_id', 'slate'] }],
    }),
    labels: [['key_changed', 'safe', 'either']],
  },
  {
    name: 'another key',
    after: layout({ key: ['game_id', 'slate'] }),
    labels: [['key_changed', 'breaking', 'either']],
  },
  {
    name: 'a coarser key',
    after: layout({ key: ['game_id'] }),
    labels: [['key_changed', 'breaking', 'either']],
  },
  { name: 'the key in another order', after: layout({ key: ['player_id', 'game_id'] }), labels: [] },
  {
    name: 'a layout that one side does not know',
    before: table(({ id, columns }) => ({ id, columns })),
    after: same,
    labels: [],
  },
  {
    name: 'a table is added',
    after: (schema) => ({
      ...schema,
      tables: [...schema.tables, { id: 'nba_raw.news', columns: [column('id')] }],
    }),
    labels: [['table_added', 'needs_order', 'table_first']],
  },
  {
    name: 'a read table is gone',
    after: (schema) => ({ ...schema, tables: [] }),
    labels: [['table_removed', 'breaking', 'code_first']],
  },
  {
    name: 'an unread table is gone',
    before: (schema) => ({ ...schema, tables: [...schema.tables, { id: 'nba_raw.old', columns: [] }] }),
    after: same,
    labels: [['table_removed', 'needs_order', 'code_first']],
  },
];

const view =
  ({ sql, ...change }: Partial<SchemaView>) =>
  (schema: Schema): Schema => {
    const { sql: text, ...rest } = VIEW;
    return {
      ...schema,
      views: [{ ...rest, ...(change.digest === undefined ? { sql: sql ?? text } : {}), ...change }],
    };
  };
/** The definition of a function whose parameter is declared in a way. */
const typed = (parameter: string): string => `duckdb: (a) AS a / 2\nbigquery: (${parameter}) AS (a / 2)`;
const functions =
  (...list: SchemaFunction[]) =>
  (schema: Schema): Schema => ({ ...schema, functions: list });
const UNUSED = { name: 'unused', parameters: ['a'], body: 'a' };

const VIEWS_AND_FUNCTIONS: Case[] = [
  {
    name: 'a view is added',
    before: (schema) => ({ ...schema, views: [] }),
    after: same,
    labels: [['view_added', 'needs_order', 'table_first']],
  },
  {
    name: 'a read view is gone',
    after: (schema) => ({ ...schema, views: [] }),
    labels: [['view_removed', 'breaking', 'code_first']],
  },
  {
    name: 'an unread view is gone',
    before: (schema) => ({ ...schema, views: [...schema.views, { id: 'nba_raw.old_view', columns: ['a'] }] }),
    after: same,
    labels: [['view_removed', 'needs_order', 'code_first']],
  },
  {
    name: 'a view selects differently',
    after: view({ sql: 'SELECT game_id, points FROM nba_raw.box WHERE points > 0' }),
    labels: [['view_text_changed', 'safe', 'either']],
  },
  {
    name: 'a view is laid out differently on the page',
    after: view({ sql: 'SELECT game_id,  points\nFROM nba_raw.box' }),
    labels: [],
  },
  {
    name: 'a view gains a column',
    after: view({ columns: ['game_id', 'points', 'line'] }),
    labels: [['view_columns_changed', 'needs_order', 'table_first']],
  },
  {
    name: 'a view loses an unread column',
    after: view({ columns: ['points'] }),
    labels: [['view_columns_changed', 'needs_order', 'code_first']],
  },
  {
    name: 'a view loses a read column',
    after: view({ columns: ['game_id'] }),
    labels: [['view_columns_changed', 'breaking', 'code_first']],
  },
  {
    name: 'a view gains one column and loses an unread one at once',
    after: view({ columns: ['points', 'line'] }),
    labels: [['view_columns_changed', 'breaking', 'table_first']],
  },
  {
    name: 'a live view was made from another text',
    before: view({ digest: 'of another text' }),
    after: same,
    labels: [['view_text_changed', 'safe', 'either']],
  },
  {
    name: 'a live view was made from this text',
    before: view({ digest: textDigest(VIEW.sql) }),
    after: same,
    labels: [],
  },
  {
    name: 'a called function takes another type',
    after: functions({ ...HALF, body: typed('a DATE') }, UNUSED),
    before: functions({ ...HALF, body: typed('a FLOAT64') }, UNUSED),
    labels: [['function_signature_changed', 'breaking', 'either']],
  },
  {
    name: 'a called function takes any type instead of one',
    before: functions({ ...HALF, body: typed('a FLOAT64') }, UNUSED),
    after: functions({ ...HALF, body: typed('a ANY TYPE') }, UNUSED),
    labels: [['function_body_changed', 'safe', 'either']],
  },
  {
    name: 'a live function was made from another text',
    before: functions({ name: 'half', parameters: ['a'], digests: { duckdb: 'of another text' } }, UNUSED),
    after: functions({ ...HALF, body: typed('a FLOAT64') }, UNUSED),
    labels: [['function_body_changed', 'safe', 'either']],
  },
  {
    name: 'a live function was made from this text',
    before: functions(
      { name: 'half', parameters: ['a'], digests: { bigquery: textDigest('(a FLOAT64) AS (a / 2)') } },
      UNUSED,
    ),
    after: functions({ ...HALF, body: typed('a FLOAT64') }, UNUSED),
    labels: [],
  },
  {
    name: 'a function is added',
    after: functions(HALF, UNUSED, { name: 'twice', parameters: ['a'], body: '2 * a' }),
    labels: [['function_added', 'needs_order', 'table_first']],
  },
  {
    name: 'a called function is gone',
    after: functions(UNUSED),
    labels: [['function_removed', 'breaking', 'code_first']],
  },
  {
    name: 'an unused function is gone',
    after: functions(HALF),
    labels: [['function_removed', 'needs_order', 'code_first']],
  },
  {
    name: 'a function computes differently',
    after: functions({ ...HALF, body: 'a * 0.5' }, UNUSED),
    labels: [['function_body_changed', 'safe', 'either']],
  },
  {
    name: 'a called function takes another argument',
    after: functions({ ...HALF, parameters: ['a', 'b'] }, UNUSED),
    labels: [['function_signature_changed', 'breaking', 'either']],
  },
  {
    name: 'an unused function takes another argument',
    after: functions(HALF, { ...UNUSED, parameters: ['a', 'b'] }),
    labels: [['function_signature_changed', 'needs_order', 'table_first']],
  },
  {
    name: 'a parameter has another name',
    after: functions({ ...HALF, parameters: ['x'] }, UNUSED),
    labels: [],
  },
  {
    name: 'functions that one side cannot list',
    before: ({ tables, views }) => ({ tables, views }),
    after: same,
    labels: [],
  },
];

/** Changes of a schema with the verdicts they must get. */
export const CORPUS: readonly Case[] = [...COLUMNS, ...TYPES, ...LAYOUT, ...VIEWS_AND_FUNCTIONS];
