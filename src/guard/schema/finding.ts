/**
 * safe: harms nobody · needs_order: harmless if table and code go in the right order · breaking: harmful in any order.
 */
export type ChangeClass = 'safe' | 'needs_order' | 'breaking';

/**
 * Which side goes first: the table (run the statement, then deploy), the code (deploy, then run the
 * statement), or either.
 */
export type Direction = 'table_first' | 'code_first' | 'either';

const CHANGE_KINDS = [
  'table_added',
  'table_removed',
  'column_added',
  'column_removed',
  'column_renamed',
  'type_changed',
  'mode_tightened',
  'mode_relaxed',
  'mode_repeated',
  'default_changed',
  'description_changed',
  'order_changed',
  'writer_changed',
  'decimals_changed',
  'range_changed',
  'partition_changed',
  'partition_filter_changed',
  'cluster_changed',
  'retention_changed',
  'key_changed',
  'view_added',
  'view_removed',
  'view_columns_changed',
  'view_text_changed',
  'function_added',
  'function_removed',
  'function_signature_changed',
  'function_body_changed',
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** The statements that make the table match the code, by engine; an empty list means there is nothing to run. */
export interface Fix {
  readonly bigquery: readonly string[];
  readonly duckdb: readonly string[];
}

/** One difference between a warehouse and the schema the code wants, with its class and fix. */
export interface SchemaFinding {
  /** Stable id of exactly this change; approvals refer to it. */
  readonly id: string;
  /** `dataset.table`, `dataset.view` or `fn.name`. */
  readonly table: string;
  /** Column or path of a nested field; null for the table as a whole. */
  readonly column: string | null;
  readonly kind: ChangeKind;
  readonly class: ChangeClass;
  readonly direction: Direction;
  readonly before: string | null;
  readonly after: string | null;
  readonly writers: readonly string[];
  readonly readers: readonly string[];
  readonly fix: Fix;
  /** What differs and what to do, in sentences. */
  readonly message: string;
}

export type FindingDraft = Omit<SchemaFinding, 'id' | 'writers' | 'readers'>;

/** The id of a change: kind, place, values before and after. */
export function findingId({
  table,
  column,
  kind,
  before,
  after,
}: Pick<SchemaFinding, 'table' | 'column' | 'kind' | 'before' | 'after'>): string {
  const where = column === null ? table : `${table}.${column}`;
  const values = before === null && after === null ? '' : ` ${short(before)} -> ${short(after)}`;
  return `${kind} ${where}${values}`;
}

/** Long values such as view texts appear as a hash, so an approval holds for exactly this text. */
function short(value: string | null): string {
  if (value === null) return 'none';
  return value.length <= 60 && !value.includes('\n') ? value : `#${textHash(value)}`;
}

/** 64-bit FNV-1a in hexadecimal digits. */
function textHash(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}

/** A file name for the id of a change. Long names are cut and end in a hash that keeps them distinct. */
export function fileNameOf(id: string): string {
  const name = id
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  return name.length <= 100 ? name : `${name.slice(0, 83)}-${textHash(id)}`;
}
