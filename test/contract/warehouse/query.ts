import { describe, expect, it } from 'vitest';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { everyType, fullRow, nullableKey } from './tables.ts';

/** Reads: values, parameters, order, and errors that never look like an empty result. */
export function queryContract(warehouse: () => Warehouse): void {
  describe('query', () => {
    it('gives every type back exactly as it was written', async () => {
      await warehouse().append(everyType, [fullRow]);
      expect(await warehouse().query('SELECT * FROM nba_raw.every_type')).toEqual([fullRow]);
    });

    it.each(['0.1', '24.5', '-0.000000001', '12345678901234567890123456789.123456789', '9007199254740993'])(
      'keeps NUMERIC %s exact',
      async (amount) => {
        await warehouse().append(everyType, [{ ...fullRow, amount }]);
        expect(await warehouse().query('SELECT amount FROM nba_raw.every_type')).toEqual([{ amount }]);
      },
    );

    it.each([
      ['24.500', '24.5'],
      ['25.0', '25'],
      ['100', '100'],
      ['-0', '0'],
      ['007.10', '7.1'],
    ])('writes NUMERIC %s in its canonical form %s', async (amount, canonical) => {
      await warehouse().append(everyType, [{ ...fullRow, amount }]);
      expect(await warehouse().query('SELECT amount FROM nba_raw.every_type')).toEqual([
        { amount: canonical },
      ]);
    });

    it('sums NUMERIC without a float in between', async () => {
      await warehouse().append(everyType, [
        { ...fullRow, id: 1, amount: '0.1' },
        { ...fullRow, id: 2, amount: '0.2' },
      ]);
      expect(await warehouse().query('SELECT SUM(amount) AS total FROM nba_raw.every_type')).toEqual([
        { total: '0.3' },
      ]);
    });

    it('gives counts and integer sums as numbers', async () => {
      await warehouse().append(everyType, [fullRow, { ...fullRow, id: 5_000_000_000 }]);
      expect(
        await warehouse().query(
          'SELECT COUNT(*) AS n, SUM(id) AS total, MAX(id) AS top FROM nba_raw.every_type',
        ),
      ).toEqual([{ n: 2, total: 5_000_000_001, top: 5_000_000_000 }]);
    });

    it('refuses an integer that a JavaScript number cannot hold', async () => {
      await expect(warehouse().query("SELECT CAST('9007199254740993' AS INT64) AS n")).rejects.toMatchObject({
        code: 'TIPOFF_SQL',
      });
    });

    it('reads portable types in CAST and typed literals', async () => {
      const [row] = await warehouse().query(
        `SELECT CAST('1.5' AS FLOAT64) AS f, CAST('1.5' AS NUMERIC) AS n, CAST('7' AS INT64) AS i, CAST(7 AS STRING) AS s, CAST('true' AS BOOL) AS b,
          CAST('2025-01-02' AS DATE) AS d, CAST('2025-01-02T23:30:00Z' AS TIMESTAMP) AS t, DATE '2025-01-02' AS dl, TIMESTAMP '2025-01-02T23:30:00Z' AS tl,
          0.5 AS half -- CAST(1 AS NUMERIC) in a comment stays one`,
      );
      expect(row).toEqual({
        ...{ f: 1.5, n: '1.5', i: 7, s: '7', b: true, d: '2025-01-02', t: '2025-01-02T23:30:00.000Z' },
        ...{ dl: '2025-01-02', tl: '2025-01-02T23:30:00.000Z', half: 0.5 },
      });
    });

    it('orders nulls first when ascending and last when descending', async () => {
      await warehouse().append(everyType, [
        { ...fullRow, id: 1, ratio: 2 },
        { ...fullRow, id: 2, ratio: null },
        { ...fullRow, id: 3, ratio: 1 },
      ]);
      const ids = async (direction: string) =>
        (
          await warehouse().query<{ id: number }>(
            `SELECT id FROM nba_raw.every_type ORDER BY ratio ${direction}`,
          )
        ).map((r) => r.id);
      expect(await ids('ASC')).toEqual([2, 3, 1]);
      expect(await ids('DESC')).toEqual([1, 3, 2]);
    });

    it('binds strings, whole and broken numbers, booleans and null by name', async () => {
      const sql =
        "SELECT @text AS text, @whole AS whole, @broken AS broken, @flag AS flag, @nothing AS nothing, '@text' AS literal";
      const params = { text: "it's", whole: 1_610_612_747_000, broken: 0.25, flag: false, nothing: null };
      expect(await warehouse().query(sql, params)).toEqual([{ ...params, literal: '@text' }]);
    });

    it('compares dates and instants with parameters', async () => {
      await warehouse().append(everyType, [
        fullRow,
        { ...fullRow, id: 2, slate: '2025-01-03', seen_at: '2025-01-04T00:00:00Z' },
      ]);
      const sql =
        'SELECT id FROM nba_raw.every_type WHERE slate = CAST(@slate AS DATE) AND seen_at < CAST(@cutoff AS TIMESTAMP)';
      expect(await warehouse().query(sql, { slate: '2025-01-02', cutoff: '2025-01-03T00:00:00Z' })).toEqual([
        { id: 1 },
      ]);
    });

    it.each([
      ['numbers', { ids: [1, 3], labels: ['a', 'b', 'c'] }, [1, 3]],
      ['whole and broken numbers', { ids: [1, 2.5], labels: ['a', 'b', 'c'] }, [1]],
      ['strings', { ids: [1, 2, 3], labels: ['b'] }, [2]],
      ['no element', { ids: [], labels: ['a'] }, []],
    ])('looks a value up in a list parameter of %s', async (_, params, expected) => {
      const rows = ['a', 'b', 'c'].map((label, i) => ({ ...fullRow, id: i + 1, label }));
      await warehouse().append(everyType, rows);
      const sql =
        'SELECT id FROM nba_raw.every_type WHERE id IN UNNEST(@ids) AND label IN UNNEST(@labels) ORDER BY id';
      expect((await warehouse().query<{ id: number }>(sql, params)).map((r) => r.id)).toEqual(expected);
    });

    it('refuses a statement whose parameter is not given', async () => {
      await expect(warehouse().query('SELECT @missing AS x', { other: 1 })).rejects.toMatchObject({
        code: 'TIPOFF_BAD_INPUT',
        details: { parameter: 'missing' },
      });
    });

    it.each([
      ['an unknown table', 'SELECT id FROM nba_raw.no_such_table'],
      ['an unknown column', 'SELECT no_such_column FROM nba_raw.every_type'],
      ['broken syntax', 'SELECT FROM WHERE'],
      ['a value that does not convert', "SELECT CAST('x' AS INT64) AS n"],
    ])('throws for %s instead of giving no rows', async (_, sql) => {
      await expect(warehouse().query(sql)).rejects.toMatchObject({ code: 'TIPOFF_SQL', transient: false });
      await expect(warehouse().queryColumns(sql)).rejects.toMatchObject({ code: 'TIPOFF_SQL' });
      await expect(warehouse().ping()).resolves.toBeUndefined();
    });
  });

  describe('queryColumns', () => {
    it('gives numbers with NaN for null and text with null', async () => {
      await warehouse().append(everyType, [fullRow, { id: 2, slate: '2025-01-03' }]);
      const result = await warehouse().queryColumns(
        'SELECT id, ratio, flag, label, amount, slate FROM nba_raw.every_type ORDER BY id',
      );
      expect(result.rowCount).toBe(2);
      expect(result.numbers('id')).toEqual(Float64Array.of(1, 2));
      expect(result.numbers('ratio')).toEqual(Float64Array.of(0.1, Number.NaN));
      expect(result.numbers('flag')).toEqual(Float64Array.of(1, Number.NaN));
      expect(result.strings('label')).toEqual(["it's", null]);
      expect(result.strings('amount')).toEqual(['24.5', null]);
      expect(result.strings('slate')).toEqual(['2025-01-02', '2025-01-03']);
    });

    it('keeps column types when there are no rows', async () => {
      const result = await warehouse().queryColumns('SELECT id FROM nba_raw.every_type');
      expect(result.rowCount).toBe(0);
      expect(result.numbers('id')).toEqual(new Float64Array());
    });

    it('refuses columns that were not selected and text read as numbers', async () => {
      const result = await warehouse().queryColumns('SELECT label FROM nba_raw.every_type');
      expect(() => result.strings('id')).toThrow(expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }));
      expect(() => result.numbers('label')).toThrow(expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }));
    });
  });

  describe('execute', () => {
    it('gives the number of rows it changed', async () => {
      await warehouse().append(nullableKey, [{ id: 1 }, { id: 2 }, { id: 3 }]);
      expect(
        await warehouse().execute('UPDATE nba_raw.nullable_key SET note = @note WHERE id > @id', {
          id: 1,
          note: 'x',
        }),
      ).toBe(2);
      expect(await warehouse().execute('DELETE FROM nba_raw.nullable_key WHERE id = 99')).toBe(0);
      expect(await warehouse().execute("INSERT INTO nba_raw.nullable_key (id, note) SELECT 4, 'new'")).toBe(
        1,
      );
    });

    it('merges', async () => {
      await warehouse().append(nullableKey, [{ id: 1, note: 'old' }]);
      const changed = await warehouse().execute(
        `MERGE INTO nba_raw.nullable_key AS t USING (SELECT 1 AS id, 'new' AS note UNION ALL SELECT 2, 'first') AS s ON t.id = s.id
         WHEN MATCHED THEN UPDATE SET note = s.note WHEN NOT MATCHED THEN INSERT (id, note) VALUES (s.id, s.note)`,
      );
      expect(changed).toBe(2);
      expect(await warehouse().query('SELECT id, note FROM nba_raw.nullable_key ORDER BY id')).toEqual([
        { id: 1, note: 'new' },
        { id: 2, note: 'first' },
      ]);
    });

    it('changes nothing when one row fails', async () => {
      await warehouse().append(nullableKey, [
        { id: 1, note: '7' },
        { id: 2, note: 'x' },
      ]);
      await expect(
        warehouse().execute('UPDATE nba_raw.nullable_key SET id = CAST(note AS INT64) WHERE TRUE'),
      ).rejects.toMatchObject({
        code: 'TIPOFF_SQL',
      });
      expect(await warehouse().query('SELECT id FROM nba_raw.nullable_key ORDER BY id')).toEqual([
        { id: 1 },
        { id: 2 },
      ]);
    });
  });

  describe('callers in parallel', () => {
    it('are served one after the other, failures between them included', async () => {
      const work = Array.from({ length: 40 }, async (_, id) => {
        if (id % 8 === 7)
          return expect(
            warehouse().query('SELECT no_such_column FROM nba_raw.nullable_key'),
          ).rejects.toThrow();
        await warehouse().append(nullableKey, [{ id }]);
        return warehouse().execute('UPDATE nba_raw.nullable_key SET note = @note WHERE id = @id', {
          id,
          note: 'done',
        });
      });
      await Promise.all(work);
      expect(
        await warehouse().query("SELECT COUNT(*) AS n FROM nba_raw.nullable_key WHERE note = 'done'"),
      ).toEqual([{ n: 35 }]);
    });
  });
}
