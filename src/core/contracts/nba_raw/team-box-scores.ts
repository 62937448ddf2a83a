import { defineTable, nullable, type RowOf } from '#core/contracts/define.ts';
import { boxColumns, boxIdentity } from './box-columns.ts';
import { provenance } from './provenance.ts';

export const teamBoxScores = defineTable({
  dataset: 'nba_raw',
  name: 'team_box_scores',
  description: 'One row per team and game as a provider reported it. Natural key: source, game_id, team_abbr.',
  columns: {
    ...boxIdentity,
    won: nullable.bool('True when the team won'),
    minutes: nullable.float('Player-minutes of the team, 240 without overtime', { decimals: 3 }),
    ...boxColumns,
    ...provenance,
  },
  key: ['row_id'],
  partition: 'slate',
  partitionFilterRequired: true,
  writer: 'ingest',
});
export type TeamBoxScore = RowOf<typeof teamBoxScores>;
