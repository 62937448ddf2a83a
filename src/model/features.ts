import { createHash } from 'node:crypto';
import { COUNTED, FEATURES, type Feature } from '#core/features.ts';
import type { MarketFeatures } from '#core/markets.ts';
import { canonicalJson } from './canonical-json.ts';
import type { ModelColumn } from './linear.ts';

/**
 * SHA-256 (hex) over the name, group, necessity and definition of every feature, in order. When the hashes of
 * model and feature store differ, their columns differ in meaning, and the model must not serve.
 */
export function featureContractHash(features: readonly Feature[] = FEATURES): string {
  const contract = features.map(({ name, group, required, description }) => ({
    name,
    group,
    required,
    description,
  }));
  return createHash('sha256').update(canonicalJson(contract)).digest('hex');
}

/** Features about the origin of a row; they are not model columns. */
const NOT_MODELLED: ReadonlySet<string> = new Set(['status_feed']);

/** Players return from two weeks out on restricted minutes, which a linear model cannot see from the days alone. */
const RETURNS: readonly ModelColumn[] = [
  { name: 'long_absence', factors: [{ feature: 'days_since_played', from: 14 }], floor: 1 },
  {
    name: 'long_absence*min_ewma4/36',
    factors: [
      { feature: 'days_since_played', from: 14 },
      { feature: 'min_ewma4', over: 36 },
    ],
    floor: 1,
  },
];

/** Features that belong to one count; other markets leave them out unless they ask for them. */
const OWNERS: ReadonlyMap<string, string> = new Map([
  ...['pts_ewma4', 'pts_ewma8', 'pts_season', 'pts_sd10', 'rate32', 'ppm8', 'minutes_rate'].map(
    (name) => [name, 'pts'] as const,
  ),
  ...['opp_pts_allowed', 'opp_points_ratio', 'freed_pts'].map((name) => [name, 'pts'] as const),
  ['opp_fg3a_ratio', 'fg3m'],
  ...COUNTED.flatMap(({ stat }) =>
    [
      ...['ewma4', 'ewma8', 'season', 'rate32', 'minutes_rate'].map((what) => `${stat}_${what}`),
      `opp_${stat}_ratio`,
      `freed_${stat}`,
    ].map((name) => [name, stat] as const),
  ),
]);

/**
 * Ridge columns of a count, in order: its own features, those of others that it asks for and those that every
 * market reads (including the long averages of all counts), then products that a linear model cannot form by
 * itself. Matchup, pace and teammates' absences act in proportion to the player's usual count. Data only;
 * evaluated in linear.ts.
 */
export function modelColumns(
  { stat, minutesRate, rate, opponentRatio, opponentAttemptsRatio, ofOthers = [] }: MarketFeatures,
  features: readonly Feature[] = FEATURES,
): readonly ModelColumn[] {
  const read = features.filter(({ name }) => {
    const owner = OWNERS.get(name);
    return !NOT_MODELLED.has(name) && (owner === undefined || owner === stat || ofOthers.includes(name));
  });
  const product = (a: string, b: string, over?: number): ModelColumn => ({
    name: over === undefined ? `${a}*${b}` : `${a}*${b}/${over}`,
    factors: [{ feature: a }, over === undefined ? { feature: b } : { feature: b, over }],
  });
  return [
    ...read.map(({ name, isIndicator }) => ({
      name,
      factors: [{ feature: name }],
      ...(isIndicator === true ? { floor: 1 } : {}),
    })),
    product(minutesRate, opponentRatio),
    ...(opponentAttemptsRatio === undefined ? [] : [product(minutesRate, opponentAttemptsRatio)]),
    product(minutesRate, 'opp_pace'),
    product(minutesRate, 'is_home'),
    product(`freed_${stat}`, rate),
    product('freed_min', minutesRate, 36),
    ...RETURNS,
  ];
}
