import type { Slate } from '#core/calendar.ts';
import type { SeasonCalendarView } from '#guard/canaries/calendar.ts';
import type { Clock } from '#platform/clock.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** good: as it should be · attention: look when you can · bad: act now · idle: nothing is expected, and why · unknown: could not be found out. */
export type Verdict = 'good' | 'attention' | 'bad' | 'idle' | 'unknown';

/** A table behind an answer. */
export interface AnswerTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** The answer to one of the morning questions. */
export interface Answer {
  /** 1 to 15, in the order in which people ask. */
  readonly number: number;
  /** Two or three words for a narrow screen. */
  readonly name: string;
  readonly question: string;
  readonly verdict: Verdict;
  /** One sentence. */
  readonly answer: string;
  readonly table?: AnswerTable;
  /** Command to run next. */
  readonly next?: string;
}

/** What an answer is made of beyond its question. */
export type Found = Pick<Answer, 'verdict' | 'answer' | 'table' | 'next'>;

/** What answers may look at. They only read. */
export interface StatusWorld {
  readonly warehouse: Warehouse;
  readonly state: StateStore;
  readonly exports: ObjectStore;
  readonly clock: Clock;
  /** Version of the code that asks. */
  readonly codeVersion: string;
  /** Version that main stands at; undefined when nobody says. */
  readonly expectedVersion?: string;
}

/** The moment of the questions. */
export interface StatusMoment {
  readonly now: Date;
  readonly slate: Slate;
  /** The game day before the slate; undefined when the schedule knows none. */
  readonly lastNight: Slate | undefined;
  readonly calendar: SeasonCalendarView;
  /** Why there are no games on the slate. */
  readonly noGames: string | undefined;
}

/** One question with the way to its answer. */
export interface Question {
  readonly number: number;
  readonly name: string;
  readonly question: string;
  readonly find: (world: StatusWorld, moment: StatusMoment) => Promise<Found>;
}

/** "3 of 10". */
export function outOf(part: number, whole: number): string {
  return `${part} of ${whole}`;
}

/** A share as whole percent; a share short of all is never shown as 100. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return 'none';
  const share = (part / whole) * 100;
  return `${part < whole ? Math.min(99, Math.round(share)) : Math.round(share)} %`;
}
