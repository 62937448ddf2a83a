import { addDays, type Slate } from '#core/calendar.ts';
import type { Random } from '#core/random.ts';
import { decideAvailability, newsTimes, recordGame, reportTimes, writeReports } from './availability.ts';
import { type GameResult, playGame, type ShootingClimate, type SideSetting, type TimedShot } from './game.ts';
import { addRows, emptyRows, type LeagueRows, type RowIds } from './league-rows.ts';
import { gameLineRows, playerLineRows } from './markets.ts';
import { informationOf, type Matchday, type MatchdaySide } from './matchday.ts';
import { MINUTE, type ResolvedLeagueOptions, type SlateClock, slateClock } from './options.ts';
import { drift, expectRoles, type TeamState } from './players.ts';
import { reportRows, resultRows, type ScheduleWriter, shotRows, statusRows } from './provider-rows.ts';
import type { PlannedGame } from './season.ts';

/** League-wide level of play in a season. */
export interface LeagueClimate {
  readonly pace: number;
  readonly two: number;
  readonly three: number;
}

export interface GameDeps {
  readonly options: ResolvedLeagueOptions;
  readonly season: string;
  readonly teams: readonly TeamState[];
  readonly climate: LeagueClimate;
  readonly random: Random;
  readonly ids: RowIds;
  readonly sourceFile: string;
  readonly schedule: ScheduleWriter;
}

/** Relative gain in shooting at home, and loss away: about 2.3 points a game. */
const HOME_EDGE = 0.0145;
/** Relative loss in shooting on a back-to-back: about 0.8 points. */
const FATIGUE = 0.008;
const DEFENCE_DRIFT = 0.0015;
/** Share of results loaded the same night; the others arrive next morning. */
const SAME_NIGHT = 0.75;

/** Prepares a game day: final drifts, who will play, what the reports say. */
function openMatchday(deps: GameDeps, game: PlannedGame, clock: SlateClock): Matchday {
  const [home, away] = [deps.teams[game.home], deps.teams[game.away]];
  if (home === undefined || away === undefined)
    throw new RangeError(`game ${game.gameId} names a team the league does not have`);
  const times = newsTimes(clock, game.tipoff);
  const side = (state: TeamState, opponent: TeamState, edge: number): MatchdaySide => {
    const random = deps.random.fork('team', game.gameId, state.team.abbr);
    for (const player of state.roster) drift(player, random);
    state.defence += random.normal(0, DEFENCE_DRIFT);
    const backToBack = state.lastSlate === addDays(game.slate, -1);
    const availability = decideAvailability(state.roster, backToBack, random);
    const histories = writeReports(availability, times, random.fork('reports'));
    return {
      state,
      availability,
      backToBack,
      histories,
      climate: shooting(deps.climate, opponent, backToBack ? edge - FATIGUE : edge),
    };
  };
  return {
    season: deps.season,
    game,
    slate: game.slate,
    clock,
    home: side(home, away, HOME_EDGE),
    away: side(away, home, -HOME_EDGE),
    newsTimes: times,
    pace: deps.climate.pace + home.pace + away.pace,
    playoffs: game.seasonType === 'playoffs',
  };
}

function shooting(climate: LeagueClimate, opponent: TeamState, edge: number): ShootingClimate {
  const factor = (1 + edge) * (1 - opponent.defence);
  return { two: climate.two * factor, three: climate.three * factor };
}

/** Rows known before tip-off: reports of the slate, and quotes. */
function previewRows(deps: GameDeps, day: Matchday, reports: readonly number[]): LeagueRows {
  const rows = emptyRows();
  const random = deps.random.fork('market', day.game.gameId);
  const { noLines, noStatusFeed } = deps.options.scenario;
  const known = informationOf(day);
  return {
    ...rows,
    ...(noStatusFeed ? {} : statusRows(day, reports, deps.ids, deps.sourceFile)),
    playerLines: noLines ? [] : playerLineRows(day, known, random, deps.ids, deps.sourceFile),
    gameLines: noLines ? [] : gameLineRows(day, known, random.fork('game'), deps.ids, deps.sourceFile),
  };
}

/** Plays the game and updates the state of both teams. */
function finishMatchday(deps: GameDeps, day: Matchday): { rows: LeagueRows; winner: number } {
  const { gameId, tipoff } = day.game;
  const random = deps.random.fork('game', gameId);
  const shots: TimedShot[] = [];
  const setting = { pace: day.pace, home: floor(day, day.home), away: floor(day, day.away) };
  const result = playGame(setting, random, deps.options.withShots ? (shot) => shots.push(shot) : null);
  const knownAt = whenKnown(day.clock, tipoff, result, random.fork('known'));
  const { players, teams } = resultRows(day, result, knownAt, deps.ids, deps.sourceFile);
  const rows: LeagueRows = {
    ...emptyRows(),
    scheduleGames: [
      deps.schedule.played(deps.season, day.game, result.home.score, result.away.score, knownAt),
    ],
    playerBoxScores: players,
    teamBoxScores: teams,
    shots: deps.options.withShots
      ? shotRows(day, shots, knownAt, random.fork('shots'), deps.ids, deps.sourceFile)
      : [],
  };
  for (const { state, availability } of [day.home, day.away]) {
    recordGame(availability, random.fork('injuries', state.team.abbr));
    state.lastSlate = day.slate;
  }
  const { state } = result.home.score > result.away.score ? day.home : day.away;
  if (day.game.seasonType === 'regular') state.wins += 1;
  return { rows, winner: state.index };
}

function floor(day: Matchday, side: MatchdaySide): SideSetting {
  const presence = side.availability.map(({ plays }) => (plays ? 1 : 0));
  const roles = expectRoles(side.state.roster, presence, day.playoffs);
  return { roles: roles.filter((role) => role.presence === 1), climate: side.climate };
}

/** When a result is loaded: from half an hour after the end; for a quarter of the games only next morning. */
function whenKnown(
  { dayAfter }: SlateClock,
  tipoff: number,
  { overtimes }: GameResult,
  random: Random,
): number {
  const end = tipoff + (10 + random.int(128, 148) + 22 * overtimes) * MINUTE;
  if (random.chance(SAME_NIGHT)) return end + random.int(30, 80) * MINUTE;
  return dayAfter('09:00') + random.int(0, 30) * MINUTE;
}

/** Rows of all games of a slate before tip-off, and (unless the league stops here) of their results. */
export function runSlate(
  deps: GameDeps,
  slate: Slate,
  games: readonly PlannedGame[],
  play: boolean,
): { rows: LeagueRows; winners: ReadonlyMap<string, number> } {
  const rows = emptyRows();
  const winners = new Map<string, number>();
  const clock = slateClock(slate);
  const reports = reportTimes(
    clock,
    games.map(({ tipoff }) => tipoff),
  );
  const eve = eveReports(deps, clock, slate, games);
  for (const game of games) {
    const day = openMatchday(deps, game, clock);
    addRows(rows, previewRows(deps, day, reports));
    if (!play) continue;
    const finished = finishMatchday(deps, day);
    addRows(rows, finished.rows);
    winners.set(game.gameId, finished.winner);
  }
  if (!deps.options.scenario.noStatusFeed)
    rows.availabilityReports.push(...reportRows(rows, [...eve, ...reports], deps.ids, deps.sourceFile));
  return { rows, winners };
}

/** Reports of the evening before that cover early games; if that evening had games, its own reports cover them. */
function eveReports(
  { teams }: GameDeps,
  clock: SlateClock,
  slate: Slate,
  games: readonly PlannedGame[],
): number[] {
  if (teams.some(({ lastSlate }) => lastSlate === addDays(slate, -1))) return [];
  const news = games.flatMap(({ tipoff }) => newsTimes(clock, tipoff));
  return [...new Set(news)].filter((at) => at < clock.today('00:00'));
}
