import type { UnitDoc } from './ledger.ts';

/**
 * Seconds per slate of each step, as first measured on a season of the league in the embedded engine. Only their ratios
 * matter: what a run measures corrects them all.
 */
const FIRST_GUESS: Readonly<Record<string, number>> = {
  PlayerGameSummary: 0.0022,
  TeamGameSummary: 0.0005,
  UpcomingTeamGameContext: 0.0003,
  PlayerPropLines: 0.002,
  UpcomingPlayerGameContext: 0.002,
  TeamDefenseZoneAnalysis: 0.0016,
  PlayerShotZoneAnalysis: 0.0004,
  PlayerDailyCache: 0.0055,
  PlayerCompositeFactors: 0.0009,
  MLFeatureStore: 0.0052,
  Predictions: 0.27,
  Grades: 0.006,
  Exports: 0.15,
};
const UNKNOWN_STEP = 0.005;
/** Seconds that a statement takes however few slates it covers. */
export const STATEMENT_SECONDS = 0.05;

/** Seconds per slate by step. */
export type Rates = ReadonlyMap<string, number>;

/** Rates as the ledger measured them the last time; steps it never ran get their share of the first guess, scaled alike. */
export function ratesOf(units: Iterable<UnitDoc>): Rates {
  const sums = new Map<string, { seconds: number; slates: number }>();
  for (const { step, seconds, measured_slates } of units) {
    const sum = sums.get(step) ?? { seconds: 0, slates: 0 };
    sums.set(step, { seconds: sum.seconds + seconds, slates: sum.slates + measured_slates });
  }
  const measured = [...sums].filter(([, { slates, seconds }]) => slates > 0 && seconds > 0);
  const guessed = measured.reduce((total, [step, { slates }]) => total + slates * (FIRST_GUESS[step] ?? UNKNOWN_STEP), 0);
  const spent = measured.reduce((total, [, { seconds }]) => total + seconds, 0);
  const scale = guessed > 0 ? spent / guessed : 1;
  const rates = new Map(Object.entries(FIRST_GUESS).map(([step, rate]) => [step, rate * scale]));
  for (const [step, { seconds, slates }] of measured) rates.set(step, seconds / slates);
  return rates;
}

/** The estimate for some slates of a step. */
export function secondsFor(rates: Rates, step: string, slates: number): number {
  return slates * (rates.get(step) ?? UNKNOWN_STEP);
}

/** Work done and work left, in estimated seconds and as measured: what remains goes on at the pace seen so far. */
export interface Pace {
  /** Enters a finished piece of work. */
  done(estimated: number, measured: number): void;
  /** Seconds left, for so much estimated work. */
  left(estimated: number): number;
}

/** A pace that starts with the estimates as they are and trusts what it measures more the more it has seen. */
export function pace(): Pace {
  /** Estimated seconds that the first guess is worth against measurements. */
  const GUESS_WEIGHT = 0.1;
  let [estimatedSoFar, measuredSoFar] = [GUESS_WEIGHT, GUESS_WEIGHT];
  return {
    done: (estimated, measured) => {
      estimatedSoFar += estimated;
      measuredSoFar += measured;
    },
    left: (estimated) => (estimated * measuredSoFar) / estimatedSoFar,
  };
}
