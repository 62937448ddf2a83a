import type { Slate } from '#core/calendar.ts';
import { AVAILABLE_STATS } from '#core/contracts/nba_precompute.ts';
import { TipoffError } from '#core/errors.ts';
import { type Market, parseMarket } from '#core/markets.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { artefactSystems, modelOf } from '#model/artefact.ts';
import {
  type Contribution,
  contributions,
  groupEffects,
  type LinearParts,
  recordRatio,
} from '#model/contributions.ts';
import { quantile } from '#model/distribution.ts';
import { loadModel } from '#model/registry.ts';
import { CHAMPION_SYSTEM, isPrediction } from '#model/systems.ts';
import { currentInputs } from '#pipeline/batch/inputs.ts';
import type { ObjectStore } from '#platform/objects/port.ts';
import type { Row, Warehouse } from '#platform/warehouse/port.ts';
import type { KnownPlayer } from './player.ts';

/** The forecast of a player in a market. */
interface Forecasted {
  readonly mean: number;
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
  /** P(outcome > line) given no push, as believed; null without a line. */
  readonly believed_over: number | null;
}

/** How a forecast comes about. */
export interface Explanation {
  readonly player: KnownPlayer;
  readonly slate: Slate;
  readonly market: string;
  readonly model_id: string;
  readonly line: string | null;
  /** Everything that follows is "given that he plays". */
  readonly p_plays: number | null;
  readonly forecast: Forecasted;
  /** Median of the visible row; differs from the forecast's when features have been recomputed since. */
  readonly published: number;
  /** The forecast of an average row of the training set. */
  readonly average: number;
  /** What every group of columns adds to the average, largest first. */
  readonly groups: readonly { readonly group: string; readonly effect: number }[];
  /** What the sum is multiplied by for his own record: how earlier forecasts of him came true, and in rare counts his career. */
  readonly player_ratio: number;
  /** What every column adds, largest first. */
  readonly parts: readonly Contribution[];
  /** The same forecast if a teammate did not play; absent when none was named. */
  readonly without?: {
    readonly teammate: KnownPlayer;
    /** How likely he was taken to play. */
    readonly p_plays: number;
    readonly forecast: Forecasted;
  };
}

/**
 * Why the champion forecasts what it does for a player, from the feature row and the model of the visible forecast. With a
 * teammate, also what it would forecast if he surely did not play: what he does when he plays, times the probability that had
 * been put on it, goes to the others (the features `freed_<stat>`). Throws TIPOFF_NOT_FOUND without a visible forecast, and
 * TIPOFF_BAD_INPUT for a teammate who is not one.
 */
export async function explain(
  deps: { readonly warehouse: Warehouse; readonly models: ObjectStore },
  player: KnownPlayer,
  request: { readonly slate: Slate; readonly market: string; readonly without?: KnownPlayer },
): Promise<Explanation> {
  const { warehouse } = deps;
  const { slate, without } = request;
  const market = parseMarket(request.market);
  const shown = await shownForecast(warehouse, player, slate, market);
  const [input] = await currentInputs(warehouse).ofPlayers(slate, [player.player_id]);
  if (input === undefined) throw nothingToExplain(player, slate, market, 'no feature row');
  const artefact = await loadModel({ warehouse, objects: deps.models }, shown.model_id);
  const system = artefactSystems(artefact, market).find(({ id }) => id === CHAMPION_SYSTEM);
  const forecastOf = (features: Readonly<Record<string, number | null>>): Forecasted => {
    const made = system?.forecast({
      features,
      player: player.player_id,
      line: shown.line,
      marketOver: null,
    });
    if (made === undefined || !isPrediction(made))
      throw nothingToExplain(player, slate, market, 'no forecast from its features');
    return {
      mean: made.mean,
      median: made.median,
      p10: quantile(made.distribution, 0.1),
      p90: quantile(made.distribution, 0.9),
      believed_over: made.believedOver,
    };
  };
  const model = modelOf(artefact, market);
  const { average, parts } = contributions(model, input.features);
  const availability = await availabilityOf(warehouse, slate, player.player_id);
  return {
    player,
    slate,
    market: market.id,
    model_id: shown.model_id,
    line: shown.line,
    p_plays: numberOf(availability?.['p_plays']),
    forecast: forecastOf(input.features),
    published: shown.predicted,
    average,
    groups: groupEffects(parts),
    player_ratio: recordRatio(model, { average, parts }, player.player_id),
    parts,
    ...(without === undefined
      ? {}
      : { without: await withoutTeammate(warehouse, input, { slate, teammate: without, forecastOf }) }),
  };
}

/** The parts of a model that explain its forecasts, as published on the site. */
export interface ModelReading {
  readonly model_id: string;
  /** By market; empty when the model cannot be read, and then `problem` says why. */
  readonly markets: Readonly<Record<string, LinearParts>>;
  readonly problem: string | null;
}

/** The linear parts of a model. One that is not registered, or whose artefact is lost or damaged, is read with its problem. */
export async function readModel(
  { warehouse, models }: { readonly warehouse: Warehouse; readonly models: ObjectStore },
  modelId: string,
): Promise<ModelReading> {
  try {
    const { markets } = await loadModel({ warehouse, objects: models }, modelId);
    const parts = Object.entries(markets).map(
      ([market, { columns, ridge, players, careers, correction }]) => [
        market,
        { columns, ridge, ...omitUndefined({ players, careers }), correction },
      ],
    );
    return { model_id: modelId, markets: Object.fromEntries(parts), problem: null };
  } catch (error) {
    if (!(error instanceof TipoffError) || error.transient) throw error;
    return { model_id: modelId, markets: {}, problem: error.message };
  }
}

interface Shown {
  readonly model_id: string;
  readonly line: string | null;
  readonly predicted: number;
}

async function shownForecast(
  warehouse: Warehouse,
  player: KnownPlayer,
  slate: Slate,
  market: Market,
): Promise<Shown> {
  const [shown] = await warehouse.query<Shown>(
    `SELECT model_id, line, predicted FROM nba_predictions.current_predictions
     WHERE slate = CAST(@slate AS DATE) AND player_id = @player_id AND market = @market AND system_id = @system AND line_role <> 'second'`,
    { slate, player_id: player.player_id, market: market.id, system: CHAMPION_SYSTEM },
  );
  if (shown === undefined) throw nothingToExplain(player, slate, market, 'no visible forecast');
  return shown;
}

async function availabilityOf(
  warehouse: Warehouse,
  slate: Slate,
  playerId: number,
): Promise<Row | undefined> {
  const [row] = await warehouse.query<Row>(
    `SELECT * FROM nba_precompute.player_availability
     WHERE slate = CAST(@slate AS DATE) AND player_id = @player_id AND is_member`,
    { slate, player_id: playerId },
  );
  return row;
}

async function withoutTeammate(
  warehouse: Warehouse,
  input: {
    readonly player_id: number;
    readonly team_abbr: string;
    readonly features: Readonly<Record<string, number | null>>;
  },
  how: {
    readonly slate: Slate;
    readonly teammate: KnownPlayer;
    readonly forecastOf: (features: Readonly<Record<string, number | null>>) => Forecasted;
  },
): Promise<NonNullable<Explanation['without']>> {
  const { slate, teammate, forecastOf } = how;
  const row = await availabilityOf(warehouse, slate, teammate.player_id);
  if (row === undefined || row['team_abbr'] !== input.team_abbr || teammate.player_id === input.player_id) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected a teammate who shared in the games of ${input.team_abbr} lately, saw ${teammate.player_name}${row === undefined ? '' : ` of ${row['team_abbr']}`}`,
      { hint: `Name a player of ${input.team_abbr}.`, details: { teammate: teammate.player_id } },
    );
  }
  const p = numberOf(row['p_plays']) ?? 0;
  const features = { ...input.features };
  for (const stat of AVAILABLE_STATS) {
    const freed = features[`freed_${stat}`];
    if (freed !== null && freed !== undefined)
      features[`freed_${stat}`] = freed + p * (numberOf(row[`${stat}_ewma8`]) ?? 0);
  }
  return { teammate, p_plays: p, forecast: forecastOf(features) };
}

function numberOf(value: Row[string] | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

function nothingToExplain(player: KnownPlayer, slate: Slate, market: Market, what: string): TipoffError {
  return new TipoffError(
    'TIPOFF_NOT_FOUND',
    `${player.player_name} on ${slate}: expected a visible forecast of ${market.id}, saw ${what}`,
    {
      hint: `\`tipoff player "${player.player_name}" ${slate}\` says where he is.`,
      details: { player_id: player.player_id, slate, market: market.id },
    },
  );
}
