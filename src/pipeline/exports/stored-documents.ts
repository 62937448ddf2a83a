import { createHash } from 'node:crypto';
import { TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import { retry } from '#platform/retry.ts';
import { SCHEMA_VERSION, type StoredRow } from './document.ts';

/** The metadata of a stored document. Members that are missing or of another type are undefined. */
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

/** Reads a stored document. Unreadable bytes do not count as an empty document: their row count is unknown. */
export async function readStored(objects: ObjectStore, path: string): Promise<StoredDocument> {
  const stored = await objects.get(path);
  if (stored === undefined) {
    return {
      text: '',
      etag: '',
      generatedAt: undefined,
      rowCount: 0,
      publicationIds: [],
      rows: [],
      head: {},
    };
  }
  const text = new TextDecoder().decode(stored.bytes);
  const head = jsonMembers(text);
  const { generated_at, row_count, publication_ids, rows } = head;
  return {
    text,
    etag: stored.etag,
    generatedAt: typeof generated_at === 'string' ? generated_at : undefined,
    rowCount: typeof row_count === 'number' ? row_count : undefined,
    publicationIds: Array.isArray(publication_ids)
      ? publication_ids.filter((id) => typeof id === 'string')
      : [],
    rows: Array.isArray(rows) ? rows.flatMap(picksOf).filter(isRow) : [],
    head,
  };
}

/** The members of a JSON object, none when the text is something else. */
export function jsonMembers(text: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? { ...json } : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** The picks of a subset, each with the market of its row; any other row is itself. */
function picksOf(row: unknown): unknown[] {
  if (typeof row !== 'object' || row === null || !('picks' in row) || !Array.isArray(row.picks)) return [row];
  const market = 'market' in row ? row.market : undefined;
  return row.picks.map((pick: unknown) =>
    typeof pick === 'object' && pick !== null ? { market, ...pick } : pick,
  );
}

function isRow(row: unknown): row is StoredRow {
  return typeof row === 'object' && row !== null && 'player_id' in row && 'publication_id' in row;
}

/** The object was written between our read and our write, so the decision must be made again. */
export function isLostRace(error: unknown): boolean {
  return error instanceof TipoffError && error.code === 'TIPOFF_CONFLICT';
}

export const MANIFEST_PATH = 'exports/manifest.json';
/** Documents are stored in folders of slates and seasons; objects next to the manifest are not documents. */
const DOCUMENT_PATH = /^exports\/.+\/[^/]+\.json$/;

/** The manifest's entry for one document. */
export interface ManifestEntry {
  readonly path: string;
  readonly kind: unknown;
  readonly status: unknown;
  readonly slate: unknown;
  readonly season: unknown;
  readonly row_count: unknown;
  readonly publication_ids: unknown;
  readonly simulated: unknown;
  readonly generated_at: unknown;
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly sha256: string;
}

const MAX_MANIFEST_ATTEMPTS = 5;

/**
 * Brings `exports/manifest.json` up to date with the store: an entry for every stored document, recomputed for those that
 * `changed`, for those it did not list, and for all when its entries are not those that were written. Not rewritten when nothing
 * changed; a lost race is retried.
 */
export async function updateManifest(
  { objects, clock }: { readonly objects: ObjectStore; readonly clock: Clock },
  changed: readonly string[],
): Promise<void> {
  await retry(clock, { attempts: MAX_MANIFEST_ATTEMPTS, isTransient: isLostRace }, async () => {
    const stored = await readStored(objects, MANIFEST_PATH);
    const { entries, isWhole } = manifestIn(stored);
    const known = new Map((isWhole ? entries : []).map((entry) => [entry.path, entry]));
    for (const path of changed) known.delete(path);
    const paths = (await objects.list('exports/')).filter((path) => DOCUMENT_PATH.test(path)).sort();
    const documents: ManifestEntry[] = [];
    for (const path of paths)
      documents.push(known.get(path) ?? manifestEntry(path, await readStored(objects, path)));
    if (stored.generatedAt !== undefined && stored.text === manifestText(documents, stored.generatedAt))
      return;
    await objects.put(MANIFEST_PATH, manifestText(documents, clock.now().toISOString()), {
      contentType: 'application/json',
      cacheControl: 'public, max-age=60',
      ifMatch: stored.etag,
    });
  });
}

function manifestText(documents: readonly ManifestEntry[], generatedAt: string): string {
  const simulated = documents.some((entry) => entry.simulated === true);
  return `${JSON.stringify({ schema_version: SCHEMA_VERSION, kind: 'manifest', generated_at: generatedAt, simulated, sha256: entriesHash(documents), documents })}\n`;
}

/** The manifest's entry for a stored document. */
export function manifestEntry(
  path: string,
  { head, text }: Pick<StoredDocument, 'head' | 'text'>,
): ManifestEntry {
  const {
    kind = null,
    status = null,
    slate = null,
    season = null,
    row_count = null,
    publication_ids = null,
    simulated = null,
    generated_at = null,
  } = head;
  const sha256 = sha256Of(text);
  return { path, kind, status, slate, season, row_count, publication_ids, simulated, generated_at, sha256 };
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The hash of its entries that the manifest lists. */
function entriesHash(documents: unknown): string {
  return sha256Of(JSON.stringify(documents) ?? '');
}

interface Manifest {
  readonly path: string;
  /** None when there is no manifest. */
  readonly entries: readonly ManifestEntry[];
  /** Whether the entries are those that were written; manifests of older versions do not tell. */
  readonly isWhole: boolean;
}

/** Reads the stored manifest. */
export async function readManifest(objects: ObjectStore): Promise<Manifest> {
  return manifestIn(await readStored(objects, MANIFEST_PATH));
}

function manifestIn({ head: { documents, sha256 } }: StoredDocument): Manifest {
  const isWhole = sha256 === undefined || sha256 === entriesHash(documents);
  return { path: MANIFEST_PATH, entries: entriesOf(documents), isWhole };
}

function entriesOf(value: unknown): ManifestEntry[] {
  return Array.isArray(value) ? value.filter(isEntry) : [];
}

function isEntry(value: unknown): value is ManifestEntry {
  return (
    typeof value === 'object' &&
    value !== null &&
    'path' in value &&
    typeof value.path === 'string' &&
    'sha256' in value
  );
}
