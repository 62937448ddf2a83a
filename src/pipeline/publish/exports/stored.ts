import type { ObjectStore } from '#platform/objects/port.ts';
import type { StoredRow } from './document.ts';

/** What a stored document says of itself. Members that are not there or not of their type are undefined. */
export interface StoredDocument {
  readonly text: string;
  /** Precondition of the next write; '' when nothing is stored. */
  readonly etag: string;
  readonly generatedAt: string | undefined;
  /** 0 when nothing is stored, undefined when the bytes cannot be read as a document. */
  readonly rowCount: number | undefined;
  readonly publicationIds: readonly string[];
  readonly rows: readonly StoredRow[];
  readonly head: Readonly<Record<string, unknown>>;
}

/** Reads a stored document. Bytes that are no document are not taken for an empty one: their row count is unknown. */
export async function readStored(objects: ObjectStore, path: string): Promise<StoredDocument> {
  const stored = await objects.get(path);
  if (stored === undefined) {
    return { text: '', etag: '', generatedAt: undefined, rowCount: 0, publicationIds: [], rows: [], head: {} };
  }
  const text = new TextDecoder().decode(stored.bytes);
  const head = parsed(text);
  const { generated_at, row_count, publication_ids, rows } = head;
  return {
    text,
    etag: stored.etag,
    generatedAt: typeof generated_at === 'string' ? generated_at : undefined,
    rowCount: typeof row_count === 'number' ? row_count : undefined,
    publicationIds: Array.isArray(publication_ids) ? publication_ids.filter((id) => typeof id === 'string') : [],
    rows: Array.isArray(rows) ? rows.filter(isRow) : [],
    head,
  };
}

/** The members of a JSON object, none when the text is something else. */
function parsed(text: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? { ...json } : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function isRow(row: unknown): row is StoredRow {
  return typeof row === 'object' && row !== null && 'player_id' in row && 'publication_id' in row;
}
