import { TipoffError } from '#core/errors.ts';
import { type DeliverDeps, type Delivered, deliver } from './deliver.ts';
import { queueDigest } from './digest.ts';
import type { CheckRun } from './input.ts';
import { type Observed, observe } from './observe.ts';

/** What came of some runs: what happened to the incidents, and what people were shown. */
export interface Alerted {
  readonly observed: Observed;
  readonly delivered: Delivered;
  /** The digest of the day was made by this call. */
  readonly digest: boolean;
}

/**
 * Takes in the answers of some runs, makes the digest when it is due, and delivers whatever is queued, older things
 * included. What could not be delivered is in the answer, is kept, and comes with the next call; see `checkDelivered`.
 */
export async function alert(deps: DeliverDeps, runs: readonly CheckRun[], options: { readonly digest?: boolean } = {}): Promise<Alerted> {
  const observed = await observe(deps.state, runs);
  const digest = options.digest !== false && (await queueDigest(deps.state, deps.clock));
  return { observed, digest, delivered: await deliver(deps) };
}

/** Throws TIPOFF_NOTIFY, the exit code 3 of a command, when something could not be delivered. */
export function checkDelivered({ undelivered }: Delivered): void {
  const [first] = undelivered;
  if (first === undefined) return;
  const onFallback = undelivered.filter(({ isOnFallback }) => isOnFallback).length;
  throw new TipoffError(
    'TIPOFF_NOTIFY',
    `${undelivered.length} of the notices could not be delivered (${onFallback} of them are on the fallback channel): ${first.error}`,
    { hint: first.hint, details: { undelivered: undelivered.map(({ key, error }) => ({ key, error })) } },
  );
}
