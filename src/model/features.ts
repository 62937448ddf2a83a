import { createHash } from 'node:crypto';
import { FEATURES, type Feature } from '#core/features.ts';
import { canonicalJson } from './canonical-json.ts';

/**
 * SHA-256 (hex) over the name, group, necessity and definition of every feature, in order. A model and a feature store
 * with different hashes do not mean the same by a column, so such a model serves nothing.
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

/** One factor of a model column: a feature, divided by `over`, or 1/0 for "at least" a threshold. */
export interface Factor {
  readonly feature: string;
  /** Divisor, for readable units; 1 when absent. */
  readonly over?: number | undefined;
  /** Turns the feature into an indicator: 1 when it is at least this. */
  readonly from?: number | undefined;
}

/** A column of the linear model: the product of its factors, missing when any of them is missing. */
export interface ModelColumn {
  readonly name: string;
  readonly factors: readonly Factor[];
  /**
   * Smallest divisor in standardising. A ridge penalty on a standardised column does not shrink a rare indicator at all
   * (its standard deviation is as small as its share), so that a handful of rows would set its coefficient; with a floor
   * of 1 the penalty counts as that many rows without the effect.
   */
  readonly floor?: number | undefined;
}

/**
 * The features that a linear model cannot combine by itself: matchup and pace act in proportion to what the player would
 * score anyway, absences in proportion to his role, and a return after two weeks starts with restricted minutes.
 */
const INTERACTIONS: readonly ModelColumn[] = [
  {
    name: 'minutes_rate*opp_points_ratio',
    factors: [{ feature: 'minutes_rate' }, { feature: 'opp_points_ratio' }],
  },
  { name: 'minutes_rate*opp_pace', factors: [{ feature: 'minutes_rate' }, { feature: 'opp_pace' }] },
  { name: 'minutes_rate*is_home', factors: [{ feature: 'minutes_rate' }, { feature: 'is_home' }] },
  { name: 'vacated_pts*rate32', factors: [{ feature: 'vacated_pts' }, { feature: 'rate32' }] },
  {
    name: 'vacated_min*minutes_rate/36',
    factors: [{ feature: 'vacated_min' }, { feature: 'minutes_rate', over: 36 }],
  },
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

/** Columns of the ridge, in order: every feature, then the interactions. Data only; evaluated in design.ts. */
export function modelColumns(features: readonly Feature[] = FEATURES): readonly ModelColumn[] {
  return [
    ...features.map(({ name, isIndicator }) => ({
      name,
      factors: [{ feature: name }],
      ...(isIndicator === true ? { floor: 1 } : {}),
    })),
    ...INTERACTIONS,
  ];
}

export const MODEL_COLUMNS = modelColumns();
