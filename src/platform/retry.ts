import { isTransient } from '#core/errors.ts';
import { hashText, Random } from '#core/random.ts';
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
  /** Called before each pause, for a log. */
  readonly onRetry?: (error: unknown, failed: number) => void;
  /** Milliseconds on the clock after which no further attempt begins, counted from the opening; no bound unless given. */
  readonly budget?: number;
}

/** What is left of a policy. One operation of several requests shares one. */
export interface RetryBudget {
  /** The number of the current attempt, from 1. */
  readonly attempt: number;
  /**
   * Decides after a failure of the current attempt. True after the pause, when another attempt is due; false at once when the error is permanent,
   * the attempts or the time are used up, or the pause would be too long. Rejects with the signal's reason when aborted.
   */
  next(error: unknown, signal?: AbortSignal): Promise<boolean>;
}

/** Opens the budget of one operation. `clock` is the only source of waiting. */
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
   * A source of numbers in [0, 1), seeded by the caller: half of each pause is then taken at random, so that processes that
   * failed together do not come back together.
   */
  readonly jitter?: () => number;
}

/** Numbers in [0, 1) for pauses: the same seed gives the same ones, so a process seeds it with a name of its own. */
export function jitterOf(seed: string): () => number {
  const random = new Random(hashText(seed));
  return () => random.next();
}

/** The pause after so many failed attempts, in milliseconds. */
export function backoff({ first, max, jitter }: Backoff): (failed: number) => number {
  return (failed) => {
    const pause = Math.min(first * 2 ** (failed - 1), max);
    return jitter === undefined ? pause : pause / 2 + (jitter() * pause) / 2;
  };
}
