import type { MarketId } from '#core/markets.ts';

/** Scaling of the columns that the engine sums: z = (x − centre) / scale, in [−1, 1], and 0 where x is missing. */
export interface SumFrame {
  readonly centres: Float64Array;
  /** Powers of two, so that scaling is exact. */
  readonly scales: Float64Array;
  /** 1 = the column is missing in some row. */
  readonly missing: Uint8Array;
}

/** The second moments of one count by week: Σw·a·aᵀ, a = (1, columns, presence columns, target), upper triangle by rows. */
export interface CountSums {
  readonly frame: SumFrame;
  /** Ascending weeks. A row of a day d days after its Monday weighs 2^(d / half-life). */
  readonly weeks: readonly { readonly week: number; readonly sums: Float64Array }[];
}

/** Sums that stand in for history whose rows a training set does not hold. */
export interface SummedHistory {
  /** Usable rows before the first row of the set, and the first slate of all. */
  readonly rows: number;
  readonly from: string;
  /** Sums over all usable rows, those of the set included. */
  readonly counts: ReadonlyMap<MarketId, CountSums>;
}
