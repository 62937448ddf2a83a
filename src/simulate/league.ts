import type { Slate } from '#core/calendar.ts';
import { type GameDeps, type LeagueClimate, runSlate } from './game-day.ts';
import { addRows, byTable, emptyRows, type LeagueRows, type TableRows } from './league-rows.ts';
import { type LeagueOptions, type ResolvedLeagueOptions, resolveOptions } from './options.ts';
import { playPlayoffs } from './playoffs.ts';
import { Random } from './random.ts';
import { planMoves } from './roster-moves.ts';
import { Rosters } from './rosters.ts';
import { rowIds } from './row-id.ts';
import { scheduleWriter } from './schedule-rows.ts';
import { seasonCalendar } from './season-calendar.ts';
import { type PlannedGame, planSeason, type ScheduleChange } from './season-plan.ts';
import { INVENTED_TEAMS, type SimulatedTeam } from './teams.ts';

export type { LeagueOptions } from './options.ts';

/** Rows that became known on one day: the schedule of a season, or a slate with its reports, quotes and results. */
export interface LeagueBatch {
  readonly slate: Slate;
  readonly kind: 'schedule' | 'played' | 'tonight';
  readonly rows: LeagueRows;
}

/** A simulated league: rows of the raw tables, all with source `simulated`. */
export interface SimulatedLeague {
  readonly options: ResolvedLeagueOptions;
  readonly teams: readonly SimulatedTeam[];
  /** Slates with results, in order. */
  readonly slates: readonly Slate[];
  /** The slate that has games but no results, when `through` is a game day. */
  readonly tonight: Slate | null;
  /** Rows by table, typed. */
  readonly tables: LeagueRows;
  /** The same rows with their contracts, ready for `Warehouse.append`. */
  readonly rows: readonly TableRows[];
}

/**
 * Simulates a league and keeps all of its rows. Equal options give byte-identical rows, and a league that goes on
 * longer begins with the rows of the shorter one. Throws TIPOFF_BAD_INPUT for options outside their limits.
 */
export function simulateLeague(options: LeagueOptions): SimulatedLeague {
  const resolved = resolveOptions(options);
  const tables = emptyRows();
  const slates: Slate[] = [];
  let tonight: Slate | null = null;
  for (const batch of simulateSlates(options)) {
    addRows(tables, batch.rows);
    if (batch.kind === 'played') slates.push(batch.slate);
    if (batch.kind === 'tonight') tonight = batch.slate;
  }
  return { options: resolved, teams: INVENTED_TEAMS.slice(0, resolved.teams), slates, tonight, tables, rows: byTable(tables) };
}

/** The same league day by day, for loads that do not fit into memory. */
export function* simulateSlates(options: LeagueOptions): Generator<LeagueBatch, void> {
  const league = resolveOptions(options);
  const teams = INVENTED_TEAMS.slice(0, league.teams);
  const random = new Random(league.seed);
  const rosters = new Rosters(teams, league.playersPerTeam, random.fork('rosters'));
  const ids = rowIds(league.seed);
  const sourceFile = `simulated-league seed=${league.seed}`;
  const schedule = scheduleWriter(teams, ids, sourceFile);
  let climate: LeagueClimate = { pace: 99.3, two: 1, three: 1 };
  for (const [index, season] of league.seasons.entries()) {
    const calendar = seasonCalendar(season);
    if (league.through !== null && league.through < calendar.publishedOn) return;
    const stream = random.fork('season', season);
    if (index > 0) climate = driftClimate(climate, stream.fork('climate'));
    rosters.newSeason(season, index === 0);
    const deps: GameDeps = {
      options: league,
      season,
      teams: rosters.teams,
      climate,
      random: stream,
      ids,
      sourceFile,
      schedule,
    };
    const plan = planSeason(calendar, teams, league.gamesPerTeam, stream.fork('plan'));
    const published = [...plan.games].sort((a, b) => a.gameId.localeCompare(b.gameId));
    yield {
      slate: calendar.publishedOn,
      kind: 'schedule',
      rows: { ...emptyRows(), scheduleGames: schedule.published(season, published, calendar.publishedOn) },
    };
    const feed = changeFeed(plan.changes);
    const slates = [...new Set(plan.games.map(({ slate }) => slate))];
    const moves = planMoves(slates, teams.length, stream.fork('moves'));
    function* playSlate(slate: Slate, games: readonly PlannedGame[]): Generator<LeagueBatch, ReadonlyMap<string, number> | undefined> {
      if (league.through !== null && slate > league.through) return undefined;
      while (moves[0] !== undefined && moves[0].slate <= slate) moves.shift()?.apply(rosters);
      const rows = emptyRows();
      for (const change of feed.until(slate)) rows.scheduleGames.push(schedule.changed(season, change));
      const play = slate !== league.through;
      const { rows: played, winners } = runSlate(deps, slate, games, play);
      addRows(rows, played);
      yield { slate, kind: play ? 'played' : 'tonight', rows };
      return play ? winners : undefined;
    }
    let over = false;
    for (const slate of slates) {
      const games = plan.games.filter((game) => game.slate === slate);
      over = (yield* playSlate(slate, games)) === undefined;
      if (over) break;
    }
    if (!over) {
      const { announce } = feed;
      yield* playPlayoffs<LeagueBatch>({
        season,
        regularEnd: plan.lastSlate,
        teams: rosters.teams,
        random: stream.fork('playoffs'),
        playSlate,
        announce,
      });
    }
    const late = feed.until(league.through).map((change) => schedule.changed(season, change));
    const last = late[late.length - 1];
    if (last !== undefined)
      yield { slate: league.through ?? plan.lastSlate, kind: 'schedule', rows: { ...emptyRows(), scheduleGames: late } };
  }
}

/** Schedule changes in the order in which they become known. */
function changeFeed(planned: readonly ScheduleChange[]): {
  announce: (change: ScheduleChange) => void;
  until: (slate: Slate | null) => ScheduleChange[];
} {
  let pending = [...planned];
  return {
    announce: (change) => pending.push(change),
    until: (slate) => {
      const known = pending.filter(({ observedOn }) => slate === null || observedOn <= slate);
      pending = pending.filter((change) => !known.includes(change));
      return known.sort((a, b) => a.observedAt - b.observedAt);
    },
  };
}

/** The league changes a little from season to season: pace, and how much goes in. */
function driftClimate({ pace, two, three }: LeagueClimate, random: Random): LeagueClimate {
  return { pace: pace + random.normal(0, 0.7), two: two + random.normal(0.002, 0.007), three: three + random.normal(0, 0.008) };
}
