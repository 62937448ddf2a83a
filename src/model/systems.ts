import type { Slate } from '#core/calendar.ts';
import { columnValue } from './design.ts';
import { distributionFunction, median, type PointsDistribution } from './distribution.ts';
import type { ModelColumn } from './features.ts';
import { type MarketLayer, marketFunction } from './market.ts';
import { type LinearModel, predictLinear } from './ridge.ts';
import { type ScaleModel, type Shape, scaleFunction } from './shape.ts';

/** A model ready to forecast, with what every row made by it must carry. */
export interface ServingModel {
  readonly modelId: string;
  /** SHA-256 of the artefact. */
  readonly modelHash: string;
  /** Slate; only rows before it were used in training. Never after the slate that is served. */
  readonly dataCutoff: string;
  /** Not re-entrant: one caller at a time. */
  readonly systems: readonly ForecastSystem[];
}

/** Where predictions get their model from. */
export interface ModelSource {
  /** The model for a slate: trained on rows before it only. Throws TIPOFF_NO_MODEL when there is none. */
  forSlate(slate: Slate): Promise<ServingModel>;
}

/** The forecasts, in the order in which they are reported: two baselines, the model, the model with the market. */
export const SYSTEM_IDS = ['ewma8', 'minutes_rate', 'ridge', 'market'] as const;
export type SystemId = (typeof SYSTEM_IDS)[number];

/** What is known of one player before the cut-off. Not changed once a system was asked about it: what it said of an object stands. */
export interface FeatureVector {
  /** Values by feature name; null, NaN or absent = missing. */
  readonly features: Readonly<Record<string, number | null>>;
  /** Points line as an exact decimal ("24.5"); null or absent = none. */
  readonly line?: string | null;
  /** De-vigged P(over) at that line; null, NaN or absent = no two-way price. */
  readonly marketOver?: number | null;
}

/** A predictive distribution of points, given that the player plays. */
export interface Prediction {
  /** The system's own mean, before the shape: the centre that sd and shape refer to. */
  readonly mean: number;
  readonly sd: number;
  /** Median of the distribution: the point forecast. */
  readonly median: number;
  readonly distribution: PointsDistribution;
}

/** Why a system gives no forecast: never a made-up number instead. */
export interface NoForecast {
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

/** Spread and shape of one system's errors. */
export interface Calibration {
  readonly scale: ScaleModel;
  readonly shape: Shape;
}

/** Everything the systems are made of: what an artefact holds. */
export interface SystemParts {
  readonly columns: readonly ModelColumn[];
  readonly ridge: LinearModel;
  readonly requiredFeatures: readonly string[];
  readonly calibrations: Readonly<Record<'ewma8' | 'minutes_rate' | 'ridge', Calibration>>;
  readonly market: MarketLayer;
}

/** The four systems. They reuse buffers inside and are not re-entrant. */
export function buildSystems(parts: SystemParts): readonly ForecastSystem[] {
  const { columns, ridge, requiredFeatures, calibrations } = parts;
  const values = new Float64Array(columns.length);
  const ridgeSystem = system('ridge', requiredFeatures, calibrations.ridge, (feature) => {
    columns.forEach((column, j) => {
      values[j] = columnValue(column, feature);
    });
    return nonNegative(predictLinear(ridge, values));
  });
  return [
    system('ewma8', ['pts_ewma8'], calibrations.ewma8, (feature) => nonNegative(feature('pts_ewma8'))),
    system('minutes_rate', ['minutes_rate'], calibrations.minutes_rate, (feature) =>
      nonNegative(feature('minutes_rate')),
    ),
    ridgeSystem,
    marketSystem(ridgeSystem, parts.market, calibrations.ridge.shape),
  ];
}

/** Points are never negative, a linear forecast for the far end of the bench may be. */
export function nonNegative(mean: number): number {
  return Math.max(0, mean);
}

function system(
  id: SystemId,
  required: readonly string[],
  calibration: Calibration,
  meanOf: (feature: (name: string) => number) => number,
): ForecastSystem {
  const sdOf = scaleFunction(calibration.scale);
  const distributionAt = distributionFunction(calibration.shape);
  return {
    id,
    forecast: oncePerPlayer((features) => {
      const feature = (name: string): number => features[name] ?? Number.NaN;
      const missing = required.filter((name) => !Number.isFinite(feature(name)));
      if (missing.length > 0) return { cannot: 'missing_features', missing };
      const mean = meanOf(feature);
      const sd = sdOf({
        mean,
        minutesSd: feature('min_sd10'),
        pointsSd: feature('pts_sd10'),
        vacatedMinutes: feature('vacated_min'),
      });
      const distribution = distributionAt(mean, sd);
      return { mean, sd, median: median(distribution), distribution };
    }),
  };
}

/** A forecast that does not depend on the line: asked again for the same features, for another line or by the market, it stands. */
function oncePerPlayer(
  forecast: (features: FeatureVector['features']) => Forecast,
): ForecastSystem['forecast'] {
  let last: { readonly features: FeatureVector['features']; readonly forecast: Forecast } | undefined;
  return ({ features }) => {
    if (last?.features !== features) last = { features, forecast: forecast(features) };
    return last.forecast;
  };
}

function marketSystem(model: ForecastSystem, layer: MarketLayer, shape: Shape): ForecastSystem {
  const marketView = marketFunction(layer, shape);
  return {
    id: 'market',
    forecast: (input) => {
      const own = model.forecast(input);
      if (!isPrediction(own)) return own;
      const { line } = input;
      if (line === null || line === undefined) return { cannot: 'no_line', missing: [] };
      const view = marketView({ ...own, line, marketOver: input.marketOver ?? undefined });
      return { mean: view.mean, sd: own.sd, median: view.median, distribution: view.distribution };
    },
  };
}
