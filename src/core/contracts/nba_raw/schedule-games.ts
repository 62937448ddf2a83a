import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';
import { provenance } from './provenance.ts';

export const scheduleGames = defineTable({
  dataset: 'nba_raw',
  name: 'schedule_games',
  description:
    'One row per game and statement of a source: as published before the season, as moved later, as played. Natural key: source, source_game_key.',
  columns: {
    source_game_key: required.string('Game id where the source has one, otherwise a stable key of the source'),
    game_id: nullable.string('Official 10-digit game id; null for lists without ids'),
    season: required.string('Season label, 2024-25'),
    season_type: required.string('preseason, regular, all_star, cup_final, play_in or playoffs'),
    slate: required.date('ET calendar date of tip-off according to this source'),
    tipoff_at: nullable.timestamp('Scheduled tip-off; null when the source has dates only'),
    home_abbr: required.string('Three-letter code of the home team'),
    away_abbr: required.string('Three-letter code of the visitors'),
    status: required.string('scheduled, live, final, postponed or cancelled'),
    status_text: nullable.string('Status as printed by the provider'),
    statement: required.string('published (before the season), current (a live feed) or played (a list of results)'),
    label: nullable.string('Provider label such as a cup round or a neutral-site game'),
    home_score: nullable.int('Final score of the home team'),
    away_score: nullable.int('Final score of the visitors'),
    observed_at: nullable.timestamp('When the provider made the statement, where known'),
    ...provenance,
  },
  key: ['row_id'],
  partition: 'slate',
  writer: 'ingest',
});
export type ScheduleGame = RowOf<typeof scheduleGames>;
