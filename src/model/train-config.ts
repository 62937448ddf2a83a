import { setImmediate as nextTurn } from 'node:timers/promises';

/** How a model is trained. The defaults are the measured choices of the modelling notes. */
export interface TrainConfig {
  /** Ridge penalty on standardised coefficients, in weighted rows. */
  readonly lambda: number;
  /** Age in days at which a row weighs half. */
  readonly halfLifeDays: number;
  /** Fewest career games (before the slate) of a training row. */
  readonly minCareerGames: number;
  /** Least `min_ewma4` of a training row, in minutes. */
  readonly minExpectedMinutes: number;
  /** Out-of-fold rows at most this old calibrate spread, shape and market layer. */
  readonly calibrationDays: number;
  /** Rows that must precede a week before its forecasts count as out-of-fold. */
  readonly minFitRows: number;
  /** Out-of-fold rows without which nothing is trained. */
  readonly minCalibrationRows: number;
}

export const DEFAULT_CONFIG: TrainConfig = {
  lambda: 30,
  halfLifeDays: 730,
  minCareerGames: 5,
  minExpectedMinutes: 6,
  calibrationDays: 730,
  minFitRows: 300,
  minCalibrationRows: 300,
};

/** Weeks of out-of-fold forecasts without which nothing is trained. */
export const MIN_BLOCKS = 3;

/** Long work in short steps, some of which say what comes next: whoever carries it out decides what happens between them. */
export type Steps<T> = Generator<string | undefined, T>;

/** Carries steps out one after the other. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** What long work calls between its steps, with what it does next: at least a turn of the event loop. */
export type GiveWay = (next?: string) => Promise<void>;

/** Carries steps out in turns with everything else that the process has to do: a service answers meanwhile. */
export async function inTurns<T>(steps: Steps<T>, giveWay: GiveWay = () => nextTurn()): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await giveWay(step.value);
  }
}
