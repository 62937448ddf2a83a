import { type CollectionReference, FieldPath, type Query } from '@google-cloud/firestore';
import { TipoffError } from '#core/errors.ts';
import type { StateQuery } from '#platform/state/port.ts';
import { matchKey, matchText } from './documents.ts';

const MAX_ID_BYTES = 1500;

/** The query of a list, ordered by id; undefined when no document can match. TIPOFF_BAD_INPUT for what cannot be asked. */
export function listQuery(collection: CollectionReference, { where = {}, idPrefix = '', limit }: StateQuery): Query | undefined {
  let query: Query = collection.orderBy(FieldPath.documentId());
  for (const [field, value] of Object.entries(where)) {
    query = query.where(new FieldPath('match', matchKey(askable(field))), '==', matchText(scalar(field, value)));
  }
  if (limit !== undefined) query = query.limit(positive(limit));
  if (idPrefix === '') return query;
  // No id has a slash, a NUL or half a character in it, and none is longer: Firestore would refuse the bound.
  if (/[/\0]/.test(idPrefix) || !idPrefix.isWellFormed() || Buffer.byteLength(idPrefix) > MAX_ID_BYTES) return undefined;
  // The names . and .. are no ids, but there are ids that start with them.
  const start = idPrefix === '.' || idPrefix === '..' ? `${idPrefix}\u0001` : idPrefix;
  query = query.where(FieldPath.documentId(), '>=', start);
  const end = prefixEnd(idPrefix);
  return end === undefined ? query : query.where(FieldPath.documentId(), '<', end);
}

/** The first id after all ids with this prefix, in code point order; undefined when there is none. */
function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  return String.fromCodePoint(...points, following(last));
}

/** The next character an id may have: surrogates are none, and a slash (after the full stop) is refused. */
function following(point: number): number {
  if (point === 0xd7ff) return 0xe000;
  return point === 0x2e ? 0x30 : point + 1;
}

function askable(field: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(field)) return field;
  throw new TipoffError('TIPOFF_BAD_INPUT', `expected a top-level field name in where, saw ${JSON.stringify(field)}`, {
    hint: 'Use letters, digits and underscores; fields inside fields cannot be asked for.',
    details: { field },
  });
}

function scalar(field: string, value: unknown): string | number | boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return value;
  throw new TipoffError('TIPOFF_BAD_INPUT', `expected a string, finite number or boolean for ${field} in where, saw ${String(value)}`, {
    hint: 'Leave the field out of where when any value will do.',
    details: { field },
  });
}

function positive(limit: number): number {
  if (Number.isSafeInteger(limit) && limit > 0) return limit;
  throw new TipoffError('TIPOFF_BAD_INPUT', `expected a limit of at least 1, saw ${limit}`, {
    hint: 'Leave the limit out to get everything.',
    details: { limit },
  });
}
