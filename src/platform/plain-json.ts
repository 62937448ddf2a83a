import { TipoffError } from '#core/errors.ts';

const MAX_DEPTH = 64;

/**
 * The JSON text of a value that survives a round trip through JSON unchanged: null, booleans, strings, finite numbers,
 * arrays and plain objects of these. A property that is `undefined` is left out. Everything that JSON would silently
 * change (NaN, Date, Map, class instances, holes in arrays, functions, bigint) is TIPOFF_BAD_INPUT with its place.
 */
export function toPlainJson(value: unknown, what: string): string {
  check(value, what, 0);
  return JSON.stringify(value);
}

function check(value: unknown, place: string, depth: number): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number' && Number.isFinite(value)) return;
  if (typeof value !== 'object')
    throw notPlain(place, typeof value === 'number' ? String(value) : `a ${typeof value}`);
  if (depth >= MAX_DEPTH) throw notPlain(place, `more than ${MAX_DEPTH} levels, or a cycle`);
  if (Array.isArray(value)) {
    // A hole in an array is read as undefined here, and refused.
    for (let i = 0; i < value.length; i++) check(value[i], `${place}[${i}]`, depth + 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw notPlain(place, `an instance of ${value.constructor.name}`);
  for (const [key, inner] of Object.entries(value)) {
    if (inner !== undefined) check(inner, `${place}.${key}`, depth + 1);
  }
}

function notPlain(place: string, seen: string): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', `expected plain JSON at ${place}, saw ${seen}`, {
    hint: 'Convert the value to strings, finite numbers, booleans, null, arrays and plain objects before storing it.',
    details: { place },
  });
}
