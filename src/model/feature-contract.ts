import { createHash } from 'node:crypto';
import { FEATURES, type Feature } from '#core/features.ts';
import { canonicalJson } from './canonical-json.ts';

/**
 * SHA-256 (hex) over the name, group, necessity and definition of every feature, in order. A model and a feature store
 * with different hashes do not mean the same by a column, so such a model serves nothing.
 */
export function featureContractHash(features: readonly Feature[] = FEATURES): string {
  const contract = features.map(({ name, group, required, description }) => ({ name, group, required, description }));
  return createHash('sha256').update(canonicalJson(contract)).digest('hex');
}
