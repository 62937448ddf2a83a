import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';
import { boxColumns, boxIdentity } from './box-columns.ts';
import { provenance } from './provenance.ts';

export const playerBoxScores = defineTable({
  dataset: 'nba_raw',
  name: 'player_box_scores',
  description: 'One row per player and game as a provider reported it. Natural key: source, game_id, player_id.',
  columns: {
    ...boxIdentity,
    player_id: required.int('NBA player id'),
    player_name: required.string('Name as printed by the provider'),
    player_lookup: required.string('Normalised name, lower case, ASCII, no separators, no suffix'),
    played: required.bool('True when the player was on court, even for seconds'),
    dnp_reason: nullable.string('Provider text when the player did not play'),
    minutes: nullable.float('Minutes on court; 0 means seconds, null means did not play', { decimals: 3, range: [0, 70] }),
    is_starter: nullable.bool('Started the game; null when the source does not say'),
    ...boxColumns,
    ...provenance,
  },
  key: ['row_id'],
  partition: 'slate',
  cluster: ['player_id'],
  partitionFilterRequired: true,
  writer: 'ingest',
});
export type PlayerBoxScore = RowOf<typeof playerBoxScores>;
