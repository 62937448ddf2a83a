/** An invented bookmaker. */
export interface Bookmaker {
  readonly key: string;
  /** When its first quotes of the day go up, New York time. */
  readonly opens: string;
  /** Own error of a line, in points. */
  readonly noise: number;
  /** Sum of the two implied probabilities above one. */
  readonly vig: number;
  /** Share of lines that are whole numbers, on which a bet can push. */
  readonly wholeLines: number;
  /** Prints names without diacritics. */
  readonly asciiNames: boolean;
}

export const BOOKMAKERS: readonly Bookmaker[] = [
  { key: 'northline', opens: '11:05', noise: 0.25, vig: 0.045, wholeLines: 0.05, asciiNames: false },
  { key: 'harborbet', opens: '11:40', noise: 0.35, vig: 0.05, wholeLines: 0.15, asciiNames: true },
  { key: 'summitbook', opens: '12:50', noise: 0.4, vig: 0.065, wholeLines: 0, asciiNames: false },
];

/** A half-point line below the value, or the nearest whole one. */
export function toLine(value: number, whole: boolean): number {
  return whole ? Math.max(1, Math.round(value)) : Math.max(0.5, Math.floor(value) + 0.5);
}

/** American odds of a probability after vig, in steps of five; never between -100 and +100. */
export function americanPrice(probability: number, vig: number): number {
  const priced = Math.min(0.93, Math.max(0.07, probability * (1 + vig)));
  const exact = priced >= 0.5 ? (-100 * priced) / (1 - priced) : (100 * (1 - priced)) / priced;
  const stepped = Math.round(exact / 5) * 5;
  return Math.abs(stepped) <= 100 ? 100 : stepped;
}

/** Chance that a normal variable exceeds a threshold (logistic approximation, error below 0.01). */
export function chanceAbove(threshold: number, mean: number, sd: number): number {
  return 1 / (1 + Math.exp((1.702 * (threshold - mean)) / sd));
}
