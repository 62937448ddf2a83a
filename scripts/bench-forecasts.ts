import { FEATURE_NAMES } from '#core/features.ts';
import { type Market, PUBLISHED_MARKETS } from '#core/markets.ts';
import { countDistributionFunction } from '#model/count-shape.ts';
import { MAX_POINTS, median } from '#model/distribution.ts';
import { modelColumns } from '#model/features.ts';
import { fitMarket } from '#model/market.ts';
import { buildSystems, CHAMPION_SYSTEM, type ForecastSystem } from '#model/systems.ts';

const COUNT = 20_000;

/** A typical fitted shape; any other costs the same. */
const SHAPE = {
  dispersion: [0.1, 0.3, 0.8, -0.3],
  zeros: [1.2, -1.7, 0.7, -1.8],
  levels: Array.from({ length: 19 }, (_, i) => ((i + 1) / 20) ** 1.05),
};

/** Operations per second of processor time; wall-clock time on a busy machine would include other processes. */
function perSecond(count: number, work: () => void): number {
  const began = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(began);
  return Math.round((1e6 * count) / (user + system));
}

/** Distributions of points that one processor builds per second, median included. */
export function distributionsPerSecond(): number {
  const distributionAt = countDistributionFunction(SHAPE, MAX_POINTS);
  return perSecond(COUNT, () => {
    for (let i = 0; i < COUNT; i++)
      median(distributionAt({ mean: i % 40, minutesSd: 4 + (i % 5), expectedMinutes: 26 }));
  });
}

/** Enough players that JIT-compiled code forecasts most of them, as in a long-running service. */
const PLAYERS = 2000;

/** Player lines that the champion forecasts per second, published probability included: one line in every market. */
export function playerLinesPerSecond(): number {
  const champions = PUBLISHED_MARKETS.map((market) => ({ market, champion: championOf(market) }));
  return perSecond(PLAYERS * champions.length, () => {
    for (let player = 0; player < PLAYERS; player++) {
      const features = Object.fromEntries(FEATURE_NAMES.map((name, i) => [name, (i % 7) + player / PLAYERS]));
      for (const { market, champion } of champions)
        champion.forecast({ features, line: `${(player % (market.max / 4)) | 0}.5`, marketOver: 0.52 });
    }
  });
}

/** A champion of a market as a trained model builds it; its coefficients do not affect the cost. */
function championOf(market: Market): ForecastSystem {
  const named = market.features
    .flatMap((features) => modelColumns(features))
    .map((own) => [own.name, own] as const);
  const columns = [...new Map(named).values()];
  const none = new Float64Array(0);
  const champion = buildSystems(
    {
      columns,
      ridge: {
        intercept: market.max / 8,
        centres: columns.map(() => 3),
        coefficients: columns.map((_, i) => ((i % 5) - 2) / 100),
      },
      correction: { at: Array.from({ length: 12 }, (_, i) => i + 1), ratio: new Array<number>(12).fill(1) },
      requiredFeatures: FEATURE_NAMES,
      shapes: { ewma8: SHAPE, minutes_rate: SHAPE, ridge: SHAPE },
      belief: fitMarket({ own: none, marketOver: none, fed: new Uint8Array(0), over: none }),
    },
    market,
  ).find(({ id }) => id === CHAMPION_SYSTEM);
  if (champion === undefined) throw new Error('unreachable: the systems hold the champion');
  return champion;
}
