import { UNIT_TOPIC } from '#pipeline/batch/state.ts';
import { type Handled, handleUnit, type WorkerDeps } from '#pipeline/batch/worker.ts';
import type { Delivery } from '#platform/queue/port.ts';
import type { Logger } from './logger.ts';
import type { ServiceMetrics } from './metrics.ts';

const LEASE_SECONDS = 60;
/** Characters of a field of a message that go into the log. */
const MAX_LOGGED = 200;

/** What the service does with units. */
export interface UnitWorker {
  /**
   * Works on one delivery, whichever way it came, and reports the batch whose unit it was. `park` puts a poison message aside
   * that did not come from the queue.
   */
  handle(delivery: Delivery, park?: (reason: string) => Promise<void>): Promise<Handled>;
  /** Works on the next unit of the queue; false when there is none. */
  workOne(): Promise<boolean>;
  /** Works on units until the queue is empty or `max` of them are done; returns how many were. */
  drainQueue(max?: number): Promise<number>;
}

/** A worker that calls `unitDone` whenever a unit of a batch has its outcomes, the first time and at every repetition. */
export function unitWorker(
  deps: WorkerDeps & { readonly log: Logger; readonly metrics: ServiceMetrics },
  unitDone: (batchId: string) => void,
): UnitWorker {
  const { clock, log, metrics } = deps;

  const handle: UnitWorker['handle'] = async (delivery, park) => {
    const began = clock.now().getTime();
    const queue =
      park === undefined
        ? deps.queue
        : { ...deps.queue, park: (_delivery: Delivery, reason: string) => park(reason) };
    const handled = await handleUnit({ ...deps, queue }, delivery);
    metrics.unit(handled, (clock.now().getTime() - began) / 1000);
    const batchId = textIn(delivery.body, 'batch_id');
    const unit = { batch: batchId, unit: textIn(delivery.body, 'unit_id') };
    const trace = textIn(delivery.body, 'trace_id');
    log.info({ ...unit, attempt: delivery.attempt, handled, trace }, 'unit handled');
    const isDone = handled === 'done' || handled === 'failed' || handled === 'duplicate';
    if (isDone && batchId !== undefined) unitDone(batchId);
    return handled;
  };
  const workOne = async (): Promise<boolean> => {
    const [delivery] = await deps.queue.pull(UNIT_TOPIC, 1, LEASE_SECONDS);
    if (delivery === undefined) return false;
    await handle(delivery);
    return true;
  };
  return {
    handle,
    workOne,
    drainQueue: async (max = Number.POSITIVE_INFINITY) => {
      let done = 0;
      while (done < max && (await workOne())) done += 1;
      return done;
    },
  };
}

/** A text field of a message that may be anything. */
function textIn(body: unknown, field: string): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const value = (body as Readonly<Record<string, unknown>>)[field];
  return typeof value === 'string' ? value.slice(0, MAX_LOGGED) : undefined;
}
