import { nullable, required } from '#core/contracts/define.ts';

/** The counting statistics of a box score, shared by player and team rows. */
export const boxColumns = {
  points: nullable.int('Points scored; null for a player who did not play', { range: [0, 200] }),
  fgm: nullable.int('Field goals made'),
  fga: nullable.int('Field goals attempted'),
  fg3m: nullable.int('Three-pointers made'),
  fg3a: nullable.int('Three-pointers attempted'),
  ftm: nullable.int('Free throws made'),
  fta: nullable.int('Free throws attempted'),
  oreb: nullable.int('Offensive rebounds'),
  dreb: nullable.int('Defensive rebounds'),
  reb: nullable.int('Rebounds'),
  ast: nullable.int('Assists'),
  stl: nullable.int('Steals'),
  blk: nullable.int('Blocks'),
  tov: nullable.int('Turnovers'),
  pf: nullable.int('Personal fouls'),
  plus_minus: nullable.float('Point difference while on court (team row: final margin)', { decimals: 1 }),
} as const;

/** Where and when a box-score row belongs. */
export const boxIdentity = {
  game_id: required.string('Official 10-digit game id, leading zeros kept'),
  slate: required.date('ET calendar date of tip-off'),
  season: required.string('Season label, 2024-25'),
  season_type: required.string('preseason, regular, all_star, cup_final, play_in or playoffs'),
  team_id: nullable.int('NBA team id'),
  team_abbr: required.string('Three-letter team code'),
  opponent_abbr: required.string('Three-letter code of the opponent'),
  is_home: required.bool('True for the home team'),
} as const;
