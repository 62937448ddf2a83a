import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import { backfillDeps } from '#app/backfill.ts';
import type { App } from '#app/compose.ts';
import { batchDeps, trainDeps } from '#app/day.ts';
import { siteFiles } from '#app/site/live.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { modelSource } from '#model/model-source.ts';
import { systemClock } from '#platform/clock.ts';
import { serviceApp } from './app.ts';
import { authenticator, oidcVerifier } from './auth.ts';
import { serviceBackfills } from './backfills.ts';
import { serviceLogger } from './logger.ts';
import { serviceMetrics } from './metrics.ts';
import { type Role, type Service, serviceRuntime } from './runtime.ts';
import { canariesWhenDue, heartbeatMonitor, watchOnDemand } from './watch.ts';

export interface ServeOptions {
  readonly roles: readonly Role[];
  /** Worker loops in this process. */
  readonly workers: number;
  /** Players per unit; the coordinator's usual size when absent. */
  readonly unitSize?: number;
  readonly hostname: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Where the log goes, one JSON document a line. */
  readonly log: (line: string) => void;
}

export interface Serving {
  readonly address: string;
  /** Stops taking requests, finishes what is at work, and returns. The app stays open: it is its owner's to close. */
  drain(): Promise<void>;
}

const BY = 'tipoff serve';
const WATCH_SECONDS = 60;
/** Addresses at which only this machine can call. */
const LOOPBACK: readonly string[] = ['127.0.0.1', '::1', 'localhost'];

/**
 * Runs the services over an open app. Without a configured key one is made for this run; either way address and key
 * are left in the lock of the home, readable by its owner only. In a project of the cloud a key of one process would be
 * known to nobody, so one must be configured. Throws TIPOFF_BAD_INPUT without it, or when the address cannot be used.
 */
export async function startServing(app: App, options: ServeOptions): Promise<Serving> {
  const { config, clock } = app;
  const { oidc } = config;
  if (config.profile === 'gcp' && config.apiKey === undefined && oidc === undefined)
    throw noCredentialsError();
  const apiKey = config.apiKey ?? randomBytes(32).toString('hex');
  const log = serviceLogger(clock, options.log, config.profile === 'gcp' ? config.gcp.project : undefined);
  const metrics = serviceMetrics(app);
  const deps = { ...(await batchDeps(app, BY)), outbox: app.outbox };
  const isCoordinator = options.roles.includes('coordinator');
  const workers = options.roles.includes('worker') ? options.workers : 0;
  const { state, outbox, runId } = app;
  const backfills = serviceBackfills({
    state,
    clock,
    outbox,
    log,
    holder: runId,
    runDeps: (by) => backfillDeps(app, by),
  });
  const runtime = serviceRuntime(
    { ...deps, log, metrics },
    { coordinator: isCoordinator, workers, alsoSweep: () => backfills.tick() },
  );
  // A coordinator on demand sleeps most of the time: nobody is to expect a pulse of it.
  const isAlwaysOn = config.profile === 'embedded' || config.scheduledJobs.includes('services');
  let hasBegun = false;
  /** Starts what goes on without requests; once. */
  const begin = (): void => {
    if (hasBegun) return;
    hasBegun = true;
    runtime.run();
    if (!isCoordinator) return;
    if (isAlwaysOn) runtime.repeat('the watch over the checks', WATCH_SECONDS, heartbeatMonitor(app));
    // One process owns an embedded home: while it is served, nobody else can ask the checks.
    if (config.profile === 'embedded') runtime.repeat('the checks', WATCH_SECONDS, canariesWhenDue(app));
  };
  const service: Service = {
    roles: options.roles,
    deps,
    health: {
      warehouse: app.warehouse,
      state: app.state,
      queue: app.queue,
      clock,
      machine: config.profile === 'gcp' ? systemClock : clock,
      models: modelSource(trainDeps(app), { trainWhenMissing: false, by: BY }),
      settings: {
        TIPOFF_HOME: config.home !== '',
        ...Object.fromEntries(config.missingSettings.map((name) => [name, false])),
      },
    },
    authenticate: authenticator({
      apiKey,
      ...(oidc === undefined ? {} : { verifyToken: oidcVerifier({ ...oidc, clock }) }),
    }),
    runtime,
    backfills,
    metrics,
    log,
    ...(isAlwaysOn ? {} : { watch: watchOnDemand(app) }),
    ...omitUndefined({ unitSize: options.unitSize, push: app.push }),
    site: { file: siteFiles(app), isLocal: LOOPBACK.includes(options.hostname), secret: apiKey },
    profile: config.profile,
    version: config.codeVersion,
    reached: config.awaitsTraffic ? (host) => isServing(host) && begin() : undefined,
  };
  const { server, port } = await listen(service, options);
  const address = `http://${options.hostname}:${port}`;
  await app.announce({ address, key: apiKey });
  if (!config.awaitsTraffic) begin();
  log.info({ address, roles: options.roles, workers }, 'serving');
  return {
    address,
    drain: async () => {
      log.info('draining');
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeIdleConnections();
      await Promise.all([runtime.drain(), backfills.drain()]);
      server.closeIdleConnections();
      await closed;
      log.info('drained');
    },
  };
}

/** False for the address of a revision with a tag, `https://candidate---service…`: a candidate is asked there, and serves nobody. */
function isServing(host: string): boolean {
  return !host.includes('---');
}

function noCredentialsError(): TipoffError {
  return new TipoffError(
    'TIPOFF_BAD_INPUT',
    'expected TIPOFF_API_KEY, or TIPOFF_OIDC_AUDIENCE and TIPOFF_OIDC_ACCOUNTS, with TIPOFF_PROFILE=gcp, saw none',
    {
      hint: 'Set one of them: the services let nobody in without.',
    },
  );
}

async function listen(
  service: Service,
  { hostname, port }: ServeOptions,
): Promise<{ server: Server; port: number }> {
  const app = serviceApp(service);
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname, port }, (info) => {
      server.removeListener('error', refuse);
      resolve({ server, port: info.port });
    }) as Server;
    const refuse = (error: Error): void => {
      reject(
        new TipoffError('TIPOFF_BAD_INPUT', `cannot listen on ${hostname}:${port}: ${messageOf(error)}`, {
          hint: 'Choose another port with --port, or 0 for any free one.',
          details: { hostname, port },
          cause: error,
        }),
      );
    };
    server.once('error', refuse);
  });
}
