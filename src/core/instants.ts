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

/** An instant of a provider that writes UTC: the zone may be missing, and a space may replace the T. */
export function readUtc(text: string): Date | undefined {
  const zoned = /(?:Z|[+-]\d{2}:\d{2})$/.test(text) ? text : `${text}Z`;
  return readInstant(zoned.replace(' ', 'T'));
}

/** Reads an instant or throws TIPOFF_BAD_INPUT, which names `what`: the option or field the text comes from. */
export function parseInstant(text: string, what?: string): Date {
  const instant = readInstant(text);
  if (instant !== undefined) return instant;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `${what === undefined ? '' : `${what}: `}expected an instant with a zone that exists, saw "${text}"`,
    { hint: 'Write it as 2025-01-10T17:00:00Z.', details: { value: text } },
  );
}

/** Days in a month; months count from 1. Day 0 of the next month is the last day of this one. */
function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
