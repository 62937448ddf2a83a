import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { activeBatches, type PlayerOutcome, readOutcomes, UNIT_TOPIC } from '#pipeline/batch/state.ts';
import type { Clock } from '#platform/clock.ts';
import type { Queue } from '#platform/queue/port.ts';
import type { StateStore } from '#platform/state/port.ts';

/** What the services count, in a registry of their own. Labels have few values: never an id, never a path with parts that vary. */
export interface ServiceMetrics {
  /** The metrics as Prometheus reads them. */
  text(): Promise<string>;
  readonly contentType: string;
  request(route: string, method: string, status: number, seconds: number): void;
  unit(handled: string, seconds: number): void;
  batchEnded(state: string): void;
  sweep(failed: boolean): void;
}

interface MetricsDeps {
  readonly state: StateStore;
  readonly queue: Queue;
  readonly clock: Clock;
}

const OUTCOMES: readonly PlayerOutcome[] = ['predicted', 'skipped', 'failed', 'timed_out'];

/** Gauges are read when they are asked for. */
export function serviceMetrics({ state, queue, clock }: MetricsDeps): ServiceMetrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'tipoff_http_requests_total',
    help: 'Requests answered',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'tipoff_http_request_seconds',
    help: 'Time to the answer',
    labelNames: ['route'],
    buckets: [0.005, 0.02, 0.1, 0.5, 1, 5],
    registers,
  });
  const units = new Counter({
    name: 'tipoff_units_total',
    help: 'Deliveries of prediction units by what became of them',
    labelNames: ['handled'],
    registers,
  });
  const unitSeconds = new Histogram({
    name: 'tipoff_unit_seconds',
    help: 'Time a worker spends on a unit',
    buckets: [0.05, 0.2, 0.5, 1, 2, 5, 15, 60],
    registers,
  });
  const ended = new Counter({
    name: 'tipoff_batches_ended_total',
    help: 'Batches that ended here, by state',
    labelNames: ['state'],
    registers,
  });
  const sweeps = new Counter({
    name: 'tipoff_sweeps_total',
    help: 'Looks for stalled batches',
    labelNames: ['result'],
    registers,
  });
  new Gauge({
    name: 'tipoff_batches_active',
    help: 'Batches that hold their slate',
    registers,
    async collect() {
      this.set((await activeBatches(state)).length);
    },
  });
  /** Seconds since the earliest of some instants of the active batches; 0 without one. */
  const oldest = async (field: 'created_at' | 'progress_at'): Promise<number> => {
    const instants = (await activeBatches(state)).map((batch) => Date.parse(batch[field]));
    return instants.length === 0 ? 0 : Math.max(0, clock.now().getTime() - Math.min(...instants)) / 1000;
  };
  new Gauge({
    name: 'tipoff_batch_age_seconds',
    help: 'Age of the oldest active batch; 0 without one',
    registers,
    async collect() {
      this.set(await oldest('created_at'));
    },
  });
  new Gauge({
    name: 'tipoff_batch_idle_seconds',
    help: 'Longest time an active batch has made no progress; 0 without one',
    registers,
    async collect() {
      this.set(await oldest('progress_at'));
    },
  });
  new Gauge({
    name: 'tipoff_batch_outcomes',
    help: 'Players of the active batches that have an outcome, by its kind',
    labelNames: ['outcome'],
    registers,
    async collect() {
      const batches = await activeBatches(state);
      const all = (await Promise.all(batches.map(({ batch_id }) => readOutcomes(state, batch_id)))).flat();
      for (const kind of OUTCOMES)
        this.set({ outcome: kind }, all.filter(({ outcome }) => outcome === kind).length);
    },
  });
  new Gauge({
    name: 'tipoff_queue_depth',
    help: 'Units waiting or at work',
    registers,
    async collect() {
      this.set(await queue.depth(UNIT_TOPIC));
    },
  });
  new Gauge({
    name: 'tipoff_messages_parked',
    help: 'Messages put aside with their reason',
    registers,
    async collect() {
      this.set((await queue.parked()).length);
    },
  });
  return {
    text: () => registry.metrics(),
    contentType: registry.contentType,
    request: (route, method, status, time) => {
      requests.inc({ route, method, status: String(status) });
      seconds.observe({ route }, time);
    },
    unit: (handled, time) => {
      units.inc({ handled });
      unitSeconds.observe(time);
    },
    batchEnded: (state) => ended.inc({ state }),
    sweep: (failed) => sweeps.inc({ result: failed ? 'error' : 'ok' }),
  };
}
