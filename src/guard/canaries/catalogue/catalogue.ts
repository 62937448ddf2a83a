import { TipoffError } from '#core/errors.ts';
import type { AskedCanary, Canary } from '#guard/canaries/definition.ts';
import { AGREEMENT } from './agreement.ts';
import { ANALYTICS } from './analytics.ts';
import { FEEDS } from './feeds.ts';
import { GRADE } from './grade.ts';
import { INGEST } from './ingest.ts';
import { OPERATIONS } from './operations.ts';
import { PRECOMPUTE } from './precompute.ts';
import { PREDICT } from './predict.ts';
import { PUBLISH } from './publish.ts';
import { USUAL } from './usual.ts';

/** Every canary, in the order of the data. */
export const CATALOGUE: readonly Canary[] = [
  ...INGEST,
  ...ANALYTICS,
  ...PRECOMPUTE,
  ...PREDICT,
  ...PUBLISH,
  ...GRADE,
  ...OPERATIONS,
  ...FEEDS,
  ...USUAL,
  ...AGREEMENT,
];

/** The canaries with these ids, in the order of the list. Throws TIPOFF_BAD_INPUT naming every unknown id. */
export function canariesAmong<T extends AskedCanary>(canaries: readonly T[], ids: readonly string[]): T[] {
  const unknown = ids.filter((id) => !canaries.some((canary) => canary.id === id));
  if (unknown.length === 0) return canaries.filter(({ id }) => ids.includes(id));
  throw new TipoffError('TIPOFF_BAD_INPUT', `there is no canary ${unknown.join(', ')}`, {
    hint: 'See `tipoff canary list` for their names.',
    details: { unknown },
  });
}

/** The built-in canaries with these ids, in the order of the catalogue. Throws TIPOFF_BAD_INPUT naming every unknown id. */
export function canariesNamed(ids: readonly string[]): Canary[] {
  return canariesAmong(CATALOGUE, ids);
}

/** The canary of an id. Throws TIPOFF_BAD_INPUT when there is none. */
export function canaryNamed(id: string): Canary {
  const [canary] = canariesNamed([id]);
  if (canary === undefined) throw new RangeError('a canary that is named is found');
  return canary;
}
