/** What a change does: nothing to anybody; nothing when the two sides go in the right order; harm whatever the order. */
export type ChangeClass = 'safe' | 'needs_order' | 'breaking';

/**
 * Who goes first: the table (run the statement, then deploy), the code (deploy, then run the statement), or either because
 * the order changes nothing.
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

/** The statements that bring the table to what the code wants; an empty list means there is nothing to run. */
export interface Fix {
  readonly bigquery: readonly string[];
  readonly duckdb: readonly string[];
}

/** One difference between what a warehouse is and what the code wants, with the verdict on it. */
export interface SchemaFinding {
  /** Stable name of exactly this change; approvals name it. */
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

/** The stable name of a change: what, where, from what, to what. */
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

/** Long values such as texts of views are named by a hash, so that an approval holds for this very text only. */
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

/** The name of a change as a name of a file. Long names end in a hash: two of them differ where they are cut. */
export function fileNameOf(id: string): string {
  const name = id
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  return name.length <= 100 ? name : `${name.slice(0, 83)}-${textHash(id)}`;
}
