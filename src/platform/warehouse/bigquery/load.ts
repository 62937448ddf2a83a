import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Column, columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import type { TableRef } from '#platform/warehouse/port.ts';
import { rounded } from '#platform/warehouse/precision.ts';
import { checkRecords, type LooseRecord } from '#platform/warehouse/records.ts';
import type { Jobs } from './jobs.ts';
import { loadSchema, type ResultField } from './schema.ts';

const ORDER: ResultField = { name: 'wire_order', type: 'INT64', mode: 'REQUIRED' };
const STAGING_HOURS = 1;

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
  const job = await jobs.load(loadConfiguration(target, into, loadSchema(table)), await packed(target, lines));
  return Number(job.statistics?.load?.outputRows ?? rows.length);
}

/**
 * Appends the rows whose key the table does not hold: they are loaded into a staging table that expires by itself, and
 * merged from there. MERGE and not INSERT, because BigQuery lets two inserts of one key pass side by side.
 */
export async function appendNewRows(jobs: Jobs, target: LoadTarget, table: TableContract, rows: readonly LooseRecord[]): Promise<number> {
  checkRecords(table, rows);
  if (rows.length === 0) return 0;
  const staging: TableRef = { dataset: table.dataset, name: `tipoff_wire_${randomUUID().replaceAll('-', '')}` };
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
    const job = await jobs.statement(mergeNew(table, staging, rows));
    return Number(job.statistics?.query?.numDmlAffectedRows ?? 0);
  } finally {
    await jobs.statement(`DROP TABLE IF EXISTS ${tableId(staging)}`);
  }
}

/** Inserts the first row of each key in the staging table that the table does not hold. */
function mergeNew(table: TableContract, staging: TableRef, rows: readonly LooseRecord[]): string {
  const names = columnNames(table);
  const sameKey = table.key.map((name) => equal(name, table.columns[name])).join(' AND ');
  return `MERGE INTO ${tableId(table)} t
    USING (SELECT * FROM ${tableId(staging)} WHERE TRUE
      QUALIFY ROW_NUMBER() OVER (PARTITION BY ${table.key.join(', ')} ORDER BY wire_order) = 1) s
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
    table.key.includes(partition) && values.length === rows.length ? [ordered.at(0), ordered.at(-1)] : ['0001-01-01', '9999-12-31'];
  if (!table.key.includes(partition) && table.partitionFilterRequired !== true) return '';
  return ` AND t.${partition} BETWEEN ${column.type} '${from}' AND ${column.type} '${to}'`;
}

function loadConfiguration({ projectId }: LoadTarget, into: TableRef, schema: { fields: readonly ResultField[] }): object {
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
  return Object.fromEntries(Object.entries(table.columns).map(([name, column]) => [name, stored(column, row[name] ?? null)]));
}

function stored({ decimals }: Column, value: unknown): unknown {
  return decimals === undefined || typeof value !== 'number' ? value : rounded(value, decimals);
}

/** The lines of an upload. Compressed as a rule: sending is what takes the time. */
async function packed({ compress = true }: LoadTarget, lines: readonly string[]): Promise<Buffer> {
  const content = Buffer.from(`${lines.join('\n')}\n`);
  return compress ? promisify(gzip)(content) : content;
}
