import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';

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
