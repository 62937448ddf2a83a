import { parseSlate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { acquireLease, renewLease } from '#pipeline/batch/lease.ts';
import { startBatch } from '#pipeline/batch/start.ts';
import { type Clock, systemClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { openRaceState } from './cloud-state.ts';

/** What the parent asks of all its processes at once. */
export type RaceTask =
  | { readonly kind: 'start'; readonly slate: string }
  | { readonly kind: 'lease'; readonly slate: string; readonly batchId: string }
  | { readonly kind: 'renew' };

/** What came of it: a batch or a token, or the code of the refusal with the batch it names. */
export type RaceAnswer =
  | { readonly won: string | number }
  | { readonly code: string; readonly batchId: string | undefined };

/** 08:00 in New York before every slate of the race. */
const clock: Clock = { now: () => new Date('2025-01-10T13:00:00.000Z'), sleep: systemClock.sleep };

/** DuckDB admits one process; the race is for the state store, so every process reads the same made-up slate. */
const reader = {
  query: async (sql: string) => {
    const tipoff_at = '2026-01-01T00:00:00.000Z';
    // No build of its features was left halfway, no rows were altered, and nothing was published of it.
    if (sql.includes('nba_orchestration.written_rows')) return [];
    if (sql.includes('nba_reference.schedule')) return [{ game_id: '0022400001', tipoff_at }];
    if (sql.includes('nba_predictions.publications')) return [];
    return Array.from({ length: 40 }, (_, i) => ({
      player_id: i + 1,
      game_id: '0022400001',
      tipoff_at,
      injury_status: null,
      is_played: true,
      claim: null,
      is_history_whole: true,
      is_stale: false,
      is_line_implausible: false,
      required_default_count: 0,
      feature_quality_score: 95,
      matchup_quality_pct: 90,
      quality_alert_level: 'green',
    }));
  },
} as unknown as Warehouse;

const state = openRaceState(process.argv[2] ?? '', clock);
let lease: Awaited<ReturnType<typeof acquireLease>>;

async function run(task: RaceTask): Promise<string | number> {
  if (task.kind === 'start') {
    const request = {
      slate: parseSlate(task.slate),
      mode: 'FIRST',
      by: `process ${process.pid}`,
      unitSize: 10,
    } as const;
    const started = await startBatch({ warehouse: reader, state, clock, codeVersion: 'race' }, request);
    return 'batch' in started ? started.batch.batch_id : started.kind;
  }
  if (task.kind === 'lease') {
    lease = await acquireLease({ state, clock }, task.batchId, parseSlate(task.slate));
    return lease?.token ?? 'none';
  }
  if (lease === undefined) return 'none';
  await renewLease({ state, clock }, lease);
  return lease.token;
}

process.on('message', (task: RaceTask) => {
  run(task).then(
    (won) => process.send?.({ won } satisfies RaceAnswer),
    (error: unknown) => {
      const isKnown = error instanceof TipoffError;
      const batchId = isKnown ? error.details['batch_id'] : undefined;
      process.send?.({
        code: isKnown ? error.code : String(error),
        batchId: typeof batchId === 'string' ? batchId : undefined,
      } satisfies RaceAnswer);
    },
  );
});
process.on('disconnect', () => {
  void state.close().then(() => process.exit(0));
});
process.send?.({ won: 'ready' } satisfies RaceAnswer);
