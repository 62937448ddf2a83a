import type { Slate } from '#core/calendar.ts';
import type { Publication } from '#core/contracts/nba_predictions/publications.ts';
import { TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

export interface Withdrawal {
  readonly publicationId: string;
  readonly slate: Slate;
  readonly by: string;
  readonly reason: string;
  /** ISO instant. */
  readonly at: string;
}

/** Appends the withdrawn event of a visible publication. False when it is not visible. */
export async function withdraw({ warehouse }: { readonly warehouse: Warehouse }, withdrawal: Withdrawal): Promise<boolean> {
  const { publicationId, slate, by, reason, at } = withdrawal;
  const written = await warehouse.execute(
    `INSERT INTO nba_predictions.publications (publication_id, event, event_at, event_by, reason, batch_id, slate, run_mode, completeness,
       fencing_token, row_count, players, expected, missing, audit, model_id, model_hash, code_version)
     SELECT p.publication_id, 'withdrawn', CAST(@at AS TIMESTAMP), @by, @reason, p.batch_id, p.slate, p.run_mode, p.completeness,
       p.fencing_token, p.row_count, p.players, p.expected, p.missing, p.audit, p.model_id, p.model_hash, p.code_version
     FROM nba_predictions.publications p
     WHERE p.slate = CAST(@slate AS DATE) AND p.publication_id = @id AND p.event = 'published'
       AND NOT EXISTS (SELECT 1 FROM nba_predictions.publications w
         WHERE w.slate = CAST(@slate AS DATE) AND w.publication_id = @id AND w.event = 'withdrawn')`,
    { id: publicationId, slate, by, reason, at },
  );
  return written > 0;
}

/** A publication with its state. */
export interface PublicationStatus extends Omit<Publication, 'event' | 'event_at' | 'event_by' | 'reason'> {
  readonly published_at: string;
  readonly published_by: string;
  readonly withdrawn_at: string | null;
  readonly withdrawn_reason: string | null;
}

/** Publications of a slate, or all, newest first. */
export async function listPublications(warehouse: Warehouse, slate?: Slate): Promise<PublicationStatus[]> {
  return warehouse.query<PublicationStatus>(
    `SELECT p.publication_id, p.batch_id, p.slate, p.run_mode, p.completeness, p.fencing_token, p.row_count, p.players, p.expected, p.missing, p.audit,
       p.model_id, p.model_hash, p.code_version, p.event_at AS published_at, p.event_by AS published_by,
       w.event_at AS withdrawn_at, w.reason AS withdrawn_reason
     FROM nba_predictions.publications p
     LEFT JOIN nba_predictions.publications w ON w.publication_id = p.publication_id AND w.event = 'withdrawn'
     WHERE p.event = 'published' AND (@slate IS NULL OR p.slate = CAST(@slate AS DATE))
     ORDER BY p.event_at DESC, p.publication_id DESC`,
    { slate: slate ?? null },
  );
}

/** Withdraws a visible publication: what stood before it is visible again. Throws TIPOFF_NOT_FOUND for one that is not visible. */
export async function undoPublication(
  deps: { readonly warehouse: Warehouse; readonly clock: Clock },
  request: { readonly publicationId: string; readonly by: string; readonly reason: string },
): Promise<PublicationStatus> {
  const known = (await listPublications(deps.warehouse)).find(({ publication_id }) => publication_id === request.publicationId);
  const at = deps.clock.now().toISOString();
  const done = known !== undefined && (await withdraw(deps, { ...request, slate: known.slate as Slate, at }));
  if (!done) {
    throw new TipoffError('TIPOFF_NOT_FOUND', `there is no visible publication ${request.publicationId}`, {
      hint: 'See `tipoff publish list`; a withdrawn publication cannot be withdrawn again.',
      details: { publication_id: request.publicationId, withdrawn_at: known?.withdrawn_at ?? null },
    });
  }
  return { ...known, withdrawn_at: at, withdrawn_reason: request.reason };
}
