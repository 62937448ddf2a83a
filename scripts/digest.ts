import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { compare, type Digest, type TableDigest } from './digest-compare.ts';

/**
 * `npm run digest -- HOME` prints a digest of every column of a home: of its tables, and of its documents read as tables. `npm
 * run digest -- BEFORE AFTER` compares two (homes, or files with such output) and exits with 1 when a value differs or is gone.
 *
 * It reads only the files, whatever version of the code wrote them. A column's digest covers its values, ordered by row
 * identity, and not its name, so a renamed column is recognised. Numbers are digested at full precision, whatever their type.
 */

/** Columns that identify rows, where a table has them. */
const IDENTITY = [
  ...[
    'slate',
    'season',
    'game_id',
    'source_game_key',
    'event_id',
    'player_id',
    'player_lookup',
    'alias_lookup',
    'team_abbr',
    'home_abbr',
  ],
  ...[
    'away_abbr',
    'system_id',
    'subset_id',
    'record_class',
    'side',
    'line',
    'line_role',
    'bookmaker',
    'source',
    'source_file',
  ],
  ...['source_line', 'field', 'canary_id', 'processor', 'event', 'path', 'kind', 'period'],
];
/** Columns of hashes or version names: only their number of distinct values is compared. */
const NAMES =
  /^(?:prediction_id|row_id|raw_row_id|receipt_id|run_id|model_id|parent_model_id|publication_ids|artefact_path)$|_hash$/;
/** Times, durations and code versions of runs: only the number of absent values is compared. */
const CIRCUMSTANCES =
  /^(?:(?:ingested|predicted|published|event|graded|created|started|finished|status_changed|ran|beat|succeeded|generated|cutoff|withdrawn)_at|as_of|code_version|ms|bytes)$/;
/** Only predictions of this market are compared, since other markets may have been added. */
const MARKET = 'points';
/** Stands for null; no text equals it. */
const ABSENT = '\u0000';

type Cell = string | null;
/** Values as text, by column. */
type Table = ReadonlyMap<string, readonly Cell[]>;

function digestOf(table: Table, isOfPredictions: boolean): TableDigest {
  const market = table.get('market');
  const all = [...([...table.values()][0] ?? []).keys()];
  const kept = isOfPredictions && market !== undefined ? all.filter((i) => market[i] === MARKET) : all;
  const identity = [...IDENTITY, ...(isOfPredictions ? [] : ['market'])].flatMap((name) => {
    const values = table.get(name);
    return values === undefined ? [] : [values];
  });
  const keys = all.map((i) => identity.map((values) => values[i] ?? '').join('\t'));
  const groups = groupsOf(kept, keys);
  const columns = [...table].map(([name, values]) => [name, columnDigest(name, values, groups)] as const);
  return { rows: kept.length, columns: Object.fromEntries(columns.toSorted(([a], [b]) => byText(a, b))) };
}

/** Row indices grouped and ordered by identity. Rows with equal identity have no order. */
function groupsOf(rows: readonly number[], keys: readonly string[]): readonly (readonly number[])[] {
  const groups = Map.groupBy(rows, (i) => keys[i] ?? '');
  return [...groups.keys()].sort(byText).map((key) => groups.get(key) ?? []);
}

function columnDigest(name: string, values: readonly Cell[], groups: readonly (readonly number[])[]): string {
  const cells = groups.flatMap((group) => {
    const own = group.map((i) => values[i] ?? ABSENT);
    return group.length === 1 ? own : own.sort(byText);
  });
  const known = cells.filter((cell) => cell !== ABSENT);
  if (CIRCUMSTANCES.test(name)) return `${known.length} values`;
  if (NAMES.test(name)) return `${new Set(known).size} different of ${known.length}`;
  return createHash('sha256').update(cells.join('\n')).digest('hex').slice(0, 20);
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A digest of every table of the warehouse of a home; nothing may be writing to it. */
async function tablesOf(home: string): Promise<[string, TableDigest][]> {
  const instance = await DuckDBInstance.create(join(home, 'warehouse.duckdb'), { access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    const listed = await connection.runAndReadAll(
      `SELECT table_schema || '.' || table_name, column_name, data_type FROM information_schema.columns
       WHERE table_catalog = current_database() AND table_schema LIKE 'nba%' ORDER BY 1, ordinal_position`,
    );
    const tables = Map.groupBy(listed.getRows(), ([table]) => String(table));
    const digests: [string, TableDigest][] = [];
    for (const [table, columns] of tables) {
      const types = columns.map(([, name, type]) => ({ name: String(name), type: String(type) }));
      digests.push([
        table,
        digestOf(await readTable(connection, table, types), table.startsWith('nba_predictions.')),
      ]);
    }
    return digests;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function readTable(
  connection: DuckDBConnection,
  table: string,
  columns: readonly { readonly name: string; readonly type: string }[],
): Promise<Table> {
  const texts = columns.map(({ name, type }) => {
    const text = `CAST("${name}" AS VARCHAR)`;
    return /^(?:DECIMAL|DOUBLE)/.test(type)
      ? String.raw`regexp_replace(${text}, '(\.[0-9]*[1-9])0+$|\.0+$', '\1')`
      : text;
  });
  const read = await connection.runAndReadAll(`SELECT ${texts.join(', ')} FROM ${table}`);
  const values = read.getColumns();
  return new Map(
    columns.map(({ name }, i) => [
      name,
      (values[i] ?? []).map((cell) => (cell === null ? null : String(cell))),
    ]),
  );
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
type Members = { readonly [name: string]: Json };

/**
 * Digests of the exported documents of a home, one table per kind of document and list. A row's position in its list is a column.
 */
function documentsOf(home: string): [string, TableDigest][] {
  const folder = join(home, 'objects');
  const rows = new Map<string, Record<string, Cell>[]>();
  for (const path of globSync('exports/**/*.json', { cwd: folder }).sort()) {
    const document: Members = JSON.parse(readFileSync(join(folder, path), 'utf8'));
    collect(rows, `document ${String(document['kind'])}`, document, {});
  }
  return [...rows].map(([name, list]) => {
    const columns = new Set(list.flatMap((row) => Object.keys(row)));
    const table = new Map(
      [...columns].map((column) => [column, list.map((row) => row[column] ?? null)] as const),
    );
    return [name, digestOf(table, true)];
  });
}

function collect(
  rows: Map<string, Record<string, Cell>[]>,
  table: string,
  document: Members,
  above: Readonly<Record<string, Cell>>,
): void {
  const row: Record<string, Cell> = { ...above };
  const lists: [string, readonly Members[]][] = [];
  const walk = (object: Members, prefix: string): void => {
    for (const [name, value] of Object.entries(object)) {
      if (isListOfObjects(value)) lists.push([prefix + name, value]);
      else if (isObject(value)) walk(value, `${prefix}${name}.`);
      else
        row[prefix + name] =
          value === null ? null : typeof value === 'string' ? value : JSON.stringify(value);
    }
  };
  walk(document, '');
  const list = rows.get(table) ?? [];
  list.push(row);
  rows.set(table, list);
  const identity = Object.fromEntries(
    Object.entries(row).filter(([name, value]) => IDENTITY.includes(name) && value !== null),
  );
  for (const [name, members] of lists) {
    for (const [i, one] of members.entries())
      collect(rows, `${table}: ${name}`, one, { ...identity, place: String(i + 1) });
  }
}

const isObject = (value: Json | undefined): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isListOfObjects = (value: Json | undefined): value is readonly Members[] =>
  Array.isArray(value) && value.length > 0 && value.every(isObject);

/** The digest of a home, or one that was printed to a file. */
export async function digest(homeOrFile: string): Promise<Digest> {
  if (existsSync(homeOrFile) && statSync(homeOrFile).isFile())
    return JSON.parse(readFileSync(homeOrFile, 'utf8'));
  return Object.fromEntries([...(await tablesOf(homeOrFile)), ...documentsOf(homeOrFile)]);
}

async function main([before, after]: readonly string[]): Promise<void> {
  if (before === undefined) {
    process.stderr.write(
      'expected HOME, or BEFORE and AFTER (homes, or files with what was printed of one)\n',
    );
    process.exitCode = 2;
  } else if (after === undefined) {
    process.stdout.write(`${JSON.stringify(await digest(before), null, 2)}\n`);
  } else {
    const { lines, isSame } = compare(await digest(before), await digest(after));
    process.stdout.write(`${lines.join('\n')}\n`);
    if (!isSame) process.exitCode = 1;
  }
}

if (process.argv[1] === import.meta.filename) await main(process.argv.slice(2));
