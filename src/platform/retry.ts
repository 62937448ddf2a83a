import { isTransient } from '#core/errors.ts';
import { hashText, Random } from '#core/random.ts';
import type { Clock } from './clock.ts';

/** How often one operation is attempted, and how far apart. */
export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly attempts: number;
  /**
   * Milliseconds to wait after a number of failed attempts (1 after the first); undefined to give up because the error asks for
   * too long a wait. No wait unless given.
   */
  readonly pause?: (failed: number, error: unknown) => number | undefined;
  /** Whether another attempt may help; `isTransient` of the error model unless given. */
  readonly isTransient?: (error: unknown) => boolean;
  /** Called before each pause, for a log. */
  readonly onRetry?: (error: unknown, failed: number) => void;
  /** Milliseconds, from the first attempt, after which no further attempt starts; unlimited unless given. */
  readonly budget?: number;
}

/** The remaining attempts under a policy; the requests of one operation share a budget. */
export interface RetryBudget {
  /** The number of the current attempt, from 1. */
  readonly attempt: number;
  /**
   * Called after the current attempt failed. Waits and returns true when another attempt is due; returns false at once when the
   * error is permanent, attempts or time are used up, or the wait would be too long. Rejects with the signal's reason when aborted.
   */
  next(error: unknown, signal?: AbortSignal): Promise<boolean>;
}

/** Opens the budget of one operation. All waiting goes through `clock`. */
export function retryBudget(clock: Clock, policy: RetryPolicy): RetryBudget {
  const { attempts, pause, isTransient: isWorthIt = isTransient, budget, onRetry } = policy;
  const startedAt = clock.now().getTime();
  let attempt = 1;
  return {
    get attempt() {
      return attempt;
    },
    next: async (error, signal) => {
      if (attempt >= attempts || !isWorthIt(error)) return false;
      const wait = pause === undefined ? 0 : pause(attempt, error);
      if (wait === undefined) return false;
      if (budget !== undefined && clock.now().getTime() + wait - startedAt > budget) return false;
      onRetry?.(error, attempt);
      attempt += 1;
      if (pause !== undefined) await clock.sleep(wait, signal);
      return true;
    },
  };
}

/** Calls until it succeeds, within the policy; rethrows the last error unchanged. `call` receives the attempt number, from 1. */
export async function retry<T>(
  clock: Clock,
  policy: RetryPolicy,
  call: (attempt: number) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const budget = retryBudget(clock, policy);
  for (;;) {
    try {
      return await call(budget.attempt);
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
   * A source of numbers in [0, 1): half of each pause is then random, so that processes that failed together do not all retry
   * at once.
   */
  readonly jitter?: () => number;
}

/** Numbers in [0, 1) for {@link Backoff}, determined by the seed: every process uses a seed of its own. */
export function jitterOf(seed: string): () => number {
  const random = new Random(hashText(seed));
  return () => random.next();
}

/** A function from the number of failed attempts to the next pause, in milliseconds. */
export function backoff({ first, max, jitter }: Backoff): (failed: number) => number {
  return (failed) => {
    const pause = Math.min(first * 2 ** (failed - 1), max);
    return jitter === undefined ? pause : pause / 2 + (jitter() * pause) / 2;
  };
}
