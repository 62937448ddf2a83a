import { describeBatch } from '#pipeline/batch/progress.ts';
import { type BatchDoc, isActive, listBatches, readBatch, readOutcomes } from '#pipeline/batch/state.ts';
import type { Clock } from '#platform/clock.ts';
import type { Outbox, Posted } from '#platform/notify/outbox.ts';
import type { Notice } from '#platform/notify/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import { errorFacts, type Logger } from './logger.ts';
import type { ServiceMetrics } from './metrics.ts';

export interface BatchAlertDeps {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly outbox: Outbox;
}

/** Endings that people are alerted to, as they appear in a title. */
const ALERTING: Partial<Readonly<Record<BatchDoc['state'], string>>> = {
  published_partial: 'was published with players missing',
  held: 'is held back',
  failed: 'failed',
};
/** Endings that only close an earlier alert: a reset was done by a person. */
const CLOSING: Partial<Readonly<Record<BatchDoc['state'], string>>> = {
  published: 'was published after all',
  reset: 'was reset',
};
const MAX_LISTED = 50;
const HOURS_BACK = 24;

/**
 * Alerts people to how a batch ended, where that matters: one message per batch, however often its ending is noticed.
 * Undefined when there is nothing to report. What could not be delivered is kept in the outbox.
 */
async function postEnding(deps: BatchAlertDeps, batch: BatchDoc): Promise<Posted | undefined> {
  const key = `batch:${batch.batch_id}`;
  const closing = CLOSING[batch.state];
  if (closing !== undefined) {
    const title = `Batch ${batch.batch_id} ${closing}`;
    const lines = batch.reason === null ? [] : [batch.reason];
    return deps.outbox.post(key, { severity: 'resolved', title, lines }, { onlyEdit: true });
  }
  const ending = ALERTING[batch.state];
  if (ending === undefined) return undefined;
  const { outcomes } = await describeBatch(deps, batch.batch_id);
  const missing = (await readOutcomes(deps.state, batch.batch_id)).filter(
    ({ outcome }) => outcome === 'failed' || outcome === 'timed_out',
  );
  const ids = missing.slice(0, MAX_LISTED).map(({ player_id }) => player_id);
  const more = missing.length > ids.length ? ` and ${missing.length - ids.length} more` : '';
  const tally = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`);
  const notice: Omit<Notice, 'key'> = {
    severity: batch.state === 'published_partial' ? 'warning' : 'error',
    title: `Batch ${batch.batch_id} ${ending}`,
    lines: [
      ...(batch.reason === null ? [] : [batch.reason]),
      `${batch.expected} ${batch.expected === 1 ? 'player' : 'players'} expected: ${tally.join(', ') || 'no outcome'}`,
      ...(missing.length === 0 ? [] : [`Missing (${missing.length}): ${ids.join(', ')}${more}`]),
      `Details: tipoff batch show ${batch.batch_id}`,
    ],
    repair: `tipoff predict ${batch.slate} --mode RETRY`,
  };
  return deps.outbox.post(key, notice);
}

/** Reports batches that have ended to the log, the metrics and people. */
export interface BatchAlerts {
  /** Reports a batch if it has ended; workers, sweeper and requests may all notice it, and it is reported once. */
  notify(batchId: string): Promise<void>;
  /** After a restart: reports batches that ended within the last day, in case the process died before alerting people. */
  notifyMissed(): Promise<void>;
  /** Delivers what could not be delivered before. */
  retryPending(): Promise<void>;
}

/** An alert that cannot be delivered is logged and stays in the outbox: it never stops the work that noticed the ending. */
export function batchAlerts(
  deps: BatchAlertDeps & { readonly log: Logger; readonly metrics: ServiceMetrics },
): BatchAlerts {
  const { log } = deps;
  const logged = new Set<string>();
  const posted = new Set<string>();
  const post = async (batch: BatchDoc): Promise<void> => {
    const ending = `${batch.batch_id}:${batch.state}`;
    if (posted.has(ending)) return;
    try {
      const result = await postEnding(deps, batch);
      posted.add(ending);
      for (const warning of result?.warnings ?? []) log.warn({ batch: batch.batch_id }, warning);
      if (result?.undelivered !== undefined)
        log.error(
          { batch: batch.batch_id, error: result.undelivered.error },
          'the alert could not be sent; the next sweep tries again',
        );
    } catch (error) {
      log.error(
        { batch: batch.batch_id, ...errorFacts(error) },
        'the alert could not be posted; whoever notices the ending next tries again',
      );
    }
  };
  return {
    notify: async (batchId) => {
      const batch = await readBatch(deps.state, batchId);
      if (isActive(batch.state)) return;
      const ending = `${batchId}:${batch.state}`;
      if (!logged.has(ending)) {
        logged.add(ending);
        log.info(
          { batch: batchId, state: batch.state, reason: batch.reason, trace: batch.trace_id },
          'batch ended',
        );
        deps.metrics.batchEnded(batch.state);
      }
      await post(batch);
    },
    notifyMissed: async () => {
      const since = deps.clock.now().getTime() - HOURS_BACK * 3_600_000;
      for (const batch of await listBatches(deps.state)) {
        if (isActive(batch.state) || batch.closed_at === null || Date.parse(batch.closed_at) < since)
          continue;
        await post(batch);
      }
    },
    retryPending: async () => {
      try {
        const { undelivered, warnings } = await deps.outbox.deliver();
        for (const warning of warnings) log.warn({}, warning);
        for (const { key, error } of undelivered)
          log.error({ notice: key, error }, 'the notice could not be sent; the next sweep tries again');
      } catch (error) {
        log.error(errorFacts(error), 'the outbox could not be read; the next sweep tries again');
      }
    },
  };
}
