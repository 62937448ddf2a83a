import { playerBoxScores, teamBoxScores } from '#core/contracts/nba_raw.ts';
import { playerLookup } from '#core/names.ts';
import {
  calendarDate,
  gameKey,
  matchup,
  seasonIdAgrees,
  sideOf,
  teamOf,
  withinSeason,
} from '#pipeline/ingest/cells.ts';
import { type CsvRecord, hasColumns, readCsv } from '#pipeline/ingest/csv.ts';
import type { InputFormat } from '#pipeline/ingest/format.ts';
import { collectCsv, type KeyedRow, RowRejection } from '#pipeline/ingest/rows.ts';
import { optionalNumber, requiredCount, requiredMinutes, requiredTeam, winOrLoss } from './fields.ts';

/** The columns NBA statistics files use for the counting statistics of a player's or a team's game. */
const BOX_COLUMNS = [
  'PTS',
  'FGM',
  'FGA',
  'FG3M',
  'FG3A',
  'FTM',
  'FTA',
  'OREB',
  'DREB',
  'REB',
  'AST',
  'STL',
  'BLK',
  'TOV',
  'PF',
  'PLUS_MINUS',
] as const;
type BoxColumn = (typeof BOX_COLUMNS)[number];

/** Most points a contract believes of one row, so that a shifted column does not pass as a score. */
const MAX_POINTS = 200;

/** Reads the counting statistics of a row and checks that they agree with each other. Percentages are not read: they follow from the counts. Throws RowRejection. */
function boxStatistics(record: CsvRecord<BoxColumn>) {
  const value = (column: BoxColumn): number => requiredCount(column, record.text(column));
  const box = {
    points: value('PTS'),
    fgm: value('FGM'),
    fga: value('FGA'),
    fg3m: value('FG3M'),
    fg3a: value('FG3A'),
    ftm: value('FTM'),
    fta: value('FTA'),
    oreb: value('OREB'),
    dreb: value('DREB'),
    reb: value('REB'),
    ast: value('AST'),
    stl: value('STL'),
    blk: value('BLK'),
    tov: value('TOV'),
    pf: value('PF'),
    plus_minus: optionalNumber('PLUS_MINUS', record.text('PLUS_MINUS')),
  };
  atMost('FGM', box.fgm, 'FGA', box.fga);
  atMost('FG3M', box.fg3m, 'FG3A', box.fg3a);
  atMost('FG3M', box.fg3m, 'FGM', box.fgm);
  atMost('FTM', box.ftm, 'FTA', box.fta);
  if (box.oreb + box.dreb !== box.reb) {
    throw new RowRejection(
      'REB',
      'impossible_value',
      `expected OREB + DREB = ${box.oreb + box.dreb}, saw ${box.reb}`,
    );
  }
  const points = 2 * box.fgm + box.fg3m + box.ftm;
  if (points !== box.points) {
    throw new RowRejection(
      'PTS',
      'impossible_value',
      `expected 2 FGM + FG3M + FTM = ${points}, saw ${box.points}`,
    );
  }
  if (box.points > MAX_POINTS) {
    throw new RowRejection(
      'PTS',
      'impossible_value',
      `expected at most ${MAX_POINTS} points, saw ${box.points}`,
    );
  }
  return box;
}

function atMost(field: string, value: number, limitField: string, limit: number): void {
  if (value > limit)
    throw new RowRejection(
      field,
      'impossible_value',
      `expected at most ${limitField} = ${limit}, saw ${value}`,
    );
}

/** The columns every player file of NBA statistics has. */
const PLAYER_BOX_COLUMNS = [
  'PLAYER_ID',
  'PLAYER_NAME',
  'TEAM_ID',
  'TEAM_ABBREVIATION',
  'GAME_ID',
  'GAME_DATE',
  'MATCHUP',
  'MIN',
  ...BOX_COLUMNS,
] as const;
type PlayerColumn = (typeof PLAYER_BOX_COLUMNS)[number];

/** Longest time the contract believes of one player: regulation and several overtimes. */
const MAX_MINUTES = 70;

/** Normalised names, remembered per file: a player occurs some fifty times. */
function lookupMemory(): (name: string) => string {
  const known = new Map<string, string>();
  return (name) => {
    let lookup = known.get(name);
    if (lookup === undefined) {
      lookup = playerLookup(name);
      known.set(name, lookup);
    }
    return lookup;
  };
}

/**
 * One player and game. These files list who was on court only: MIN = 0 means seconds, so every row has played = true.
 * In games on neutral ground both teams' rows may be written with "@"; `is_home` then is false for both, as printed.
 * Throws RowRejection.
 */
function playerBoxRow(
  record: CsvRecord<PlayerColumn>,
  lookup: (name: string) => string,
  isStarter: boolean | null,
): KeyedRow {
  const game = gameKey('GAME_ID', record.text('GAME_ID'));
  const slate = calendarDate('GAME_DATE', record.text('GAME_DATE'));
  withinSeason('GAME_DATE', slate, game);
  const own = teamOf(
    { field: 'TEAM_ABBREVIATION', text: record.text('TEAM_ABBREVIATION') },
    { field: 'TEAM_ID', text: record.text('TEAM_ID') },
  );
  const { opponent, isHome } = sideOf('MATCHUP', own, matchup('MATCHUP', record.text('MATCHUP')));
  const playerId = requiredCount('PLAYER_ID', record.text('PLAYER_ID'));
  const name = record.text('PLAYER_NAME');
  const player_lookup = lookup(name);
  if (playerId === 0 || player_lookup === '') {
    throw new RowRejection(
      'PLAYER_NAME',
      'no_player',
      `expected a player, saw the name "${name}" and the id ${playerId}`,
    );
  }
  const minutes = requiredMinutes('MIN', record.text('MIN'));
  if (minutes > MAX_MINUTES)
    throw new RowRejection(
      'MIN',
      'impossible_value',
      `expected at most ${MAX_MINUTES} minutes, saw ${minutes}`,
    );
  return {
    key: `player ${playerId} in game ${game.gameId}`,
    row: {
      table: playerBoxScores,
      line: record.line,
      record: {
        game_id: game.gameId,
        slate,
        season: game.season,
        season_type: game.seasonType,
        team_id: own.id,
        team_abbr: own.abbr,
        opponent_abbr: opponent.abbr,
        is_home: isHome,
        player_id: playerId,
        player_name: name,
        player_lookup,
        played: true,
        dnp_reason: null,
        minutes,
        is_starter: isStarter,
        ...boxStatistics(record),
      },
    },
  };
}

const GAME_LOG_COLUMNS = ['SEASON_ID', 'SEASON', ...PLAYER_BOX_COLUMNS] as const;

/** Player game logs of a season as NBA statistics list them: one row per player who was on court. */
export const playerGameLogs: InputFormat = {
  id: 'player_game_logs_csv',
  description:
    'CSV of player game logs (LeagueGameLog of players): one row per player and game, regular season or later',
  recognise: (_path, head) =>
    hasColumns(head, ['PLAYER_ID', 'GAME_ID', 'MATCHUP', 'SEASON_ID'], ['OPP_ABBREVIATION']),
  parse: (file) => {
    const lookup = lookupMemory();
    return collectCsv(readCsv(file, GAME_LOG_COLUMNS), (record) => {
      const game = gameKey('GAME_ID', record.text('GAME_ID'));
      seasonIdAgrees('SEASON_ID', record.text('SEASON_ID'), game);
      if (record.text('SEASON') !== game.season) {
        throw new RowRejection(
          'SEASON',
          'impossible_value',
          `expected ${game.season} as the game id says, saw "${record.text('SEASON')}"`,
        );
      }
      return playerBoxRow(record, lookup, null);
    });
  },
};

const PLAYOFF_COLUMNS = ['OPP_ABBREVIATION', 'HOME_GAME', 'START_POSITION', ...PLAYER_BOX_COLUMNS] as const;
type PlayoffColumn = (typeof PLAYOFF_COLUMNS)[number];

/**
 * Player box scores widened with ratings and totals of both teams. Only the box score and the starting position are
 * loaded: the other columns are outcomes of the same game and can be computed again from the box scores.
 */
export const playerPlayoffs: InputFormat = {
  id: 'player_playoffs_csv',
  description: 'CSV of playoff box scores of players with opponent, starting position and ratings',
  recognise: (_path, head) =>
    hasColumns(head, ['PLAYER_ID', 'GAME_ID', 'MATCHUP', 'OPP_ABBREVIATION', 'START_POSITION']),
  parse: (file) => {
    const lookup = lookupMemory();
    return collectCsv(readCsv(file, PLAYOFF_COLUMNS), (record) => {
      const isStarter = starts(record.text('START_POSITION'));
      const keyed = playerBoxRow(record, lookup, isStarter);
      opponentAgrees(record);
      return keyed;
    });
  },
};

/** G, F and C (also G-F and the like) start; an empty position is the bench. */
function starts(position: string): boolean {
  if (position === '') return false;
  if (/^[GFC](?:-[GFC])?$/.test(position)) return true;
  throw new RowRejection(
    'START_POSITION',
    'impossible_value',
    `expected G, F, C or nothing, saw "${position}"`,
  );
}

function opponentAgrees(record: CsvRecord<PlayoffColumn>): void {
  const { home, away } = matchup('MATCHUP', record.text('MATCHUP'));
  const opponent = requiredTeam('OPP_ABBREVIATION', record.text('OPP_ABBREVIATION'));
  const own = requiredTeam('TEAM_ABBREVIATION', record.text('TEAM_ABBREVIATION'));
  const isHome = own === home;
  if (opponent !== (isHome ? away : home)) {
    throw new RowRejection(
      'OPP_ABBREVIATION',
      'impossible_value',
      `expected the opponent of ${record.text('MATCHUP')}, saw ${opponent.abbr}`,
    );
  }
  if (record.text('HOME_GAME') !== (isHome ? '1' : '0')) {
    throw new RowRejection(
      'HOME_GAME',
      'impossible_value',
      `expected ${isHome ? 1 : 0} for ${record.text('MATCHUP')}, saw "${record.text('HOME_GAME')}"`,
    );
  }
}

const TEAM_GAME_COLUMNS = [
  'SEASON_ID',
  'TEAM_ID',
  'TEAM_ABBREVIATION',
  'GAME_ID',
  'GAME_DATE',
  'MATCHUP',
  'WL',
  'MIN',
  ...BOX_COLUMNS,
] as const;
type TeamGameColumn = (typeof TEAM_GAME_COLUMNS)[number];

/** Team game logs of a season as NBA statistics list them: two rows a game. */
export const teamGames: InputFormat = {
  id: 'team_games_csv',
  description: 'CSV of team box scores (LeagueGameLog of teams): one row per team and game',
  recognise: (_path, head) => hasColumns(head, ['TEAM_ID', 'GAME_ID', 'MATCHUP', 'PTS'], ['PLAYER_ID']),
  parse: (file) => collectCsv(readCsv(file, TEAM_GAME_COLUMNS), teamRow),
};

/** The side is taken from MATCHUP by the team's name, not by "vs." or "@": on neutral ground both rows carry one text. */
function teamRow(record: CsvRecord<TeamGameColumn>): KeyedRow {
  const game = gameKey('GAME_ID', record.text('GAME_ID'));
  seasonIdAgrees('SEASON_ID', record.text('SEASON_ID'), game);
  const slate = calendarDate('GAME_DATE', record.text('GAME_DATE'));
  withinSeason('GAME_DATE', slate, game);
  const own = teamOf(
    { field: 'TEAM_ABBREVIATION', text: record.text('TEAM_ABBREVIATION') },
    { field: 'TEAM_ID', text: record.text('TEAM_ID') },
  );
  const { opponent, isHome } = sideOf('MATCHUP', own, matchup('MATCHUP', record.text('MATCHUP')));
  return {
    key: `${own.abbr} in game ${game.gameId}`,
    row: {
      table: teamBoxScores,
      line: record.line,
      record: {
        game_id: game.gameId,
        slate,
        season: game.season,
        season_type: game.seasonType,
        team_id: own.id,
        team_abbr: own.abbr,
        opponent_abbr: opponent.abbr,
        is_home: isHome,
        won: winOrLoss('WL', record.text('WL')),
        minutes: requiredMinutes('MIN', record.text('MIN')),
        ...boxStatistics(record),
      },
    },
  };
}
