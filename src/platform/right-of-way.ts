import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, systemClock } from './clock.ts';

/**
 * Priority between questions and long work in one process. Long work yields between its steps, and pauses while questions are
 * being answered. A question has priority for a few seconds only; after that it competes with everything else.
 */
export interface RightOfWay {
  /** Runs a question with priority. */
  first<T>(answer: () => Promise<T>): Promise<T>;
  /** Ends the priority of the question that the calling code belongs to: from now on it counts as work. */
  cede(): void;
  /** True when the calling code belongs to a question that still has priority. */
  isFirst(): boolean;
  /** True while any question has priority. */
  isTaken(): boolean;
  /** Waits until the current questions have been answered or have lost priority. Later ones are not waited for. */
  answered(): Promise<void>;
  /**
   * Called by long work between its steps: waits for a turn of the event loop, then for `answered`. Work therefore advances by
   * a step however many questions arrive. Returns at once within a question that has priority.
   */
  giveWay(): Promise<void>;
}

export interface RightOfWayOptions {
  /** Seconds for which a question has priority; 5 when absent. */
  readonly seconds?: number;
  /** Measures them; the system clock when absent. */
  readonly clock?: Pick<Clock, 'sleep'>;
}

interface Question {
  isFirst: boolean;
  readonly over: Promise<void>;
  readonly cede: () => void;
}

export function openRightOfWay({ seconds = 5, clock = systemClock }: RightOfWayOptions = {}): RightOfWay {
  const asking = new AsyncLocalStorage<Question>();
  const questions = new Set<Question>();
  const isFirst = (): boolean => asking.getStore()?.isFirst === true;
  const answered = async (): Promise<void> => {
    await Promise.all([...questions].map(({ over }) => over));
  };
  return {
    isFirst,
    answered,
    cede: () => asking.getStore()?.cede(),
    isTaken: () => questions.size > 0,
    first: async (answer) => {
      const { promise: over, resolve: end } = Promise.withResolvers<void>();
      const done = new AbortController();
      const cede = (): void => {
        question.isFirst = false;
        questions.delete(question);
        end();
      };
      const question: Question = { isFirst: true, over, cede };
      questions.add(question);
      clock.sleep(seconds * 1000, done.signal).then(cede, () => undefined);
      try {
        return await asking.run(question, answer);
      } finally {
        done.abort();
        cede();
      }
    },
    giveWay: async () => {
      if (isFirst()) return;
      await nextTurn();
      await answered();
    },
  };
}
