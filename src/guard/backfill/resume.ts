import type { RunDoc } from './ledger.ts';
import { runBackfill } from './run.ts';
import type { RunDeps, RunReport, RunRequest } from './run-types.ts';

/**
 * Carries on with a run that did not come to its end: with what it was asked for, and under its id, so that what it forced
 * before is not forced again.
 */
export async function resumeBackfill(
  deps: RunDeps,
  { run_id, from, to, phases, asked }: RunDoc,
  rest: Omit<RunRequest, 'from' | 'to' | 'phases' | keyof RunDoc['asked']>,
): Promise<RunReport> {
  return runBackfill({ ...deps, runId: run_id }, { ...rest, from, to, phases, ...asked });
}
