import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';
import { provenance } from './provenance.ts';

export const playerLines = defineTable({
  dataset: 'nba_raw',
  name: 'player_lines',
  description:
    'Prop lines as quoted: one row per quote of a source. Sources that list the two sides apart give two rows. Players are names here; resolution to ids is analytics.',
  columns: {
    event_id: nullable.string('Event id of the odds provider'),
    market: required.string('points, rebounds, assists, pra or threes'),
    bookmaker: required.string('Bookmaker key in lower case, for example draftkings'),
    player_name: required.string('Name as printed'),
    player_lookup: required.string('Normalised name, lower case, ASCII, no separators, no suffix'),
    team_hint_abbr: nullable.string('Team named next to the player, where the source has one'),
    home_abbr: required.string('Three-letter code of the home team of the event'),
    away_abbr: required.string('Three-letter code of the visitors of the event'),
    commence_at: nullable.timestamp('Start of the event according to the odds provider'),
    slate: required.date('ET calendar date of commence_at'),
    side: required.string('both, over or under: which prices the row carries'),
    line: required.numeric('The line, exact decimal'),
    over_price: nullable.int('American odds of OVER'),
    under_price: nullable.int('American odds of UNDER'),
    is_alternate: required.bool('True for alternates and promotions whose price is not a market price'),
    snapshot_at: nullable.timestamp('When the quote stood, where the source says so'),
    snapshot_quality: required.string('exact (source has a time), file_date (only the date of the file) or unknown'),
    file_date: nullable.date('Date in the file name where that is all the source says about the time of its quotes; its zone is unknown'),
    ...provenance,
  },
  key: ['row_id'],
  partition: 'slate',
  cluster: ['market', 'player_lookup'],
  partitionFilterRequired: true,
  writer: 'ingest',
});
export type PlayerLine = RowOf<typeof playerLines>;
