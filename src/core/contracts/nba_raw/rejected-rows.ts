import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';

export const rejectedRows = defineTable({
  dataset: 'nba_raw',
  name: 'rejected_rows',
  description: 'Quarantine: every input row that was not loaded, with the reason. Nothing is dropped silently.',
  columns: {
    row_id: required.string('Hash of file path, line, field and reason'),
    source: required.string('Format of the file'),
    source_file: required.string('Path of the file below the ingested folder'),
    source_line: nullable.int('1-based line or record number'),
    field: required.string('The field that was wrong'),
    reason_code: required.string('Stable reason, for example impossible_date, unknown_team, in_play_snapshot'),
    reason: required.string('What was expected and what was seen'),
    raw_row: required.string('The row as text, cut at 2,000 characters'),
    ingested_at: required.timestamp('When the row was quarantined'),
  },
  key: ['row_id'],
  partition: 'ingested_at',
  writer: 'ingest',
});
export type RejectedRow = RowOf<typeof rejectedRows>;
