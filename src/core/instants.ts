import { TipoffError } from './errors.ts';

const INSTANT =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(?:Z|[+-](\d{2}):(\d{2}))$/;

/**
 * An instant with a zone as RFC 3339 writes it; the seconds may be left out. Undefined for anything else, above all for an
 * instant that does not exist: `Date.parse` makes 3 March of 31 February and the next day of 24:00.
 */
export function readInstant(text: string): Date | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second = 0, offsetHour = 0, offsetMinute = 0] = match
    .slice(1)
    .map((part: string | undefined) => (part === undefined ? undefined : Number(part)));
  if (year === undefined || month === undefined || day === undefined) return undefined;
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  if ((hour ?? 24) > 23 || (minute ?? 60) > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59)
    return undefined;
  return new Date(text);
}

/** True for an instant with a zone that exists. */
export function isInstant(text: string): boolean {
  return readInstant(text) !== undefined;
}

/** An instant that a provider writes in UTC, with or without saying so: a zone may be missing, and a space may replace the T. */
export function readUtc(text: string): Date | undefined {
  const zoned = /(?:Z|[+-]\d{2}:\d{2})$/.test(text) ? text : `${text}Z`;
  return readInstant(zoned.replace(' ', 'T'));
}

/** An instant that must be one. TIPOFF_BAD_INPUT that names `what`, such as the option or the field it comes from. */
export function parseInstant(text: string, what?: string): Date {
  const instant = readInstant(text);
  if (instant !== undefined) return instant;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `${what === undefined ? '' : `${what}: `}expected an instant with a zone that exists, saw "${text}"`,
    { hint: 'Write it as 2025-01-10T17:00:00Z.', details: { value: text } },
  );
}

/** Days of a month of the Gregorian calendar; months count from 1. */
function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
