import type { Availability, Status } from './availability.ts';
import type { Random } from './random.ts';
import { MINUTE, type SlateClock } from './slate-clock.ts';

/** A player's status over the reports of a game day, oldest first. */
export interface StatusHistory {
  readonly availability: Availability;
  readonly statements: readonly Statement[];
}

interface Statement {
  readonly reportAt: number;
  readonly status: Status;
}

/** Reports in the course of the day, New York time. */
const REPORT_TIMES = ['11:00', '13:30', '17:30'];
const DAY_BEFORE = '17:30';
/** Games before this hour get a report the evening before. */
const EARLY_TIPOFF = '15:00';
/** The last word: half an hour before tip-off. */
const LAST_REPORT = 30 * MINUTE;
/** Chance that a doubt is settled from one report to the next, and in the last one. */
const SETTLED = { next: 0.3, last: 0.85 };

/** When reports about a game come out; all before tip-off, the last one thirty minutes before. */
export function reportTimes({ today, dayBefore }: SlateClock, tipoff: number): number[] {
  const times = REPORT_TIMES.map(today).filter((at) => at <= tipoff - LAST_REPORT - 15 * MINUTE);
  const eve = tipoff < today(EARLY_TIPOFF) ? [dayBefore(DAY_BEFORE)] : [];
  return [...eve, ...times, tipoff - LAST_REPORT];
}

/**
 * What the reports of a day say about the players of a team. Doubts are settled in the direction of what will happen
 * at a rate that does not depend on it, so that an open "questionable" stays even. Players nobody named appear in the
 * last report as late scratches.
 */
export function writeReports(availabilities: readonly Availability[], times: readonly number[], random: Random): StatusHistory[] {
  const histories: StatusHistory[] = [];
  for (const availability of availabilities) {
    const { listed, plays } = availability;
    if (listed === null) {
      const last = times[times.length - 1];
      if (!plays && last !== undefined) histories.push({ availability, statements: [{ reportAt: last, status: 'out' }] });
      continue;
    }
    let status = listed;
    const statements = times.map((reportAt, index) => {
      const last = index === times.length - 1;
      const open = status !== 'out' && status !== 'available';
      const settles = open && index > 0 && random.chance(last ? SETTLED.last : SETTLED.next);
      if (settles) status = plays ? 'available' : 'out';
      return { reportAt, status };
    });
    histories.push({ availability, statements });
  }
  return histories;
}

/** The newest status at or before an instant, null when no report had named the player. */
export function statusAt(history: StatusHistory, instant: number): Status | null {
  let status: Status | null = null;
  for (const statement of history.statements) if (statement.reportAt <= instant) status = statement.status;
  return status;
}
