import { addDays, parseSlate, type Slate, slateOf } from '#core/calendar.ts';
import type { Caller } from './auth.ts';

/** Who did it, for audit trails: `POST /reset by api-key`. */
export function callerName(endpoint: string, caller: Caller | undefined, reason?: string): string {
  return `/${endpoint} by ${caller?.name ?? 'nobody'}${reason === undefined ? '' : ` (${reason})`}`;
}

/** The slate a request means. Today and tomorrow are those of New York, where the slates are. */
export function slateFrom(date: string, now: Date): Slate {
  const today = slateOf(now);
  if (date === 'TODAY') return today;
  return date === 'TOMORROW' ? addDays(today, 1) : parseSlate(date);
}
