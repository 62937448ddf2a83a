import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';

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
    rest_days: required.int('Days off before this game, 0 to 5; 5 before the opener'),
    opp_rest_days: required.int('Opponent’s days off, 0 to 5'),
    is_b2b: required.bool('True when the team played yesterday'),
    spread: nullable.numeric('Points given to this team by the consensus line; null when the snapshot is not provably before tip-off'),
    total: nullable.numeric('Total line of the game'),
  },
  key: ['team_abbr', 'game_id'],
  partition: 'slate',
  writer: 'UpcomingTeamGameContext',
});
export type UpcomingTeamGameContext = RowOf<typeof upcomingTeamGameContext>;
