import { afterEach } from 'vitest';
import { serviceApp } from '#app/services/app.ts';
import { type Authenticator, authenticator } from '#app/services/auth.ts';
import { type Backfills, type BackfillsDeps, serviceBackfills } from '#app/services/backfills.ts';
import { serviceLogger } from '#app/services/logger.ts';
import { serviceMetrics } from '#app/services/metrics.ts';
import { type Role, type Runtime, type Service, serviceRuntime } from '#app/services/runtime.ts';
import { TipoffError } from '#core/errors.ts';
import { shiftedClock } from '#platform/clock.ts';
import { openOutbox } from '#platform/notify/outbox.ts';
import type { Notice, Notifier } from '#platform/notify/port.ts';
import type { Queue } from '#platform/queue/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import {
  type FakePlayer,
  MORNING,
  type PredictionWorld,
  predictionWorlds,
} from '#test/fakes/prediction-world.ts';

export const KEY = 'a-key-of-the-tests-with-enough-characters';

export interface ServiceWorld extends PredictionWorld {
  readonly service: Service;
  readonly runtime: Runtime;
  readonly backfills: Backfills;
  /** Every notice people were shown, changed ones included. */
  readonly notices: Notice[];
  readonly log: string[];
  /** Calls an endpoint; JSON answers are parsed. */
  call(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answered>;
  /** The same endpoints with other things behind deep health. */
  readonly withHealth: (
    change: (health: Service['health']) => Service['health'],
  ) => Pick<ServiceWorld, 'call'>;
  /** Everything the state store and the queue hold, to see whether something changed. */
  stored(): Promise<string>;
}

interface Answered {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at single fields of answers whose schemas are tested elsewhere
  readonly body: any;
  readonly text: string;
  readonly headers: Headers;
}

export interface ServiceWorldOptions {
  readonly at?: string;
  readonly games?: number;
  readonly roles?: readonly Role[];
  readonly authenticate?: Authenticator;
  readonly change?: (deps: Service['deps']) => Service['deps'];
  readonly notifier?: Notifier;
  /** What backfills work with; without it none can be run. */
  readonly runDeps?: BackfillsDeps['runDeps'];
}

/** A maker of services over a prediction world in memory. Nothing runs by itself: tests call `runtime.drainQueue` and `sweep`. */
export function serviceWorlds(): (
  players: readonly FakePlayer[],
  options?: ServiceWorldOptions,
) => Promise<ServiceWorld> {
  const makeWorld = predictionWorlds();
  const open: ServiceWorld[] = [];
  afterEach(async () => {
    for (const { runtime, backfills } of open.splice(0))
      await Promise.all([runtime.drain(), backfills.drain()]);
  });
  return async (players, options = {}) => {
    const world = await makeWorld(players, options);
    const made = serviceWorld(world, options);
    open.push(made);
    return made;
  };
}

/** Services over stores that a test opened itself, and closes. */
export function serviceOver(deps: PredictionWorld['deps']): Pick<ServiceWorld, 'call' | 'runtime'> {
  const { runtime, service } = servicesOf(deps, {});
  return { runtime, call: caller(service) };
}

function serviceWorld(world: PredictionWorld, options: ServiceWorldOptions): ServiceWorld {
  const made = servicesOf(world.deps, options);
  return {
    ...world,
    ...made,
    call: caller(made.service),
    withHealth: (change) => ({ call: caller({ ...made.service, health: change(made.service.health) }) }),
    stored: () => dump(world.deps.state, world.deps.queue, world.warehouse),
  };
}

function servicesOf(
  stores: PredictionWorld['deps'],
  options: ServiceWorldOptions,
): Pick<ServiceWorld, 'service' | 'runtime' | 'backfills' | 'notices' | 'log'> {
  const notices: Notice[] = [];
  const log: string[] = [];
  const notifier = options.notifier ?? recordingNotifier(notices);
  const { clock: at, state: documents } = stores;
  const plain = {
    ...stores,
    outbox: openOutbox({ state: documents, clock: at, notifier, runId: 'this process' }),
  };
  const deps = options.change?.(plain) ?? plain;
  const { warehouse, state, queue, clock, models } = deps;
  const logger = serviceLogger(clock, (line) => log.push(line));
  const metrics = serviceMetrics({ state, queue, clock });
  const roles = options.roles ?? ['coordinator', 'worker'];
  const runDeps = options.runDeps ?? noBackfills;
  const backfills = serviceBackfills({
    state,
    clock,
    outbox: deps.outbox,
    log: logger,
    holder: 'this process',
    runDeps,
  });
  const runtime = serviceRuntime(
    { ...deps, log: logger, metrics },
    { coordinator: roles.includes('coordinator'), workers: 0, alsoSweep: () => backfills.tick() },
  );
  // Checks have a time limit, and a virtual clock would be over at once.
  const morning = shiftedClock(MORNING);
  const health = {
    ...{ warehouse, state, queue, models, clock: morning, machine: morning },
    settings: { home: true },
  };
  const service: Service = {
    roles,
    deps,
    health,
    authenticate: options.authenticate ?? authenticator({ apiKey: KEY }),
    runtime,
    backfills,
    metrics,
    log: logger,
    profile: 'embedded',
    version: '1.2.3',
  };
  return { service, runtime, backfills, notices, log };
}

const noBackfills = (): Promise<never> =>
  Promise.reject(
    new TipoffError('TIPOFF_NOT_READY', 'this world computes no ranges', {
      hint: 'Give it what a backfill needs.',
    }),
  );

function caller(service: Service): ServiceWorld['call'] {
  const app = serviceApp(service);
  return async (method, path, body, headers = { 'x-api-key': KEY }) => {
    const payload =
      body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    const response = await app.request(path, { method, headers, ...payload });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      text,
      body: isJson ? JSON.parse(text) : undefined,
      headers: response.headers,
    };
  };
}

function recordingNotifier(notices: Notice[]): Notifier {
  return {
    owns: () => true,
    send: async (notice) => {
      notices.push(notice);
      return { channel: 'test', id: notice.key };
    },
    reply: async () => ({ channel: 'test', id: 'reply' }),
    find: async () => undefined,
    update: async (_ref, notice) => {
      notices.push(notice);
    },
  };
}

const COLLECTIONS = [
  'batches',
  'slates',
  'units',
  'outcomes',
  'batch_events',
  'publish_leases',
  'service_audit',
  'parked_pushes',
  'notice_outbox',
  'health_probes',
  'backfill_requests',
];

async function dump(state: StateStore, queue: Queue, warehouse: Warehouse): Promise<string> {
  const docs = [];
  for (const collection of COLLECTIONS) docs.push(await state.list(collection));
  const tables = await warehouse.listTables('nba_predictions');
  return JSON.stringify([docs, await queue.parked(), await queue.depth('predict-units'), tables]);
}
