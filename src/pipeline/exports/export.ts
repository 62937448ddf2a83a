import { parseSlate, type Slate, seasonOf, seasonSpan } from '#core/calendar.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { type SlateRecords, slateRecords } from '#pipeline/grade/record.ts';
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
  type Scopes,
  type StoredRow,
  scopesOf,
} from './document.ts';
import { draftSeasonSubsets } from './season-documents.ts';
import { draftPredictions, draftResults } from './slate-documents.ts';
import {
  isLostRace,
  jsonMembers,
  MANIFEST_PATH,
  readStored,
  type StoredDocument,
  updateManifest,
} from './stored-documents.ts';

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
  /** `not_ready`: there is nothing to write yet, and nothing with rows is stored either. */
  readonly result: 'written' | 'unchanged' | 'not_ready';
  readonly status: DocumentStatus | null;
  readonly rows: number;
}

const MAX_ATTEMPTS = 3;

/**
 * Writes a document when its content differs from what is stored (`generated_at` aside). A document with rows is never
 * overwritten with an empty one: that is refused with TIPOFF_NOT_READY naming both counts, unless the slate has no games, every
 * publication behind the stored rows was withdrawn, or each of those rows was withdrawn or replaced by a newer publication. The
 * etag that was read is the precondition of the write; after a lost race the decision is made again.
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
      const { status, isCurrent } = await judge(deps.warehouse, stored, draft, dataSource);
      if (status === undefined) return { ...outcome, result: 'not_ready', status: null };
      if (isCurrent) return { ...outcome, result: 'unchanged', status };
      await objects.put(draft.path, documentText(draft, status, clock.now().toISOString(), dataSource), {
        contentType: 'application/json',
        cacheControl: draft.cacheControl,
        ifMatch: stored.etag,
      });
      return { ...outcome, result: 'written', status };
    },
  );
}

/** What a draft is to what is stored at its path. */
interface Judgement {
  /** Undefined when there is nothing to write yet. */
  readonly status: DocumentStatus | undefined;
  /** Whether its content is the same. */
  readonly isCurrent: boolean;
}

async function judge(
  warehouse: Warehouse,
  stored: StoredDocument,
  draft: Draft,
  dataSource: DataSource,
): Promise<Judgement> {
  const status = await statusOf(warehouse, draft, stored);
  const { generatedAt } = stored;
  const isCurrent =
    status !== undefined &&
    generatedAt !== undefined &&
    stored.text === documentText(draft, status, generatedAt, dataSource);
  return { status, isCurrent };
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
  const { isGone } = draft;
  const gone = (row: StoredRow): boolean =>
    withdrawn.has(String(row.publication_id)) || (isGone?.(row) ?? false);
  if (known && isGone !== undefined && stored.rows.length === stored.rowCount && stored.rows.every(gone))
    return draft.kind === 'picks' ? 'empty' : 'withdrawn';
  const seen =
    stored.rowCount === undefined
      ? 'a stored object that is no readable document'
      : `${stored.rowCount} stored rows`;
  throw new TipoffError('TIPOFF_NOT_READY', `${draft.path}: refused to overwrite ${seen} with 0 rows`, {
    hint: `Find out why there is nothing to export (\`tipoff status\`); if it is meant, withdraw the publication with \`tipoff publish undo <publication> --reason <reason>\`.`,
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

const SLATE_EXPORTS = ['picks', 'predictions', 'results'] as const;
export type SlateExport = (typeof SLATE_EXPORTS)[number];

export interface ExportReport {
  readonly documents: readonly ExportOutcome[];
  /** Path of the manifest. */
  readonly manifest: string;
}

/**
 * Exports the documents of some slates (all three kinds, or `only` some) and updates the manifest. One failing
 * document does not stop the others: all are tried, then the first failure is thrown, with the results of the rest in its details.
 * Throws TIPOFF_NOT_READY when a document with rows would have become empty.
 */
export async function exportSlates(
  deps: ExportDeps,
  request: { readonly slates: readonly string[]; readonly only?: readonly SlateExport[] },
): Promise<ExportReport> {
  const only = request.only ?? SLATE_EXPORTS;
  return runAll(deps, slateWorks(deps, scopesOf(deps.warehouse), request.slates.map(parseSlate), only));
}

/** Exports the subset picks of a season and brings the manifest up to date. Errors as in `exportSlates`. */
export async function exportSeasonSubsets(
  deps: ExportDeps,
  request: { readonly season: string },
): Promise<ExportReport> {
  return runAll(deps, [() => seasonDrafts(deps, scopesOf(deps.warehouse), request.season)]);
}

/**
 * Rewrites every document in which some slates appear, to match the tables: those of the slates, those of their seasons, and the
 * manifest. Publishing, withdrawing and grading all end with this call. Errors as in `exportSlates`.
 */
export async function rewriteExports(deps: ExportDeps, slates: readonly Slate[]): Promise<ExportReport> {
  return runAll(deps, worksOf(deps, slates));
}

/** Every document in which some slates appear. */
function worksOf(deps: DraftDeps, slates: readonly Slate[]): (() => Promise<Draft[]>)[] {
  const seasons = [...new Set(slates.map(seasonOf))];
  const scopes = scopesOf(deps.warehouse);
  return [
    ...slateWorks(deps, scopes, slates, SLATE_EXPORTS),
    ...seasons.map((season) => () => seasonDrafts(deps, scopes, season)),
  ];
}

type DraftDeps = Pick<ExportDeps, 'warehouse' | 'clock'>;

async function seasonDrafts(
  { warehouse, clock }: DraftDeps,
  scopes: Scopes,
  season: string,
): Promise<Draft[]> {
  const { from, to } = seasonSpan(season);
  const scope = await scopes(from, to);
  return [await draftSeasonSubsets(warehouse, season, scope, cacheControlOf(to, clock))];
}

/** A document as an export would write it, compared with the stored one. */
export interface ComparedDocument {
  readonly path: string;
  /** What is wrong with the stored one; null when it agrees with the tables in every column. */
  readonly difference: string | null;
  /** What is stored. */
  readonly stored: StoredDocument;
}

/**
 * Compares the stored documents in which some slates appear with what an export would write now, in every member and column;
 * the time of writing and the order of rows aside. Writes nothing. Documents that are not there and need not be are left out.
 */
export async function compareExports(
  deps: DraftDeps & { readonly objects: ObjectStore },
  slates: readonly Slate[],
): Promise<ComparedDocument[]> {
  const compared: ComparedDocument[] = [];
  for (const work of worksOf(deps, slates)) {
    for (const draft of await work()) {
      const { path } = draft;
      const stored = await readStored(deps.objects, path);
      const source = stored.head['data_source'];
      const dataSource = source === 'simulated' || source === 'mixed' ? source : 'real';
      const difference = await judge(deps.warehouse, stored, draft, dataSource).then(
        ({ status, isCurrent }) =>
          isCurrent || status === undefined ? null : differenceOf(draft, status, dataSource, stored),
        // A document that an export refuses to overwrite differs from the tables. Missing grades are the subject of other checks.
        (error: unknown) => {
          if (!(error instanceof TipoffError) || error.code !== 'TIPOFF_NOT_READY') throw error;
          return draft.kind === 'results' ? null : messageOf(error);
        },
      );
      if (stored.etag !== '' || difference !== null) compared.push({ path, difference, stored });
    }
  }
  return compared;
}

/** The first thing in which a stored document differs from what it should be; null when only the order of its rows does. */
function differenceOf(
  draft: Draft,
  status: DocumentStatus,
  dataSource: DataSource,
  stored: StoredDocument,
): string | null {
  if (stored.etag === '') return 'is not there';
  if (stored.generatedAt === undefined || stored.rowCount === undefined) return 'cannot be read';
  const wanted = jsonMembers(documentText(draft, status, stored.generatedAt, dataSource));
  const rows = stored.head['rows'];
  for (const [member, value] of Object.entries(wanted)) {
    if (member === 'rows' || unordered(stored.head[member]) === unordered(value)) continue;
    const [has, says] = [stored.head[member], value].map((one) =>
      (JSON.stringify(one) ?? 'nothing').slice(0, 120),
    );
    return `has ${member} ${has}, the tables say ${says}`;
  }
  if (!Array.isArray(rows) || !Array.isArray(wanted['rows'])) return 'has no rows';
  if (unordered(rows) === unordered(wanted['rows'])) return null;
  if (rows.length !== wanted['rows'].length)
    return `has ${rows.length} rows, the tables say ${wanted['rows'].length}`;
  for (const [i, row] of (wanted['rows'] as Record<string, unknown>[]).entries()) {
    const other: unknown = rows[i];
    const own = typeof other === 'object' && other !== null ? { ...other } : {};
    const [column] = Object.keys({ ...row, ...own }).filter(
      (name) => JSON.stringify(row[name]) !== JSON.stringify((own as Record<string, unknown>)[name]),
    );
    if (column === undefined) continue;
    const shown = [row[column], (own as Record<string, unknown>)[column]].map((value) =>
      (JSON.stringify(value) ?? 'nothing').slice(0, 60),
    );
    return `has ${column} ${shown[1]} in row ${i + 1}, the tables say ${shown[0]}`;
  }
  return 'differs from the tables';
}

/** The JSON text of a member, that of a list without its order. */
function unordered(value: unknown): string | undefined {
  return JSON.stringify(Array.isArray(value) ? value.map((one) => JSON.stringify(one)).sort() : value);
}

/** The documents of some slates, slate by slate. */
function slateWorks(
  deps: DraftDeps,
  scopes: Scopes,
  slates: readonly Slate[],
  only: readonly SlateExport[],
): (() => Promise<Draft[]>)[] {
  const records = slateRecords(deps.warehouse, slates);
  return slates.map((slate) => () => slateDrafts(deps, scopes, records, slate, only));
}

async function slateDrafts(
  { warehouse, clock }: DraftDeps,
  scopes: Scopes,
  records: SlateRecords,
  slate: Slate,
  only: readonly SlateExport[],
): Promise<Draft[]> {
  const scope = await scopes(slate, slate);
  const cacheControl = cacheControlOf(slate, clock);
  const drafts: Draft[] = [];
  if (only.includes('picks') || only.includes('predictions')) {
    const { picks, predictions } = await draftPredictions(warehouse, slate, scope, cacheControl);
    drafts.push(...[picks, predictions].filter((draft) => only.some((kind) => kind === draft.kind)));
  }
  if (only.includes('results'))
    drafts.push(await draftResults(warehouse, records, slate, scope, cacheControl));
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
  return { documents, manifest: MANIFEST_PATH };
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
