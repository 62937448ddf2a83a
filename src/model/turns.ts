import { setImmediate as nextTurn } from 'node:timers/promises';

/** Long work in short steps: whoever carries it out decides what happens between them. */
export type Steps<T> = Generator<undefined, T>;

/** Carries steps out one after the other. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Carries steps out in turns with everything else that the process has to do: a service answers meanwhile. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await nextTurn();
  }
}
