import type { Slate } from '#core/calendar.ts';
import { withdraw } from '#pipeline/publish/undo.ts';
import type { Clock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/**
 * Withdraws what earlier backfills published for a slate, so that it can be predicted anew: a backfill never replaces a
 * visible prediction. What a daily mode published stays.
 */
export async function withdrawBackfills(
  deps: { readonly warehouse: Warehouse; readonly clock: Clock },
  slate: Slate,
  by: string,
): Promise<number> {
  const visible = await deps.warehouse.query<{ publication_id: string }>(
    `SELECT p.publication_id FROM nba_predictions.publications p
     WHERE p.slate = CAST(@slate AS DATE) AND p.event = 'published' AND p.run_mode = 'BACKFILL'
       AND NOT EXISTS (SELECT 1 FROM nba_predictions.publications w
         WHERE w.slate = CAST(@slate AS DATE) AND w.publication_id = p.publication_id AND w.event = 'withdrawn')`,
    { slate },
  );
  for (const { publication_id } of visible) {
    await withdraw(deps, {
      publicationId: publication_id,
      slate,
      by,
      reason: 'its inputs changed: predicted anew',
      at: deps.clock.now().toISOString(),
    });
  }
  return visible.length;
}
