import { CholeskyDecomposition, Matrix } from 'ml-matrix';

const STEPS = 25;

/** ln(p/(1−p)), with p kept a little inside (0, 1). */
export function logit(p: number): number {
  const inside = Math.min(1 - 1e-9, Math.max(1e-9, p));
  return Math.log(inside / (1 - inside));
}

export function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

export interface LogisticPrior {
  /** Prior mean of each coefficient. */
  readonly centre: readonly number[];
  /** Prior precision (1/variance) of each coefficient; 0 = no prior. */
  readonly precision: readonly number[];
}

/**
 * Logistic regression with a normal prior: maximises Σ log P(outcome) − ½ Σ precision·(coefficient − centre)² by Newton
 * steps, which converge because the objective is concave. `columns` are the regressors (a column of ones for the
 * intercept), `outcome` is 0 or 1. Without rows the answer is the centre.
 */
export function fitLogistic(
  columns: readonly Float64Array[],
  outcome: Float64Array,
  prior: LogisticPrior,
): number[] {
  const width = columns.length;
  let coefficients = [...prior.centre];
  for (let step = 0; step < STEPS; step++) {
    const curvature = Matrix.zeros(width, width);
    const slope = Matrix.zeros(width, 1);
    for (let j = 0; j < width; j++) {
      const precision = prior.precision[j] ?? 0;
      curvature.set(j, j, precision + 1e-9);
      slope.set(j, 0, precision * ((prior.centre[j] ?? 0) - (coefficients[j] ?? 0)));
    }
    for (let i = 0; i < outcome.length; i++) {
      let linear = 0;
      for (let j = 0; j < width; j++) linear += (coefficients[j] ?? 0) * (columns[j]?.[i] ?? 0);
      const p = logistic(linear);
      const spread = p * (1 - p);
      for (let j = 0; j < width; j++) {
        const x = columns[j]?.[i] ?? 0;
        slope.set(j, 0, slope.get(j, 0) + x * ((outcome[i] ?? 0) - p));
        for (let k = 0; k <= j; k++)
          curvature.set(j, k, curvature.get(j, k) + spread * x * (columns[k]?.[i] ?? 0));
      }
    }
    for (let j = 0; j < width; j++) for (let k = 0; k < j; k++) curvature.set(k, j, curvature.get(j, k));
    const move = new CholeskyDecomposition(curvature).solve(slope).to1DArray();
    coefficients = coefficients.map((value, j) => value + (move[j] ?? 0));
    if (Math.max(...move.map(Math.abs)) < 1e-10) break;
  }
  return coefficients;
}
