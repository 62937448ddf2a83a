import { setImmediate as nextTurn } from 'node:timers/promises';

/** How a model is trained. The defaults are the measured choices of the modelling notes. */
export interface TrainConfig {
  /** Ridge penalty on standardised coefficients, in weighted rows. */
  readonly lambda: number;
  /** Age in days at which a row weighs half. */
  readonly halfLifeDays: number;
  /** Minimum number of career games before the slate. */
  readonly minCareerGames: number;
  /** Minimum `min_ewma4`, in minutes. */
  readonly minExpectedMinutes: number;
  /** Maximum age in days of the out-of-fold rows that calibrate spread, shape and market layer. */
  readonly calibrationDays: number;
  /** Rows that must precede a week before its forecasts count as out-of-fold. */
  readonly minFitRows: number;
  /** Minimum number of out-of-fold rows. */
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

/** Minimum number of weeks with out-of-fold forecasts. */
export const MIN_BLOCKS = 3;

/** Long work cut into short steps; a step may yield a description of the next one. The caller decides what happens in between. */
export type Steps<T> = Generator<string | undefined, T>;

/** Runs all steps synchronously. */
export function runSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Called by long work between its steps, with a description of the next one; waits at least for a turn of the event loop. */
export type GiveWay = (next?: string) => Promise<void>;

/** Runs the steps cooperatively, so that a service keeps answering in between. */
export async function runStepsYielding<T>(steps: Steps<T>, giveWay: GiveWay = () => nextTurn()): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await giveWay(step.value);
  }
}
