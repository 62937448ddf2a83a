import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';
import { provenance } from './provenance.ts';

export const gameLines = defineTable({
  dataset: 'nba_raw',
  name: 'game_lines',
  description: 'Spread and total of a game. Natural key: source, slate, home_abbr, away_abbr, bookmaker.',
  columns: {
    event_id: nullable.string('Event id of the odds provider'),
    slate: required.date('ET calendar date of tip-off'),
    home_abbr: required.string('Three-letter code of the home team'),
    away_abbr: required.string('Three-letter code of the visitors'),
    commence_at: nullable.timestamp('Start of the event according to the odds provider'),
    bookmaker: required.string('Bookmaker key in lower case, or consensus'),
    spread_home: nullable.numeric('Points given to the home team: negative when it is the favourite'),
    total: nullable.numeric('Total points line'),
    snapshot_at: nullable.timestamp('When the quote stood, where the source says so'),
    snapshot_quality: required.string('exact, file_date or unknown'),
    ...provenance,
  },
  key: ['row_id'],
  partition: 'slate',
  writer: 'ingest',
});
export type GameLine = RowOf<typeof gameLines>;
