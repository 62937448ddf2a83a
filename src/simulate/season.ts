import { addDays, daysBetween, parseSlate, type SeasonType, type Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import type { Random } from '#core/random.ts';
import { startYear, type WallClock, wallClockOf } from './options.ts';
import type { SimulatedTeam, TimeZoneBand } from './teams.ts';

/** The dates that give a season its shape. */
export interface SeasonCalendar {
  readonly season: string;
  /** Date on which the schedule is published. */
  readonly publishedOn: Slate;
  /** The Tuesday between 18 and 24 October. */
  readonly opening: Slate;
  /** The Sunday between 9 and 15 April. */
  readonly regularEnd: Slate;
  /** All-Star break: Friday before the third Sunday of February to the Wednesday after, six days. */
  readonly breakFrom: Slate;
  readonly breakTo: Slate;
  /** Days without games: fourth Thursday of November and 24 December. */
  readonly holidays: readonly Slate[];
}

/** The calendar of a season, from its label alone. */
export function seasonCalendar(season: string): SeasonCalendar {
  const year = startYear(season);
  const star = addDays(weekdayFrom(`${year + 1}-02-01`, 0), 14);
  return {
    season,
    publishedOn: parseSlate(`${year}-08-15`),
    opening: weekdayFrom(`${year}-10-18`, 2),
    regularEnd: weekdayFrom(`${year + 1}-04-09`, 0),
    breakFrom: addDays(star, -2),
    breakTo: addDays(star, 3),
    holidays: [addDays(weekdayFrom(`${year}-11-01`, 4), 21), parseSlate(`${year}-12-24`)],
  };
}

/** True when a date is neither in the break nor a holiday. */
function isPlayingDay(calendar: SeasonCalendar, date: Slate): boolean {
  return !(date >= calendar.breakFrom && date <= calendar.breakTo) && !calendar.holidays.includes(date);
}

/** The days of the regular season on which games may be played. */
function playingDays(calendar: SeasonCalendar): Slate[] {
  const days = daysBetween(calendar.opening, calendar.regularEnd) + 1;
  return Array.from({ length: days }, (_, i) => addDays(calendar.opening, i)).filter((date) =>
    isPlayingDay(calendar, date),
  );
}

/** Day of the week of a date, 0 = Sunday. */
function weekdayOf(date: Slate): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay();
}

/** The first date at or after `from` with a day of the week. */
function weekdayFrom(from: string, weekday: number): Slate {
  const start = parseSlate(from);
  return addDays(start, (weekday - weekdayOf(start) + 7) % 7);
}

const EVENING: Readonly<Record<TimeZoneBand, readonly string[]>> = {
  eastern: ['19:00', '19:30', '19:00', '19:30', '20:00'],
  central: ['20:00', '19:30', '20:00', '20:30'],
  mountain: ['21:00', '21:00', '20:30', '22:00'],
  pacific: ['22:00', '22:30', '22:00', '21:30'],
};
const MATINEE: Readonly<Record<TimeZoneBand, readonly string[]>> = {
  eastern: ['12:30', '13:00', '15:00', '18:00'],
  central: ['13:00', '15:30', '18:00'],
  mountain: ['15:30', '17:00', '18:00'],
  pacific: ['15:30', '18:00', '18:30'],
};

/** Tip-off in New York time (HH:MM): evenings in the home team's zone, one weekend game in three earlier. */
export function drawTipoff(slate: Slate, zone: TimeZoneBand, random: Random): string {
  const weekend = [0, 6].includes(weekdayOf(slate));
  return random.pick((weekend && random.chance(0.35) ? MATINEE : EVENING)[zone]);
}

/** A game without a date: the indices of its two teams. */
interface Matchup {
  readonly home: number;
  readonly away: number;
}

/**
 * Every team's opponents for a season, in rounds in which each team plays once (the circle method), with exactly half
 * of each team's games at home.
 */
function drawMatchups(teams: number, gamesPerTeam: number, random: Random): Matchup[] {
  const pairs: [number, number][] = [];
  while (pairs.length < (teams * gamesPerTeam) / 2) {
    const labels = random.shuffled(Array.from({ length: teams }, (_, i) => i));
    for (const round of random.shuffled(Array.from({ length: teams - 1 }, (_, i) => i))) {
      if (pairs.length >= (teams * gamesPerTeam) / 2) break;
      for (const [a, b] of roundOf(round, teams)) pairs.push([labels[a] ?? 0, labels[b] ?? 0]);
    }
  }
  return orient(pairs, teams);
}

function roundOf(round: number, teams: number): [number, number][] {
  const rotating = teams - 1;
  const pairs: [number, number][] = [[round, rotating]];
  for (let i = 1; i < teams / 2; i++) pairs.push([(round + i) % rotating, (round - i + rotating) % rotating]);
  return pairs;
}

/**
 * Chooses the home team of each pair. Every team has an even number of games, so the pairs split into closed walks;
 * following each walk in one direction leaves every team as often as it enters it: half at home, half away.
 */
function orient(pairs: readonly (readonly [number, number])[], teams: number): Matchup[] {
  const open: number[][] = Array.from({ length: teams }, () => []);
  pairs.forEach(([a, b], index) => {
    open[a]?.push(index);
    open[b]?.push(index);
  });
  const homeOf = new Array<number>(pairs.length).fill(-1);
  for (let start = 0; start < teams; start++) {
    let at = start;
    for (;;) {
      const edges = open[at] ?? [];
      while (edges.length > 0 && homeOf[edges[edges.length - 1] ?? 0] !== -1) edges.pop();
      const edge = edges.pop();
      if (edge === undefined) {
        if (at === start) break;
        at = start;
        continue;
      }
      homeOf[edge] = at;
      const [a, b] = pairs[edge] ?? [at, at];
      at = at === a ? b : a;
    }
  }
  return pairs.map(([a, b], index) => (homeOf[index] === a ? { home: a, away: b } : { home: b, away: a }));
}

interface Fixture extends Matchup {
  readonly slate: Slate;
}

/** Relative number of games by day of the week, Sunday first. */
const WEEKDAY_WEIGHT = [7.6, 7.4, 6.2, 10, 5.2, 10, 8];
const MEAN_WEIGHT = WEEKDAY_WEIGHT.reduce((sum, weight) => sum + weight, 0) / 7;
/** Games per day and pair of teams in a full season: 1,230 games, 15 pairs, 166 days. */
const USUAL_DENSITY = 1230 / 15 / 166;
/** A full league plays 5 to 12 games on a day with games; the limits scale with the number of teams. */
const SLATE_SHARE = { least: 5 / 15, most: 12 / 15 };
/** Penalty for a game the day before, in units of games due per day. */
const BACK_TO_BACK_COST = 0.1;
/** Number of next games, in round order, from which a day chooses. */
const LOOK_AHEAD = 130;
const ATTEMPTS = 20;

/**
 * Gives every matchup a date: no team plays twice a day, three days in a row, or five times in seven days;
 * back-to-backs happen. Greedy by how far each team is behind its fair pace; retried with another random
 * stream when not all games fit.
 */
function dateFixtures(
  matchups: readonly Matchup[],
  teams: number,
  calendar: SeasonCalendar,
  random: Random,
): Fixture[] {
  const days = daysNeeded(matchups.length, teams, calendar);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const fixtures = tryDates(matchups, teams, days, random.fork('attempt', attempt));
    if (fixtures !== undefined) return fixtures;
  }
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `simulated league: found no dates for ${matchups.length} games of ${teams} teams`,
    {
      hint: 'Choose another seed, or fewer games per team.',
      details: { games: matchups.length, teams, season: calendar.season },
    },
  );
}

/** Playing days in use: all of them for 82 games, proportionally fewer for a shorter season. */
function daysNeeded(games: number, teams: number, calendar: SeasonCalendar): Slate[] {
  const all = playingDays(calendar);
  return all.slice(0, Math.min(all.length, Math.ceil(games / (teams / 2) / USUAL_DENSITY) + 1));
}

function tryDates(
  matchups: readonly Matchup[],
  teams: number,
  days: readonly Slate[],
  random: Random,
): Fixture[] | undefined {
  const pending = [...matchups];
  const fixtures: Fixture[] = [];
  const left = new Array<number>(teams).fill((matchups.length * 2) / teams);
  const played: Slate[][] = Array.from({ length: teams }, () => []);
  for (const [index, slate] of days.entries()) {
    if (pending.length === 0) break;
    const daysLeft = days.length - index;
    const due = left.map((games, team) => teamDue(games / daysLeft, played[team] ?? [], slate));
    const candidates = pending.slice(0, LOOK_AHEAD).map((matchup, order) => {
      const [home, away] = [due[matchup.home] ?? 0, due[matchup.away] ?? 0];
      return {
        matchup,
        allowed: Math.min(home, away) > Number.NEGATIVE_INFINITY,
        due: home + away - order * 0.002 + random.next() * 0.1,
      };
    });
    const busy = new Set<number>();
    let room = slateSize(pending.length, daysLeft, slate, teams);
    for (const { matchup, allowed } of candidates.sort((a, b) => b.due - a.due)) {
      if (room === 0) break;
      if (!allowed || busy.has(matchup.home) || busy.has(matchup.away)) continue;
      room -= 1;
      for (const team of [matchup.home, matchup.away]) {
        busy.add(team);
        played[team]?.push(slate);
        left[team] = (left[team] ?? 0) - 1;
      }
      pending.splice(pending.indexOf(matchup), 1);
      fixtures.push({ ...matchup, slate });
    }
  }
  return pending.length === 0 ? fixtures : undefined;
}

function slateSize(pending: number, daysLeft: number, slate: Slate, teams: number): number {
  const usual = (pending / daysLeft) * ((WEEKDAY_WEIGHT[weekdayOf(slate)] ?? MEAN_WEIGHT) / MEAN_WEIGHT);
  const wanted = daysLeft <= 4 ? Math.ceil(pending / daysLeft) : Math.round(usual);
  const most = Math.ceil((teams / 2) * SLATE_SHARE.most);
  return Math.min(most, Math.max(Math.ceil((teams / 2) * SLATE_SHARE.least), wanted));
}

/** How far a team is due a game; minus infinity when it must rest. */
function teamDue(pace: number, played: readonly Slate[], slate: Slate): number {
  const ago = (back: number): number => {
    const date = played[played.length - back];
    return date === undefined ? 99 : daysBetween(date, slate);
  };
  if (ago(2) <= 2 || ago(4) <= 6) return Number.NEGATIVE_INFINITY;
  return pace - (ago(1) === 1 ? BACK_TO_BACK_COST : 0) + Math.min(ago(1), 4) * 0.03;
}

/** A game of the schedule. `slate` and `tipoff` say when it is played, `published` when it was first scheduled. */
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

/** A change that the live feed announces about one game. */
export interface ScheduleChange {
  readonly observedAt: number;
  readonly observedOn: Slate;
  readonly game: PlannedGame;
  readonly time: GameTime;
  readonly status: 'scheduled' | 'postponed' | 'cancelled';
  readonly statusText: string;
}

export interface SeasonPlan {
  /** Ordered by the date on which they are played. */
  readonly games: readonly PlannedGame[];
  readonly changes: readonly ScheduleChange[];
  readonly lastSlate: Slate;
}

/**
 * Plans the regular season: matchups, dates, tip-off times, and exceptions: one game postponed by weeks, one moved
 * by a day, one at a neutral site. Seasons of fewer than about 15 games a team may have no room for the changes.
 */
export function planSeason(
  calendar: SeasonCalendar,
  teams: readonly SimulatedTeam[],
  gamesPerTeam: number,
  random: Random,
): SeasonPlan {
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
  games.sort((a, b) =>
    a.slate === b.slate
      ? a.tipoff - b.tipoff || a.gameId.localeCompare(b.gameId)
      : a.slate < b.slate
        ? -1
        : 1,
  );
  return { games, changes, lastSlate };
}

/** Postpones one game: called off the evening before; a week later the feed names a date some weeks away. */
function postponeOne(
  games: PlannedGame[],
  changes: ScheduleChange[],
  calendar: SeasonCalendar,
  last: Slate,
  random: Random,
): void {
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

/** Moves one game by a day, announced nine days ahead. */
function moveOneByADay(
  games: PlannedGame[],
  changes: ScheduleChange[],
  calendar: SeasonCalendar,
  last: Slate,
  random: Random,
): void {
  const length = daysBetween(calendar.opening, last);
  for (const game of random.shuffled(games)) {
    const elapsed = daysBetween(calendar.opening, game.slate);
    if (
      game.label !== null ||
      game.slate !== game.published?.slate ||
      elapsed < length * 0.3 ||
      elapsed > length * 0.9
    )
      continue;
    const slate = addDays(game.slate, random.chance(0.5) ? 1 : -1);
    if (slate > last || !isPlayingDay(calendar, slate) || !isFree(games, game, slate)) continue;
    const announced = addDays(game.slate, -9);
    const moved = replan(games, game, slate);
    changes.push(
      change(moved, { slate, tipoff: moved.tipoff }, 'scheduled', 'Rescheduled', announced, '15:00'),
    );
    return;
  }
}

/** Whether neither team plays on that date, nor would play three days in a row. */
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
