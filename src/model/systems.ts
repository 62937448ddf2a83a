import type { Slate } from '#core/calendar.ts';
import type { Market } from '#core/markets.ts';
import { type CountShape, countDistributionFunction } from './count-shape.ts';
import { type CountDistribution, median, moments, pOverDecided, shiftedTo } from './distribution.ts';
import {
  columnValue,
  correctedMean,
  countMean,
  type LinearModel,
  type MeanCorrection,
  type ModelColumn,
  meanByRecord,
  ownAverage,
  type PlayerRecords,
  predictLinear,
} from './linear.ts';
import { believedOver, type MarketLayer } from './market.ts';

/** A model ready to forecast, with the identity that every row it makes must carry. */
export interface ServingModel {
  readonly modelId: string;
  /** SHA-256 of the artefact. */
  readonly modelHash: string;
  /** Slate; only rows before it were used in training. Never after the slate that is served. */
  readonly dataCutoff: string;
  /** The markets it forecasts, in market order. */
  readonly markets: readonly MarketSystems[];
}

/** A market with the systems that forecast it. They are not re-entrant: one caller at a time. */
interface MarketSystems {
  readonly market: Market;
  readonly systems: readonly ForecastSystem[];
}

/** Where predictions get their model from. */
export interface ModelSource {
  /** The model for a slate: trained on rows before it only. Throws TIPOFF_NO_MODEL when there is none. */
  forSlate(slate: Slate): Promise<ServingModel>;
}

/** The forecast systems in report order: two baselines, the model, the model with the market. */
export const SYSTEM_IDS = ['ewma8', 'minutes_rate', 'ridge', 'market'] as const;
export type SystemId = (typeof SYSTEM_IDS)[number];
/** The system whose picks are published; without its forecast a player does not count as predicted. */
export const CHAMPION_SYSTEM: SystemId = 'ridge';

/** What is known about one player before the cut-off. Must not change once forecast: forecasts are cached per object. */
export interface FeatureVector {
  /** Values by feature name; null, NaN or absent = missing. */
  readonly features: Readonly<Record<string, number | null>>;
  /** NBA id of the player; absent = unknown, which forecasts him like anybody with these features. */
  readonly player?: number | undefined;
  /** Line as an exact decimal ("24.5"); null or absent = none. */
  readonly line?: string | null;
  /** De-vigged P(over) at that line; null, NaN or absent = no two-way price. */
  readonly marketOver?: number | null;
}

/** A predictive distribution of the market's count, given that the player plays. */
export interface Prediction {
  /** The system's own mean, which the shape is fitted around. */
  readonly mean: number;
  /** Standard deviation of the distribution. */
  readonly sd: number;
  /** Median of the distribution: the point forecast. */
  readonly median: number;
  readonly distribution: CountDistribution;
  /** P(over | decided) to publish, after weighing the line; the distribution alone is overconfident. Null without a line. */
  readonly believedOver: number | null;
}

/** No forecast, with the reason; a system never makes up a number instead. */
interface NoForecast {
  readonly cannot: 'missing_features' | 'no_line';
  readonly missing: readonly string[];
}

export type Forecast = Prediction | NoForecast;

export interface ForecastSystem {
  readonly id: SystemId;
  forecast(input: FeatureVector): Forecast;
}

/** True when a system gave a forecast. */
export function isPrediction(forecast: Forecast): forecast is Prediction {
  return !('cannot' in forecast);
}

/** The fitted parts of a market's systems, as stored in an artefact. */
export interface SystemParts extends PlayerRecords {
  readonly columns: readonly ModelColumn[];
  readonly ridge: LinearModel;
  readonly correction: MeanCorrection;
  readonly requiredFeatures: readonly string[];
  readonly shapes: Readonly<Record<'ewma8' | 'minutes_rate' | 'ridge', CountShape>>;
  readonly belief: MarketLayer;
}

/** The four systems of a market. They reuse buffers inside and are not re-entrant. */
export function buildSystems(parts: SystemParts, { features, max }: Market): readonly ForecastSystem[] {
  const { columns, ridge, correction, requiredFeatures, shapes, belief } = parts;
  const values = new Float64Array(columns.length);
  const distributionsOf = (shape: CountShape) => countDistributionFunction(shape, max);
  const ridgeSystem = system(
    'ridge',
    requiredFeatures,
    distributionsOf(shapes.ridge),
    belief,
    (feature, player) => {
      columns.forEach((column, j) => {
        values[j] = columnValue(column, feature);
      });
      const linear = countMean(ridge, predictLinear(ridge, values));
      const mean = meanByRecord(parts, linear, player, feature('min_ewma4'));
      return correctedMean(correction, mean, ownAverage(correction, feature));
    },
  );
  const baseline = (id: 'ewma8' | 'minutes_rate', parts: readonly string[]): ForecastSystem =>
    system(id, [...parts, 'min_ewma4'], distributionsOf(shapes[id]), belief, (feature) =>
      Math.max(
        0,
        parts.reduce((sum, part) => sum + feature(part), 0),
      ),
    );
  return [
    baseline(
      'ewma8',
      features.map(({ ewma8 }) => ewma8),
    ),
    baseline(
      'minutes_rate',
      features.map(({ minutesRate }) => minutesRate),
    ),
    ridgeSystem,
    marketSystem(ridgeSystem),
  ];
}

/** Whether a status feed was available before the cut-off: without one nobody is known to be out. */
export function isFed(feature: (name: string) => number): boolean {
  return feature('status_feed') === 1;
}

/** A forecast that ignores lines. */
type OwnForecast = Omit<Prediction, 'believedOver'> | NoForecast;

function system(
  id: SystemId,
  required: readonly string[],
  distributionAt: ReturnType<typeof countDistributionFunction>,
  layer: MarketLayer,
  meanOf: (feature: (name: string) => number, player: number | undefined) => number,
): ForecastSystem {
  const ownForecast = oncePerPlayer(({ features, player }): OwnForecast => {
    const feature = (name: string): number => features[name] ?? Number.NaN;
    const missing = required.filter((name) => !Number.isFinite(feature(name)));
    if (missing.length > 0) return { cannot: 'missing_features', missing };
    const mean = meanOf(feature, player);
    const distribution = distributionAt({
      mean,
      minutesSd: feature('min_sd10'),
      expectedMinutes: feature('min_ewma4'),
    });
    return { mean, sd: moments(distribution).sd, median: median(distribution), distribution };
  });
  return {
    id,
    forecast: (input) => {
      const own = ownForecast(input);
      if ('cannot' in own) return own;
      const { line } = input;
      if (line === null || line === undefined) return { ...own, believedOver: null };
      const view = {
        own: pOverDecided(own.distribution, line),
        marketOver: input.marketOver ?? undefined,
        fed: isFed((name) => input.features[name] ?? Number.NaN),
      };
      return { ...own, believedOver: believedOver(layer, view) };
    },
  };
}

/** Caches a forecast that does not depend on the line, for other lines of the player and for the market system. */
function oncePerPlayer(
  forecast: (input: FeatureVector) => OwnForecast,
): (input: FeatureVector) => OwnForecast {
  let last: { readonly features: FeatureVector['features']; readonly forecast: OwnForecast } | undefined;
  return (input) => {
    const { features } = input;
    if (last?.features !== features) last = { features, forecast: forecast(input) };
    return last.forecast;
  };
}

/** The model's distribution, shifted to the published probability at the line: its median lies between model and line. */
function marketSystem(model: ForecastSystem): ForecastSystem {
  return {
    id: 'market',
    forecast: (input) => {
      const own = model.forecast(input);
      if (!isPrediction(own)) return own;
      const { line } = input;
      if (line === null || line === undefined || own.believedOver === null)
        return { cannot: 'no_line', missing: [] };
      const distribution = shiftedTo(own.distribution, line, own.believedOver);
      return {
        ...moments(distribution),
        median: median(distribution),
        distribution,
        believedOver: own.believedOver,
      };
    },
  };
}
