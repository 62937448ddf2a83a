import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, systemClock } from './clock.ts';

/**
 * Who goes first in a process that computes for one and answers others. A question is answered before the next step of long
 * work: the work asks between its steps, and stands still while questions are being answered. A question keeps the right of way
 * for some seconds only; one that takes longer goes on in turns with everything else.
 */
export interface RightOfWay {
  /** Answers a question before everything else. */
  first<T>(answer: () => Promise<T>): Promise<T>;
  /** Takes it from the question that the code belongs to: what it does from now on is work. */
  cede(): void;
  /** Whether the code that asks belongs to a question that still has the right of way. */
  isFirst(): boolean;
  /** Whether somebody has it. */
  isTaken(): boolean;
  /** Waits until the questions that are there now are answered. Those that come meanwhile are not waited for. */
  answered(): Promise<void>;
  /**
   * What long work calls between its steps: a turn of the event loop, and until `answered`. Whoever works gets on by a step
   * however many ask. A question gives way to nobody.
   */
  giveWay(): Promise<void>;
}

export interface RightOfWayOptions {
  /** Seconds for which one question goes first; 5 when absent. */
  readonly seconds?: number;
  /** Tells when they are over; the wall clock when absent. */
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
