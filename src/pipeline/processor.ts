import type { Slate } from '#core/calendar.ts';
import type { TableContract } from '#core/contracts/define.ts';
import type { SqlParams } from '#platform/warehouse/port.ts';

/** First date any history may have: bounds every scan of a partitioned table. */
export const HISTORY_FROM = '1946-11-01';

/** An instant later than any game: the cut-off of a backfill is the tip-off of each game. */
export const NO_AS_OF = '9999-12-31T00:00:00Z';

/** Slates to compute, both ends included, and the instant after which nothing may be looked at. */
export interface SlateRange {
  readonly from: Slate;
  readonly to: Slate;
  /** ISO instant; a daily run passes its present, a backfill `NO_AS_OF`. The cut-off of a game is the earlier of this and its tip-off. */
  readonly asOf: string;
}

/**
 * One set-based statement that fills one table for any range of slates. A slate computed alone and the same slate
 * computed inside a season are equal, because the statement is the same and history always starts at the first game.
 */
export interface Processor {
  readonly name: string;
  readonly phase: 'analytics' | 'precompute';
  readonly table: TableContract;
  /** Tables the statement reads, as `dataset.table`. */
  readonly reads: readonly string[];
  /** Portable SELECT with the parameters of `rangeParams`; its columns are those of the table. */
  readonly select: string;
  /** Column that is replaced for the range; `slate` where absent. */
  readonly rangeColumn?: string;
}

/** The parameters every processor's statement may name. */
export function rangeParams(range: SlateRange): SqlParams {
  return { from: range.from, to: range.to, as_of: range.asOf, history_from: HISTORY_FROM };
}
