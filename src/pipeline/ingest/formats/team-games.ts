import { teamBoxScores } from '#core/contracts/nba_raw/team-box-scores.ts';
import { calendarDate, gameKey, matchup, seasonIdAgrees, sideOf, teamOf, withinSeason } from '#pipeline/ingest/cells.ts';
import { type CsvRecord, hasColumns, readCsv } from '#pipeline/ingest/csv.ts';
import type { InputFormat } from '#pipeline/ingest/format.ts';
import { collectCsv, type KeyedRow } from '#pipeline/ingest/rejection.ts';
import { BOX_COLUMNS, boxStatistics } from './box-statistics.ts';
import { requiredCount } from './fields.ts';
import { winOrLoss } from './win-or-loss.ts';

const COLUMNS = ['SEASON_ID', 'TEAM_ID', 'TEAM_ABBREVIATION', 'GAME_ID', 'GAME_DATE', 'MATCHUP', 'WL', 'MIN', ...BOX_COLUMNS] as const;
type Column = (typeof COLUMNS)[number];

/** Team game logs of a season as NBA statistics list them: two rows a game. */
export const teamGames: InputFormat = {
  id: 'team_games_csv',
  description: 'CSV of team box scores (LeagueGameLog of teams): one row per team and game',
  recognise: (_path, head) => hasColumns(head, ['TEAM_ID', 'GAME_ID', 'MATCHUP', 'PTS'], ['PLAYER_ID']),
  parse: (file) => collectCsv(readCsv(file, COLUMNS), teamRow),
};

/** The side is taken from MATCHUP by the team's name, not by "vs." or "@": on neutral ground both rows carry one text. */
function teamRow(record: CsvRecord<Column>): KeyedRow {
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
        minutes: requiredCount('MIN', record.text('MIN')),
        ...boxStatistics(record),
      },
    },
  };
}
