import { messageOf } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';

/** Collection of work that has started and not finished. */
export const WORK_COLLECTION = 'work_started';

/** Minutes after which unfinished work counts as dead or hanging. Backfills use their own ledger instead. */
export const LEASE_MINUTES = { day: 60, fetch: 30, export: 15, canaries: 15 } as const;

/** Written before a piece of work starts, and removed when it ends. */
export interface StartReceipt {
  readonly work: keyof typeof LEASE_MINUTES;
  /** The slate, or another subject. */
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
 * Runs some work under a start receipt, which is removed when the work ends, successfully or not: an error reaches the caller,
 * while a killed process can only be detected by the receipt it left. The end of the work also removes expired receipts of the
 * same kind. Receipts are best effort: if one cannot be written, the work continues with a warning.
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

/** Removes the receipt of finished work, and those of its kind whose lease has expired. */
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
