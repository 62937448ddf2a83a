import { FEATURES, type FeatureGroup } from '#core/features.ts';
import { type Column, nullable } from './define.ts';

/** Decimals kept of a stored feature: two computations of one feature are the same when they agree here. */
export const FEATURE_DECIMALS = 6;

/** One nullable column per feature of the feature contract, of some groups or all. Null means missing, never zero. */
export function featureColumns(groups?: readonly FeatureGroup[]): Record<string, Column<'FLOAT64', false>> {
  return Object.fromEntries(
    FEATURES.filter((feature) => groups === undefined || groups.includes(feature.group)).map((feature) => [
      feature.name,
      nullable.float(`${feature.description}${feature.required ? '' : ' (optional)'}`, { decimals: FEATURE_DECIMALS }),
    ]),
  );
}
