import { addDays, daysBetween, type SeasonType, type Slate } from '#core/calendar.ts';
import { dateFixtures } from './fixtures.ts';
import { drawMatchups } from './matchups.ts';
import type { Random } from './random.ts';
import { isPlayingDay, type SeasonCalendar } from './season-calendar.ts';
import { type WallClock, wallClockOf } from './slate-clock.ts';
import type { SimulatedTeam } from './teams.ts';
import { drawTipoff } from './tipoffs.ts';

/** A game of the schedule. `slate` and `tipoff` say when it is played, `published` what the schedule first said. */
export interface PlannedGame {
  readonly gameId: string;
  readonly seasonType: SeasonType;
  readonly home: number;
  readonly away: number;
  readonly label: string | null;
  readonly published: GameTime | null;
  readonly slate: Slate;
  readonly tipoff: number;
}

export interface GameTime {
  readonly slate: Slate;
  readonly tipoff: number;
}

/** What a live feed says about one game at some instant. */
export interface ScheduleChange {
  readonly observedAt: number;
  readonly observedOn: Slate;
  readonly game: PlannedGame;
  readonly time: GameTime;
  readonly status: 'scheduled' | 'postponed' | 'cancelled';
  readonly statusText: string;
}

export interface SeasonPlan {
  /** In order of the date on which they are played. */
  readonly games: readonly PlannedGame[];
  readonly changes: readonly ScheduleChange[];
  readonly lastSlate: Slate;
}

/**
 * The regular season: matchups, dates, tip-off times, and what does not go to plan: one game postponed by weeks, one
 * moved by a day, one at a neutral site. Seasons of fewer than about 15 games a team may have no room for the changes.
 */
export function planSeason(calendar: SeasonCalendar, teams: readonly SimulatedTeam[], gamesPerTeam: number, random: Random): SeasonPlan {
  const matchups = drawMatchups(teams.length, gamesPerTeam, random.fork('matchups'));
  const fixtures = dateFixtures(matchups, teams.length, calendar, random.fork('dates'));
  const tipoffs = random.fork('tipoffs');
  const yy = calendar.season.slice(2, 4);
  const neutral = Math.floor(fixtures.length * random.fork('neutral').between(0.35, 0.65));
  const clocks = new Map<Slate, WallClock>();
  const games = fixtures.map(({ home, away, slate }, index): PlannedGame => {
    const clock = clocks.get(slate) ?? wallClockOf(slate);
    clocks.set(slate, clock);
    const tipoff = clock(drawTipoff(slate, teams[home]?.zone ?? 'eastern', tipoffs));
    const gameId = `002${yy}${String(index + 1).padStart(5, '0')}`;
    const label = index === neutral ? 'Neutral site: Porto Almar' : null;
    return { gameId, seasonType: 'regular', home, away, label, published: { slate, tipoff }, slate, tipoff };
  });
  const lastSlate = games[games.length - 1]?.slate ?? calendar.regularEnd;
  const changes: ScheduleChange[] = [];
  postponeOne(games, changes, calendar, lastSlate, random.fork('postponed'));
  moveOneByADay(games, changes, calendar, lastSlate, random.fork('moved'));
  games.sort((a, b) => (a.slate === b.slate ? a.tipoff - b.tipoff || a.gameId.localeCompare(b.gameId) : a.slate < b.slate ? -1 : 1));
  return { games, changes, lastSlate };
}

/** Called off the evening before; a week later the feed names a date some weeks away. */
function postponeOne(games: PlannedGame[], changes: ScheduleChange[], calendar: SeasonCalendar, last: Slate, random: Random): void {
  const length = daysBetween(calendar.opening, last);
  for (const game of random.shuffled(games)) {
    const elapsed = daysBetween(calendar.opening, game.slate);
    if (game.label !== null || elapsed < length * 0.25 || elapsed > length * 0.6) continue;
    for (let days = Math.max(9, Math.round(length * 0.12)); addDays(game.slate, days) <= last; days++) {
      const slate = addDays(game.slate, days);
      if (!isPlayingDay(calendar, slate) || !isFree(games, game, slate)) continue;
      const original = { slate: game.slate, tipoff: game.tipoff };
      const moved = replan(games, game, slate);
      const calledOff = addDays(original.slate, -1);
      const renamed = addDays(original.slate, 6);
      changes.push(
        change(moved, original, 'postponed', 'PPD', calledOff, '22:15'),
        change(moved, { slate, tipoff: moved.tipoff }, 'scheduled', 'Rescheduled', renamed, '14:00'),
      );
      return;
    }
  }
}

/** Announced nine days ahead. */
function moveOneByADay(games: PlannedGame[], changes: ScheduleChange[], calendar: SeasonCalendar, last: Slate, random: Random): void {
  const length = daysBetween(calendar.opening, last);
  for (const game of random.shuffled(games)) {
    const elapsed = daysBetween(calendar.opening, game.slate);
    if (game.label !== null || game.slate !== game.published?.slate || elapsed < length * 0.3 || elapsed > length * 0.9) continue;
    const slate = addDays(game.slate, random.chance(0.5) ? 1 : -1);
    if (slate > last || !isPlayingDay(calendar, slate) || !isFree(games, game, slate)) continue;
    const announced = addDays(game.slate, -9);
    const moved = replan(games, game, slate);
    changes.push(change(moved, { slate, tipoff: moved.tipoff }, 'scheduled', 'Rescheduled', announced, '15:00'));
    return;
  }
}

/** Neither team plays on that date, nor would either play three days running. */
function isFree(games: readonly PlannedGame[], game: PlannedGame, slate: Slate): boolean {
  return [game.home, game.away].every((team) => {
    const near = new Set(
      games
        .filter((other) => other !== game && (other.home === team || other.away === team))
        .map((other) => daysBetween(slate, other.slate)),
    );
    const run = (days: readonly number[]): boolean => days.every((day) => near.has(day));
    return !near.has(0) && !run([-2, -1]) && !run([-1, 1]) && !run([1, 2]);
  });
}

function replan(games: PlannedGame[], game: PlannedGame, slate: Slate): PlannedGame {
  const tipoff = wallClockOf(slate)('20:00');
  const moved = { ...game, slate, tipoff };
  games[games.indexOf(game)] = moved;
  return moved;
}

function change(
  game: PlannedGame,
  time: GameTime,
  status: ScheduleChange['status'],
  statusText: string,
  observedOn: Slate,
  clock: string,
): ScheduleChange {
  return { observedAt: wallClockOf(observedOn)(clock), observedOn, game, time, status, statusText };
}
