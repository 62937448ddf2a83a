import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';

export const phaseRuns = defineTable({
  dataset: 'nba_orchestration',
  name: 'phase_runs',
  description: 'What ran, when, over which slates, and how it ended. Append-only; one row per finished run of a processor.',
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
