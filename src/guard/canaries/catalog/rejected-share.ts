import { defineCanary } from '#guard/canaries/definition.ts';

export const rejectedShare = defineCanary({
  id: 'rejected_share',
  phase: 'ingest',
  question: 'Did a source begin to send rows that are refused?',
  expected: 'at most a fifth of the rows of each source in quarantine',
  looksAt: 'now',
  ladder: [{ by: '00:00', severity: 'warning' }],
  owner: 'data',
  repair: 'correct the format in src/pipeline/ingest/formats, then tipoff ingest <file>',
  dependsOn: [],
  whenEmpty: { skip: 'nothing was loaded in the last 24 hours' },
  look: {
    sql: `
SELECT source AS subject, SUM(rows_rejected) > 0.2 * SUM(rows_read) AND SUM(rows_rejected) >= 20 AS is_bad,
  CAST(SUM(rows_rejected) AS STRING) || ' of ' || CAST(SUM(rows_read) AS STRING) || ' rows refused' AS note
FROM nba_raw.ingested_files
WHERE ingested_at > fn.add_seconds(CAST(@as_of AS TIMESTAMP), -86400) AND ingested_at <= CAST(@as_of AS TIMESTAMP)
GROUP BY source`,
  },
  sabotage: {
    sql: [
      "INSERT INTO nba_raw.ingested_files (receipt_id, source, source_file, content_hash, rows_read, rows_loaded, rows_duplicate, rows_rejected, ingested_at) VALUES ('sabotage', 'changed_format', 'lines.csv', 'none', 100, 10, 0, 90, CAST(@as_of AS TIMESTAMP))",
    ],
  },
  meaning: 'A provider changed its format. The rows are in quarantine with field and reason; nothing was guessed.',
  steps: [
    'Group nba_raw.rejected_rows of the source by field and reason_code: the largest group names the change.',
    'Read one raw_row of it beside the format’s code.',
    'After the format is corrected, load the file again: rows that were loaded before count as duplicates.',
  ],
});
