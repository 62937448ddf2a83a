import { beforeEach, describe, expect, it } from 'vitest';
import { writtenRows } from '#core/contracts/nba_orchestration.ts';
import { alteredSql } from '#core/contracts/written-rows.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { byInstant, everyType, fullRow } from './tables.ts';

const DAY_2 = { column: 'slate', from: '2025-01-02', to: '2025-01-02' };
const COLUMNS = 'id, slate, label, amount, ratio, rounded, flag, seen_at';

/** Replacement of a range by a select: by name, in one step, and equal when it is run again. */
export function replaceRangeContract(warehouse: () => Warehouse): void {
  const replace = (select: string, params = {}, range: Parameters<Warehouse['replaceRange']>[1] = DAY_2) =>
    warehouse().replaceRange(everyType, range, select, params);
  const rows = () => warehouse().query('SELECT id, slate, label FROM nba_raw.every_type ORDER BY slate, id');
  const newRow = (extra = '') =>
    `SELECT CAST(@seen AS TIMESTAMP) AS seen_at, TRUE AS flag, 2.123456 AS rounded, 2.123456 AS ratio, CAST('1.5' AS NUMERIC) AS amount,
      'new' AS label, CAST(@slate AS DATE) AS slate, 9 AS id ${extra}`;
  const params = { seen: '2025-01-02T10:00:00Z', slate: '2025-01-02' };

  describe('replaceRange', () => {
    beforeEach(async () => {
      const day = (id: number, slate: string) => ({ ...fullRow, id, slate, label: 'old' });
      await warehouse().append(everyType, [
        day(1, '2025-01-01'),
        day(2, '2025-01-02'),
        day(3, '2025-01-02'),
        day(4, '2025-01-03'),
      ]);
    });

    it('replaces the rows of the range, both ends included, and nothing else', async () => {
      expect(await replace(newRow(), params)).toBe(1);
      expect(await rows()).toEqual([
        { id: 1, slate: '2025-01-01', label: 'old' },
        { id: 9, slate: '2025-01-02', label: 'new' },
        { id: 4, slate: '2025-01-03', label: 'old' },
      ]);
    });

    it('matches columns by name and rounds to the decimals of the contract', async () => {
      await replace(newRow(), params);
      expect(await warehouse().query('SELECT * FROM nba_raw.every_type WHERE id = 9')).toEqual([
        {
          ...{
            id: 9,
            slate: '2025-01-02',
            label: 'new',
            amount: '1.5',
            ratio: 2.123456,
            rounded: 2.123,
            flag: true,
          },
          seen_at: '2025-01-02T10:00:00.000Z',
        },
      ]);
    });

    it('matches columns by name when the live table has them in another order', async () => {
      const columns = Object.fromEntries(Object.entries(everyType.columns).reverse());
      await warehouse().dropTable(everyType);
      await warehouse().createTable({ ...everyType, columns });
      await replace(newRow(), params);
      expect(await rows()).toEqual([{ id: 9, slate: '2025-01-02', label: 'new' }]);
    });

    it('enters rows and checksum of each slate that it wrote or emptied, and says when other rows lie there', async () => {
      const range = { column: 'slate', from: '2025-01-02', to: '2025-01-03' };
      await warehouse().createTable(writtenRows);
      const recording = { since: '2025-01-01', at: '2025-01-02T10:00:00.000Z' };
      await replace(newRow(), params, { ...range, recording });
      const entries = await warehouse().query(
        'SELECT table_id, slate, row_count, checksum <> 0 AS is_hashed, written_at FROM nba_orchestration.written_rows ORDER BY slate',
      );
      const entry = { table_id: 'nba_raw.every_type', written_at: recording.at };
      expect(entries).toEqual([
        { ...entry, slate: '2025-01-02', row_count: 1, is_hashed: true },
        { ...entry, slate: '2025-01-03', row_count: 0, is_hashed: false },
      ]);
      const day = 'CAST(@slate AS DATE)';
      const altered = () =>
        warehouse().query(
          `SELECT subject, is_bad, note FROM (${alteredSql([{ table: everyType, from: day, to: `fn.add_days(${day}, 1)` }])}) AS looked ORDER BY subject`,
          { slate: '2025-01-02' },
        );
      const [second, third] = ['2025-01-02', '2025-01-03'].map((slate) => `nba_raw.every_type of ${slate}`);
      const fine = 'other values than were written in 1 rows';
      expect(await altered()).toEqual([
        { subject: second, is_bad: false, note: fine },
        { subject: third, is_bad: false, note: 'other values than were written in 0 rows' },
      ]);
      await warehouse().execute(
        "UPDATE nba_raw.every_type SET ratio = 3 WHERE slate = CAST('2025-01-02' AS DATE)",
      );
      await warehouse().append(everyType, [{ ...fullRow, id: 7, slate: '2025-01-03' }]);
      expect(await altered()).toEqual([
        { subject: second, is_bad: true, note: fine },
        { subject: third, is_bad: true, note: '1 rows, written were 0' },
      ]);
    });

    it('is equal when it is run again', async () => {
      await replace(newRow(), params);
      const once = await rows();
      await replace(newRow(), params);
      expect(await rows()).toEqual(once);
    });

    it('empties the range when the select gives no rows', async () => {
      expect(await replace(newRow('FROM nba_raw.every_type WHERE FALSE'), params)).toBe(0);
      expect((await rows()).map((row) => row.id)).toEqual([1, 4]);
    });

    it('evaluates the select before it deletes', async () => {
      const select = `SELECT ${COLUMNS.replace('label', "'seen' AS label")} FROM nba_raw.every_type WHERE slate = CAST(@slate AS DATE) AND id = 2`;
      expect(await replace(select, { slate: '2025-01-02' })).toBe(1);
      expect((await rows()).map((row) => row.label)).toEqual(['old', 'seen', 'old']);
    });

    it('replaces only what extraWhere names', async () => {
      const select = newRow().replace('9 AS id', '3 AS id');
      expect(await replace(select, params, { ...DAY_2, extraWhere: 'id = 3' })).toBe(1);
      expect((await rows()).map((row) => [row.id, row.label])).toEqual([
        [1, 'old'],
        [2, 'old'],
        [3, 'new'],
        [4, 'old'],
      ]);
    });

    it('takes a select that starts with WITH and ends with a comment', async () => {
      const select = `WITH source AS (${newRow()}) SELECT ${COLUMNS} FROM source -- the end`;
      expect(await replace(select, params)).toBe(1);
    });

    it.each([
      [
        'an unknown column',
        newRow(', 1 AS colour'),
        'TIPOFF_SCHEMA_MISMATCH',
        { extra: ['colour'], missing: [] },
      ],
      [
        'a column left out',
        newRow().replace("'new' AS label,", ''),
        'TIPOFF_SCHEMA_MISMATCH',
        { extra: [], missing: ['label'] },
      ],
      [
        'a row outside of the range',
        newRow("UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, DATE '2025-01-09', 10"),
        'TIPOFF_SCHEMA_MISMATCH',
        { outside: 1 },
      ],
      [
        'a row without the range column',
        newRow().replace('CAST(@slate AS DATE)', 'CAST(NULL AS DATE)'),
        'TIPOFF_SCHEMA_MISMATCH',
        { outside: 1 },
      ],
      [
        'a key that occurs twice',
        `${newRow()} UNION ALL ${newRow()}`,
        'TIPOFF_SCHEMA_MISMATCH',
        { doubled: 1 },
      ],
      [
        'null in a required column',
        newRow().replace('9 AS id', 'CAST(NULL AS INT64) AS id'),
        'TIPOFF_SCHEMA_MISMATCH',
        {},
      ],
      [
        'a value that does not convert',
        newRow().replace('9 AS id', "CAST(CAST('x' AS STRING) AS INT64) AS id"),
        'TIPOFF_SQL',
        {},
      ],
      ['an unknown table', `SELECT ${COLUMNS} FROM nba_raw.nowhere`, 'TIPOFF_SQL', {}],
    ])('leaves the old rows when the select gives %s', async (_, select, code, details) => {
      const before = await rows();
      await expect(replace(select, params)).rejects.toMatchObject({ code, details });
      expect(await rows()).toEqual(before);
      expect(await replace(newRow(), params)).toBe(1);
    });

    it('refuses a range over a column that the table does not have', async () => {
      await expect(
        replace(newRow(), params, { column: 'day', from: '2025-01-02', to: '2025-01-02' }),
      ).rejects.toMatchObject({
        code: 'TIPOFF_BAD_INPUT',
      });
    });

    it('bounds an instant column by instants', async () => {
      await warehouse().createTable(byInstant);
      await warehouse().append(byInstant, [
        { id: 1, seen_at: '2025-01-02T10:00:00Z' },
        { id: 2, seen_at: '2025-01-02T10:00:01Z' },
      ]);
      const range = { column: 'seen_at', from: '2025-01-02T00:00:00Z', to: '2025-01-02T10:00:00Z' };
      await warehouse().replaceRange(byInstant, range, 'SELECT 3 AS id, CAST(@at AS TIMESTAMP) AS seen_at', {
        at: '2025-01-02T09:00:00Z',
      });
      expect(await warehouse().query('SELECT id FROM nba_orchestration.by_instant ORDER BY id')).toEqual([
        { id: 2 },
        { id: 3 },
      ]);
    });
  });
}
