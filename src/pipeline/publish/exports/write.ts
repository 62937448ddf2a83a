import { TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type DataSource, type DocumentStatus, type Draft, documentText, type ExportKind } from './document.ts';
import { readStored, type StoredDocument } from './stored.ts';

export interface ExportDeps {
  readonly warehouse: Warehouse;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly dataSource: DataSource;
}

export interface ExportOutcome {
  readonly path: string;
  /** Where a person finds it. */
  readonly location: string;
  readonly kind: ExportKind;
  /** `not_ready`: there is nothing to write yet, and no rows stood there either. */
  readonly result: 'written' | 'unchanged' | 'not_ready';
  readonly status: DocumentStatus | null;
  readonly rows: number;
}

const ATTEMPTS = 3;

/**
 * Writes a document when its content differs from what is stored (`generated_at` aside). Good is never overwritten with
 * empty: a draft without rows over a stored document with rows is refused with TIPOFF_NOT_READY naming both counts, unless
 * the slate has no games, every publication behind the stored rows was withdrawn, or a newer publication replaced every one
 * of those rows. Written with the etag read as precondition; after a lost race the decision is taken anew.
 */
export async function writeDocument(deps: ExportDeps, draft: Draft): Promise<ExportOutcome> {
  const { objects, clock, dataSource } = deps;
  const outcome = { path: draft.path, location: objects.locate(draft.path), kind: draft.kind, rows: draft.rowCount };
  for (let attempt = 1; ; attempt++) {
    const stored = await readStored(objects, draft.path);
    const status = await statusOf(deps.warehouse, draft, stored);
    if (status === undefined) return { ...outcome, result: 'not_ready', status: null };
    if (stored.generatedAt !== undefined && stored.text === documentText(draft, status, stored.generatedAt, dataSource)) {
      return { ...outcome, result: 'unchanged', status };
    }
    try {
      await objects.put(draft.path, documentText(draft, status, clock.now().toISOString(), dataSource), {
        contentType: 'application/json',
        cacheControl: draft.cacheControl,
        ifMatch: stored.etag,
      });
      return { ...outcome, result: 'written', status };
    } catch (error) {
      if (!(error instanceof TipoffError) || error.code !== 'TIPOFF_CONFLICT' || attempt === ATTEMPTS) throw error;
    }
  }
}

/** The status to write a draft under; undefined when it is not ready and nothing is stored. Throws when it must not be written. */
async function statusOf(warehouse: Warehouse, draft: Draft, stored: StoredDocument): Promise<DocumentStatus | undefined> {
  if (draft.rowCount > 0) return 'ok';
  if (stored.rowCount === 0 || draft.emptyStatus === 'no_games') return draft.emptyStatus;
  const withdrawn = await withdrawnAmong(warehouse, stored.publicationIds);
  const known = stored.rowCount !== undefined && stored.publicationIds.length > 0;
  if (known && stored.publicationIds.every((id) => withdrawn.has(id))) return draft.emptyStatus ?? 'withdrawn';
  const { replaced } = draft;
  const gone = (row: StoredDocument['rows'][number]): boolean => withdrawn.has(String(row.publication_id)) || (replaced?.(row) ?? false);
  if (known && replaced !== undefined && stored.rows.length === stored.rowCount && stored.rows.every(gone)) return 'empty';
  const seen = stored.rowCount === undefined ? 'a stored object that is no readable document' : `${stored.rowCount} stored rows`;
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
