import { addDays, daysBetween, type Slate } from '#core/calendar.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** Counted games of one date that were not called off. */
export interface GameDay {
  readonly slate: Slate;
  readonly games: number;
  /** ISO instants. */
  readonly first_tip: string;
  readonly last_tip: string;
}

/** The game days around a date. */
export interface SeasonCalendarView {
  day(slate: Slate): GameDay | undefined;
  /** Why a date has no games: off-season, a break, or simply none. Undefined when it has some. */
  whyNoGames(slate: Slate): string | undefined;
  /** The first game day on or after a date, as far as the schedule reaches. */
  nextGameDay(slate: Slate): Slate | undefined;
  previousGameDay(slate: Slate): Slate | undefined;
}

/** Days without a game between two game days from which on it is a break. */
const BREAK_DAYS = 4;
/** Days without a game ahead from which on it is the off-season. */
const OFF_SEASON_DAYS = 21;
/** Days of schedule looked at on each side: more than any break, less than a season. */
const REACH_DAYS = 120;

const GAME_DAYS = `
SELECT slate, COUNT(*) AS games, MIN(tipoff_at) AS first_tip, MAX(tipoff_at) AS last_tip
FROM nba_reference.counted_games
WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
GROUP BY slate
ORDER BY slate`;

/** Reads the game days around a date, or from an older one on, from the effective schedule. A refusal of the warehouse is thrown: no calendar is not an empty one. */
export async function readCalendar(
  warehouse: Warehouse,
  slate: Slate,
  oldest: Slate = slate,
): Promise<SeasonCalendarView> {
  const days = await warehouse.query<GameDay>(GAME_DAYS, {
    from: addDays(oldest, -REACH_DAYS),
    to: addDays(slate, REACH_DAYS),
  });
  return calendarOf(days);
}

/** A view of game days given in order. */
export function calendarOf(days: readonly GameDay[]): SeasonCalendarView {
  const bySlate = new Map(days.map((day) => [day.slate, day]));
  const nextGameDay = (slate: Slate): Slate | undefined => days.find((day) => day.slate >= slate)?.slate;
  const previousGameDay = (slate: Slate): Slate | undefined =>
    days.findLast((day) => day.slate < slate)?.slate;
  return {
    day: (slate) => bySlate.get(slate),
    nextGameDay,
    previousGameDay,
    whyNoGames: (slate) => {
      if (bySlate.has(slate)) return undefined;
      const [before, after] = [previousGameDay(slate), nextGameDay(slate)];
      if (before === undefined && after === undefined)
        return `no games on ${slate} or within ${REACH_DAYS} days of it, as if no schedule were loaded`;
      if (after === undefined || daysBetween(slate, after) > OFF_SEASON_DAYS)
        return `no games on ${slate}: off-season or season over`;
      if (before === undefined || daysBetween(before, slate) > OFF_SEASON_DAYS)
        return `no games on ${slate}: the season begins on ${after}`;
      const idle = daysBetween(before, after) - 1;
      return idle >= BREAK_DAYS
        ? `no games on ${slate}: break from ${addDays(before, 1)} to ${addDays(after, -1)}`
        : `no games on ${slate}`;
    },
  };
}
