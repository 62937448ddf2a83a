import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';

export const playerPropLines = defineTable({
  dataset: 'nba_analytics',
  name: 'player_prop_lines',
  description:
    'The newest quote before the cut-off per player name, game, market and bookmaker, resolved to ids. Unresolved names stay as rows with the reason.',
  columns: {
    slate: required.date('ET calendar date of the game'),
    home_abbr: required.string('Home team of the event'),
    away_abbr: required.string('Visitors of the event'),
    market: required.string('points, rebounds, assists, pra or threes'),
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
  writer: 'PlayerPropLines',
});
export type PlayerPropLine = RowOf<typeof playerPropLines>;
