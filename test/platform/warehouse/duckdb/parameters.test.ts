import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom("'", '"', '\\', '$', '@', ';', '-', '/', '*', '\n', '\0', 'a', '1', ' ', '{', '%'),
  }),
);
const any = fc.oneof(text, fc.maxSafeInteger(), fc.double(), fc.boolean(), fc.constant(null));

describe('a value given to a statement', async () => {
  const warehouse = await openDuckDb(':memory:');
  afterAll(() => warehouse.close());

  it('comes back as it was, whatever it holds, beside another one and a list', async () => {
    const cases = fc.asyncProperty(text, any, fc.array(text, { maxLength: 3 }), async (a, b, list) => {
      const [row] = await warehouse.query('SELECT @a AS a, @b AS b, @text IN UNNEST(@list) AS d', {
        a,
        b,
        list,
        text: list[0] ?? 'none',
      });
      const kept = typeof b === 'number' && Object.is(b, -0) ? 0 : b;
      expect(row).toEqual({ a, b: kept, d: list.length > 0 });
    });
    await fc.assert(cases, { numRuns: 500, seed: 11 });
  });

  it.each([
    ['2147483648 * 2', '@n * 2', 4294967296],
    ['a whole number by a whole number', 'CAST(@n AS FLOAT64) / 4', 536870912],
    ['a fraction', '@f + 0.2', 0.1 + 0.2],
    ['the largest whole number', '@most', Number.MAX_SAFE_INTEGER],
    ['text beside a date', "CAST('2025-01-10' AS DATE) = CAST(@day AS DATE)", true],
    ['text that looks like a parameter', '@odd', "@n '$f' -- @day"],
  ])('has the type that binding would give it: %s', async (_, expression, expected) => {
    const params = {
      n: 2147483648,
      f: 0.1,
      most: Number.MAX_SAFE_INTEGER,
      day: '2025-01-10',
      odd: "@n '$f' -- @day",
    };
    expect(await warehouse.query(`SELECT ${expression} AS seen`, params)).toEqual([{ seen: expected }]);
  });

  it.each([
    ['short', 3],
    ['long', 300],
  ])('is found in a list of its kind, and only there, when the list is %s', async (_, length) => {
    const places = Array.from({ length }, (_, i) => i + 1);
    const lists = [places, places.map((n) => n + 0.1), places.map((n) => `it's ${n}`)];
    for (const list of lists) {
      const [seen] = await warehouse.query(
        'SELECT @last IN UNNEST(@list) AS inside, @last NOT IN UNNEST(@list) AS outside, @other IN UNNEST(@list) AS other, NULL IN UNNEST(@list) AS none',
        { list, last: list.at(-1) ?? null, other: typeof list[0] === 'string' ? 'it' : 0.5 },
      );
      expect(seen).toEqual({ inside: true, outside: false, other: false, none: null });
    }
  });

  it.each([
    ['text', 'a', 'VARCHAR'],
    ['a whole number', 7, 'BIGINT'],
    ['a fraction', 7.5, 'DOUBLE'],
    ['a truth', true, 'BOOLEAN'],
  ])('is typed: %s', async (_, value, type) => {
    const open = await openDuckDb(':memory:');
    try {
      expect(await open.query('SELECT typeof(@value) AS type', { value })).toEqual([{ type }]);
    } finally {
      await open.close();
    }
  });
});
