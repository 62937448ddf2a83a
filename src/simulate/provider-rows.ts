import type { Slate } from '#core/calendar.ts';
import type {
  AvailabilityReport,
  InjuryReport,
  PlayerBoxScore,
  RosterPlayer,
  ScheduleGame,
  Shot,
  TeamBoxScore,
  TeamStatement,
} from '#core/contracts/nba_raw.ts';
import { countBy } from '#core/count-by.ts';
import type { Random } from '#core/random.ts';
import { type Availability, backToBackSubmission, statusAt } from './availability.ts';
import { type GameResult, pointsOf, type StatLine, type TimedShot } from './game.ts';
import type { LeagueRows, RowIds } from './league-rows.ts';
import { type Matchday, sidesOf } from './matchday.ts';
import { HOUR, iso, MINUTE, wallClockOf } from './options.ts';
import { type TeamState, UNITS_PER_MINUTE } from './players.ts';
import type { GameTime, PlannedGame, ScheduleChange } from './season.ts';
import type { SimulatedTeam } from './teams.ts';

/** Delay from a report to its load, in ms. */
const LOADED_AFTER = 3 * MINUTE;

/** Writes the rows of a schedule source at three moments: published, changed, played. */
export interface ScheduleWriter {
  published(season: string, games: readonly PlannedGame[], publishedOn: Slate): ScheduleGame[];
  changed(season: string, change: ScheduleChange): ScheduleGame;
  played(season: string, game: PlannedGame, home: number, away: number, knownAt: number): ScheduleGame;
}

type Saying = Pick<ScheduleGame, 'statement' | 'status' | 'status_text' | 'home_score' | 'away_score'> & {
  at: number;
  loaded: number;
};

export function scheduleWriter(
  teams: readonly SimulatedTeam[],
  ids: RowIds,
  source_file: string,
): ScheduleWriter {
  const row = (
    season: string,
    game: PlannedGame,
    time: GameTime,
    { at, loaded, ...says }: Saying,
  ): ScheduleGame => {
    const observed_at = iso(at);
    return {
      source_game_key: game.gameId,
      game_id: game.gameId,
      season,
      season_type: game.seasonType,
      slate: time.slate,
      tipoff_at: iso(time.tipoff),
      home_abbr: teams[game.home]?.abbr ?? '',
      away_abbr: teams[game.away]?.abbr ?? '',
      label: game.label,
      ...says,
      observed_at,
      source: 'simulated',
      source_file,
      source_line: null,
      row_id: ids('schedule_games', [
        game.gameId,
        says.statement,
        says.status,
        time.slate,
        time.tipoff,
        at,
        says.home_score,
        says.away_score,
      ]),
      ingested_at: iso(loaded),
    };
  };
  const noScore = { home_score: null, away_score: null };
  return {
    published: (season, games, publishedOn) => {
      const at = wallClockOf(publishedOn)('15:00');
      const says = {
        statement: 'published',
        status: 'scheduled',
        status_text: 'Scheduled',
        ...noScore,
        at,
        loaded: at + HOUR,
      };
      return games.flatMap((game) =>
        game.published === null ? [] : [row(season, game, game.published, says)],
      );
    },
    changed: (season, { game, time, status, statusText, observedAt }) =>
      row(season, game, time, {
        statement: 'current',
        status,
        status_text: statusText,
        ...noScore,
        at: observedAt,
        loaded: observedAt + 5 * MINUTE,
      }),
    played: (season, game, home_score, away_score, knownAt) =>
      row(season, game, game, {
        statement: 'played',
        status: 'final',
        status_text: 'Final',
        home_score,
        away_score,
        at: knownAt,
        loaded: knownAt,
      }),
  };
}

/** Availability rows of a game: until tip-off, every report names every player in doubt again. */
export function statusRows(
  day: Matchday,
  reports: readonly number[],
  ids: RowIds,
  source_file: string,
): Pick<LeagueRows, 'injuryReports' | 'teamStatements'> {
  const rows: InjuryReport[] = [];
  const lists: TeamStatement[] = [];
  const eve = day.newsTimes.filter((at) => at < day.clock.today('00:00'));
  const times = [...eve, ...reports.filter((at) => at < day.game.tipoff)].map((at) => ({
    at,
    report_at: iso(at),
    ingested_at: iso(at + LOADED_AFTER),
  }));
  for (const { side, opponent } of sidesOf(day)) {
    const submittedAt = side.backToBack ? backToBackSubmission(day.clock, day.game.tipoff) : 0;
    const submitted = times.filter(({ at }) => at >= submittedAt);
    for (const { at, report_at, ingested_at } of times) {
      if (at >= submittedAt) continue;
      lists.push({
        report_at,
        last_report_at: null,
        slate: day.slate,
        team_abbr: side.state.team.abbr,
        opponent_abbr: opponent.state.team.abbr,
        statement: 'not_yet_submitted',
        source: 'simulated',
        source_file,
        source_line: null,
        row_id: ids('team_statements', [day.game.gameId, at, side.state.team.abbr]),
        ingested_at,
      });
    }
    for (const history of side.histories) {
      const { player, reason } = history.availability;
      for (const time of submitted) {
        const status = statusAt(history, time.at);
        if (status === null) continue;
        rows.push({
          report_at: time.report_at,
          last_report_at: null,
          slate: day.slate,
          team_abbr: side.state.team.abbr,
          opponent_abbr: opponent.state.team.abbr,
          player_id: player.id,
          player_name: player.identity.name,
          player_lookup: player.identity.lookup,
          status,
          reason,
          status_printed: null,
          noted_at: null,
          provider_player_id: null,
          source: 'simulated',
          source_file,
          source_line: null,
          row_id: ids('injury_reports', [day.game.gameId, time.at, player.id, status]),
          ingested_at: time.ingested_at,
        });
      }
    }
  }
  return { injuryReports: rows, teamStatements: lists };
}

/** The reports of a slate with their number of statements, including those that name nobody. */
export function reportRows(
  { injuryReports, teamStatements }: LeagueRows,
  reports: readonly number[],
  ids: RowIds,
  source_file: string,
): AvailabilityReport[] {
  const players = countBy(injuryReports, ({ report_at }) => report_at);
  const teams = countBy(teamStatements, ({ report_at }) => report_at);
  return reports.map((at) => {
    const report_at = iso(at);
    return {
      report_at,
      label_at: null,
      made_at: null,
      pages: null,
      player_statements: players.get(report_at) ?? 0,
      team_statements: teams.get(report_at) ?? 0,
      source: 'simulated',
      source_file,
      source_line: null,
      row_id: ids('availability_reports', [at]),
      ingested_at: iso(at + LOADED_AFTER),
    };
  });
}

/** When the lists of players of a slate are fetched, New York time: before the first run of the day. */
const LISTED_AT = '08:00';

/** The rosters of all teams on the morning of a slate. */
export function rosterRows(
  teams: readonly TeamState[],
  season: string,
  slate: Slate,
  ids: RowIds,
  source_file: string,
): RosterPlayer[] {
  const at = wallClockOf(slate)(LISTED_AT);
  return teams.flatMap(({ team, roster }) =>
    roster.map(({ id, identity }) => ({
      observed_at: iso(at),
      season,
      player_id: id,
      provider_player_id: null,
      player_name: identity.name,
      player_lookup: identity.lookup,
      team_abbr: team.abbr,
      is_on_roster: true,
      position: null,
      jersey: null,
      from_year: null,
      to_year: null,
      source: 'simulated',
      source_file,
      source_line: null,
      row_id: ids('roster_players', [at, id, team.abbr]),
      ingested_at: iso(at + LOADED_AFTER),
    })),
  );
}

/** Share of twos taken in the paint, by archetype. */
const PAINT = { guard: 0.62, wing: 0.66, big: 0.84 };

/** Shot rows with location and game clock, drawn from their own stream. Threes from 22 feet, the paint within 14. */
export function shotRows(
  day: Matchday,
  shots: readonly TimedShot[],
  knownAt: number,
  random: Random,
  ids: RowIds,
  source_file: string,
): Shot[] {
  const ingested_at = iso(knownAt);
  const seen = new Map<string, number>();
  return shots.map(({ line, three, made, stretch, home }) => {
    const { player } = line;
    const paint = !three && random.chance(PAINT[player.archetype]);
    const angle = random.between(0, Math.PI);
    const distance = three
      ? random.between(22.2, 28)
      : paint
        ? random.between(0.5, 13)
        : random.between(9, 21.5);
    const period = stretch === 0 ? random.int(1, 3) : stretch + 3;
    const seconds = random.int(1, period > 4 ? 299 : 719);
    const key = `${player.id}/${period}/${seconds}/${Math.floor(distance)}`;
    const ordinal = seen.get(key) ?? 0;
    seen.set(key, ordinal + 1);
    const [side, opponent] = home ? [day.home, day.away] : [day.away, day.home];
    return {
      game_id: day.game.gameId,
      slate: day.slate,
      season: day.season,
      player_id: player.id,
      team_id: side.state.team.id,
      team_abbr: side.state.team.abbr,
      opponent_abbr: opponent.state.team.abbr,
      zone: three ? 'three' : paint ? 'paint' : 'mid_range',
      basic_zone: three
        ? 'Above the Break 3'
        : paint
          ? distance < 4
            ? 'Restricted Area'
            : 'In The Paint (Non-RA)'
          : 'Mid-Range',
      made,
      points_value: three ? 3 : 2,
      distance_feet: Math.floor(distance),
      loc_x: hundredths(Math.cos(angle) * distance),
      loc_y: hundredths(Math.sin(angle) * distance),
      period,
      seconds_left: seconds,
      shot_ordinal: ordinal,
      source: 'simulated',
      source_file,
      source_line: null,
      row_id: ids('shots', [day.game.gameId, key, ordinal, made ? 1 : 0]),
      ingested_at,
    };
  });
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

const COACH = "DNP - Coach's Decision";
const NOTHING = {
  points: null,
  fgm: null,
  fga: null,
  fg3m: null,
  fg3a: null,
  ftm: null,
  fta: null,
  oreb: null,
  dreb: null,
  reb: null,
  ast: null,
  stl: null,
  blk: null,
  tov: null,
  pf: null,
  plus_minus: null,
};

/** Box scores of a game: a row per roster player, whether he played or not, and a row per team with their sums. */
export function resultRows(
  day: Matchday,
  result: GameResult,
  knownAt: number,
  ids: RowIds,
  source_file: string,
): { players: PlayerBoxScore[]; teams: TeamBoxScore[] } {
  const players: PlayerBoxScore[] = [];
  const teams: TeamBoxScore[] = [];
  const ingested_at = iso(knownAt);
  const { gameId: game_id, seasonType: season_type } = day.game;
  for (const { side, opponent, isHome } of sidesOf(day)) {
    const { lines, score } = isHome ? result.home : result.away;
    const other = isHome ? result.away.score : result.home.score;
    const { id: team_id, abbr: team_abbr } = side.state.team;
    const place = {
      game_id,
      slate: day.slate,
      season: day.season,
      season_type,
      team_id,
      team_abbr,
      opponent_abbr: opponent.state.team.abbr,
      is_home: isHome,
    };
    const byPlayer = new Map(lines.map((line) => [line.player, line]));
    for (const availability of side.availability) {
      const { player } = availability;
      const line = byPlayer.get(player);
      players.push(
        line !== undefined && line.units > 0
          ? playedRow(place, line, ids, source_file, ingested_at)
          : absentRow(place, availability, line?.starter ?? false, ids, source_file, ingested_at),
      );
    }
    teams.push(teamRow(place, lines, score - other, ids, source_file, ingested_at));
  }
  return { players, teams };
}

type Place = Pick<
  TeamBoxScore,
  'game_id' | 'slate' | 'season' | 'season_type' | 'team_id' | 'team_abbr' | 'opponent_abbr' | 'is_home'
>;

/**
 * Written out field by field for speed: it builds most rows of a league, and spreading costs as much as the game itself.
 */
function playedRow(
  place: Place,
  line: StatLine,
  ids: RowIds,
  source_file: string,
  ingested_at: string,
): PlayerBoxScore {
  const { player } = line;
  const minutes = line.units / UNITS_PER_MINUTE;
  const points = pointsOf(line);
  const reb = line.oreb + line.dreb;
  return {
    game_id: place.game_id,
    slate: place.slate,
    season: place.season,
    season_type: place.season_type,
    team_id: place.team_id,
    team_abbr: place.team_abbr,
    opponent_abbr: place.opponent_abbr,
    is_home: place.is_home,
    player_id: player.id,
    player_name: player.identity.name,
    player_lookup: player.identity.lookup,
    played: true,
    dnp_reason: null,
    minutes,
    is_starter: line.starter,
    points,
    fgm: line.fgm,
    fga: line.fga,
    fg3m: line.fg3m,
    fg3a: line.fg3a,
    ftm: line.ftm,
    fta: line.fta,
    oreb: line.oreb,
    dreb: line.dreb,
    reb,
    ast: line.ast,
    stl: line.stl,
    blk: line.blk,
    tov: line.tov,
    pf: line.pf,
    plus_minus: line.plusMinus,
    source: 'simulated',
    source_file,
    source_line: null,
    row_id: ids('player_box_scores', [
      place.game_id,
      player.id,
      line.units,
      points,
      line.fga,
      line.fta,
      reb,
      line.ast,
      line.stl,
      line.blk,
      line.tov,
      line.pf,
      line.plusMinus,
    ]),
    ingested_at,
  };
}

function absentRow(
  place: Place,
  availability: Availability,
  is_starter: boolean,
  ids: RowIds,
  source_file: string,
  ingested_at: string,
): PlayerBoxScore {
  const { player } = availability;
  const dnp_reason = reasonOf(availability);
  return {
    ...place,
    player_id: player.id,
    player_name: player.identity.name,
    player_lookup: player.identity.lookup,
    played: false,
    dnp_reason,
    minutes: null,
    is_starter,
    ...NOTHING,
    source: 'simulated',
    source_file,
    source_line: null,
    row_id: ids('player_box_scores', [place.game_id, player.id, dnp_reason]),
    ingested_at,
  };
}

function teamRow(
  place: Place,
  lines: readonly StatLine[],
  margin: number,
  ids: RowIds,
  source_file: string,
  ingested_at: string,
): TeamBoxScore {
  const sum = (value: (line: StatLine) => number): number =>
    lines.reduce((total, line) => total + value(line), 0);
  const counts = {
    points: sum(pointsOf),
    fgm: sum((line) => line.fgm),
    fga: sum((line) => line.fga),
    fg3m: sum((line) => line.fg3m),
    fg3a: sum((line) => line.fg3a),
    ftm: sum((line) => line.ftm),
    fta: sum((line) => line.fta),
    oreb: sum((line) => line.oreb),
    dreb: sum((line) => line.dreb),
    reb: sum((line) => line.oreb + line.dreb),
    ast: sum((line) => line.ast),
    stl: sum((line) => line.stl),
    blk: sum((line) => line.blk),
    tov: sum((line) => line.tov),
    pf: sum((line) => line.pf),
    plus_minus: margin,
  };
  return {
    ...place,
    won: margin > 0,
    minutes: sum((line) => line.units) / UNITS_PER_MINUTE,
    ...counts,
    source: 'simulated',
    source_file,
    source_line: null,
    row_id: ids('team_box_scores', [
      place.game_id,
      place.team_abbr,
      counts.points,
      counts.fga,
      counts.reb,
      counts.ast,
      margin,
    ]),
    ingested_at,
  };
}

/** Reason as box scores print it: with the team but not dressed, not with the team, or coach's decision. */
function reasonOf({ plays, reason }: Availability): string {
  if (plays || reason === null) return COACH;
  return reason === 'Trade Pending' ? `NWT - ${reason}` : `DND - ${reason}`;
}
