import { easternInstant, easternTime, isDate, type Slate } from '#core/calendar.ts';
import { readInstant } from '#core/instants.ts';
import { RowRejection } from '#pipeline/ingest/rows.ts';
import { requiredDate } from './fields.ts';

const HEADING = /^Injury Report:\s*(\d{1,2})\/(\d{1,2})\/(\d{2})\s+(\d{1,2}):(\d{2})\s*(AM|PM)/i;
const LABEL = /Injury-Report_(\d{4}-\d{2}-\d{2})_(\d{2})(?:_(\d{2}))?(AM|PM)\.pdf/i;
const CREATED = /^D:(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:([+-])(\d{2})'(\d{2})'?|Z)/;
const HOUR_MS = 3_600_000;

/** Minutes by which a heading may be later than the label, by era: one report an hour until December 2025, one every quarter of an hour since. */
const MAX_MINUTES_AFTER_LABEL = { hourly: 60, quarterly: 30 } as const;

/** A time on a wall in New York. */
interface WallTime {
  readonly date: Slate;
  /** HH:MM, 24 hours. */
  readonly time: string;
}

/** The label in the name of a report's file. */
export interface ReportLabel extends WallTime {
  readonly era: keyof typeof MAX_MINUTES_AFTER_LABEL;
}

/** The heading of a report as printed, "Injury Report: 01/15/25 05:30 PM"; undefined for any other text. Throws RowRejection impossible_date. */
export function readHeading(text: string): WallTime | undefined {
  const match = HEADING.exec(text);
  if (match === null) return undefined;
  const [, month = '', day = '', year = '', hour = '', minute = '', half = ''] = match;
  return { date: requiredDate('heading', `20${year}`, month, day), time: time24(hour, minute, half) };
}

/** The label in a path or address: `Injury-Report_2025-01-15_05PM.pdf` (hourly) or `…_2026-02-08_06_15PM.pdf`; undefined for names without one. */
export function readLabel(path: string): ReportLabel | undefined {
  const match = LABEL.exec(path);
  if (match === null) return undefined;
  const [, date = '', hour = '', minute, half = ''] = match;
  if (!isDate(date)) return undefined;
  return {
    date: date as Slate,
    time: time24(hour, minute ?? '00', half),
    era: minute === undefined ? 'hourly' : 'quarterly',
  };
}

/** The instant of a label. */
export function labelInstant({ date, time }: WallTime): Date {
  return easternInstant(date, time);
}

/**
 * The instant of a heading. In the hour that autumn repeats, the zone of the document's own date decides; without one the
 * first of the two. Undefined for a time that spring skips, which no report can carry.
 */
export function headingInstant({ date, time }: WallTime, createdAt: string | null): Date | undefined {
  const first = easternInstant(date, time);
  if (easternTime(first) !== time) return undefined;
  const second = new Date(first.getTime() + HOUR_MS);
  const isRepeated = easternTime(second) === time;
  return isRepeated && CREATED.exec(createdAt ?? '')?.[8] === '05' ? second : first;
}

/** The instant of a PDF date (`D:20250115173002-05'00'`); null when it is none. */
export function documentInstant(createdAt: string | null): string | null {
  const match = CREATED.exec(createdAt ?? '');
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, sign, zoneHour, zoneMinute] = match;
  const zone = sign === undefined ? 'Z' : `${sign}${zoneHour}:${zoneMinute}`;
  return readInstant(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`)?.toISOString() ?? null;
}

/**
 * Holds a heading against the label of its file: it is as old as the label or somewhat newer. Anything else is another
 * report under this name. Throws RowRejection impossible_value.
 */
export function checkLabel(heading: WallTime, label: ReportLabel): void {
  const minutes = (wallMs(heading) - wallMs(label)) / 60_000;
  const most = MAX_MINUTES_AFTER_LABEL[label.era];
  if (minutes >= 0 && minutes <= most) return;
  throw new RowRejection(
    'report_at',
    'impossible_value',
    `expected a heading 0 to ${most} minutes after the label ${label.date} ${label.time}, saw ${heading.date} ${heading.time}`,
  );
}

function wallMs({ date, time }: WallTime): number {
  return Date.parse(`${date}T${time}:00Z`);
}

function time24(hour: string, minute: string, half: string): string {
  const hours = (Number(hour) % 12) + (half.toUpperCase() === 'PM' ? 12 : 0);
  return `${String(hours).padStart(2, '0')}:${minute}`;
}
