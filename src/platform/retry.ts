import { isTransient } from '#core/errors.ts';
import type { Clock } from './clock.ts';

/** How often, and how far apart, one operation is tried. */
export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly attempts: number;
  /**
   * Milliseconds to wait after so many failed attempts (1 after the first); undefined when the error asks for a longer wait
   * than anybody would sit through. No wait unless given.
   */
  readonly pause?: (failed: number, error: unknown) => number | undefined;
  /** Whether another attempt may help; `isTransient` of the error model unless given. */
  readonly isTransient?: (error: unknown) => boolean;
  /** Milliseconds on the clock after which no further attempt begins, counted from the opening; no bound unless given. */
  readonly budget?: number;
}

/** What is left of a policy. One operation of several requests shares one. */
export interface RetryBudget {
  /** Attempts that have failed so far. */
  readonly failed: number;
  /**
   * Takes note of a failure. True after the pause, when another attempt is due; false at once when the error is permanent,
   * the attempts or the time are used up, or the pause would be too long. Rejects with the signal's reason when aborted.
   */
  next(error: unknown, signal?: AbortSignal): Promise<boolean>;
}

/** Opens the budget of one operation. `clock` is the only source of waiting. */
export function retryBudget(clock: Clock, policy: RetryPolicy): RetryBudget {
  const { attempts, pause = () => 0, isTransient: isWorthIt = isTransient, budget } = policy;
  const startedAt = clock.now().getTime();
  let failed = 0;
  return {
    get failed() {
      return failed;
    },
    next: async (error, signal) => {
      failed += 1;
      if (failed >= attempts || !isWorthIt(error)) return false;
      const wait = pause(failed, error);
      if (wait === undefined) return false;
      if (budget !== undefined && clock.now().getTime() + wait - startedAt > budget) return false;
      if (wait > 0) await clock.sleep(wait, signal);
      return true;
    },
  };
}

/** Calls until it works, within the policy; throws the last error as it is. `call` is passed the number of the attempt, from 1. */
export async function retry<T>(
  clock: Clock,
  policy: RetryPolicy,
  call: (attempt: number) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const budget = retryBudget(clock, policy);
  for (;;) {
    try {
      return await call(budget.failed + 1);
    } catch (error) {
      if (!(await budget.next(error, signal))) throw error;
    }
  }
}

/** Pauses that double from `first` up to `max` milliseconds. */
export interface Backoff {
  readonly first: number;
  readonly max: number;
  /**
   * A source of numbers in [0, 1), seeded by the caller: half of each pause is then taken at random, so that processes that
   * failed together do not come back together.
   */
  readonly jitter?: () => number;
}

/** The pause after so many failed attempts, in milliseconds. */
export function backoff({ first, max, jitter }: Backoff): (failed: number) => number {
  return (failed) => {
    const pause = Math.min(first * 2 ** (failed - 1), max);
    return jitter === undefined ? pause : pause / 2 + (jitter() * pause) / 2;
  };
}
