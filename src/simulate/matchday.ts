import type { Slate } from '#core/calendar.ts';
import type { Availability } from './availability.ts';
import type { ShootingClimate } from './possessions.ts';
import type { TeamState } from './rosters.ts';
import type { PlannedGame } from './season-plan.ts';
import type { SlateClock } from './slate-clock.ts';
import type { StatusHistory } from './status-feed.ts';

/** A game on its day: both teams, who plays, what the reports say. */
export interface Matchday {
  readonly season: string;
  readonly game: PlannedGame;
  readonly slate: Slate;
  readonly clock: SlateClock;
  readonly home: MatchdaySide;
  readonly away: MatchdaySide;
  readonly reportTimes: readonly number[];
  /** Expected possessions of each side in 48 minutes. */
  readonly pace: number;
  readonly playoffs: boolean;
}

export interface MatchdaySide {
  readonly state: TeamState;
  readonly availability: readonly Availability[];
  readonly histories: readonly StatusHistory[];
  readonly climate: ShootingClimate;
}

/** Both sides, home first, each with its opponent. */
export function sidesOf(day: Matchday): { side: MatchdaySide; opponent: MatchdaySide; isHome: boolean }[] {
  return [
    { side: day.home, opponent: day.away, isHome: true },
    { side: day.away, opponent: day.home, isHome: false },
  ];
}
