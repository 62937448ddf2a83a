import { randomUUID } from 'node:crypto';
import type { Clock } from '#platform/clock.ts';
import { type Outbox, openOutbox } from '#platform/notify/outbox.ts';
import type { Notifier } from '#platform/notify/port.ts';
import { openRightOfWay, type RightOfWay } from '#platform/right-of-way.ts';
import type { Config } from './config.ts';
import type { OnClose, StoreOptions, Stores } from './stores/stores.ts';

/** Everything a use case may need, over whichever adapters the configuration chose. */
export interface App extends Stores {
  readonly config: Config;
  readonly clock: Clock;
  /** Identifies this run in receipts. */
  readonly runId: string;
  /** Notifies people; the only way to do so. */
  readonly outbox: Outbox;
  /** Reports a problem that did not stop the work to the person who runs the command. */
  readonly warn: (line: string) => void;
  /** Questions run within it with priority, and long work yields to them between its steps. */
  readonly rightOfWay: RightOfWay;
  /** Reports what long work is doing at this moment. */
  readonly meanwhile: (text: string) => void;
  close(): Promise<void>;
}

export interface OpenOptions extends Omit<StoreOptions, 'rightOfWay'> {
  /** Priorities within the process; measured by the system clock when absent. */
  readonly rightOfWay?: RightOfWay;
  /** Receives what long work is doing; ignored when absent. */
  readonly meanwhile?: (text: string) => void;
  /** Where the console notifier writes its lines. */
  readonly write: (line: string) => void;
}

/**
 * Opens the stores of the configured profile and the notifier. Adapters are loaded when they are opened: a
 * command that needs none starts fast, and the embedded profile never loads a cloud client.
 */
export async function openApp(config: Config, options: OpenOptions): Promise<App> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const closer of closers.splice(0).reverse())
      await closer().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  try {
    const { rightOfWay = openRightOfWay(), meanwhile = () => undefined } = options;
    const stores = await openStores(config, { ...options, rightOfWay }, (closer) => closers.push(closer));
    const { consoleNotifier } = await import('#platform/notify/console.ts');
    const { clock } = options;
    const runId = randomUUID();
    const notifier = await openNotifier(config, clock, consoleNotifier(options.write));
    const fallback = consoleNotifier(options.write);
    // A restored home may be older than its last messages: the job may have stopped after sending and before saving.
    const isStateLost = config.profile === 'embedded' && config.backup.place !== undefined;
    const outbox = openOutbox({ state: stores.state, clock, notifier, fallback, runId, isStateLost });
    return { ...stores, config, clock, runId, outbox, warn: options.write, rightOfWay, meanwhile, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openStores(config: Config, options: StoreOptions, onClose: OnClose): Promise<Stores> {
  if (config.profile === 'gcp')
    return (await import('./stores/gcp.ts')).openGcp(config.gcp, options, onClose);
  return (await import('./stores/embedded.ts')).openEmbedded(config.home, options, onClose);
}

/** Slack where it is configured, otherwise the console. */
async function openNotifier(
  { slack, repositoryUrl }: Config,
  clock: Clock,
  console: Notifier,
): Promise<Notifier> {
  if (slack === undefined) return console;
  const { slackNotifier } = await import('#platform/notify/slack/notifier.ts');
  const runbookLink = (path: string): string | undefined =>
    repositoryUrl === undefined ? undefined : `${repositoryUrl}/blob/main/${path}`;
  return slackNotifier({ ...slack, clock, runbookLink });
}
