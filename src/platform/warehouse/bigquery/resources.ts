import { z } from 'zod';
import type { Dataset, TableContract } from '#core/contracts/define.ts';
import { TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { textDigest } from '#platform/warehouse/functions.ts';
import type {
  ColumnarResult,
  FunctionInfo,
  LiveColumn,
  Row,
  TableInfo,
  TableLayout,
  TableOptions,
  TableRef,
} from '#platform/warehouse/port.ts';

/** A column of a result or a live table. */
export interface ResultField {
  readonly name: string;
  readonly type: string;
  readonly mode?: string | undefined;
  readonly description?: string | undefined;
  readonly defaultValueExpression?: string | undefined;
}

/** What the adapter reads from the answers of BigQuery; everything else in them is ignored. */
export const fieldsSchema = z.object({
  fields: z
    .array(
      z.object({
        name: z.string(),
        type: z.string(),
        mode: z.string().optional(),
        description: z.string().optional(),
        defaultValueExpression: z.string().optional(),
      }),
    )
    .default([]),
});

export const jobSchema = z.object({
  jobReference: z.object({ jobId: z.string(), location: z.string().optional() }),
  status: z.object({ state: z.string(), errorResult: z.unknown().optional() }),
  statistics: z
    .object({
      totalBytesProcessed: z.string().optional(),
      load: z.object({ outputRows: z.string().optional() }).optional(),
      query: z
        .object({
          numDmlAffectedRows: z.string().optional(),
          totalBytesProcessed: z.string().optional(),
          totalBytesBilled: z.string().optional(),
          schema: fieldsSchema.optional(),
        })
        .optional(),
    })
    .optional(),
});
export type Job = z.infer<typeof jobSchema>;

export const resultPageSchema = z.object({
  jobComplete: z.boolean().default(true),
  jobReference: z.object({ jobId: z.string() }).optional(),
  numDmlAffectedRows: z.coerce.string().optional(),
  /** Warnings of a job that went well, or what ended one that did not. */
  errors: z.array(z.unknown()).default([]),
  schema: fieldsSchema.optional(),
  rows: z.array(z.object({ f: z.array(z.object({ v: z.unknown() })) })).default([]),
  pageToken: z.string().optional(),
});
export type ResultPage = z.infer<typeof resultPageSchema>;

export const tableSchema = z.object({
  tableReference: z.object({ datasetId: z.string(), tableId: z.string() }),
  type: z.string().default('TABLE'),
  creationTime: z.coerce.string().optional(),
  expirationTime: z.coerce.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  numRows: z.coerce.string().optional(),
  schema: fieldsSchema.optional(),
  description: z.string().default(''),
  view: z.object({ query: z.string() }).optional(),
  timePartitioning: z
    .object({
      field: z.string().optional(),
      expirationMs: z.coerce.string().optional(),
      requirePartitionFilter: z.boolean().optional(),
    })
    .optional(),
  clustering: z.object({ fields: z.array(z.string()).default([]) }).optional(),
  requirePartitionFilter: z.boolean().optional(),
});
export type TableResource = z.infer<typeof tableSchema>;

export const tablesSchema = z.object({
  tables: z.array(z.object({ tableReference: z.object({ tableId: z.string() }) })).default([]),
  nextPageToken: z.string().optional(),
});

export const routinesSchema = z.object({
  routines: z.array(z.object({ routineReference: z.object({ routineId: z.string() }) })).default([]),
  nextPageToken: z.string().optional(),
});

export const routineSchema = z.object({
  routineReference: z.object({ routineId: z.string() }),
  arguments: z
    .array(
      z.object({
        name: z.string(),
        argumentKind: z.string().optional(),
        dataType: z.object({ typeKind: z.string() }).optional(),
      }),
    )
    .default([]),
  definitionBody: z.string().optional(),
});
export type Routine = z.infer<typeof routineSchema>;

/** The older names of types, which the REST interface still answers with. */
const OLDER_NAMES: Readonly<Record<string, string>> = { INTEGER: 'INT64', FLOAT: 'FLOAT64', BOOLEAN: 'BOOL' };

/** The portable name of a type BigQuery names; types outside of the portable ones keep their name. */
export function portableType(type: string): string {
  return OLDER_NAMES[type] ?? type;
}

/** The explicit schema of a load job. Extra columns come behind those of the contract. */
export function loadSchema(
  table: TableContract,
  extra: readonly ResultField[] = [],
): { fields: ResultField[] } {
  const fields = Object.entries(table.columns).map(([name, { type, required }]) => ({
    name,
    type,
    mode: required ? 'REQUIRED' : 'NULLABLE',
  }));
  return { fields: [...fields, ...extra] };
}

type JsValue = string | number | boolean | null;

/** A complete result in BigQuery's form: cells as text by row and column. */
export interface RawResult {
  readonly fields: readonly ResultField[];
  readonly rows: readonly (readonly unknown[])[];
}

/** Rows as the port shows them. */
export function toRows<T extends object>({ fields, rows }: RawResult): T[] {
  const readers = fields.map((field) => reader(field));
  return rows.map((cells) => {
    const row: Row = {};
    for (const [i, { name }] of fields.entries()) row[name] = readers[i]?.(cells[i] ?? null) ?? null;
    return row as T;
  });
}

/** A result by columns: numbers with NaN for null, everything else as text. */
export function toColumns({ fields, rows }: RawResult): ColumnarResult {
  const at = (name: string): number => {
    const index = fields.findIndex((field) => field.name === name);
    if (index < 0)
      throw badColumn(
        `the result has no column ${name}; it has ${fields.map((field) => field.name).join(', ')}`,
      );
    return index;
  };
  return {
    rowCount: rows.length,
    numbers: (name) => {
      const index = at(name);
      const type = portableType(fields[index]?.type ?? '');
      if (!['INT64', 'FLOAT64', 'NUMERIC', 'BOOL'].includes(type))
        throw badColumn(`column ${name} is ${type}, not a number`);
      const number = (cell: unknown): number =>
        type === 'BOOL' ? Number(cell === 'true' || cell === true) : Number(cell);
      return Float64Array.from(rows, (cells) => (isNull(cells[index]) ? Number.NaN : number(cells[index])));
    },
    strings: (name) => {
      const index = at(name);
      const field = fields[index];
      const read = field === undefined ? String : reader(field);
      return rows.map((cells) => {
        const value = isNull(cells[index]) ? null : read(cells[index]);
        return value === null ? null : String(value);
      });
    },
  };
}

/** How the text of a cell becomes the JavaScript value of a contract. */
function reader({ name, type }: ResultField): (cell: unknown) => JsValue {
  const nullOr = (read: (text: string) => JsValue) => (cell: unknown) =>
    isNull(cell) ? null : read(String(cell));
  switch (portableType(type)) {
    case 'INT64':
      return nullOr((text) => wholeNumber(name, text));
    case 'FLOAT64':
      return nullOr(Number);
    case 'BOOL':
      return nullOr((text) => text === 'true');
    case 'NUMERIC':
      return nullOr(canonicalDecimal);
    case 'TIMESTAMP':
      return nullOr(instant);
    default:
      return nullOr((text) => text);
  }
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number;
  throw new TipoffError('TIPOFF_SQL', `expected an integer below 2^53 in ${name}, saw ${text}`, {
    hint: 'Cast the column to STRING in the statement.',
  });
}

/** Microseconds since 1970 as a whole number (asked for), or seconds as a decimal (what some servers send all the same). */
function instant(text: string): string {
  const milliseconds = /^-?\d+$/.test(text)
    ? Number(BigInt(text) / 1000n)
    : Math.floor(Number(text) * 1e6 + 0.5) / 1000;
  return new Date(Math.floor(milliseconds)).toISOString();
}

/** "24.500000000" becomes "24.5", and "1E-9", as some servers write, "0.000000001". */
function canonicalDecimal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d*))?(?:E([+-]?\d+))?$/i.exec(text) ?? [];
  if (whole === '')
    throw new TipoffError('TIPOFF_SQL', `expected a decimal, saw ${text}`, {
      hint: 'Cast the column to NUMERIC in the statement.',
    });
  const point = whole.length + Number(exponent);
  const digits = (whole + fraction)
    .padEnd(point, '0')
    .padStart(whole.length + fraction.length + Math.max(0, 1 - point), '0');
  const at = Math.max(1, point);
  const before = digits.slice(0, at).replace(/^0+(?=\d)/, '');
  const after = digits.slice(at).replace(/0+$/, '');
  if (before === '0' && after === '') return '0';
  return `${sign}${before}${after === '' ? '' : `.${after}`}`;
}

function isNull(cell: unknown): cell is null | undefined {
  return cell === null || cell === undefined;
}

function badColumn(message: string): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', message, {
    hint: 'Name a selected column of a fitting type, or cast it in the statement.',
  });
}

/** Label of a view with the digest of the text it was made from: the engine may keep the text in other words. */
export const TEXT_LABEL = 'tipoff_text';
const MILLISECONDS_A_DAY = 86_400_000;

/**
 * A table as it is created: columns, partition, clustering and retention of its contract, labels and expiry. One request
 * makes it complete, so that it never exists without its expiry.
 */
export function tableResource(
  projectId: string,
  table: TableContract,
  as: TableRef,
  { labels = {}, expiresAt }: TableOptions = {},
): object {
  const { description, partition, cluster, partitionFilterRequired, retentionDays } = table;
  const expirationMs =
    retentionDays === undefined ? {} : { expirationMs: String(retentionDays * MILLISECONDS_A_DAY) };
  return {
    tableReference: { projectId, datasetId: as.dataset, tableId: as.name },
    description,
    schema: {
      fields: loadSchema(table).fields.map((field) => ({
        ...field,
        description: table.columns[field.name]?.description,
      })),
    },
    labels: Object.fromEntries(
      Object.entries(labels).map(([name, value]) => [labelPart(name), labelPart(value)]),
    ),
    ...(expiresAt === undefined ? {} : { expirationTime: String(Date.parse(expiresAt)) }),
    ...(partition === undefined
      ? {}
      : { timePartitioning: { type: 'DAY', field: partition, ...expirationMs } }),
    ...(partitionFilterRequired === true ? { requirePartitionFilter: true } : {}),
    ...(cluster === undefined ? {} : { clustering: { fields: cluster } }),
  };
}

function labelPart(text: string): string {
  if (/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(text)) return text;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `expected a label of at most 63 small letters, digits, hyphens and underscores, saw ${JSON.stringify(text)}`,
    {
      hint: 'Choose another label; BigQuery permits no others.',
      details: { label: text },
    },
  );
}

/** A table as the port shows it. */
export function toInfo(dataset: Dataset, table: TableResource): TableInfo {
  const instant = (milliseconds: string | undefined): string | null =>
    milliseconds === undefined || milliseconds === '0' ? null : new Date(Number(milliseconds)).toISOString();
  const isView = table.type === 'VIEW' || table.type === 'MATERIALIZED_VIEW';
  return {
    dataset,
    name: table.tableReference.tableId,
    kind: isView ? 'view' : 'table',
    createdAt: instant(table.creationTime),
    expiresAt: instant(table.expirationTime),
    labels: table.labels,
    rows: isView ? 0 : Number(table.numRows ?? 0),
    ...(isView ? {} : { layout: layoutOf(table) }),
    ...(table.view === undefined ? {} : { text: table.labels[TEXT_LABEL] ?? textDigest(table.view.query) }),
  };
}

function layoutOf({
  description,
  timePartitioning,
  clustering,
  requirePartitionFilter,
}: TableResource): TableLayout {
  const { expirationMs } = timePartitioning ?? {};
  return {
    description,
    partition: timePartitioning?.field ?? null,
    cluster: clustering?.fields ?? [],
    partitionFilterRequired: requirePartitionFilter ?? timePartitioning?.requirePartitionFilter ?? false,
    retentionDays:
      expirationMs === undefined || expirationMs === '0' ? null : Number(expirationMs) / MILLISECONDS_A_DAY,
  };
}

/** A live column as the port shows it. */
export function toColumn({ name, type, mode, description, defaultValueExpression }: ResultField): LiveColumn {
  const portable = portableType(type);
  return {
    name,
    type: mode === 'REPEATED' ? `ARRAY<${portable}>` : portable,
    required: mode === 'REQUIRED',
    ...omitUndefined({ description, default: defaultValueExpression }),
  };
}

/** A function as the port shows it; its digest is that of its definition as the library writes it. */
export function toFunction({ routineReference, arguments: list, definitionBody }: Routine): FunctionInfo {
  const parameters = list.map(
    ({ name, argumentKind, dataType }) =>
      `${name} ${argumentKind === 'ANY_TYPE' ? 'ANY TYPE' : dataType?.typeKind}`,
  );
  return {
    name: routineReference.routineId,
    parameters: list.map(({ name }) => name),
    ...(definitionBody === undefined
      ? {}
      : { text: textDigest(`(${parameters.join(', ')}) AS (${definitionBody})`) }),
  };
}
