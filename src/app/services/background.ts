import type { Clock } from '#platform/clock.ts';
import { errorFacts, type Logger } from './logger.ts';

/** Pause of a loop after a failure. */
const RETRY_MILLISECONDS = 1000;

/** Background work of a service, until the process drains. */
export interface Background {
  /** Starts work that nobody awaits; a failure is logged. */
  background(what: string, work: () => Promise<unknown>): void;
  /** Repeats a step until `drain`; a failed step is logged and repeated after a pause. */
  loop(what: string, step: () => Promise<void>): void;
  /** Repeats a step at an interval in seconds until `drain`. */
  repeat(what: string, seconds: number, step: () => Promise<unknown>): void;
  /** Sleeps until the time has passed, `wakeUp` is called, or the process drains. */
  pause(milliseconds: number): Promise<void>;
  /** Ends every pause at once, because there is work. */
  wakeUp(): void;
  readonly isDraining: boolean;
  /** Waits until everything in the background has finished. */
  idle(): Promise<void>;
  /** Stops the loops after their current work has finished. */
  drain(): Promise<void>;
}

export function backgroundWork({ clock, log }: { readonly clock: Clock; readonly log: Logger }): Background {
  const stop = new AbortController();
  const pending = new Set<Promise<unknown>>();
  let alarm = new AbortController();

  const background: Background['background'] = (what, work) => {
    const running = work()
      .catch((error: unknown) => log.error({ what, ...errorFacts(error) }, `${what} failed`))
      .finally(() => pending.delete(running));
    pending.add(running);
  };
  const wakeUp = (): void => {
    alarm.abort();
    alarm = new AbortController();
  };
  const pause = async (milliseconds: number): Promise<void> => {
    if (!stop.signal.aborted) await clock.sleep(milliseconds, alarm.signal).catch(ignoreAbort);
  };
  const loop: Background['loop'] = (what, step) =>
    background(what, async () => {
      while (!stop.signal.aborted) {
        try {
          await step();
        } catch (error) {
          log.error({ what, ...errorFacts(error) }, `${what} failed`);
          await pause(RETRY_MILLISECONDS);
        }
      }
    });
  const idle = async (): Promise<void> => {
    while (pending.size > 0) await Promise.all(pending);
  };
  return {
    background,
    loop,
    repeat: (what, seconds, step) =>
      loop(what, async () => {
        await clock.sleep(seconds * 1000, stop.signal).catch(ignoreAbort);
        if (!stop.signal.aborted) await step();
      }),
    pause,
    wakeUp,
    get isDraining() {
      return stop.signal.aborted;
    },
    idle,
    drain: async () => {
      stop.abort();
      wakeUp();
      await idle();
    },
  };
}

function ignoreAbort(error: unknown): void {
  if (error instanceof Error && error.name === 'AbortError') return;
  throw error;
}
