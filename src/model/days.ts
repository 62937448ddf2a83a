const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday: three days after a Monday. */
const AFTER_MONDAY = 3;

/** Days since 1970-01-01 of a calendar date. */
export function dayNumber(date: string): number {
  return Math.round(Date.parse(`${date}T00:00:00Z`) / DAY_MS);
}

/** Number of the calendar week (from Monday) of a day since 1970-01-01. */
export function weekOf(day: number): number {
  return Math.floor((day + AFTER_MONDAY) / 7);
}

/** The Monday of a week, as a day since 1970-01-01. */
export function mondayOf(week: number): number {
  return week * 7 - AFTER_MONDAY;
}
