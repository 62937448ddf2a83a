import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isDate } from '#core/calendar.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { isInstant } from '#core/instants.ts';
import { type Market, marketOf } from '#core/markets.ts';
import { canonicalJson } from './canonical-json.ts';
import { EARNED_BINS } from './market.ts';
import { buildSystems, type ForecastSystem } from './systems.ts';

const FORMAT_VERSION = 3;
const date = z.string().refine(isDate, 'expected a date as YYYY-MM-DD');
const numbers = z.array(z.number()).readonly();
const names = z.array(z.string().min(1)).readonly();
const linear = z
  .strictObject({ intercept: z.number(), centres: numbers, coefficients: numbers })
  .refine(
    (model) => model.centres.length === model.coefficients.length,
    'expected as many centres as coefficients',
  );
const factor = z.strictObject({
  feature: z.string().min(1),
  over: z.number().positive().optional(),
  from: z.number().optional(),
});
const column = z.strictObject({
  name: z.string().min(1),
  factors: z.array(factor).min(1).readonly(),
  floor: z.number().nonnegative().optional(),
});
const four = z.array(z.number()).length(4).readonly();
const levels = z
  .array(z.number().min(0).max(1))
  .length(19)
  .refine(
    (all) => all.every((p, i) => i === 0 || p >= (all[i - 1] ?? p)),
    'expected levels that never decrease',
  )
  .readonly();
const steps = z
  .strictObject({ at: numbers, levels: z.array(levels).readonly() })
  .refine(({ at, levels: each }) => at.length === each.length, 'expected levels for every step')
  .refine(
    ({ at }) => at.every((mean, i) => i === 0 || mean > (at[i - 1] ?? mean)),
    'expected ascending steps',
  );
const shape = z.strictObject({ dispersion: four, zeros: four, levels, steps: steps.optional() });
const belief = z.strictObject({
  a: z.number(),
  b: z.number(),
  rows: z.int().nonnegative(),
  earned: z.array(z.number().min(0.5).max(1)).length(EARNED_BINS).readonly(),
});
const errors = z.strictObject({
  rows: z.int().nonnegative(),
  mae_mean: z.number(),
  mae_median: z.number(),
  rmse: z.number(),
  bias: z.number(),
});
const perSystem = <T extends z.ZodType>(schema: T) =>
  z.strictObject({ ewma8: schema, minutes_rate: schema, ridge: schema });

const ratios = z.array(z.number().positive()).readonly();
const rare = z
  .strictObject({ of: z.string().min(1), at: numbers, ratio: ratios })
  .refine(({ at, ratio }) => at.length === ratio.length, 'expected one ratio per step')
  .refine(
    ({ at }) => at.every((average, i) => i === 0 || average > (at[i - 1] ?? average)),
    'expected ascending steps',
  );
const correction = z
  .strictObject({ at: numbers, ratio: ratios, rare: rare.optional() })
  .refine(({ at, ratio }) => at.length === ratio.length, 'expected one ratio per step');

const players = z.strictObject({
  prior: z.number().positive(),
  ratio: z.record(z.string(), z.number().positive()).readonly(),
});

const careers = z.strictObject({
  share: z.number().min(0).max(1),
  prior: z.number().positive(),
  careers: z
    .record(z.string(), z.tuple([z.number().nonnegative(), z.number().nonnegative()]).readonly())
    .readonly(),
});

/** The fitted parts that forecast one market. */
const marketModel = z
  .strictObject({
    columns: z.array(column).readonly(),
    ridge: linear,
    /** Absent where players do not differ from their forecasts, and in older models. */
    players: players.optional(),
    /** Absent where careers say nothing more than forecasts, and in older models. */
    careers: careers.optional(),
    correction,
    shapes: perSystem(shape),
    belief: z.strictObject({
      with_feed: belief,
      without_feed: belief,
      priced: belief.extend({ c: z.number() }),
    }),
    /** Errors of the out-of-fold forecasts inside the calibration window, each with its number of rows. */
    metrics: perSystem(errors),
  })
  .refine(
    (model) => model.columns.length === model.ridge.coefficients.length,
    'expected one ridge coefficient per column',
  );
export type MarketModel = z.infer<typeof marketModel>;

/** An immutable trained model of all markets, as JSON. Nothing in it depends on when or where it was trained but `created_at`. */
const artefactSchema = z
  .strictObject({
    format_version: z.literal(FORMAT_VERSION),
    model_id: z.string().min(1),
    family: z.literal('ridge'),
    /** Features of the contract that the model reads. */
    feature_list: names,
    /** Of those, the ones without which there is no forecast. */
    required_features: names,
    feature_contract_hash: z.string().min(1),
    code_version: z.string().min(1),
    /** Slate; only rows before it were used. */
    data_cutoff: date,
    training_from: date,
    training_rows: z.int().positive(),
    calibration_rows: z.int().positive(),
    config: z.strictObject({
      lambda: z.number(),
      half_life_days: z.number(),
      min_career_games: z.number(),
      min_expected_minutes: z.number(),
      calibration_days: z.number(),
      min_fit_rows: z.number(),
      min_calibration_rows: z.number(),
    }),
    /** By market id. */
    markets: z
      .record(z.string(), marketModel)
      .refine(
        (markets) => Object.keys(markets).every((id) => marketOf(id) !== undefined),
        'expected known markets',
      )
      .readonly(),
    created_at: z.string().refine(isInstant, 'expected an instant with a zone'),
  })
  .refine(
    (a) =>
      Object.values(a.markets).every(
        ({ columns, correction: { rare: own } }) =>
          columns.every((c) => c.factors.every((f) => a.feature_list.includes(f.feature))) &&
          (own === undefined || a.feature_list.includes(own.of)),
      ),
    'expected every column to be made of listed features',
  );

export type Artefact = z.infer<typeof artefactSchema>;

/** The bytes to store: canonical JSON in UTF-8. */
export function artefactBytes(artefact: Artefact): Uint8Array {
  return new TextEncoder().encode(canonicalJson(artefact));
}

/** SHA-256 (hex) of the canonical JSON, which is the SHA-256 of the stored bytes. */
export function artefactHash(artefact: Artefact): string {
  return sha256(artefactBytes(artefact));
}

/**
 * Reads stored bytes. With the hash from the registry, bytes that differ in a single bit are refused (TIPOFF_INTEGRITY).
 * Bytes that are no artefact, or contradict themselves, give TIPOFF_BAD_INPUT with every problem.
 */
export function parseArtefact(bytes: Uint8Array, expectedHash?: string): Artefact {
  if (expectedHash !== undefined && sha256(bytes) !== expectedHash) {
    throw new TipoffError(
      'TIPOFF_INTEGRITY',
      `expected a model artefact with hash ${expectedHash}, saw ${sha256(bytes)}`,
      {
        hint: 'Restore the object from its original, or retire this model and promote another.',
        details: { expected: expectedHash, seen: sha256(bytes) },
      },
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw notAnArtefact(messageOf(cause), cause);
  }
  const result = artefactSchema.safeParse(json);
  if (!result.success) throw notAnArtefact(z.prettifyError(result.error), result.error);
  return result.data;
}

/** The model of one market. Throws TIPOFF_NO_MODEL when the artefact does not forecast it. */
export function modelOf(artefact: Artefact, market: Market): MarketModel {
  const model = artefact.markets[market.id];
  if (model !== undefined) return model;
  const { model_id, markets } = artefact;
  throw new TipoffError(
    'TIPOFF_NO_MODEL',
    `expected ${model_id} to forecast ${market.id}, it forecasts ${Object.keys(markets).join(', ')}`,
    { hint: 'Train a model of all markets with `tipoff train`.', details: { model_id, market: market.id } },
  );
}

/** The four forecast systems of one market. Throws TIPOFF_NO_MODEL when the artefact does not forecast it. */
export function artefactSystems(artefact: Artefact, market: Market): readonly ForecastSystem[] {
  return buildSystems({ ...modelOf(artefact, market), requiredFeatures: artefact.required_features }, market);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function notAnArtefact(problem: string, cause: unknown): TipoffError {
  return new TipoffError(
    'TIPOFF_BAD_INPUT',
    `expected a model artefact of format ${FORMAT_VERSION}: ${problem}`,
    {
      hint: 'Train the model again with this version of Tipoff.',
      cause,
    },
  );
}
