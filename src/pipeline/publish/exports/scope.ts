import { daysBetween, type Slate, seasonOf, seasonSpan, slateOf } from '#core/calendar.ts';
import type { Clock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** Publications of a range of slates, and whether the schedule has games in it. */
export interface Scope {
  readonly standing: readonly string[];
  readonly withdrawn: readonly { readonly publication_id: string; readonly withdrawn_at: string; readonly reason: string | null }[];
  /** False only when the season is on the schedule and this range has no game; an unloaded schedule proves nothing. */
  readonly hasGames: boolean;
}

/** Reads which publications of the slates [from, to] stand or were withdrawn, and whether games are played. */
export async function readScope(warehouse: Warehouse, from: Slate, to: Slate): Promise<Scope> {
  const receipts = await warehouse.query<{ publication_id: string; event: string; event_at: string; reason: string | null }>(
    `SELECT publication_id, event, event_at, reason FROM nba_predictions.publications
     WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) ORDER BY event_at, publication_id`,
    { from, to },
  );
  const withdrawn = receipts
    .filter((row) => row.event === 'withdrawn')
    .map(({ publication_id, event_at, reason }) => ({ publication_id, withdrawn_at: event_at, reason }));
  const gone = new Set(withdrawn.map((row) => row.publication_id));
  const span = seasonSpan(seasonOf(from));
  const [games] = await warehouse.query<{ here: number; season: number }>(
    `SELECT COALESCE(COUNTIF(slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND status NOT IN ('postponed', 'cancelled')), 0) AS here,
       COUNT(*) AS season
     FROM nba_reference.schedule
     WHERE is_counted AND slate BETWEEN CAST(@season_from AS DATE) AND CAST(@season_to AS DATE)`,
    { from, to, season_from: span.from, season_to: span.to },
  );
  return {
    standing: receipts.filter((row) => row.event === 'published' && !gone.has(row.publication_id)).map((row) => row.publication_id),
    withdrawn,
    hasGames: games === undefined || games.season === 0 || games.here > 0,
  };
}

/** What is not final yet may change by the minute; what is two days old changes only by a correction. */
export function cacheControlOf(lastSlate: Slate, clock: Clock): string {
  const age = daysBetween(lastSlate, slateOf(clock.now()));
  return age >= 2 ? 'public, max-age=86400' : 'public, max-age=60';
}
