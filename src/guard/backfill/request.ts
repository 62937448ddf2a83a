import type { Slate } from '#core/calendar.ts';
import type { BackfillPhase } from './steps.ts';
import type { ChunkSize } from './works.ts';

/** What a backfill is asked for. */
export interface PlanRequest {
  /** First and last slate, both included. */
  readonly from: Slate;
  readonly to: Slate;
  readonly phases: readonly BackfillPhase[];
  /** The present: slates after today's are left alone, today's is not finished. */
  readonly now: Date;
  /** Only what failed last time, and what depends on it. */
  readonly onlyFailed?: boolean;
  /** Only what was computed once and no longer stands, and what depends on it. */
  readonly onlyStale?: boolean;
  /** Everything in the range, whatever the ledger says. */
  readonly force?: boolean;
  /** The run this is. What it computed before it was interrupted is not forced a second time. */
  readonly runId?: string;
  /** Slates per statement: those of a season (default) or of a month. */
  readonly chunk?: ChunkSize;
}
