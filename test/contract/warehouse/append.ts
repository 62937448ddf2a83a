import { describe, expect, it } from 'vitest';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { byText, everyType, fullRow, nullableKey } from './tables.ts';

/** Bulk appends: validation before writing, all or nothing, and the first of equals. */
export function appendContract(warehouse: () => Warehouse): void {
  const ids = async () =>
    (await warehouse().query<{ id: number }>('SELECT id FROM nba_raw.every_type ORDER BY id')).map(
      (row) => row.id,
    );

  describe('append', () => {
    it('writes absent columns as null and gives the number of rows', async () => {
      expect(await warehouse().append(everyType, [fullRow, { slate: '2025-01-03', id: 2 }])).toBe(2);
      expect(await warehouse().query('SELECT * FROM nba_raw.every_type WHERE id = 2')).toEqual([
        {
          id: 2,
          slate: '2025-01-03',
          label: null,
          amount: null,
          ratio: null,
          rounded: null,
          flag: null,
          seen_at: null,
        },
      ]);
    });

    it('keeps the decimals that the contract states, and no others', async () => {
      await warehouse().append(everyType, [{ ...fullRow, ratio: 1.23456789, rounded: 1.23456789 }]);
      expect(await warehouse().query('SELECT ratio, rounded FROM nba_raw.every_type')).toEqual([
        { ratio: 1.23456789, rounded: 1.235 },
      ]);
    });

    it('takes no rows', async () => {
      expect(await warehouse().append(everyType, [])).toBe(0);
    });

    it('takes more rows than fit into one chunk, in their order', async () => {
      const rows = Array.from({ length: 5000 }, (_, i) => ({ ...fullRow, id: i }));
      expect(await warehouse().append(everyType, rows)).toBe(5000);
      expect(await ids()).toEqual(rows.map((row) => row.id));
    });

    it.each([
      ['a missing required column', { id: 2 }, 'slate'],
      ['null in a required column', { id: 2, slate: null }, 'slate'],
      ['an unknown column', { ...fullRow, colour: 'red' }, 'colour'],
      ['a broken integer', { ...fullRow, id: 1.5 }, 'id'],
      ['a number for NUMERIC', { ...fullRow, amount: 24.5 }, 'amount'],
      ['ten places in NUMERIC', { ...fullRow, amount: '0.0000000001' }, 'amount'],
      ['NaN', { ...fullRow, ratio: Number.NaN }, 'ratio'],
      ['a date that does not exist', { ...fullRow, slate: '2025-02-30' }, 'slate'],
      ['an instant without a zone', { ...fullRow, seen_at: '2025-01-02 23:30:00' }, 'seen_at'],
      [
        'an instant at an hour that does not exist',
        { ...fullRow, seen_at: '2025-02-28T24:00:00Z' },
        'seen_at',
      ],
      ['an instant on a day that does not exist', { ...fullRow, seen_at: '2025-02-30T10:00:00Z' }, 'seen_at'],
    ])('refuses %s, names the field and writes nothing', async (_, bad, field) => {
      const rows = [{ ...fullRow, id: 7 }, bad] as unknown as (typeof fullRow)[];
      await expect(warehouse().append(everyType, rows)).rejects.toMatchObject({
        code: 'TIPOFF_SCHEMA_MISMATCH',
        details: { table: 'nba_raw.every_type', record: 1, field },
      });
      await expect(warehouse().appendNew(everyType, rows)).rejects.toMatchObject({
        code: 'TIPOFF_SCHEMA_MISMATCH',
      });
      expect(await ids()).toEqual([]);
    });

    it('writes into another table of the same shape', async () => {
      const staging = { dataset: 'nba_raw', name: 'staging_b1' } as const;
      await warehouse().createTable(everyType, staging);
      expect(await warehouse().append(everyType, [fullRow], staging)).toBe(1);
      expect(await warehouse().query('SELECT id FROM nba_raw.staging_b1')).toEqual([{ id: 1 }]);
      expect(await ids()).toEqual([]);
    });

    it('matches columns by name when the live table has them in another order', async () => {
      const other = { dataset: 'nba_raw', name: 'other_order' } as const;
      const columns = Object.fromEntries(Object.entries(everyType.columns).reverse());
      await warehouse().createTable({ ...everyType, columns }, other);
      await warehouse().append(everyType, [fullRow], other);
      expect(await warehouse().query('SELECT * FROM nba_raw.other_order')).toEqual([fullRow]);
    });

    it('refuses a table that does not exist and works afterwards', async () => {
      await expect(
        warehouse().append(everyType, [fullRow], { dataset: 'nba_raw', name: 'nowhere' }),
      ).rejects.toMatchObject({
        code: 'TIPOFF_SQL',
      });
      expect(await warehouse().append(everyType, [fullRow])).toBe(1);
    });
  });

  describe('appendNew', () => {
    it('writes only keys that the table does not hold', async () => {
      await warehouse().append(everyType, [{ ...fullRow, label: 'kept' }]);
      expect(
        await warehouse().appendNew(everyType, [
          { ...fullRow, label: 'late' },
          { ...fullRow, id: 2 },
        ]),
      ).toBe(1);
      expect(await warehouse().query('SELECT id, label FROM nba_raw.every_type ORDER BY id')).toEqual([
        { id: 1, label: 'kept' },
        { id: 2, label: "it's" },
      ]);
    });

    it('takes the first of equals and tells keys apart by every column', async () => {
      const rows = [
        { ...fullRow, label: 'first' },
        { ...fullRow, label: 'second' },
        { ...fullRow, slate: '2025-01-03', label: 'other day' },
      ];
      expect(await warehouse().appendNew(everyType, rows)).toBe(2);
      expect(await warehouse().query('SELECT label FROM nba_raw.every_type ORDER BY slate')).toEqual([
        { label: 'first' },
        { label: 'other day' },
      ]);
    });

    it('treats null in a key as one value', async () => {
      expect(
        await warehouse().appendNew(nullableKey, [
          { id: 1, variant: null },
          { id: 1 },
          { id: 1, variant: 'a' },
        ]),
      ).toBe(2);
      expect(await warehouse().appendNew(nullableKey, [{ id: 1 }, { id: 1, variant: 'b' }])).toBe(1);
    });

    // A few rows whose key is one text are looked up by it; with more of them all are compared at once.
    it.each([3, 150])(
      'takes the first of equals that is not there, of %d rows with a text for a key',
      async (length) => {
        const rows = Array.from({ length }, (_, i) => ({
          row_id: `it's ${i}`,
          note: 'first',
          rounded: 1.23456,
        }));
        await warehouse().prepare([byText]);
        await warehouse().append(byText, [{ row_id: "it's 0", note: 'kept' }]);
        const given = [...rows, ...rows.map((row) => ({ ...row, note: 'second' }))].slice(0, length + 2);
        expect(await warehouse().appendNew(byText, given)).toBe(length - 1);
        expect(await warehouse().appendNew(byText, given)).toBe(0);
        const stored = await warehouse().query<{ row_id: string }>(
          'SELECT row_id, note, rounded FROM nba_raw.by_text',
        );
        const found = new Map(stored.map((row) => [row.row_id, row]));
        expect(stored).toHaveLength(length);
        expect(found.get("it's 0")).toMatchObject({ note: 'kept', rounded: null });
        expect(found.get("it's 1")).toMatchObject({ note: 'first', rounded: 1.235 });
      },
    );

    it.each([2, 150])('changes nothing the second time, of %d rows', async (length) => {
      const rows = Array.from({ length }, (_, id) => ({ ...fullRow, id }));
      expect(await warehouse().appendNew(everyType, rows)).toBe(length);
      expect(await warehouse().appendNew(everyType, rows)).toBe(0);
      expect(await warehouse().query('SELECT * FROM nba_raw.every_type WHERE id <= 1 ORDER BY id')).toEqual(
        rows.slice(0, 2),
      );
    });
  });
}
