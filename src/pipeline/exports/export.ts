import { parseSlate, type Slate, seasonSpan } from '#core/calendar.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import { retry } from '#platform/retry.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import {
  cacheControlOf,
  type DataSource,
  type DocumentStatus,
  type Draft,
  documentText,
  type ExportKind,
  readScope,
  SCHEMA_VERSION,
  type StoredRow,
} from './document.ts';
import { draftSeasonSubsets } from './season-documents.ts';
import { draftPredictions, draftResults } from './slate-documents.ts';

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
  const head = parsed(text);
  const { generated_at, row_count, publication_ids, rows } = head;
  return {
    text,
    etag: stored.etag,
    generatedAt: typeof generated_at === 'string' ? generated_at : undefined,
    rowCount: typeof row_count === 'number' ? row_count : undefined,
    publicationIds: Array.isArray(publication_ids)
      ? publication_ids.filter((id) => typeof id === 'string')
      : [],
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

export interface ExportDeps {
  readonly warehouse: Warehouse;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly dataSource: DataSource;
}

interface ExportOutcome {
  readonly path: string;
  /** Where a person finds it. */
  readonly location: string;
  readonly kind: ExportKind;
  /** `not_ready`: there is nothing to write yet, and no rows stood there either. */
  readonly result: 'written' | 'unchanged' | 'not_ready';
  readonly status: DocumentStatus | null;
  readonly rows: number;
}

const MAX_ATTEMPTS = 3;

/**
 * Writes a document when its content differs from what is stored (`generated_at` aside). Good is never overwritten with
 * empty: a draft without rows over a stored document with rows is refused with TIPOFF_NOT_READY naming both counts, unless
 * the slate has no games, every publication behind the stored rows was withdrawn, or a newer publication replaced every one
 * of those rows. Written with the etag read as precondition; after a lost race the decision is taken anew.
 */
async function writeDocument(deps: ExportDeps, draft: Draft): Promise<ExportOutcome> {
  const { objects, clock, dataSource } = deps;
  const outcome = {
    path: draft.path,
    location: objects.locate(draft.path),
    kind: draft.kind,
    rows: draft.rowCount,
  };
  return retry(
    clock,
    { attempts: MAX_ATTEMPTS, isTransient: isLostRace },
    async (): Promise<ExportOutcome> => {
      const stored = await readStored(objects, draft.path);
      const status = await statusOf(deps.warehouse, draft, stored);
      if (status === undefined) return { ...outcome, result: 'not_ready', status: null };
      if (
        stored.generatedAt !== undefined &&
        stored.text === documentText(draft, status, stored.generatedAt, dataSource)
      ) {
        return { ...outcome, result: 'unchanged', status };
      }
      await objects.put(draft.path, documentText(draft, status, clock.now().toISOString(), dataSource), {
        contentType: 'application/json',
        cacheControl: draft.cacheControl,
        ifMatch: stored.etag,
      });
      return { ...outcome, result: 'written', status };
    },
  );
}

/** Somebody wrote the object between our read and our write: the decision is to be made anew. */
function isLostRace(error: unknown): boolean {
  return error instanceof TipoffError && error.code === 'TIPOFF_CONFLICT';
}

/** The status to write a draft under; undefined when it is not ready and nothing is stored. Throws when it must not be written. */
async function statusOf(
  warehouse: Warehouse,
  draft: Draft,
  stored: StoredDocument,
): Promise<DocumentStatus | undefined> {
  if (draft.rowCount > 0) return 'ok';
  if (stored.rowCount === 0 || draft.emptyStatus === 'no_games') return draft.emptyStatus;
  const withdrawn = await withdrawnAmong(warehouse, stored.publicationIds);
  const known = stored.rowCount !== undefined && stored.publicationIds.length > 0;
  if (known && stored.publicationIds.every((id) => withdrawn.has(id)))
    return draft.emptyStatus ?? 'withdrawn';
  const { replaced } = draft;
  const gone = (row: StoredDocument['rows'][number]): boolean =>
    withdrawn.has(String(row.publication_id)) || (replaced?.(row) ?? false);
  if (known && replaced !== undefined && stored.rows.length === stored.rowCount && stored.rows.every(gone))
    return 'empty';
  const seen =
    stored.rowCount === undefined
      ? 'a stored object that is no readable document'
      : `${stored.rowCount} stored rows`;
  throw new TipoffError('TIPOFF_NOT_READY', `${draft.path}: refused to overwrite ${seen} with 0 rows`, {
    hint: `Find out why there is nothing to export (\`tipoff status\`); if it is meant, withdraw the publication with \`tipoff publish undo\`.`,
    details: { path: draft.path, stored_rows: stored.rowCount ?? null, new_rows: 0 },
  });
}

async function withdrawnAmong(warehouse: Warehouse, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await warehouse.query<{ publication_id: string }>(
    "SELECT DISTINCT publication_id FROM nba_predictions.publications WHERE event = 'withdrawn' AND publication_id IN UNNEST(@ids)",
    { ids },
  );
  return new Set(rows.map((row) => row.publication_id));
}

const MANIFEST_PATH = 'exports/index.json';

/** What the manifest says of one document. */
interface ManifestEntry {
  readonly path: string;
  readonly kind: unknown;
  readonly status: unknown;
  readonly slate: unknown;
  readonly season: unknown;
  readonly row_count: unknown;
  readonly simulated: unknown;
  readonly generated_at: unknown;
}

const MAX_MANIFEST_ATTEMPTS = 5;

/**
 * Brings `exports/index.json` in line with the store: an entry for every document that is there, read anew for those that
 * `changed` and for those it did not know. Not rewritten when nothing changed; a lost race is tried again.
 */
async function updateManifest(
  { objects, clock }: Pick<ExportDeps, 'objects' | 'clock'>,
  changed: readonly string[],
): Promise<void> {
  await retry(clock, { attempts: MAX_MANIFEST_ATTEMPTS, isTransient: isLostRace }, async () => {
    const stored = await readStored(objects, MANIFEST_PATH);
    const known = new Map(entriesOf(stored.head['documents']).map((entry) => [entry.path, entry]));
    for (const path of changed) known.delete(path);
    const paths = (await objects.list('exports/'))
      .filter((path) => path.endsWith('.json') && path !== MANIFEST_PATH)
      .sort();
    const documents: ManifestEntry[] = [];
    for (const path of paths) documents.push(known.get(path) ?? (await entryOf(objects, path)));
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
  return `${JSON.stringify({ schema_version: SCHEMA_VERSION, kind: 'index', generated_at: generatedAt, simulated, documents })}\n`;
}

async function entryOf(objects: ObjectStore, path: string): Promise<ManifestEntry> {
  const {
    kind = null,
    status = null,
    slate = null,
    season = null,
    row_count = null,
    simulated = null,
    generated_at = null,
  } = (await readStored(objects, path)).head;
  return { path, kind, status, slate, season, row_count, simulated, generated_at };
}

function entriesOf(value: unknown): ManifestEntry[] {
  return Array.isArray(value) ? value.filter(isEntry) : [];
}

function isEntry(value: unknown): value is ManifestEntry {
  return typeof value === 'object' && value !== null && 'path' in value && typeof value.path === 'string';
}

const SLATE_EXPORTS = ['picks', 'predictions', 'results'] as const;
export type SlateExport = (typeof SLATE_EXPORTS)[number];

export interface ExportReport {
  readonly documents: readonly ExportOutcome[];
  /** Path of the manifest. */
  readonly index: string;
}

/**
 * Exports the documents of some slates (all three kinds, or `only` some) and brings the manifest up to date. Documents do
 * not hinder each other: all are tried, then the first failure is thrown with what happened to the rest in its details.
 * Throws TIPOFF_NOT_READY when a document with rows would have become empty.
 */
export async function exportSlates(
  deps: ExportDeps,
  request: { readonly slates: readonly string[]; readonly only?: readonly SlateExport[] },
): Promise<ExportReport> {
  const only = request.only ?? SLATE_EXPORTS;
  const works = request.slates.map(parseSlate).map((slate) => () => slateDrafts(deps, slate, only));
  return runAll(deps, works);
}

/** Exports the subset picks of a season and brings the manifest up to date. Errors as in `exportSlates`. */
export async function exportSeasonSubsets(
  deps: ExportDeps,
  request: { readonly season: string },
): Promise<ExportReport> {
  const { from, to } = seasonSpan(request.season);
  const draft = async (): Promise<Draft[]> => [
    await draftSeasonSubsets(
      deps.warehouse,
      request.season,
      await readScope(deps.warehouse, from, to),
      cacheControlOf(to, deps.clock),
    ),
  ];
  return runAll(deps, [draft]);
}

async function slateDrafts(
  { warehouse, clock }: ExportDeps,
  slate: Slate,
  only: readonly SlateExport[],
): Promise<Draft[]> {
  const scope = await readScope(warehouse, slate, slate);
  const cacheControl = cacheControlOf(slate, clock);
  const drafts: Draft[] = [];
  if (only.includes('picks') || only.includes('predictions')) {
    const { picks, predictions } = await draftPredictions(warehouse, slate, scope, cacheControl);
    drafts.push(...[picks, predictions].filter((draft) => only.some((kind) => kind === draft.kind)));
  }
  if (only.includes('results')) drafts.push(await draftResults(warehouse, slate, scope, cacheControl));
  return drafts;
}

async function runAll(deps: ExportDeps, works: readonly (() => Promise<Draft[]>)[]): Promise<ExportReport> {
  const documents: ExportOutcome[] = [];
  const failures: unknown[] = [];
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      failures.push(error);
      return undefined;
    }
  };
  for (const work of works) {
    for (const draft of (await attempt(work)) ?? []) {
      const outcome = await attempt(() => writeDocument(deps, draft));
      if (outcome !== undefined) documents.push(outcome);
    }
  }
  const written = documents.filter(({ result }) => result === 'written').map(({ path }) => path);
  await attempt(() => updateManifest(deps, written));
  if (failures.length > 0) throw failed(failures, documents);
  return { documents, index: MANIFEST_PATH };
}

function failed(failures: readonly unknown[], documents: readonly ExportOutcome[]): unknown {
  const [first] = failures;
  if (!(first instanceof TipoffError)) return first;
  return new TipoffError(first.code, failures.map(messageOf).join('; '), {
    hint: first.hint,
    details: {
      ...first.details,
      failures: failures.map(messageOf),
      documents: documents.map(({ path, result }) => ({ path, result })),
    },
    cause: first,
  });
}
