import { defineTable, type RowOf, required } from '#core/contracts/define.ts';

export const playerAliases = defineTable({
  dataset: 'nba_reference',
  name: 'player_aliases',
  description: 'Spellings of names that normalisation alone does not bring together.',
  columns: {
    alias_lookup: required.string('Normalised name as some feed writes it'),
    player_lookup: required.string('Normalised name as box scores write it'),
  },
  key: ['alias_lookup'],
  writer: 'PlayerReference',
});
export type PlayerAlias = RowOf<typeof playerAliases>;
