import { readBatch } from '#pipeline/predict/batches.ts';
import { isActive } from '#pipeline/predict/documents.ts';
import { type AlertDeps, alertEnded } from './alerts.ts';
import { errorFacts, type Logger } from './logger.ts';
import type { ServiceMetrics } from './metrics.ts';

/** Tells log, metrics and people about batches that have ended. */
export interface Endings {
  /** Tells about a batch if it has ended; workers, sweeper and requests may all notice it, and it is told once. */
  tell(batchId: string): Promise<void>;
  /** Tries the alerts again that could not be sent. */
  again(): Promise<void>;
}

/** An alert that cannot be sent is logged and kept for `again`: it never stops the work that noticed the ending. */
export function endings(deps: AlertDeps & { readonly log: Logger; readonly metrics: ServiceMetrics }): Endings {
  const told = new Set<string>();
  const untold = new Set<string>();
  const tell = async (batchId: string): Promise<void> => {
    const batch = await readBatch(deps.state, batchId);
    if (isActive(batch.state)) return;
    const ending = `${batchId}:${batch.state}`;
    if (!told.has(ending)) {
      told.add(ending);
      deps.log.info({ batch: batchId, state: batch.state, reason: batch.reason, trace: batch.trace_id }, 'batch ended');
      deps.metrics.batchEnded(batch.state);
    }
    try {
      await alertEnded(deps, batch);
      untold.delete(batchId);
    } catch (error) {
      untold.add(batchId);
      deps.log.error({ batch: batchId, ...errorFacts(error) }, 'the alert could not be sent; the next sweep tries again');
    }
  };
  return {
    tell,
    again: async () => {
      for (const batchId of [...untold]) await tell(batchId);
    },
  };
}
