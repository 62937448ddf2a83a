import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Column, columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import { breachSql } from '#core/contracts/rules.ts';
import { recordingSql } from '#core/contracts/written-rows.ts';
import { TipoffError } from '#core/errors.ts';
import { meaningful, sqlCode, tokenise } from '#platform/warehouse/lint/vocabulary.ts';
import {
  type ReplacedRange,
  rounded,
  roundedSql,
  type SqlParams,
  type TableRef,
} from '#platform/warehouse/port.ts';
import {
  checkRecords,
  checkReplacementColumns,
  checkReplacementRows,
  type LooseRecord,
  type ReplacementProblems,
  rangeColumn,
} from '#platform/warehouse/records.ts';
import { inlineParams, type Jobs } from './jobs.ts';
import { loadSchema, type ResultField, toRows } from './resources.ts';

const ORDER: ResultField = { name: 'wire_order', type: 'INT64', mode: 'REQUIRED' };
const STAGING_HOURS = 1;
/** Up to so many rows and values are parameters of one statement: a staging table is made, filled, read and dropped by a request each. */
const FEW_ROWS = 100;
const MAX_PARAMETERS = 5000;

/** Where loads go, and how. */
export interface LoadTarget {
  readonly projectId: string;
  /** Compresses uploads; on unless switched off, for emulators that cannot read them. */
  readonly compress?: boolean;
}

/** Appends validated rows by one load job: all of them or none. Returns how many. */
export async function appendRows(
  jobs: Jobs,
  target: LoadTarget,
  table: TableContract,
  rows: readonly LooseRecord[],
  into: TableRef,
): Promise<number> {
  checkRecords(table, rows);
  if (rows.length === 0) return 0;
  const lines = rows.map((row) => JSON.stringify(storedRow(table, row)));
  const job = await jobs.load(
    loadConfiguration(target, into, loadSchema(table)),
    await packed(target, lines),
  );
  return Number(job.statistics?.load?.outputRows ?? rows.length);
}

/**
 * Appends the rows whose key the table does not hold: a few by one statement that has them as parameters, many are loaded into a
 * staging table that expires by itself, and merged from there. MERGE and not INSERT, because BigQuery lets two inserts of one key pass side by side.
 */
export async function appendNewRows(
  jobs: Jobs,
  target: LoadTarget,
  table: TableContract,
  rows: readonly LooseRecord[],
): Promise<number> {
  checkRecords(table, rows);
  if (rows.length === 0) return 0;
  if (rows.length <= FEW_ROWS && rows.length * columnNames(table).length <= MAX_PARAMETERS) {
    const { query, params } = boundRows(table, rows);
    return jobs.statement(mergeNew(table, `(${query})`, rows), params);
  }
  const staging: TableRef = {
    dataset: table.dataset,
    name: `tipoff_wire_${randomUUID().replaceAll('-', '')}`,
  };
  const columns = Object.entries(table.columns).map(([name, { type }]) => `${name} ${type}`);
  await jobs.statement(
    `CREATE TABLE ${tableId(staging)} (${columns.join(', ')}, wire_order INT64)
     OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL ${STAGING_HOURS} HOUR))`,
  );
  try {
    const lines = rows.map((row, i) => JSON.stringify({ ...storedRow(table, row), wire_order: i }));
    const { fields } = loadSchema(table, [ORDER]);
    const schema = { fields: fields.map((field) => ({ ...field, mode: 'NULLABLE' })) };
    await jobs.load(loadConfiguration(target, staging, schema), await packed(target, lines));
    return await jobs.statement(mergeNew(table, tableId(staging), rows));
  } finally {
    await jobs.statement(`DROP TABLE IF EXISTS ${tableId(staging)}`);
  }
}

/** Rows as a query of parameters, in their order. A fraction is passed as text: a decimal does not become a binary fraction first. */
function boundRows(
  table: TableContract,
  rows: readonly LooseRecord[],
): { readonly query: string; readonly params: SqlParams } {
  const params: Record<string, SqlParams[string]> = {};
  const selects = rows.map((row, i) => {
    const values = Object.entries(storedRow(table, row)).map(([name, value], j) => {
      const isPlain = value === null || typeof value === 'boolean' || Number.isSafeInteger(value);
      params[`row${i}_${j}`] = isPlain ? (value as null | boolean | number) : String(value);
      return `CAST(@row${i}_${j} AS ${table.columns[name]?.type}) AS ${name}`;
    });
    return `SELECT ${values.join(', ')}, ${i} AS ${ORDER.name}`;
  });
  return { query: selects.join(' UNION ALL '), params };
}

/** Inserts the first row of each key in the source, a table or a query, that the table does not hold. */
function mergeNew(table: TableContract, source: string, rows: readonly LooseRecord[]): string {
  const names = columnNames(table);
  const sameKey = table.key.map((name) => equal(name, table.columns[name])).join(' AND ');
  return `MERGE INTO ${tableId(table)} t
    USING (SELECT * FROM ${source} WHERE TRUE
      QUALIFY ROW_NUMBER() OVER (PARTITION BY ${table.key.join(', ')} ORDER BY ${ORDER.name}) = 1) s
    ON ${sameKey}${partitionBound(table, rows)}
    WHEN NOT MATCHED THEN INSERT (${names.join(', ')}) VALUES (${names.map((name) => `s.${name}`).join(', ')})`;
}

/** An outer join needs plain equalities. Null equals null by its JSON text, which no other value has. */
function equal(name: string, column: Column | undefined): string {
  return column?.required === true
    ? `t.${name} = s.${name}`
    : `COALESCE(TO_JSON_STRING(t.${name}), 'null') = COALESCE(TO_JSON_STRING(s.${name}), 'null')`;
}

/** Bounds the partitions that are looked at, when the key holds the partition column: this is what the merge costs. */
function partitionBound(table: TableContract, rows: readonly LooseRecord[]): string {
  const { partition } = table;
  const column = partition === undefined ? undefined : table.columns[partition];
  if (partition === undefined || column === undefined) return '';
  const values = rows.map((row) => row[partition]).filter((value) => typeof value === 'string');
  const ordered = values.toSorted();
  const [from, to] =
    table.key.includes(partition) && values.length === rows.length
      ? [ordered.at(0), ordered.at(-1)]
      : ['0001-01-01', '9999-12-31'];
  if (!table.key.includes(partition) && !table.partitionFilterRequired) return '';
  return ` AND t.${partition} BETWEEN ${column.type} '${from}' AND ${column.type} '${to}'`;
}

function loadConfiguration(
  { projectId }: LoadTarget,
  into: TableRef,
  schema: { fields: readonly ResultField[] },
): object {
  return {
    destinationTable: { projectId, datasetId: into.dataset, tableId: into.name },
    schema,
    autodetect: false,
    sourceFormat: 'NEWLINE_DELIMITED_JSON',
    writeDisposition: 'WRITE_APPEND',
    createDisposition: 'CREATE_NEVER',
    ignoreUnknownValues: false,
    maxBadRecords: 0,
  };
}

/** A row as it is stored: every column of the contract, floats at their decimals. */
function storedRow(table: TableContract, row: LooseRecord): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(table.columns).map(([name, column]) => [name, stored(column, row[name] ?? null)]),
  );
}

function stored({ decimals }: Column, value: unknown): unknown {
  return decimals === undefined || typeof value !== 'number' ? value : rounded(value, decimals);
}

/** The lines of an upload. Compressed as a rule: sending is what takes the time. */
async function packed({ compress = true }: LoadTarget, lines: readonly string[]): Promise<Buffer> {
  const content = Buffer.from(`${lines.join('\n')}\n`);
  return compress ? promisify(gzip)(content) : content;
}

/**
 * Replaces the rows of a range by a select, in one script with one transaction. The columns of the select are compared
 * before: by its text, or by a dry run where the text does not tell. Its rows are kept in a temporary table and checked
 * before anything is deleted.
 */
export async function replaceRange(
  jobs: Jobs,
  table: TableContract,
  range: ReplacedRange,
  select: string,
  params: SqlParams,
): Promise<number> {
  const bounds = boundsOf(table, range);
  const names = selectedNames(select) ?? (await jobs.dryRun(select, params)).fields.map(({ name }) => name);
  checkReplacementColumns(table, names);
  const { from, to, recording } = range;
  const all: SqlParams = {
    ...params,
    range_from: from,
    range_to: to,
    ...(recording === undefined ? {} : { recorded_since: recording.since, recorded_at: recording.at }),
  };
  const script = replacementScript(table, bounds, select, recording !== undefined);
  const [outcome] = toRows<Outcome>(await jobs.read(inlineParams(script, all)));
  if (outcome === undefined) throw noOutcome(table);
  checkReplacementRows(table, range, outcome);
  return outcome.replaced;
}

/** The names of a select's columns; undefined when its text does not tell, as with `*`. */
export function selectedNames(select: string): string[] | undefined {
  const code = sqlCode(meaningful(tokenise(select)));
  let at = 0;
  // The first SELECT outside of brackets: it names the columns of a UNION too.
  for (; at < code.tokens.length && code.upper(at) !== 'SELECT'; at++)
    if (code.upper(at) === '(') at = code.closing(at);
  if (code.upper(at + 1) === 'DISTINCT') at++;
  const names: string[] = [];
  let start = at + 1;
  for (at = start; at <= code.tokens.length; at++) {
    if (code.upper(at) === '(') at = code.closing(at);
    const isEnd = at >= code.tokens.length || /^(?:FROM|UNION|INTERSECT|EXCEPT)$/.test(code.upper(at));
    if (!isEnd && code.upper(at) !== ',') continue;
    const last = code.tokens[at - 1];
    const isNamed = /^(?:AS|\.)$/.test(code.upper(at - 2)) || at - start === 1;
    if (last?.kind !== 'word' || !isNamed) return undefined;
    names.push(last.text);
    if (isEnd) return names;
    start = at + 1;
  }
  return undefined;
}

interface Outcome extends ReplacementProblems {
  readonly replaced: number;
}

const CHECKS = ['outside', 'doubled', 'incomplete', 'broken', 'breach', 'replaced'] as const;

/**
 * The script ends with what it found, and has changed nothing unless all is well. A script that fails is rolled back. One query
 * checks the new rows: each that reads a table is billed for ten MiB of it at least.
 */
function replacementScript(
  table: TableContract,
  bounds: string,
  select: string,
  isRecorded: boolean,
): string {
  const rows = `tipoff_replacement_${randomUUID().replaceAll('-', '')}`;
  const names = columnNames(table).join(', ');
  const key = table.key.join(', ');
  const required = columnNames(table).filter((name) => table.columns[name]?.required === true);
  const breach = breachSql(table) ?? 'CAST(NULL AS STRING)';
  const lacking = ['FALSE', ...required.map((name) => `${name} IS NULL`)].join(' OR ');
  const old = `${rows}_before`;
  const remember = isRecorded
    ? `\n  CREATE TEMP TABLE ${old} AS SELECT DISTINCT slate FROM ${tableId(table)} WHERE ${bounds};`
    : '';
  // Read back: a value may be written in another form than it was computed in.
  const where = { rows: `${tableId(table)} WHERE ${bounds}`, before: old };
  const record = isRecorded ? `\n  ${recordingSql(table, where)};` : '';
  return `DECLARE seen STRUCT<outside INT64, doubled INT64, incomplete INT64, broken INT64, breach STRING, replaced INT64>;
CREATE TEMP TABLE ${rows} AS SELECT ${storedColumns(table)} FROM (${select}
) s;
SET seen = (SELECT AS STRUCT COUNT(CASE WHEN ${bounds} THEN NULL ELSE 1 END) AS outside,
  (SELECT COUNT(*) FROM (SELECT ${key} FROM ${rows} GROUP BY ${key} HAVING COUNT(*) > 1)) AS doubled,
  COUNT(CASE WHEN ${lacking} THEN 1 END) AS incomplete, COUNT(${breach}) AS broken, MIN(${breach}) AS breach, COUNT(*) AS replaced
  FROM ${rows});
IF seen.outside = 0 AND seen.doubled = 0 AND seen.incomplete = 0 AND seen.broken = 0 THEN${remember}
  BEGIN TRANSACTION;
  DELETE FROM ${tableId(table)} WHERE ${bounds};
  INSERT INTO ${tableId(table)} (${names}) SELECT ${names} FROM ${rows};${record}
  COMMIT TRANSACTION;
END IF;
SELECT ${CHECKS.map((check) => `seen.${check} AS ${check}`).join(', ')}`;
}

/** The SELECT list that turns a select into the stored types and precisions of a contract. */
function storedColumns(table: TableContract): string {
  return Object.entries(table.columns)
    .map(([name, { type, decimals }]) => {
      const cast = `CAST(s.${name} AS ${type})`;
      return `${decimals === undefined ? cast : roundedSql(cast, decimals)} AS ${name}`;
    })
    .join(', ');
}

function boundsOf(table: TableContract, range: ReplacedRange): string {
  const { type } = rangeColumn(table, range);
  const extra = range.extraWhere === undefined ? '' : ` AND (${range.extraWhere})`;
  return `${range.column} BETWEEN CAST(@range_from AS ${type}) AND CAST(@range_to AS ${type})${extra}`;
}

function noOutcome(table: TableContract): TipoffError {
  return new TipoffError(
    'TIPOFF_INTEGRITY',
    `${tableId(table)}: the script that replaces a range gave no result`,
    {
      hint: 'Run it again: replacing a range twice gives the same rows.',
      details: { table: tableId(table) },
    },
  );
}
