import type { Clock } from '#platform/clock.ts';
import { bigQueryError, isRetriable, type Refusal, refusalOf } from './errors.ts';

/** How often one logical operation may be tried again, over all its requests and jobs. */
export interface Budget {
  /** Waits before the next try; false when the budget is used up. */
  next(): Promise<boolean>;
  /** Tries so far. */
  readonly used: () => number;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;

/** A budget of `retries`, with pauses that double, half of each at random. */
export function openBudget(clock: Clock, retries: number): Budget {
  let used = 0;
  return {
    next: async () => {
      if (used >= retries) return false;
      const pause = Math.min(FIRST_PAUSE_MS * 2 ** used, LONGEST_PAUSE_MS);
      used += 1;
      await clock.sleep(pause / 2 + (Math.random() * pause) / 2);
      return true;
    },
    used: () => used,
  };
}

/** The answer of a request, or the refusal that stood at the end of the budget. `before` are refusals that were tried again. */
export type Answer =
  | { readonly body: unknown; readonly before: readonly Refusal[] }
  | { readonly refusal: Refusal; readonly before: readonly Refusal[]; readonly cause: unknown };

/** Sends a request until it is answered, permanently refused, or the budget is used up. */
export async function tryWithin(budget: Budget, request: () => Promise<unknown>): Promise<Answer> {
  const before: Refusal[] = [];
  for (;;) {
    try {
      return { body: await request(), before };
    } catch (cause) {
      const refusal = refusalOf(cause);
      if (!isRetriable(refusal) || !(await budget.next())) return { refusal, before, cause };
      before.push(refusal);
    }
  }
}

/** `tryWithin` for requests whose refusal is an error. */
export async function answered(budget: Budget, request: () => Promise<unknown>): Promise<unknown> {
  const answer = await tryWithin(budget, request);
  if ('body' in answer) return answer.body;
  throw bigQueryError(answer.refusal, { attempts: budget.used() + 1, cause: answer.cause });
}
