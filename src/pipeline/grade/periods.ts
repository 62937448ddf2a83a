import { addDays, type Slate } from '#core/calendar.ts';

export type PeriodKind = 'season' | 'month' | 'week';
export const PERIOD_KINDS: readonly PeriodKind[] = ['season', 'month', 'week'];

/** The ISO 8601 week of a date: weeks start on Monday and belong to the year of their Thursday ("2025-W01" holds 2024-12-30). */
export function isoWeek(date: Slate): string {
  const weekday = (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
  const thursday = addDays(date, 3 - weekday);
  const dayOfYear = Math.round((Date.parse(`${thursday}T00:00:00Z`) - Date.parse(`${thursday.slice(0, 4)}-01-01T00:00:00Z`)) / 86_400_000);
  return `${thursday.slice(0, 4)}-W${String(Math.floor(dayOfYear / 7) + 1).padStart(2, '0')}`;
}

/** The label of the period of a slate: "2024-25", "2025-01", "2025-W02". */
export function periodOf(kind: PeriodKind, slate: Slate, season: string): string {
  if (kind === 'season') return season;
  return kind === 'month' ? slate.slice(0, 7) : isoWeek(slate);
}
