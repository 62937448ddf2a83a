/** Number of equal intervals of levels between 0 and 1. */
const STRETCHES = 20;
/** Weight, in rows, of the prior. */
const PRIOR_ROWS = 400;
/** Steps of forecast means, of equal count, that have levels of their own. */
const STEPS = 5;
/** The levels of forecasts that need no correction. */
const NO_CORRECTION: readonly number[] = Array.from({ length: STRETCHES - 1 }, (_, j) => (j + 1) / STRETCHES);

/** The interval of levels that each outcome covers in its own forecast. */
export interface Intervals {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** Levels at steps of forecast means in ascending order. */
export interface LevelSteps {
  readonly at: readonly number[];
  readonly levels: readonly (readonly number[])[];
}

/**
 * Share of outcomes below each of the levels 1/20 … 19/20. A whole number covers an interval of levels and is
 * spread evenly over it, so nothing is drawn at random. The prior has the weight of 400 rows; no correction when absent.
 */
export function fitLevels(
  { low, high }: Intervals,
  prior: readonly number[] = NO_CORRECTION,
): readonly number[] {
  const counts = Float64Array.from({ length: STRETCHES }, (_, j) => {
    const [from, to] = [j === 0 ? 0 : (prior[j - 1] ?? 0), prior[j] ?? 1];
    return PRIOR_ROWS * (to - from);
  });
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
 * Levels of the rows with similar forecast means, in steps of equal count; the prior of each step is the levels of all rows.
 * The family cannot be as narrow for the best players, or as wide for the last, as their outcomes are.
 */
export function fitLevelSteps(
  mean: Float64Array,
  { low, high }: Intervals,
  all: readonly number[],
): LevelSteps {
  const [at, levels]: [number[], (readonly number[])[]] = [[], []];
  for (const own of equalSteps(mean)) {
    const [ownLow, ownHigh] = [new Float64Array(own.length), new Float64Array(own.length)];
    let sum = 0;
    for (let k = 0; k < own.length; k++) {
      const i = own[k] ?? 0;
      sum += mean[i] ?? Number.NaN;
      ownLow[k] = low[i] ?? Number.NaN;
      ownHigh[k] = high[i] ?? Number.NaN;
    }
    const centre = Math.round((1e6 * sum) / own.length) / 1e6;
    if (!(centre > (at.at(-1) ?? 0))) continue;
    at.push(centre);
    levels.push(fitLevels({ low: ownLow, high: ownHigh }, all));
  }
  return { at, levels };
}

/**
 * The rows in steps of equal count by their mean, each in the order of the rows; of equal means the first rows are in the lower
 * step. Sorting numbers and counting takes a tenth of the time of sorting rows.
 */
function equalSteps(mean: Float64Array): readonly Uint32Array[] {
  const n = mean.length;
  const sorted = mean.toSorted();
  const starts = Array.from({ length: STEPS + 1 }, (_, step) => Math.floor((step * n) / STEPS));
  const bounds = Array.from(starts.slice(1, STEPS), (start) => sorted[start] ?? Number.NaN);
  /** The rank of the next row whose mean is a bound. */
  const ranks = bounds.map((bound) => sorted.indexOf(bound));
  const steps = starts.slice(1).map((end, step) => new Uint32Array(end - (starts[step] ?? 0)));
  const filled = new Uint32Array(STEPS);
  for (let i = 0; i < n; i++) {
    const value = mean[i] ?? 0;
    let step = 0;
    while (step < STEPS - 1 && (bounds[step] ?? value) < value) step++;
    if (bounds[step] === value) {
      const rank = ranks[step] ?? 0;
      ranks[step] = rank + 1;
      while (step < STEPS - 1 && rank >= (starts[step + 1] ?? n)) step++;
    }
    const at = filled[step] ?? 0;
    const own = steps[step];
    if (own !== undefined) own[at] = i;
    filled[step] = at + 1;
  }
  return steps;
}

/**
 * Returns, for a forecast mean, a function from a forecast level to the share of outcomes below it: linear between the fitted
 * levels, 0 at 0, 1 at 1. Between two steps of means the levels are interpolated; without steps `levels` hold for every mean. It
 * reuses a buffer: a function holds until the next mean.
 */
export function levelFunctions({
  levels,
  steps,
}: {
  readonly levels: readonly number[];
  readonly steps?: LevelSteps | undefined;
}): (mean: number) => (level: number) => number {
  const { at, levels: ofSteps } =
    steps === undefined || steps.at.length === 0 ? { at: [0], levels: [levels] } : steps;
  const knots = new Float64Array(STRETCHES + 1);
  knots[STRETCHES] = 1;
  const shareBelow = (level: number): number => {
    const stretch = Math.min(STRETCHES - 1, Math.max(0, Math.floor(level * STRETCHES)));
    const from = knots[stretch] ?? 0;
    const to = knots[stretch + 1] ?? 1;
    return Math.min(1, Math.max(0, from + (to - from) * (level * STRETCHES - stretch)));
  };
  return (mean) => {
    let above = 0;
    while (above < at.length && (at[above] ?? 0) <= mean) above++;
    const [from, to] = [Math.max(0, above - 1), Math.min(at.length - 1, above)];
    const [low, high] = [at[from] ?? 0, at[to] ?? 0];
    const share = high > low ? (mean - low) / (high - low) : 0;
    const [below, next] = [ofSteps[from] ?? levels, ofSteps[to] ?? levels];
    for (let j = 0; j < STRETCHES - 1; j++)
      knots[j + 1] = (1 - share) * (below[j] ?? 0) + share * (next[j] ?? 0);
    return shareBelow;
  };
}
