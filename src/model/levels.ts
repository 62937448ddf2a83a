/** Number of equal intervals of levels between 0 and 1. */
const STRETCHES = 20;
/** Weight, in rows, of the prior that the levels need no correction. */
const PRIOR_ROWS = 400;

/**
 * Share of outcomes below each of the levels 1/20 … 19/20. A whole number covers an interval of levels and is
 * spread evenly over it, so nothing is drawn at random. The prior of no correction has the weight of 400 rows.
 */
export function fitLevels({
  low,
  high,
}: {
  readonly low: Float64Array;
  readonly high: Float64Array;
}): readonly number[] {
  const counts = new Float64Array(STRETCHES).fill(PRIOR_ROWS / STRETCHES);
  for (let i = 0; i < low.length; i++) {
    const from = low[i] ?? 0;
    const to = Math.max(from + 1e-9, high[i] ?? 0);
    const last = Math.min(STRETCHES - 1, Math.floor(to * STRETCHES));
    for (let j = Math.min(STRETCHES - 1, Math.floor(from * STRETCHES)); j <= last; j++) {
      const end = j === STRETCHES - 1 ? Number.POSITIVE_INFINITY : (j + 1) / STRETCHES;
      counts[j] = (counts[j] ?? 0) + (Math.min(to, end) - Math.max(from, j / STRETCHES)) / (to - from);
    }
  }
  const total = low.length + PRIOR_ROWS;
  let sum = 0;
  return Array.from(counts.subarray(0, STRETCHES - 1), (count) => {
    sum += count;
    return Math.round((1e6 * sum) / total) / 1e6;
  });
}

/**
 * Returns a function from a forecast level to the share of outcomes below it: linear between the fitted levels, 0 at 0, 1 at 1.
 */
export function levelFunction(levels: readonly number[]): (level: number) => number {
  const knots = [0, ...levels, 1];
  const stretches = knots.length - 1;
  return (level) => {
    const at = Math.min(stretches - 1, Math.max(0, Math.floor(level * stretches)));
    const [from, to] = [knots[at] ?? 0, knots[at + 1] ?? 1];
    return Math.min(1, Math.max(0, from + (to - from) * (level * stretches - at)));
  };
}
