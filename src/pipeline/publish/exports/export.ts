import { parseSlate, type Slate, seasonSpan } from '#core/calendar.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { Draft } from './document.ts';
import { MANIFEST_PATH, updateManifest } from './manifest.ts';
import { cacheControlOf, readScope } from './scope.ts';
import { draftSeasonSubsets } from './season-subsets.ts';
import { draftPredictions, draftResults } from './slate-documents.ts';
import { type ExportDeps, type ExportOutcome, writeDocument } from './write.ts';

export const SLATE_EXPORTS = ['picks', 'predictions', 'results'] as const;
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
export async function exportSeasonSubsets(deps: ExportDeps, request: { readonly season: string }): Promise<ExportReport> {
  const { from, to } = seasonSpan(request.season);
  const draft = async (): Promise<Draft[]> => [
    await draftSeasonSubsets(deps.warehouse, request.season, await readScope(deps.warehouse, from, to), cacheControlOf(to, deps.clock)),
  ];
  return runAll(deps, [draft]);
}

async function slateDrafts({ warehouse, clock }: ExportDeps, slate: Slate, only: readonly SlateExport[]): Promise<Draft[]> {
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
    details: { ...first.details, failures: failures.map(messageOf), documents: documents.map(({ path, result }) => ({ path, result })) },
    cause: first,
  });
}
