import { addDays, daysBetween, parseSlate, type Slate } from '#core/calendar.ts';
import { startYear } from './options.ts';

/** The dates that give a season its shape. */
export interface SeasonCalendar {
  readonly season: string;
  /** When the schedule comes out. */
  readonly publishedOn: Slate;
  /** The Tuesday between 18 and 24 October. */
  readonly opening: Slate;
  /** The Sunday between 9 and 15 April. */
  readonly regularEnd: Slate;
  /** Friday before the third Sunday of February to the Wednesday after: six days. */
  readonly breakFrom: Slate;
  readonly breakTo: Slate;
  /** Fourth Thursday of November and 24 December: nobody plays. */
  readonly holidays: readonly Slate[];
}

/** The calendar of a season, from its label alone. */
export function seasonCalendar(season: string): SeasonCalendar {
  const year = startYear(season);
  const star = addDays(weekdayFrom(`${year + 1}-02-01`, 0), 14);
  return {
    season,
    publishedOn: parseSlate(`${year}-08-15`),
    opening: weekdayFrom(`${year}-10-18`, 2),
    regularEnd: weekdayFrom(`${year + 1}-04-09`, 0),
    breakFrom: addDays(star, -2),
    breakTo: addDays(star, 3),
    holidays: [addDays(weekdayFrom(`${year}-11-01`, 4), 21), parseSlate(`${year}-12-24`)],
  };
}

/** True when regular-season games may stand on a date, as far as breaks and holidays go. */
export function isPlayingDay(calendar: SeasonCalendar, date: Slate): boolean {
  return !(date >= calendar.breakFrom && date <= calendar.breakTo) && !calendar.holidays.includes(date);
}

/** The days from opening to end on which games may be played. */
export function playingDays(calendar: SeasonCalendar): Slate[] {
  const days = daysBetween(calendar.opening, calendar.regularEnd) + 1;
  return Array.from({ length: days }, (_, i) => addDays(calendar.opening, i)).filter((date) => isPlayingDay(calendar, date));
}

/** Day of the week of a date, 0 = Sunday. */
export function weekdayOf(date: Slate): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay();
}

/** The first date at or after `from` with a day of the week. */
function weekdayFrom(from: string, weekday: number): Slate {
  const start = parseSlate(from);
  return addDays(start, (weekday - weekdayOf(start) + 7) % 7);
}
