import { describe, expect, it } from 'vitest';
import { omitUndefined } from '#core/omit-undefined.ts';

describe('omitting undefined fields', () => {
  it('keeps every field that has a value, also a falsy one, in its order', () => {
    const fields = omitUndefined({ a: 0, b: undefined, c: null, d: '', e: false });
    expect(Object.entries(fields)).toEqual([
      ['a', 0],
      ['c', null],
      ['d', ''],
      ['e', false],
    ]);
    expect('b' in fields).toBe(false);
  });

  it('leaves the object it was given as it was', () => {
    const fields = { a: undefined };
    omitUndefined(fields);
    expect('a' in fields).toBe(true);
  });
});
