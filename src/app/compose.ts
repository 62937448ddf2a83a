import { randomUUID } from 'node:crypto';
import { CONTRACTS } from '#core/contracts/index.ts';
import { CURRENT_PREDICTIONS } from '#core/contracts/nba_predictions/publications.ts';
import type { Clock } from '#platform/clock.ts';
import type { Notifier } from '#platform/notify/port.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import type { Queue } from '#platform/queue/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import type { Config } from './config.ts';

/** Everything a use case may need, over whichever adapters the configuration chose. */
export interface App {
  readonly config: Config;
  readonly clock: Clock;
  /** Identifies this run in receipts. */
  readonly runId: string;
  readonly warehouse: Warehouse;
  readonly state: StateStore;
  readonly queue: Queue;
  /** Where exports go. */
  readonly exports: ObjectStore;
  /** Where model artefacts are kept. */
  readonly models: ObjectStore;
  readonly notifier: Notifier;
  /** Where it is said what the notifier did not take. */
  readonly fallback: Notifier;
  /** Things the user should be told about how the app was opened, such as a home taken over from a dead process. */
  readonly notes: readonly string[];
  /** Leaves address and key of a service in the lock of the home, for its owner's other processes. */
  announce(at: { readonly address: string; readonly key: string }): Promise<void>;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** What the process is doing, for others who find the home taken. */
  readonly command: string;
  readonly clock: Clock;
  /** Where the console notifier writes its lines. */
  readonly write: (line: string) => void;
  /** False leaves the warehouse as it is instead of making missing tables and views. */
  readonly prepare?: boolean;
}

/**
 * Opens the embedded home: takes its lock, opens warehouse, state and queue, and makes missing tables. The adapters are
 * loaded when they are opened, so that a command that needs none starts fast.
 */
export async function openApp(config: Config, options: OpenOptions): Promise<App> {
  const { clock } = options;
  const { openHome } = await import('#platform/home.ts');
  const home = await openHome(config.home, { command: options.command, clock });
  const closers: (() => Promise<void>)[] = [() => home.release()];
  const close = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const closer of closers.splice(0).reverse()) await closer().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  try {
    const [{ openDuckDb }, { openSqliteState }, { openSqliteQueue }, { directoryObjects }, { consoleNotifier }] = await Promise.all([
      import('#platform/warehouse/duckdb/warehouse.ts'),
      import('#platform/state/sqlite/store.ts'),
      import('#platform/queue/sqlite/queue.ts'),
      import('#platform/objects/directory/store.ts'),
      import('#platform/notify/console/notifier.ts'),
    ]);
    const warehouse = await openDuckDb(home.paths.warehouse);
    closers.push(() => warehouse.close());
    const state = openSqliteState(home.paths.state, { clock });
    closers.push(() => state.close());
    const queue = openSqliteQueue(home.paths.state, { clock });
    closers.push(() => queue.close());
    if (options.prepare !== false) {
      await warehouse.prepare(CONTRACTS);
      await warehouse.createView(CURRENT_PREDICTIONS.ref, CURRENT_PREDICTIONS.sql);
    }
    return {
      config,
      clock,
      runId: randomUUID(),
      warehouse,
      state,
      queue,
      exports: directoryObjects(home.paths.objects),
      models: directoryObjects(home.dir),
      notifier: await openNotifier(config, clock, consoleNotifier(options.write)),
      fallback: consoleNotifier(options.write),
      notes: home.takenOver === undefined ? [] : [home.takenOver.message],
      announce: (at) => home.announce(at),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Slack where it is configured, otherwise the console. */
async function openNotifier({ slack, repositoryUrl }: Config, clock: Clock, console: Notifier): Promise<Notifier> {
  if (slack === undefined) return console;
  const { slackNotifier } = await import('#platform/notify/slack/notifier.ts');
  const runbookLink = (path: string): string | undefined =>
    repositoryUrl === undefined ? undefined : `${repositoryUrl}/blob/main/${path}`;
  return slackNotifier({ ...slack, clock, runbookLink });
}
