import { setTimeout as sleepFor } from 'node:timers/promises';
import { parseInstant } from '#core/instants.ts';

/** The only source of time. Code takes a Clock; tests, drills and `--at` pass a virtual one. */
export interface Clock {
  /** The current instant. */
  now(): Date;
  /** Waits; a virtual clock advances instead. Rejects with the signal's reason when aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The system clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  sleep: async (milliseconds, signal) => {
    await sleepFor(milliseconds, undefined, signal === undefined ? {} : { signal });
  },
};

/** A clock that does not move on its own; `sleep` moves it, so that waiting costs no time. */
export interface VirtualClock extends Clock {
  /** Moves the clock forward. */
  advance(milliseconds: number): void;
  /** Sets the clock to an instant; going back is refused. */
  set(instant: Date | string): void;
  /** Every requested sleep, in milliseconds, in order. */
  readonly slept: readonly number[];
}

function timeOf(instant: Date | string): number {
  return (typeof instant === 'string' ? parseInstant(instant) : instant).getTime();
}

/** A virtual clock that starts at an instant. Throws TIPOFF_BAD_INPUT for invalid text. */
export function virtualClock(start: Date | string): VirtualClock {
  let current = timeOf(start);
  if (Number.isNaN(current)) throw new RangeError(`not an instant: ${String(start)}`);
  const slept: number[] = [];
  return {
    now: () => new Date(current),
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      slept.push(milliseconds);
      current += milliseconds;
      await Promise.resolve();
    },
    advance: (milliseconds) => {
      current += milliseconds;
    },
    set: (instant) => {
      const next = timeOf(instant);
      if (Number.isNaN(next) || next < current)
        throw new RangeError(`a clock does not go back: ${String(instant)}`);
      current = next;
    },
    slept,
  };
}

/** A clock that starts at a given instant and runs in real time (the CLI's `--at`). */
export function shiftedClock(at: Date | string): Clock {
  const offset = timeOf(at) - Date.now();
  return { now: () => new Date(Date.now() + offset), sleep: systemClock.sleep };
}
