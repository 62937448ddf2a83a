import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';

export const teamGameSummary = defineTable({
  dataset: 'nba_analytics',
  name: 'team_game_summary',
  description: 'One row per team and game: from the team box score where there is one, otherwise summed from the players.',
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
  writer: 'TeamGameSummary',
});
export type TeamGameSummary = RowOf<typeof teamGameSummary>;
