import { defineTable, type RowOf, required } from '#core/contracts/define.ts';

export const ingestedFiles = defineTable({
  dataset: 'nba_raw',
  name: 'ingested_files',
  description: 'The receipt of every ingest of a file: loaded + duplicate + rejected = read.',
  columns: {
    receipt_id: required.string('Hash of path, content hash and time of the ingest'),
    source: required.string('Format of the file'),
    source_file: required.string('Path of the file below the ingested folder'),
    content_hash: required.string('SHA-256 of the bytes'),
    rows_read: required.int('Rows the file holds'),
    rows_loaded: required.int('Rows new to the warehouse'),
    rows_duplicate: required.int('Rows the warehouse already had, or that stand twice in the file'),
    rows_rejected: required.int('Rows in quarantine'),
    ingested_at: required.timestamp('When'),
  },
  key: ['receipt_id'],
  partition: 'ingested_at',
  writer: 'ingest',
});
export type IngestedFile = RowOf<typeof ingestedFiles>;
