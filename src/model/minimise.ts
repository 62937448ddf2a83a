/** Value of a smooth function at a point; fills the gradient there. */
export type Objective = (point: Float64Array, gradient: Float64Array) => number;

const MAX_STEPS = 100;
const MAX_HALVINGS = 30;
/** The search ends when a step promises less than this share of the value. */
const NEGLIGIBLE = 1e-8;
/** Share of the decrease predicted by the gradient that a step must achieve (Armijo). */
const SUFFICIENT = 1e-4;

/** Where a search ended, with its inverse Hessian estimate (row-major), from which another search may start. */
export interface Minimum {
  readonly point: Float64Array;
  readonly inverse: Float64Array;
}

/**
 * A minimum of a smooth function of few variables, by the BFGS method with step halving (Nocedal & Wright, Numerical
 * Optimization, algorithm 6.1). Deterministic; not meant for more than some dozens of variables.
 */
export function minimise(objective: Objective, start: Float64Array, curvature?: Float64Array): Minimum {
  const n = start.length;

  let point: Float64Array = start.slice();
  let gradient: Float64Array = new Float64Array(n);
  let value = objective(point, gradient);
  let inverse = curvature ?? identity(n);
  for (let step = 0; step < MAX_STEPS; step++) {
    let direction = descent(inverse, gradient);
    let promised = dot(direction, gradient);
    if (!(promised < 0)) {
      inverse = identity(n);
      direction = gradient.map((g) => -g);
      promised = dot(direction, gradient);
    }
    if (-promised <= NEGLIGIBLE * Math.max(1, Math.abs(value))) return { point, inverse };
    const next = lineSearch(objective, { point, direction, value, promised });
    if (next === undefined) return { point, inverse };
    const moved = next.point.map((x, i) => x - (point[i] ?? 0));
    const turned = next.gradient.map((g, i) => g - (gradient[i] ?? 0));
    inverse = updatedInverse(inverse, moved, turned, step === 0 && curvature === undefined);
    [point, gradient, value] = [next.point, next.gradient, next.value];
  }
  return { point, inverse };
}

interface From {
  readonly point: Float64Array;
  readonly direction: Float64Array;
  readonly value: number;
  readonly promised: number;
}

/** Line search: the first point with sufficient decrease, halving from a full step; undefined when there is none. */
function lineSearch(
  objective: Objective,
  { point, direction, value, promised }: From,
): { point: Float64Array; gradient: Float64Array; value: number } | undefined {
  let length = 1;
  for (let i = 0; i < MAX_HALVINGS; i++, length /= 2) {
    const there = point.map((x, j) => x + length * (direction[j] ?? 0));
    const gradient = new Float64Array(point.length);
    const seen = objective(there, gradient);
    if (seen <= value + SUFFICIENT * length * promised) return { point: there, gradient, value: seen };
  }
  return undefined;
}

/** The inverse Hessian after a step; the first step also sets its size (Nocedal & Wright, 6.20). Unchanged where curvature is not positive. */
function updatedInverse(
  inverse: Float64Array,
  moved: Float64Array,
  turned: Float64Array,
  isFirst: boolean,
): Float64Array {
  const n = moved.length;
  const curvature = dot(moved, turned);
  if (!(curvature > 1e-14)) return inverse;
  const from = isFirst ? identity(n).map((x) => (x * curvature) / dot(turned, turned)) : inverse;
  const product = new Float64Array(n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) product[i] = (product[i] ?? 0) + (from[i * n + j] ?? 0) * (turned[j] ?? 0);
  const scale = (1 + dot(turned, product) / curvature) / curvature;
  const next = from.slice();
  for (let i = 0; i < n; i++) {
    const [si, pi] = [moved[i] ?? 0, product[i] ?? 0];
    for (let j = 0; j < n; j++) {
      const sj = moved[j] ?? 0;
      const pj = product[j] ?? 0;
      next[i * n + j] = (next[i * n + j] ?? 0) + scale * si * sj - (si * pj + pi * sj) / curvature;
    }
  }
  return next;
}

function descent(inverse: Float64Array, gradient: Float64Array): Float64Array {
  const n = gradient.length;
  const direction = new Float64Array(n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      direction[i] = (direction[i] ?? 0) - (inverse[i * n + j] ?? 0) * (gradient[j] ?? 0);
  return direction;
}

function identity(n: number): Float64Array {
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) matrix[i * n + i] = 1;
  return matrix;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
