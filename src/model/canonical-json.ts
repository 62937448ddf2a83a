import { TipoffError } from '#core/errors.ts';

/**
 * JSON with sorted keys and no white space: equal values give equal text. Members that are undefined are left out.
 * Throws TIPOFF_BAD_INPUT for a number that JSON cannot hold (NaN, infinity), naming its place.
 */
export function canonicalJson(value: unknown, place = '$'): string {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected a finite number at ${place}, saw ${value}`, {
      hint: 'Represent a missing number as null or leave it out.',
      details: { place },
    });
  }
  if (Array.isArray(value))
    return `[${value.map((item, i) => canonicalJson(item, `${place}[${i}]`)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member, `${place}.${key}`)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
