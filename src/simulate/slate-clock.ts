import { addDays, easternInstant, type Slate } from '#core/calendar.ts';

export const MINUTE = 60_000;
export const HOUR = 3_600_000;

/** Turns New York clock times of a slate and its neighbours into instants (milliseconds). */
export interface SlateClock {
  readonly today: WallClock;
  readonly dayBefore: WallClock;
  readonly dayAfter: WallClock;
}

/** The instant at which a clock in New York shows a time, HH:MM. */
export type WallClock = (time: string) => number;

/** The wall clock of one date. DST is looked up once, at noon, so the hours before 03:00 of a switch day are not for it. */
export function wallClockOf(date: Slate): WallClock {
  const noon = easternInstant(date, '12:00').getTime();
  return (time) => noon + (Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5)) - 720) * MINUTE;
}

export function slateClock(slate: Slate): SlateClock {
  return { today: wallClockOf(slate), dayBefore: wallClockOf(addDays(slate, -1)), dayAfter: wallClockOf(addDays(slate, 1)) };
}

/** ISO text of an instant in milliseconds. */
export function iso(instant: number): string {
  return new Date(instant).toISOString();
}
