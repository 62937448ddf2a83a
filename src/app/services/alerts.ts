import { describeBatch } from '#pipeline/batch/progress.ts';
import { type BatchDoc, isActive, listBatches, readBatch, readOutcomes } from '#pipeline/batch/state.ts';
import type { Clock } from '#platform/clock.ts';
import type { Notice, Notifier } from '#platform/notify/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import { errorFacts, type Logger } from './logger.ts';
import type { ServiceMetrics } from './metrics.ts';

export interface AlertDeps {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly notifier: Notifier;
}

const ALERTS = 'batch_alerts';
/** Endings a person should hear about. A reset was done by one. */
const WORTH_TELLING: readonly BatchDoc['state'][] = ['published_partial', 'held', 'failed'];
const MOST_LISTED = 50;
const HOURS_BACK = 24;

/**
 * Tells people that a batch did not end well: once per batch and ending, whoever notices it and however often. A notice
 * that could not be sent is thrown and is tried again with the next call. True when one was sent.
 */
export async function alertEnded(deps: AlertDeps, batch: BatchDoc): Promise<boolean> {
  if (!WORTH_TELLING.includes(batch.state)) return false;
  const id = `${batch.batch_id}:${batch.state}`;
  if (
    !(await deps.state.create(ALERTS, id, { batch_id: batch.batch_id, at: deps.clock.now().toISOString() }))
  )
    return false;
  try {
    await deps.notifier.send(await noticeOf(deps, batch));
    return true;
  } catch (error) {
    await deps.state.transaction(async (tx) => tx.delete(ALERTS, id));
    throw error;
  }
}

/** After a restart: batches that ended within the last day and whose alert the process may not have lived to send. */
export async function alertMissed(deps: AlertDeps): Promise<number> {
  const since = deps.clock.now().getTime() - HOURS_BACK * 3_600_000;
  let sent = 0;
  for (const batch of await listBatches(deps.state)) {
    if (isActive(batch.state) || batch.closed_at === null || Date.parse(batch.closed_at) < since) continue;
    if (await alertEnded(deps, batch)) sent += 1;
  }
  return sent;
}

async function noticeOf({ state }: AlertDeps, batch: BatchDoc): Promise<Notice> {
  const { outcomes } = await describeBatch({ state }, batch.batch_id);
  const missing = (await readOutcomes(state, batch.batch_id)).filter(
    ({ outcome }) => outcome === 'failed' || outcome === 'timed_out',
  );
  const ids = missing.slice(0, MOST_LISTED).map(({ player_id }) => player_id);
  const more = missing.length > ids.length ? ` and ${missing.length - ids.length} more` : '';
  const tally = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`);
  return {
    key: `batch:${batch.batch_id}`,
    severity: batch.state === 'published_partial' ? 'warning' : 'error',
    title: `Batch ${batch.batch_id} ended ${batch.state}`,
    lines: [
      ...(batch.reason === null ? [] : [batch.reason]),
      `${batch.expected} players expected: ${tally.join(', ') || 'no outcome'}`,
      ...(missing.length === 0 ? [] : [`Missing (${missing.length}): ${ids.join(', ')}${more}`]),
    ],
    repair: `tipoff batch show ${batch.batch_id}; then start the slate again with mode RETRY`,
  };
}

/** Tells log, metrics and people about batches that have ended. */
export interface Endings {
  /** Tells about a batch if it has ended; workers, sweeper and requests may all notice it, and it is told once. */
  tell(batchId: string): Promise<void>;
  /** Tries the alerts again that could not be sent. */
  again(): Promise<void>;
}

/** An alert that cannot be sent is logged and kept for `again`: it never stops the work that noticed the ending. */
export function endings(
  deps: AlertDeps & { readonly log: Logger; readonly metrics: ServiceMetrics },
): Endings {
  const told = new Set<string>();
  const untold = new Set<string>();
  const tell = async (batchId: string): Promise<void> => {
    const batch = await readBatch(deps.state, batchId);
    if (isActive(batch.state)) return;
    const ending = `${batchId}:${batch.state}`;
    if (!told.has(ending)) {
      told.add(ending);
      deps.log.info(
        { batch: batchId, state: batch.state, reason: batch.reason, trace: batch.trace_id },
        'batch ended',
      );
      deps.metrics.batchEnded(batch.state);
    }
    try {
      await alertEnded(deps, batch);
      untold.delete(batchId);
    } catch (error) {
      untold.add(batchId);
      deps.log.error(
        { batch: batchId, ...errorFacts(error) },
        'the alert could not be sent; the next sweep tries again',
      );
    }
  };
  return {
    tell,
    again: async () => {
      for (const batchId of [...untold]) await tell(batchId);
    },
  };
}
