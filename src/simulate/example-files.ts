import { easternTime } from '#core/calendar.ts';
import { MARKETS } from '#core/markets.ts';
import { TEAMS, type Team } from '#core/teams.ts';
import { simulateLeague } from './league.ts';
import type { LeagueOptions } from './options.ts';

/** A file of the example: its name and its text. */
export interface ExampleFile {
  readonly name: string;
  readonly text: string;
}

type Cells = Readonly<Record<string, string | number | null>>;

/** Our columns of counting statistics, by their column in NBA statistics files. */
const BOX = {
  PTS: 'points',
  FGM: 'fgm',
  FGA: 'fga',
  FG3M: 'fg3m',
  FG3A: 'fg3a',
  FTM: 'ftm',
  FTA: 'fta',
  OREB: 'oreb',
  DREB: 'dreb',
  REB: 'reb',
  AST: 'ast',
  STL: 'stl',
  BLK: 'blk',
  TOV: 'tov',
  PF: 'pf',
  PLUS_MINUS: 'plus_minus',
} as const;
type BoxRow = Readonly<Record<(typeof BOX)[keyof typeof BOX] | 'minutes', number | null>>;

interface TeamInGame {
  readonly game_id: string;
  readonly season: string;
  readonly slate: string;
  readonly team_abbr: string;
  readonly opponent_abbr: string;
  readonly is_home: boolean;
}

const ODDS_KEYS: ReadonlyMap<string, string> = new Map(MARKETS.map(({ id, oddsApiKey }) => [id, oddsApiKey]));

/**
 * A small simulated league as provider files in formats that `tipoff ingest` recognises: schedule, games
 * played, box scores of players and teams, timed quotes and availability reports. Players are invented; teams
 * use real NBA codes, because files about other teams are refused.
 */
export function exampleFiles(options: LeagueOptions): ExampleFile[] {
  const { teams, tables } = simulateLeague(options);
  const codes = new Map(teams.map(({ abbr }, i) => [abbr, TEAMS[i]]));
  const team = (abbr: string): Pick<Team, 'id' | 'abbr'> => codes.get(abbr) ?? { id: 0, abbr };
  const game = (row: TeamInGame): Cells => {
    const [own, opponent] = [team(row.team_abbr), team(row.opponent_abbr)];
    return {
      SEASON_ID: `${row.game_id.charAt(2)}${row.season.slice(0, 4)}`,
      TEAM_ID: own.id,
      TEAM_ABBREVIATION: own.abbr,
      GAME_ID: row.game_id,
      GAME_DATE: row.slate,
      MATCHUP: `${own.abbr} ${row.is_home ? 'vs.' : '@'} ${opponent.abbr}`,
    };
  };
  const box = (row: BoxRow): Cells => ({
    MIN: Math.round(row.minutes ?? 0),
    ...Object.fromEntries(Object.entries(BOX).map(([name, column]) => [name, row[column]])),
  });
  const listed = (row: Omit<TeamInGame, 'game_id' | 'season'> & { readonly report_at: string }): Cells => {
    const [own, opponent] = [team(row.team_abbr).abbr, team(row.opponent_abbr).abbr];
    return {
      game_date: row.slate,
      game_time_et: '',
      matchup: row.is_home ? `${opponent}@${own}` : `${own}@${opponent}`,
      team: own,
      first_report_utc: row.report_at,
      last_report_utc: row.report_at,
      n_reports: 1,
    };
  };
  const homes = new Set(tables.scheduleGames.map((row) => `${row.slate} ${row.home_abbr}`));
  const statement = (row: {
    slate: string;
    team_abbr: string;
    opponent_abbr: string | null;
    report_at: string;
  }): Cells =>
    listed({
      ...row,
      opponent_abbr: row.opponent_abbr ?? '',
      is_home: homes.has(`${row.slate} ${row.team_abbr}`),
    });
  return [
    csv(
      'schedule.csv',
      tables.scheduleGames.filter(({ statement: kind }) => kind === 'published'),
      (row) => ({
        gameId: row.game_id,
        gameDateTimeEst: `${row.slate} ${easternTime(new Date(row.tipoff_at ?? ''))}:00+00:00`,
        gameLabel: '',
        gameSubLabel: '',
        seriesText: '',
        hometeamId: team(row.home_abbr).id,
        awayteamId: team(row.away_abbr).id,
      }),
    ),
    csv('games_played.csv', tables.teamBoxScores, (row) => ({ ...game(row), WL: row.won ? 'W' : 'L' })),
    csv(
      'player_games.csv',
      tables.playerBoxScores.filter(({ played }) => played),
      (row) => ({
        SEASON: row.season,
        PLAYER_ID: row.player_id,
        PLAYER_NAME: row.player_name,
        ...game(row),
        ...box(row),
      }),
    ),
    csv('team_games.csv', tables.teamBoxScores, (row) => ({
      ...game(row),
      WL: row.won ? 'W' : 'L',
      ...box(row),
    })),
    csv('lines.csv', tables.playerLines, (row) => ({
      player: row.player_name,
      game: `${team(row.away_abbr).abbr} @ ${team(row.home_abbr).abbr}`,
      game_time: row.commence_at,
      market: ODDS_KEYS.get(row.market) ?? row.market,
      line: row.line,
      bookmaker: row.bookmaker,
      over_odds: row.over_price,
      under_odds: row.under_price,
      bookmaker_last_update: row.snapshot_at,
      market_last_update: row.snapshot_at,
    })),
    csv('availability.csv', [...tables.injuryReports, ...tables.teamStatements], (row) => ({
      ...statement(row),
      player: 'player_name' in row ? row.player_name : '',
      status: 'statement' in row ? row.statement.replaceAll('_', ' ') : row.status,
      reason: 'reason' in row ? row.reason : '',
    })),
    csv('availability_reports.csv', tables.availabilityReports, (row) => ({
      report_utc: row.report_at,
      file: '',
      git_blob_sha1: '',
      bytes: 0,
      pages: 1,
      player_rows: row.player_statements,
      not_yet_submitted_rows: row.team_statements,
    })),
  ];
}

function csv<Row>(name: string, rows: readonly Row[], cellsOf: (row: Row) => Cells): ExampleFile {
  const lines = rows.map(cellsOf);
  const columns = Object.keys(lines[0] ?? {});
  const line = (cells: readonly unknown[]): string => `${cells.map(quoted).join(',')}\n`;
  return {
    name,
    text: line(columns) + lines.map((cells) => line(columns.map((column) => cells[column]))).join(''),
  };
}

function quoted(cell: unknown): string {
  const text = String(cell ?? '');
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
