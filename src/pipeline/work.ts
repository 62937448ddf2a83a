import { messageOf } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';

/** Collection with the pieces of work that have begun and not ended. */
export const WORK_COLLECTION = 'work_started';

/** Minutes after which a piece of work that has not ended is dead or hangs. Backfills have a ledger of their own. */
export const LEASE_MINUTES = { day: 60, fetch: 30, export: 15, canaries: 15 } as const;

/** What a piece of work leaves behind before it begins. */
export interface StartReceipt {
  readonly work: keyof typeof LEASE_MINUTES;
  /** The slate, or what else it is about. */
  readonly about: string;
  /** ISO instants. */
  readonly started_at: string;
  readonly lease_until: string;
}

interface WorkDeps {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly warn?: (line: string) => void;
}

/**
 * Does some work under a start receipt, which goes when the work ends, well or badly: an error is told by who gets it, a process that
 * was killed can only be told by what it left behind. The end of a piece of work also takes away what earlier ones of its kind
 * left. Receipts are best effort: without them the work goes on, and says so.
 */
export async function underReceipt<T>(
  deps: WorkDeps,
  { work, about }: Pick<StartReceipt, 'work' | 'about'>,
  run: () => Promise<T>,
): Promise<T> {
  const key = `${work} ${about}`;
  const began = deps.clock.now();
  const until = new Date(began.getTime() + LEASE_MINUTES[work] * 60_000);
  const receipt: StartReceipt = {
    ...{ work, about },
    started_at: began.toISOString(),
    lease_until: until.toISOString(),
  };
  await attempt(deps, `the start of ${key}`, () =>
    deps.state.transaction(async (tx) => tx.put(WORK_COLLECTION, key, receipt)),
  );
  try {
    const result = await run();
    await attempt(deps, `the end of ${key}`, () => clear(deps, receipt, key));
    return result;
  } catch (error) {
    await attempt(deps, `the end of ${key}`, () =>
      deps.state.transaction(async (tx) => tx.delete(WORK_COLLECTION, key)),
    );
    throw error;
  }
}

/** Takes away the receipt of a piece of work that ended well, and those of its kind whose lease is over. */
async function clear({ state, clock }: WorkDeps, { work }: StartReceipt, key: string): Promise<void> {
  const now = clock.now().toISOString();
  const over = (await state.list<StartReceipt>(WORK_COLLECTION))
    .filter(({ id, data }) => id === key || (data.work === work && data.lease_until < now))
    .map(({ id }) => id);
  await state.transaction(async (tx) => {
    for (const id of over) tx.delete(WORK_COLLECTION, id);
  });
}

async function attempt({ warn }: WorkDeps, what: string, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    warn?.(`the receipt of ${what} was not written: ${messageOf(error)}`);
  }
}
