import { easternTime, type Slate } from '#core/calendar.ts';
import { count } from '#core/format.ts';
import { Random } from '#core/random.ts';
import { type GameDeps, type LeagueClimate, runSlate } from './game-day.ts';
import { addRows, byTable, emptyRows, type LeagueRows, rowIds, type TableRows } from './league-rows.ts';
import { type LeagueOptions, type ResolvedLeagueOptions, resolveOptions } from './options.ts';
import { planMoves, Rosters } from './players.ts';
import { playPlayoffs } from './playoffs.ts';
import { rosterRows, scheduleWriter } from './provider-rows.ts';
import { type PlannedGame, planSeason, type ScheduleChange, seasonCalendar } from './season.ts';
import { INVENTED_TEAMS, type SimulatedTeam } from './teams.ts';

export type { LeagueOptions } from './options.ts';

import type { Clock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

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
  /** The slate with games but no results, when `through` is a game day; else null. */
  readonly tonight: Slate | null;
  /** Rows by table, typed. */
  readonly tables: LeagueRows;
  /** The same rows with their contracts, ready for `Warehouse.append`. */
  readonly rows: readonly TableRows[];
}

/**
 * Simulates a league and keeps all its rows in memory. Equal options give byte-identical rows, and a longer
 * league begins with the rows of a shorter one. Throws TIPOFF_BAD_INPUT for options outside their limits.
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
  return {
    options: resolved,
    teams: INVENTED_TEAMS.slice(0, resolved.teams),
    slates,
    tonight,
    tables,
    rows: byTable(tables),
  };
}

/** `simulateLeague` day by day, for leagues that do not fit into memory. */
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
    function* playSlate(
      slate: Slate,
      games: readonly PlannedGame[],
    ): Generator<LeagueBatch, ReadonlyMap<string, number> | undefined> {
      if (league.through !== null && slate > league.through) return undefined;
      while (moves[0] !== undefined && moves[0].slate <= slate) moves.shift()?.apply(rosters);
      const rows = emptyRows();
      for (const change of feed.until(slate)) rows.scheduleGames.push(schedule.changed(season, change));
      if (league.withRosters)
        rows.rosterPlayers.push(...rosterRows(rosters.teams, season, slate, ids, sourceFile));
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
      yield {
        slate: league.through ?? plan.lastSlate,
        kind: 'schedule',
        rows: { ...emptyRows(), scheduleGames: late },
      };
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

/** Drifts pace and shooting a little from season to season. */
function driftClimate({ pace, two, three }: LeagueClimate, random: Random): LeagueClimate {
  return {
    pace: pace + random.normal(0, 0.7),
    two: two + random.normal(0.002, 0.007),
    three: three + random.normal(0, 0.008),
  };
}

/**
 * Describes a simulated league for people, one fact per line. The first line says that none of it is real.
 */
export function describeLeague(league: SimulatedLeague): string[] {
  const { options, tables, slates, tonight, teams } = league;
  const played = tables.playerBoxScores.filter((row) => row.played);
  const finals = tables.scheduleGames.filter((row) => row.statement === 'played');
  const players = new Set(tables.playerBoxScores.map((row) => row.player_id));
  const changed = (status: string): number =>
    tables.scheduleGames.filter((row) => row.statement === 'current' && row.status === status).length;
  const first = slates[0];
  const last = slates[slates.length - 1];
  const lines = [
    `A simulated league, seed ${options.seed}: teams, players, results, lines and injuries are invented.`,
    `${options.seasons.length === 1 ? 'Season' : 'Seasons'} ${options.seasons.join(', ')}: ${teams.length} teams, ${count(players.size, 'player')}.`,
    first === undefined || last === undefined
      ? 'No results yet.'
      : `${count(finals.length, 'game')} played on ${count(slates.length, 'slate')}, ${first} to ${last}; ${count(played.length, 'player game')}.`,
    `${count(changed('postponed'), 'game')} postponed, ${changed('cancelled')} not necessary, ${count(movedGames(league), 'game')} moved to another date.`,
    options.scenario.noLines
      ? 'No lines: the scenario leaves the odds feed out.'
      : `${count(tables.playerLines.length, 'player line')} and ${count(tables.gameLines.length, 'game line')} at three invented bookmakers.`,
    options.scenario.noStatusFeed
      ? 'No injury reports: the scenario leaves the status feed out.'
      : `${count(tables.injuryReports.length, 'injury statement')} in ${count(new Set(tables.injuryReports.map((row) => row.report_at)).size, 'report')}.`,
  ];
  if (options.withShots) lines.push(`${count(tables.shots.length, 'shot')}.`);
  if (tonight !== null) lines.push(tonightLine(league, tonight));
  return lines;
}

function tonightLine(league: SimulatedLeague, tonight: string): string {
  const events = new Set(
    league.tables.gameLines.filter((row) => row.slate === tonight).map((row) => row.event_id),
  );
  const quoted = new Set(
    league.tables.playerLines.filter((row) => row.slate === tonight).map((row) => row.player_lookup),
  );
  const starts = tipoffsOf(league, tonight);
  const [first, last] = [starts[0], starts[starts.length - 1]];
  const hours =
    first === undefined || last === undefined
      ? ''
      : `, tip-offs from ${easternTime(new Date(first))} to ${easternTime(new Date(last))} ET`;
  return `Tonight is ${tonight}: ${count(Math.max(starts.length, events.size), 'game')} without results${hours}; ${count(quoted.size, 'player')} quoted.`;
}

/** Tip-offs of a slate, by the newest statement about each game. */
function tipoffsOf(league: SimulatedLeague, slate: string): string[] {
  const newest = new Map<string, { slate: string; status: string; tipoff: string }>();
  for (const row of league.tables.scheduleGames) {
    if (row.game_id !== null && row.tipoff_at !== null)
      newest.set(row.game_id, { slate: row.slate, status: row.status, tipoff: row.tipoff_at });
  }
  const tonight = [...newest.values()].filter((game) => game.slate === slate && game.status === 'scheduled');
  return tonight.map((game) => game.tipoff).sort();
}

/** Number of games played, or now scheduled, on a different date than first published. */
function movedGames({ tables }: SimulatedLeague): number {
  const published = new Map(
    tables.scheduleGames
      .filter((row) => row.statement === 'published')
      .map((row) => [row.game_id, row.slate]),
  );
  const later = tables.scheduleGames.filter(
    (row) => row.statement === 'current' && row.status === 'scheduled',
  );
  return new Set(
    later
      .filter((row) => published.has(row.game_id) && published.get(row.game_id) !== row.slate)
      .map((row) => row.game_id),
  ).size;
}

export interface LoadLeagueOptions {
  /** Withholds rows whose `ingested_at` is after the clock's instant. Nothing is withheld when absent. */
  readonly clock?: Clock;
  /** ISO instant up to which an earlier load was complete: only rows that became known later are considered. */
  readonly since?: string;
}

/** Row counts of a load. `loaded` is by table name; loaded + duplicate + withheld is every row of the league. */
export interface LoadedLeague {
  readonly loaded: Readonly<Record<string, number>>;
  readonly duplicate: number;
  readonly withheld: number;
}

/**
 * Writes the rows of a simulated league into the raw tables, creating missing ones. Existing rows are left
 * alone, so a second load changes nothing, and a load with a later clock adds only what has become known
 * since. Each table is written atomically; errors are those of the warehouse.
 */
export async function loadLeague(
  warehouse: Warehouse,
  league: SimulatedLeague,
  options: LoadLeagueOptions = {},
): Promise<LoadedLeague> {
  const { since } = options;
  const now = options.clock?.now().toISOString();
  await warehouse.prepare(league.rows.map(({ table }) => table));
  const loaded: Record<string, number> = {};
  let [duplicate, withheld] = [0, 0];
  for (const { table, rows } of league.rows) {
    const news = since === undefined ? rows : rows.filter((row) => String(row['ingested_at']) > since);
    const known = now === undefined ? news : news.filter((row) => String(row['ingested_at']) <= now);
    const fresh = await warehouse.appendNew(table, known);
    loaded[table.name] = fresh;
    duplicate += known.length - fresh;
    withheld += news.length - known.length;
  }
  return { loaded, duplicate, withheld };
}
