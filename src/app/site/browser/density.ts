/** Quantiles of a published row, on the scale on which an outcome k covers k − ½ to k + ½. */
export interface PublishedQuantiles {
  readonly p10: number;
  readonly p25: number;
  readonly predicted: number;
  readonly p75: number;
  readonly p90: number;
  readonly sd: number;
  /** P(outcome > line) of the model alone. */
  readonly model_p_over: number | null;
  readonly line: string | null;
}

/** The probability of one outcome. */
export interface OutcomeMass {
  readonly k: number;
  readonly p: number;
}

/** Standard normal quantiles of 10, 25, 50, 75 and 90 %. */
const LEVELS = [-1.281_552, -0.674_49, 0, 0.674_49, 1.281_552] as const;
/** Upper-tail mass that may be left out. */
const TAIL = 0.002;
const MAX_OUTCOME = 130;

interface Knot {
  readonly x: number;
  readonly z: number;
}

/**
 * Probabilities of the outcomes 0, 1, 2, … that match the published quantiles and P(over) at the line. Normal
 * scores are interpolated by a monotone cubic (Fritsch and Carlson 1980) and extrapolated linearly. A drawing
 * of what was published, not the distribution of the model itself.
 */
export function massesOf(row: PublishedQuantiles): OutcomeMass[] {
  const score = monotone(knotsOf(row));
  const upTo = (k: number): number => normalCdf(score(k + 0.5));
  const masses: OutcomeMass[] = [];
  let before = 0;
  for (let k = 0; k <= MAX_OUTCOME; k++) {
    const now = upTo(k);
    masses.push({ k, p: Math.max(0, now - before) });
    before = now;
    if (1 - now < TAIL) break;
  }
  return masses;
}

/** Points on the curve, with x and z both increasing. */
function knotsOf({ p10, p25, predicted, p75, p90, sd, line, model_p_over }: PublishedQuantiles): Knot[] {
  const knots = [p10, p25, predicted, p75, p90].map((x, i): Knot => ({ x, z: LEVELS[i] ?? 0 }));
  // A quantile of 0 carries no information: nothing lower is possible.
  const inside = knots.filter(({ x }) => x > 0);
  if (line !== null && model_p_over !== null && model_p_over > 0.001 && model_p_over < 0.999) {
    const at = { x: Math.floor(Number(line)) + 0.5, z: normalQuantile(1 - model_p_over) };
    const rest = inside.filter(({ x, z }) => (x < at.x - 0.25 && z < at.z) || (x > at.x + 0.25 && z > at.z));
    inside.splice(0, inside.length, ...rest, at);
  }
  inside.sort((a, b) => a.x - b.x);
  const rising = inside.filter(
    ({ x, z }, i) => i === 0 || (x > (inside[i - 1]?.x ?? 0) && z > (inside[i - 1]?.z ?? 0)),
  );
  const [only] = rising;
  if (rising.length >= 2) return rising;
  const spread = Math.max(sd, 0.25);
  return [
    { x: (only?.x ?? predicted) - spread, z: (only?.z ?? 0) - 1 },
    { x: (only?.x ?? predicted) + spread, z: (only?.z ?? 0) + 1 },
  ];
}

/** The monotone cubic through some points, extended by straight lines. */
function monotone(knots: readonly Knot[]): (x: number) => number {
  const at = (i: number): Knot => knots[i] ?? { x: 0, z: 0 };
  const n = knots.length;
  const secant = Array.from({ length: n - 1 }, (_, i) => (at(i + 1).z - at(i).z) / (at(i + 1).x - at(i).x));
  const slope = knots.map((_, i) => {
    const [left, right] = [secant[i - 1], secant[i]];
    if (left === undefined || right === undefined) return left ?? right ?? 1;
    return (2 * left * right) / (left + right);
  });
  return (x) => {
    if (x <= at(0).x) return at(0).z + (slope[0] ?? 1) * (x - at(0).x);
    if (x >= at(n - 1).x) return at(n - 1).z + (slope[n - 1] ?? 1) * (x - at(n - 1).x);
    const i = knots.findLastIndex((knot) => knot.x <= x);
    const [a, b] = [at(i), at(i + 1)];
    const width = b.x - a.x;
    const t = (x - a.x) / width;
    const [t2, t3] = [t * t, t * t * t];
    return (
      a.z * (2 * t3 - 3 * t2 + 1) +
      b.z * (3 * t2 - 2 * t3) +
      width * ((slope[i] ?? 0) * (t3 - 2 * t2 + t) + (slope[i + 1] ?? 0) * (t3 - t2))
    );
  };
}

/** The standard normal distribution function (Abramowitz and Stegun 26.2.17, error below 1e-7). */
function normalCdf(z: number): number {
  const t = 1 / (1 + 0.231_641_9 * Math.abs(z));
  const tail =
    ((((1.330_274_429 * t - 1.821_255_978) * t + 1.781_477_937) * t - 0.356_563_782) * t + 0.319_381_53) *
    t *
    Math.exp((-z * z) / 2) *
    0.398_942_28;
  return z > 0 ? 1 - tail : tail;
}

function normalQuantile(level: number): number {
  let [low, high] = [-5, 5];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < level) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
