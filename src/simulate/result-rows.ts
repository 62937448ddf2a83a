import type { PlayerBoxScore } from '#core/contracts/nba_raw/player-box-scores.ts';
import type { TeamBoxScore } from '#core/contracts/nba_raw/team-box-scores.ts';
import type { Availability } from './availability.ts';
import type { GameResult } from './game.ts';
import { type Matchday, sidesOf } from './matchday.ts';
import { UNITS_PER_MINUTE } from './rotation.ts';
import type { RowIds } from './row-id.ts';
import { iso } from './slate-clock.ts';
import { pointsOf, type StatLine } from './stat-line.ts';

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

/** Box scores of a game: a row per roster player, played or not, and a row per team that is the sum of its players. */
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

type Place = Pick<TeamBoxScore, 'game_id' | 'slate' | 'season' | 'season_type' | 'team_id' | 'team_abbr' | 'opponent_abbr' | 'is_home'>;

/** Written out in full, unlike its siblings: it runs for most rows of a league, and spreading costs as much as the game. */
function playedRow(place: Place, line: StatLine, ids: RowIds, source_file: string, ingested_at: string): PlayerBoxScore {
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
  const sum = (value: (line: StatLine) => number): number => lines.reduce((total, line) => total + value(line), 0);
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
    row_id: ids('team_box_scores', [place.game_id, place.team_abbr, counts.points, counts.fga, counts.reb, counts.ast, margin]),
    ingested_at,
  };
}

/** As box scores print it: with the team but not dressed, not with the team, or simply not used. */
function reasonOf({ plays, reason }: Availability): string {
  if (plays || reason === null) return COACH;
  return reason === 'Trade Pending' ? `NWT - ${reason}` : `DND - ${reason}`;
}
