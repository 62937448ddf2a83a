import { nullable, required } from '#core/contracts/define.ts';

/**
 * Columns every raw table ends with. Raw tables are append-only: a corrected row arrives as a new version with the
 * same natural key, another `row_id` and a later `ingested_at`; readers take the newest version.
 */
export const provenance = {
  source: required.string('Format or provider the row came from, for example player_game_logs_csv'),
  source_file: required.string('Path of the file below the ingested folder, or the address of the request'),
  source_line: nullable.int('1-based line or record number in that file'),
  row_id: required.string('Hash of the natural key and all business values: the same row twice has the same id'),
  ingested_at: required.timestamp('When Tipoff loaded the row'),
} as const;
