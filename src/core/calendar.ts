import { TipoffError } from './errors.ts';
import { daysIn, parseInstant } from './instants.ts';

/** The ET calendar date of tip-off, YYYY-MM-DD: the unit in which everything is computed, queried and published. */
export type Slate = string & { readonly __slate: true };

const ZONE = 'America/New_York';
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DAY = { timeZone: ZONE, year: 'numeric', month: '2-digit', day: '2-digit' } as const;
const TIME = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
// Created on first use: loading the time-zone data takes as long as many commands take in all.
let easternDate: Intl.DateTimeFormat | undefined;
let easternClock: Intl.DateTimeFormat | undefined;

/** True for a calendar date that exists, written YYYY-MM-DD. */
export function isDate(text: string): boolean {
  if (!DATE.test(text)) return false;
  const [year, month, day] = [Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8))];
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
}

/** Reads a slate from text. Throws TIPOFF_BAD_INPUT for anything that is not an existing date. */
export function parseSlate(text: string): Slate {
  if (!isDate(text)) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected a date as YYYY-MM-DD, saw "${text}"`, {
      hint: 'Write the ET calendar date of tip-off, for example 2025-01-10.',
      details: { value: text },
    });
  }
  return text as Slate;
}

/** The slate an instant belongs to: its calendar date in New York, whatever the zone of the machine. */
export function slateOf(instant: Date | string): Slate {
  const date = typeof instant === 'string' ? parseInstant(instant) : instant;
  if (Number.isNaN(date.getTime())) {
    throw new TipoffError('TIPOFF_BAD_INPUT', 'expected an instant, saw an invalid date', {
      hint: 'Read text with parseInstant, which names what is wrong with it.',
    });
  }
  easternDate ??= new Intl.DateTimeFormat('en-CA', DAY);
  return easternDate.format(date) as Slate;
}

/** A slate some days later (or earlier, for a negative number). */
export function addDays(slate: Slate, days: number): Slate {
  return new Date(Date.parse(`${slate}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10) as Slate;
}

/** Calendar days from `from` to `to`; negative when `to` is earlier. */
export function daysBetween(from: Slate, to: Slate): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000);
}

/**
 * The instant at which it is this date and time (HH:MM) in New York. A time that DST repeats is its first occurrence; a time
 * that DST skips is moved forward by the hour that was skipped.
 */
export function easternInstant(date: Slate, time: string): Date {
  const wall = Date.parse(`${date}T${time}:00Z`);
  if (Number.isNaN(wall)) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected a time as HH:MM, saw "${time}"`, {
      hint: 'Write 24-hour ET time, for example 19:30.',
    });
  }
  // New York is UTC-4 or UTC-5: the earlier instant that shows the requested time is the answer.
  for (const offsetHours of [4, 5]) {
    const candidate = new Date(wall + offsetHours * 3_600_000);
    if (wallClock(candidate) === wall) return candidate;
  }
  return new Date(wall + 4 * 3_600_000 + 3_600_000);
}

/** ET hour and minute of an instant as HH:MM. */
export function easternTime(instant: Date): string {
  return new Date(wallClock(instant)).toISOString().slice(11, 16);
}

function wallClock(instant: Date): number {
  easternClock ??= new Intl.DateTimeFormat('en-GB', { ...DAY, ...TIME });
  const [day, month, year, hour, minute, second] = easternClock.format(instant).split(/\D+/);
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** Days that reach back over a whole season, from its last game to the first and before. */
export const SEASON_DAYS = 270;

/** Kinds of games, in the coding of the third digit of a game id. */
export const SEASON_TYPES = ['preseason', 'regular', 'all_star', 'cup_final', 'play_in', 'playoffs'] as const;
export type SeasonType = (typeof SEASON_TYPES)[number];
/** SQL: a game of the kinds that count. */
export const IS_COUNTED_TYPE = "season_type IN ('regular', 'play_in', 'playoffs')";

const TYPE_OF_DIGIT: Readonly<Record<string, SeasonType>> = {
  '1': 'preseason',
  '2': 'regular',
  '3': 'all_star',
  '4': 'playoffs',
  '5': 'play_in',
  '6': 'cup_final',
};

/** The Monday of a slate's week: the slate itself when it is one. */
export function mondayBefore(slate: Slate): Slate {
  return addDays(slate, -((new Date(`${slate}T00:00:00Z`).getUTCDay() + 6) % 7));
}

/** The season a date falls into, as a label: October 2024 to September 2025 is "2024-25". */
export function seasonOf(slate: Slate): string {
  const year = Number(slate.slice(0, 4));
  return seasonLabel(Number(slate.slice(5, 7)) >= 10 ? year : year - 1);
}

/** The label of the season that starts in a year: 2024 gives "2024-25", 1999 gives "1999-00". */
export function seasonLabel(startYear: number): string {
  return `${startYear}-${String((startYear + 1) % 100).padStart(2, '0')}`;
}

/** First and last day of a season label: 1 October to 30 September. Throws TIPOFF_BAD_INPUT for text that is no season. */
export function seasonSpan(season: string): { from: Slate; to: Slate } {
  const match = /^(\d{4})-(\d{2})$/.exec(season);
  if (match === null || seasonLabel(Number(match[1])) !== season) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected a season as 2024-25, saw "${season}"`, {
      hint: 'Write the start year and two digits of the next.',
    });
  }
  const start = Number(match[1]);
  return { from: parseSlate(`${start}-10-01`), to: parseSlate(`${start + 1}-09-30`) };
}

/** What an official game id says: "0022400517" is regular season 2024-25. Undefined for any other text. */
export function readGameId(gameId: string): { season: string; seasonType: SeasonType } | undefined {
  const match = /^00([1-6])(\d{2})(\d{5})$/.exec(gameId);
  const type = match === null ? undefined : TYPE_OF_DIGIT[match[1] ?? ''];
  if (match === null || type === undefined) return undefined;
  const short = Number(match[2]);
  return { season: seasonLabel(short > 45 ? 1900 + short : 2000 + short), seasonType: type };
}

/** Restores the leading zeros a game id loses in spreadsheets and number columns. Undefined when the result is not an NBA game id. */
export function restoreGameId(text: string | number): string | undefined {
  const padded = String(text).trim().padStart(10, '0');
  return readGameId(padded) === undefined ? undefined : padded;
}
