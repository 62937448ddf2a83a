import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';
import { provenance } from './provenance.ts';

export const injuryReports = defineTable({
  dataset: 'nba_raw',
  name: 'injury_reports',
  description:
    'Availability statements with their time. Natural key: report_at, slate, team_abbr, player_lookup. The only honest source of "who is out tonight".',
  columns: {
    report_at: required.timestamp('When the report was published'),
    slate: required.date('ET calendar date of the game the statement is about'),
    team_abbr: required.string('Three-letter team code'),
    opponent_abbr: nullable.string('Three-letter code of the opponent'),
    player_id: nullable.int('NBA player id, where the feed has one'),
    player_name: required.string('Name as printed, in the order "First Last"'),
    player_lookup: required.string('Normalised name'),
    status: required.string('out, doubtful, questionable, probable or available'),
    reason: nullable.string('Reason as printed'),
    ...provenance,
  },
  key: ['row_id'],
  partition: 'slate',
  writer: 'ingest',
});
export type InjuryReport = RowOf<typeof injuryReports>;
