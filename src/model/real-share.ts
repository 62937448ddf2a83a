/** Weight, in rows, of the prior. */
const PRIOR_ROWS = 1000;

/**
 * How much of the distances between two forecasts is real: the slope of what came true on them, both relative to the first
 * forecast, by least squares over some positions with a prior (Bates & Granger, The combination of forecasts, 1969). The prior
 * where there is no distance at all.
 */
export function realShare(
  positions: Int32Array,
  distanceAt: (at: number) => number,
  trueAt: (at: number) => number,
  prior: number,
): number {
  let [along, square] = [0, 0];
  for (const at of positions) {
    const distance = distanceAt(at);
    along += distance * trueAt(at);
    square += distance ** 2;
  }
  if (square === 0) return prior;
  const weight = (PRIOR_ROWS * square) / positions.length;
  return Math.round((1e6 * (along + weight * prior)) / (square + weight)) / 1e6;
}
