import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';

export const players = defineTable({
  dataset: 'nba_reference',
  name: 'players',
  description: 'Every player who ever stood in a box score or a status feed with an id: the bridge from names to ids.',
  columns: {
    player_id: required.int('NBA player id'),
    player_name: required.string('Newest printed name'),
    player_lookup: required.string('Normalised name'),
    last_lookup: nullable.string(
      'Normalised name without the given name, under which feeds that shorten it are resolved; null for one-word names',
    ),
    first_slate: required.date('First box score'),
    last_slate: required.date('Newest box score'),
  },
  key: ['player_id'],
  writer: 'PlayerReference',
});
export type Player = RowOf<typeof players>;
