import { daysBetween, type Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import type { Matchup } from './matchups.ts';
import type { Random } from './random.ts';
import { playingDays, type SeasonCalendar, weekdayOf } from './season-calendar.ts';

export interface Fixture extends Matchup {
  readonly slate: Slate;
}

/** Relative number of games by day of the week, Sunday first. */
const WEEKDAY_WEIGHT = [7.6, 7.4, 6.2, 10, 5.2, 10, 8];
const MEAN_WEIGHT = WEEKDAY_WEIGHT.reduce((sum, weight) => sum + weight, 0) / 7;
/** Games a day and pair of teams in a full season: 1,230 games, 15 pairs, 166 days. */
const USUAL_DENSITY = 1230 / 15 / 166;
/** A full league plays 5 to 12 games on a day with games; the limits scale with the number of teams. */
const SLATE_SHARE = { least: 5 / 15, most: 12 / 15 };
/** How strongly a game the day before holds a team back, in units of "games due a day". */
const BACK_TO_BACK_COST = 0.1;
/** Games ahead in round order among which a day chooses. */
const LOOK_AHEAD = 130;
const ATTEMPTS = 20;

/**
 * Gives every matchup a date: nobody twice a day, three days running, or five times in seven days; back-to-backs
 * happen. Greedy by how far behind its fair pace each team is, with another try from another stream where a season
 * does not come out even.
 */
export function dateFixtures(matchups: readonly Matchup[], teams: number, calendar: SeasonCalendar, random: Random): Fixture[] {
  const days = daysNeeded(matchups.length, teams, calendar);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const fixtures = tryDates(matchups, teams, days, random.fork('attempt', attempt));
    if (fixtures !== undefined) return fixtures;
  }
  throw new TipoffError('TIPOFF_BAD_INPUT', `simulated league: found no dates for ${matchups.length} games of ${teams} teams`, {
    hint: 'Choose another seed, or fewer games per team.',
    details: { games: matchups.length, teams, season: calendar.season },
  });
}

/** Days of the season in use: all of them for 82 games, correspondingly fewer for a shorter season. */
function daysNeeded(games: number, teams: number, calendar: SeasonCalendar): Slate[] {
  const all = playingDays(calendar);
  return all.slice(0, Math.min(all.length, Math.ceil(games / (teams / 2) / USUAL_DENSITY) + 1));
}

function tryDates(matchups: readonly Matchup[], teams: number, days: readonly Slate[], random: Random): Fixture[] | undefined {
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
      return { matchup, allowed: Math.min(home, away) > Number.NEGATIVE_INFINITY, due: home + away - order * 0.002 + random.next() * 0.1 };
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

/** How much a team is due a game, minus infinity when it must rest. */
function teamDue(pace: number, played: readonly Slate[], slate: Slate): number {
  const ago = (back: number): number => {
    const date = played[played.length - back];
    return date === undefined ? 99 : daysBetween(date, slate);
  };
  if (ago(2) <= 2 || ago(4) <= 6) return Number.NEGATIVE_INFINITY;
  return pace - (ago(1) === 1 ? BACK_TO_BACK_COST : 0) + Math.min(ago(1), 4) * 0.03;
}
