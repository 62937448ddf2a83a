import { MARKETS } from '#core/markets.ts';
import { defineTable, nullable, type RowOf, required } from './define.ts';
import { AMERICAN_PRICES, boxColumns, LINE_RANGE, PLAYER_BOX_RULES, TWO_TEAMS } from './nba_raw.ts';

export const playerGameSummary = defineTable({
  dataset: 'nba_analytics',
  name: 'player_game_summary',
  description:
    'One row per player and game of the newest version of the best source. A player who did not play has null minutes and points, never zero.',
  columns: {
    player_id: required.int('NBA player id'),
    game_id: required.string('Official 10-digit game id'),
    slate: required.date('ET calendar date of tip-off'),
    season: required.string('Season label'),
    season_type: required.string('regular, play_in or playoffs'),
    player_name: required.string('Name as printed'),
    player_lookup: required.string('Normalised name'),
    team_abbr: required.string('Three-letter team code'),
    opponent_abbr: required.string('Three-letter code of the opponent'),
    is_home: required.bool('True for the home team'),
    played: required.bool('True when the player was on court'),
    dnp_reason: nullable.string('Why not, where the source says so'),
    minutes: nullable.float('Minutes on court', { decimals: 3, range: [0, 70] }),
    is_starter: nullable.bool('Started the game'),
    ...boxColumns,
    source: required.string('Source of the row'),
    raw_row_id: required.string('row_id of the raw row'),
  },
  key: ['player_id', 'game_id'],
  partition: 'slate',
  cluster: ['player_id'],
  partitionFilterRequired: true,
  rules: [...PLAYER_BOX_RULES, TWO_TEAMS],
  writer: 'PlayerGameSummary',
});
export type PlayerGameSummary = RowOf<typeof playerGameSummary>;

export const teamGameSummary = defineTable({
  dataset: 'nba_analytics',
  name: 'team_game_summary',
  description:
    'One row per team and game: from the team box score where there is one, otherwise summed from the players.',
  columns: {
    team_abbr: required.string('Three-letter team code'),
    game_id: required.string('Official 10-digit game id'),
    slate: required.date('ET calendar date of tip-off'),
    season: required.string('Season label'),
    season_type: required.string('regular, play_in or playoffs'),
    opponent_abbr: required.string('Three-letter code of the opponent'),
    is_home: required.bool('True for the home team'),
    points: required.int('Points scored', { range: [40, 250] }),
    opponent_points: required.int('Points allowed', { range: [40, 250] }),
    margin: required.int('points - opponent_points'),
    won: required.bool('margin > 0'),
    minutes: required.float('Team minutes per player on court, 48 without overtime', { decimals: 3 }),
    fga: required.int('Field goals attempted'),
    fta: required.int('Free throws attempted'),
    oreb: required.int('Offensive rebounds'),
    tov: required.int('Turnovers'),
    possessions: required.float('FGA + 0.44 FTA + TOV - OREB', { decimals: 6 }),
    pace: required.float('Possessions per 48 minutes', { decimals: 6 }),
    players_points: nullable.int('Sum of the players’ points; null without player rows'),
    source: required.string('team_box_score or player_sum'),
  },
  key: ['team_abbr', 'game_id'],
  partition: 'slate',
  rules: [
    TWO_TEAMS,
    { kind: 'sum', column: 'margin', of: { points: 1, opponent_points: -1 } },
    { kind: 'sum', column: 'possessions', of: { fga: 1, fta: 0.44, tov: 1, oreb: -1 }, within: 0.001 },
  ],
  writer: 'TeamGameSummary',
});

export const upcomingTeamGameContext = defineTable({
  dataset: 'nba_analytics',
  name: 'upcoming_team_game_context',
  description: 'What is known of a team’s game before tip-off, from the schedule alone: two rows per game.',
  columns: {
    team_abbr: required.string('Three-letter team code'),
    game_id: required.string('Official 10-digit game id'),
    slate: required.date('ET calendar date of tip-off'),
    season: required.string('Season label'),
    season_type: required.string('regular, play_in or playoffs'),
    opponent_abbr: required.string('Three-letter code of the opponent'),
    is_home: required.bool('True for the home team'),
    tipoff_at: required.timestamp('Tip-off'),
    tipoff_source: required.string('current, published or estimated'),
    team_games: required.int('Counted games of the team this season before this one'),
    previous_slate: nullable.date('Date of the previous counted game of the season'),
    rest_days: required.int('Days off before this game, 0 to 5; 5 before the opener', { range: [0, 5] }),
    opp_rest_days: required.int('Opponent’s days off, 0 to 5', { range: [0, 5] }),
    is_b2b: required.bool('True when the team played yesterday'),
    spread: nullable.numeric(
      'Points given to this team by the consensus line; null when the snapshot is not provably before tip-off',
    ),
    total: nullable.numeric('Total line of the game'),
  },
  key: ['team_abbr', 'game_id'],
  partition: 'slate',
  rules: [
    TWO_TEAMS,
    { kind: 'between', column: 'spread', range: [-45, 45] },
    { kind: 'between', column: 'total', range: [120, 350] },
  ],
  writer: 'UpcomingTeamGameContext',
});

export const playerPropLines = defineTable({
  dataset: 'nba_analytics',
  name: 'player_prop_lines',
  description:
    'The newest quote before the cut-off per player name, game, market and bookmaker, resolved to ids. Unresolved names stay as rows with the reason.',
  columns: {
    slate: required.date('ET calendar date of the game'),
    home_abbr: required.string('Home team of the event'),
    away_abbr: required.string('Visitors of the event'),
    market: required.string(
      `One of ${MARKETS.filter(({ hasLines }) => hasLines)
        .map(({ id }) => id)
        .join(', ')}`,
    ),
    bookmaker: required.string('Bookmaker key in lower case'),
    player_lookup: required.string('Normalised name as quoted'),
    player_id: nullable.int('NBA player id; null when unresolved'),
    game_id: nullable.string('Official 10-digit game id; null when no such game is scheduled'),
    resolution: required.string('resolved, unknown_player, ambiguous_player, unknown_game'),
    line: required.numeric('The line, exact decimal'),
    over_price: nullable.int('American odds of OVER'),
    under_price: nullable.int('American odds of UNDER'),
    opening_line: nullable.numeric('First line of this bookmaker with a time'),
    snapshot_at: nullable.timestamp('When the quote stood'),
    snapshot_quality: required.string('exact (provably before the cut-off), file_date or unknown'),
    cutoff_at: required.timestamp('Quotes after this instant were not looked at'),
  },
  key: ['slate', 'home_abbr', 'away_abbr', 'market', 'bookmaker', 'player_lookup'],
  partition: 'slate',
  cluster: ['market', 'player_id'],
  rules: [
    { kind: 'between', column: 'line', range: LINE_RANGE },
    ...AMERICAN_PRICES,
    {
      kind: 'one_of',
      column: 'resolution',
      values: ['resolved', 'unknown_player', 'ambiguous_player', 'unknown_game'],
    },
  ],
  writer: 'PlayerPropLines',
});
export type PlayerPropLine = RowOf<typeof playerPropLines>;

export const upcomingPlayerGameContext = defineTable({
  dataset: 'nba_analytics',
  name: 'upcoming_player_game_context',
  description:
    'Who may play tonight and what is known before the cut-off. Who played is an outcome and never an input: where no report and no roster names a player, his last team is a labelled stand-in.',
  columns: {
    player_id: required.int('NBA player id'),
    game_id: required.string('Official 10-digit game id'),
    slate: required.date('ET calendar date of tip-off'),
    season: required.string('Season label'),
    season_type: required.string('regular, play_in or playoffs'),
    player_name: required.string('Name as printed'),
    player_lookup: required.string('Normalised name'),
    team_abbr: required.string('Three-letter team code'),
    opponent_abbr: required.string('Three-letter code of the opponent'),
    is_home: required.bool('True for the home team'),
    tipoff_at: required.timestamp('Tip-off'),
    cutoff_at: required.timestamp('Nothing said after this instant was used'),
    roster_source: required.string(
      'What says that he is with the team: status_feed, roster, history_stand_in (his last box score before the slate), or line (likewise, and only a line brings him back)',
    ),
    last_played_on: nullable.date('Last game played before the slate'),
    missed_last_team_game: nullable.bool('Did not play in the previous counted game of the team'),
    has_status_feed: required.bool(
      'The newest availability report before the cut-off, at most three hours old, had the list of the team',
    ),
    injury_status: nullable.string(
      'Newest status before the cut-off: out, doubtful, questionable, probable or available; null when not listed',
    ),
    injury_reason: nullable.string('Reason as printed'),
    injury_report_at: nullable.timestamp('When that report was published'),
    has_prop_line: required.bool('At least one points line is usable'),
    line_count: required.int('Bookmakers with a usable points line'),
    line: nullable.numeric('Main points line: the median of the bookmakers, taken down to a quoted line'),
    line_bookmaker: nullable.string('Bookmaker of the main line'),
    over_price: nullable.int('American odds of OVER at that bookmaker'),
    under_price: nullable.int('American odds of UNDER at that bookmaker'),
    line_snapshot_at: nullable.timestamp('When the main line stood'),
    line_quality: nullable.string('exact, file_date or unknown'),
    second_line: nullable.numeric('Another quoted points line that differs from the main one, nearest to it'),
    second_line_bookmaker: nullable.string('Bookmaker of the second line'),
    opening_line: nullable.numeric('Opening line of the main bookmaker'),
  },
  key: ['player_id', 'game_id'],
  partition: 'slate',
  cluster: ['player_id'],
  rules: [
    TWO_TEAMS,
    { kind: 'between', column: 'line', range: LINE_RANGE },
    { kind: 'between', column: 'second_line', range: LINE_RANGE },
    { kind: 'when', column: 'line', flag: 'has_prop_line' },
    { kind: 'together', columns: ['line', 'line_bookmaker'] },
    ...AMERICAN_PRICES,
  ],
  writer: 'UpcomingPlayerGameContext',
});
export type UpcomingPlayerGameContext = RowOf<typeof upcomingPlayerGameContext>;
