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
  const part = (group: number): number => Number(match[group] ?? 0);
  const month = part(2);
  if (month < 1 || month > 12 || part(3) < 1 || part(3) > daysIn(part(1), month)) return undefined;
  if (part(4) > 23 || part(5) > 59 || part(6) > 59 || part(7) > 23 || part(8) > 59) return undefined;
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

/** The days of a month, 1 to 12, of the Gregorian calendar. */
export function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
