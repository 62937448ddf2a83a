import { defineTable, nullable, type RowOf, required } from './define.ts';

export const phaseRuns = defineTable({
  dataset: 'nba_orchestration',
  name: 'phase_runs',
  description:
    'What ran, when, over which slates, and how it ended. Append-only; one row per finished run of a processor.',
  columns: {
    run_id: required.string('Run'),
    phase: required.string('ingest, analytics, precompute, predict, publish or grade'),
    processor: required.string('Processor of the phase'),
    slate_from: required.date('First slate'),
    slate_to: required.date('Last slate'),
    verdict: required.string('done, empty (nothing to do), held (an input is not ready) or failed'),
    row_count: required.int('Rows written'),
    reason: nullable.string('Why it was held or failed, or nothing was to do'),
    started_at: required.timestamp('Start'),
    finished_at: required.timestamp('End'),
    code_version: required.string('Version of the code'),
  },
  key: ['run_id', 'processor'],
  partition: 'started_at',
  retentionDays: 400,
  writer: 'every phase',
});
export type PhaseRun = RowOf<typeof phaseRuns>;

export const writtenRows = defineTable({
  dataset: 'nba_orchestration',
  name: 'written_rows',
  description:
    'What a replacement of a range left in a table: rows and checksum of each recent slate that it wrote or emptied. Append-only, written in the same transaction as the rows; the newest entry says what must lie there.',
  columns: {
    table_id: required.string('dataset.table'),
    slate: required.date('Slate of the rows'),
    row_count: required.int('Rows of the slate after the replacement'),
    checksum: required.int('Exclusive or of a hash over all columns of each row; engines hash differently'),
    layout: required.string(
      'Digest of the columns that were hashed: checksums of other columns are not compared',
    ),
    written_at: required.timestamp(
      'When the replacement began, or a second after the entry before it about the slate, whichever is later',
    ),
  },
  key: ['table_id', 'slate', 'written_at'],
  partition: 'written_at',
  retentionDays: 60,
  writer: 'every replacement of a range',
});

export const qualityReports = defineTable({
  dataset: 'nba_orchestration',
  name: 'quality_reports',
  description: 'Every report on the quality of training data, so that its trend can be seen. Append-only.',
  columns: {
    report_id: required.string('Report'),
    kind: required.string('recent (last 14 days), training (from a start) or range'),
    reported_at: required.timestamp('When'),
    range_from: required.date('First slate looked at'),
    range_to: required.date('Last slate looked at'),
    row_count: required.int('Training rows of players with history'),
    rows_without_history: required.int(
      'Rows of players in their first game: nothing could be known, and they are not counted below',
    ),
    required_default_rows: required.int('Rows with a default or missing required feature'),
    required_default_share: required.float('Tier 1: share of those rows', { decimals: 6, range: [0, 1] }),
    optional_default_rows: required.int('Rows with a default or missing optional feature'),
    optional_default_share: required.float('Tier 2: share of those rows', { decimals: 6, range: [0, 1] }),
    worst_month: nullable.string('Month with the highest tier 1 share'),
    worst_month_share: nullable.float('Its share', { decimals: 6, range: [0, 1] }),
    findings: required.string('JSON: features that are missing too often in a month'),
    verdict: required.string(
      'pass, warn (above 5 %), fail (above 15 %, or no rows where games were played) or empty (no rows and no games)',
    ),
    code_version: required.string('Version of the code'),
  },
  key: ['report_id'],
  partition: 'reported_at',
  writer: 'QualityReport',
});
export type QualityReportRow = RowOf<typeof qualityReports>;

export const canaryResults = defineTable({
  dataset: 'nba_orchestration',
  name: 'canary_results',
  description: 'Every answer of every check: one row per run and check. Append-only.',
  columns: {
    run_id: required.string('Run of the checks over one slate'),
    canary_id: required.string('Check'),
    phase: required.string('ingest, analytics, precompute, predict, publish, grade or operations'),
    slate: required.date('The slate asked about'),
    status: required.string('PASS, FAIL, ERROR (could not run) or SKIP'),
    severity: required.string('critical, warning or info, as of the run'),
    seen: nullable.float('Expected things that were right; null when the check did not run', { decimals: 3 }),
    expected: required.string('What health shows, with the number that was due'),
    offender_count: required.int('Expected things that were wrong'),
    offenders: required.string('JSON list of at most 20 of them by name'),
    reason: required.string('Why the status is what it is'),
    as_of: required.timestamp('The instant the answer is relative to'),
    ran_at: required.timestamp('When the check ran'),
    bytes: nullable.int(
      'What its statement was to read; null where reading is not billed and for looks beyond the warehouse',
    ),
    ms: required.int('How long it took, in milliseconds'),
    code_version: required.string('Version of the code'),
  },
  key: ['run_id', 'canary_id'],
  partition: 'as_of',
  cluster: ['canary_id'],
  retentionDays: 400,
  writer: 'canary run',
});

export const heartbeats = defineTable({
  dataset: 'nba_orchestration',
  name: 'heartbeats',
  description: 'The last sign of life of every scheduled job: one row per job, replaced at each beat.',
  columns: {
    job: required.string('Job'),
    beat_at: required.timestamp('Last time it finished a run, whatever the outcome'),
    succeeded_at: nullable.timestamp('Last time it finished one with success'),
    max_silence_seconds: required.int('Seconds of silence after which it counts as dead'),
    detail: nullable.string('What the last run said'),
  },
  key: ['job'],
  writer: 'every scheduled job',
});
export type Heartbeat = RowOf<typeof heartbeats>;

export const providerRequests = defineTable({
  dataset: 'nba_orchestration',
  name: 'provider_requests',
  description:
    'The receipt of every request to a live provider, refusals and failures included: what was asked of whom, what came, and what makes the next request conditional.',
  columns: {
    request_id: required.string('Hash of subject, provider, address, time and outcome'),
    requested_at: required.timestamp('When the answer came, or when it was given up'),
    subject: required.string(
      'What it was asked for: schedule, scoreboard, box_score, availability, players or props',
    ),
    provider: required.string('Who was asked, for example NBA.com or ESPN'),
    address: nullable.string('Address of the request without keys; null when nobody was reached'),
    outcome: required.string(
      'fetched, unchanged (the answer known before), absent (there is nothing at the address, or not yet), refused, failed (no answer, or one that does not read)',
    ),
    status: nullable.int('HTTP status of the answer'),
    detail: nullable.string('What was expected and what was seen, where it did not end well'),
    bytes: nullable.int('Length of the answer'),
    content_hash: nullable.string('SHA-256 of the answer'),
    etag: nullable.string('ETag of the answer'),
    last_modified: nullable.string('Last-Modified of the answer'),
  },
  key: ['request_id'],
  partition: 'requested_at',
  writer: 'fetch',
});
export type ProviderRequest = RowOf<typeof providerRequests>;

export const schemaChanges = defineTable({
  dataset: 'nba_orchestration',
  name: 'schema_changes',
  description:
    'What `schema apply` did to the warehouse, append-only: one row per statement that changed something.',
  columns: {
    change_id: required.string('Hash of run, finding and time'),
    run_id: required.string('Run that made the change'),
    applied_at: required.timestamp('When'),
    applied_by: required.string('Who: a command, a service or a person'),
    kind: required.string('table_added, column_added, view_added, view_columns_changed or view_text_changed'),
    table_id: required.string('dataset.table or dataset.view'),
    column_name: nullable.string('Column, for a column'),
    finding: required.string('Stable name of the change'),
    statement: required.string('The statement in the spelling of the engine'),
    engine: required.string('duckdb or bigquery'),
    code_version: required.string('Version of the code that wanted it'),
  },
  key: ['change_id'],
  partition: 'applied_at',
  writer: 'schema apply',
});
export type SchemaChange = RowOf<typeof schemaChanges>;
