import { countDistributionFunction } from '#model/count-shape.ts';
import { MAX_POINTS, median } from '#model/distribution.ts';

const COUNT = 20_000;

/** A shape such as a fitted one: any other costs the same. */
const SHAPE = {
  dispersion: [0.1, 0.3, 0.8, -0.3],
  zeros: [1.2, -1.7, 0.7, -1.8],
  levels: Array.from({ length: 19 }, (_, i) => ((i + 1) / 20) ** 1.05),
};

/** Distributions of points that one processor makes and reads the median of in a second. */
export function distributionsPerSecond(): number {
  const distributionAt = countDistributionFunction(SHAPE, MAX_POINTS);
  const began = performance.now();
  for (let i = 0; i < COUNT; i++)
    median(distributionAt({ mean: i % 40, minutesSd: 4 + (i % 5), expectedMinutes: 26 }));
  return Math.round((1000 * COUNT) / (performance.now() - began));
}
