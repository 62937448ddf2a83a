import type { Slate } from '#core/calendar.ts';
import { withdraw } from '#pipeline/publish/undo.ts';
import type { Clock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** What backfills published between two slates and what is still visible, by slate. */
export async function visibleBackfills(warehouse: Warehouse, from: Slate, to: Slate): Promise<ReadonlyMap<Slate, readonly string[]>> {
  const rows = await warehouse.query<{ slate: Slate; publication_id: string }>(
    `SELECT p.slate, p.publication_id FROM nba_predictions.publications p
     WHERE p.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND p.event = 'published' AND p.run_mode = 'BACKFILL'
       AND NOT EXISTS (SELECT 1 FROM nba_predictions.publications w
         WHERE w.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND w.slate = p.slate AND w.publication_id = p.publication_id
           AND w.event = 'withdrawn')`,
    { from, to },
  );
  const bySlate = Map.groupBy(rows, ({ slate }) => slate);
  return new Map([...bySlate].map(([slate, own]) => [slate, own.map(({ publication_id }) => publication_id)]));
}

/**
 * Withdraws what earlier backfills published for a slate, so that it can be predicted anew: a backfill never replaces a
 * visible prediction. What a daily mode published stays.
 */
export async function withdrawBackfills(
  deps: { readonly warehouse: Warehouse; readonly clock: Clock },
  slate: Slate,
  publications: readonly string[],
  by: string,
): Promise<void> {
  for (const publicationId of publications) {
    await withdraw(deps, {
      publicationId,
      slate,
      by,
      reason: 'its inputs changed: predicted anew',
      at: deps.clock.now().toISOString(),
    });
  }
}
