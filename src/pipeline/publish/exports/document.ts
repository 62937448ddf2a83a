import type { Slate } from '#core/calendar.ts';

export const SCHEMA_VERSION = 1;

/** Where the games come from. Anything but `real` is marked as simulated in every document. */
export type DataSource = 'real' | 'simulated' | 'mixed';

export type ExportKind = 'picks' | 'predictions' | 'results' | 'season-subsets';

/** Why a document has the rows it has: `ok` = some · `empty` = published, none qualified · `no_games` = none that day · `withdrawn` = taken back on purpose. */
export type DocumentStatus = 'ok' | 'empty' | 'no_games' | 'withdrawn';

/** What every exported document says of itself, before its rows. */
export interface DocumentHead {
  readonly schema_version: number;
  readonly kind: ExportKind;
  readonly status: DocumentStatus;
  readonly slate: string | null;
  readonly season: string | null;
  readonly generated_at: string;
  readonly data_source: DataSource;
  readonly simulated: boolean;
  /** Publications that the rows come from; those that stand when there are no rows. */
  readonly publication_ids: readonly string[];
  readonly row_count: number;
}

/** A document as its reader function makes it, before it is decided whether it may be written. */
export interface Draft {
  readonly path: string;
  readonly kind: ExportKind;
  readonly slate: Slate | null;
  readonly season: string | null;
  readonly publicationIds: readonly string[];
  /** What counts as content: for subsets the picks, elsewhere the rows. */
  readonly rowCount: number;
  readonly rows: readonly object[];
  /** Members beside the rows. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly cacheControl: string;
  /** Status that an empty document may have without anything stored to lose; undefined = it is not ready and not written. */
  readonly emptyStatus?: 'empty' | 'no_games' | 'withdrawn';
  /** True when a stored row is known to be replaced by a newer publication that says otherwise. */
  readonly replaced?: (row: StoredRow) => boolean;
}

export interface StoredRow {
  readonly player_id: unknown;
  readonly publication_id: unknown;
}

/** The document as text. Equal drafts at equal instants give equal bytes; members and rows keep their order. */
export function documentText(draft: Draft, status: DocumentStatus, generatedAt: string, dataSource: DataSource): string {
  const head: DocumentHead = {
    schema_version: SCHEMA_VERSION,
    kind: draft.kind,
    status,
    slate: draft.slate,
    season: draft.season,
    generated_at: generatedAt,
    data_source: dataSource,
    simulated: dataSource !== 'real',
    publication_ids: draft.publicationIds,
    row_count: draft.rowCount,
  };
  return `${JSON.stringify({ ...head, ...draft.extra, rows: draft.rows })}\n`;
}
