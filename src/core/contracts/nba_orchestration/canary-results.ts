import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';

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
    bytes: nullable.int('What its statement was to read; null where reading is not billed and for looks beyond the warehouse'),
    ms: required.int('How long it took, in milliseconds'),
    code_version: required.string('Version of the code'),
  },
  key: ['run_id', 'canary_id'],
  partition: 'as_of',
  cluster: ['canary_id'],
  retentionDays: 400,
  writer: 'canary run',
});
export type CanaryResultRow = RowOf<typeof canaryResults>;
