import { addDays, easternInstant, parseSlate, type Slate } from '#core/calendar.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { writeBackupRecord } from '#guard/backup-record.ts';
import { beat, JOBS } from '#guard/canaries/heartbeats.ts';
import { type DayDeps, runDay } from '#pipeline/day.ts';
import type { Clock } from '#platform/clock.ts';
import { loadLeague, type SimulatedLeague, simulateLeague } from '#simulate/league.ts';

/** The last evening of the healthy league. */
const HEALTHY_TONIGHT = parseSlate('2024-11-30');
/** 17:45 in New York: every check of the day is due, and the first tip-off is near. */
export const HEALTHY_AS_OF = new Date('2024-11-30T22:45:00Z');

/** A league as small as the thresholds of the checks allow. */
export function healthyLeague(): SimulatedLeague {
  return simulateLeague({
    seed: 11,
    seasons: ['2023-24', '2024-25'],
    teams: 8,
    gamesPerTeam: 24,
    through: HEALTHY_TONIGHT,
  });
}

/** A clock that can be set to the hours of a simulated day. */
export interface SettableClock extends Clock {
  set(instant: Date): void;
}

/** A clock that shows the instant it was last set to; sleeping advances it. */
export function settableClock(start: Date): SettableClock {
  let now = start.getTime();
  return {
    now: () => new Date(now),
    sleep: async (milliseconds) => {
      now += milliseconds;
    },
    set: (instant) => {
      now = instant.getTime();
    },
  };
}

/** An hour of a simulated day, in New York time: all phases run, or the caller looks. */
export type DayHour =
  | { readonly at: string; readonly run: true }
  | { readonly at: string; readonly look: (now: Date) => Promise<void> };

/** The minimal day: one run after noon, when reports and lines are available. */
export const ONE_RUN: readonly DayHour[] = [{ at: '12:15', run: true }];

/**
 * Runs days of a simulated league hour by hour: before each run everything known by then is loaded, all phases run, and the
 * daily job reports and records a back-up. Days that are left out are loaded and computed, but not predicted.
 */
export async function liveDays(
  deps: DayDeps,
  options: {
    readonly league: SimulatedLeague;
    readonly clock: SettableClock;
    readonly slates: readonly Slate[];
    /** The same for every slate, or each its own. */
    readonly hours: readonly DayHour[] | ((slate: Slate) => readonly DayHour[]);
  },
): Promise<void> {
  const { league, clock } = options;
  let since: string | undefined;
  for (const slate of options.slates) {
    const { hours } = options;
    for (const hour of typeof hours === 'function' ? hours(slate) : hours) {
      const now = easternInstant(slate, hour.at);
      clock.set(now);
      if ('look' in hour) {
        await hour.look(now);
        continue;
      }
      await loadLeague(deps.warehouse, league, { clock, ...omitUndefined({ since }) });
      since = now.toISOString();
      const day = await runDay(
        { ...deps, runId: `${deps.runId}-${slate}-${hour.at}` },
        { slate, by: 'simulated day' },
      );
      await beat(deps, { job: 'day', ok: true, maxSilenceSeconds: JOBS.day, detail: day.state });
      const at = clock.now().toISOString();
      await writeBackupRecord(deps.state, {
        generation: 1,
        newest: 1,
        created_at: at,
        verified_at: at,
        refused: [],
      });
    }
  }
}

/** The last two days of a league: yesterday, to be graded, and tonight. */
export function proofSlates(league: SimulatedLeague): Slate[] {
  const tonight = league.tonight ?? league.slates.at(-1) ?? HEALTHY_TONIGHT;
  return [addDays(tonight, -1), tonight];
}
