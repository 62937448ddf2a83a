import { describe, expect, test } from 'vitest';
import { hasColumns, readCsv } from '#pipeline/ingest/csv.ts';
import { textFile } from '#test/pipeline/ingest/input.ts';

const read = (text: string) => readCsv(textFile('a.csv', text), ['NAME', 'N']);

describe('CSV reading', () => {
  test('finds columns by name in any order and reads over the others', () => {
    const csv = read('X,N,NAME\n-,1,one\n-,2, two \n');
    expect(csv.records.map((r) => [r.line, r.text('NAME'), r.text('N')])).toEqual([
      [2, 'one', '1'],
      [3, 'two', '2'],
    ]);
    expect(csv.read).toBe(2);
  });

  test('takes a byte-order mark, CRLF, blank lines and a missing last line break', () => {
    const csv = read('\uFEFFNAME,N\r\none,1\r\n\r\ntwo,2');
    expect(csv.records.map((r) => [r.line, r.text('NAME'), r.text('N')])).toEqual([
      [2, 'one', '1'],
      [4, 'two', '2'],
    ]);
  });

  test('keeps quoted commas, quotes and line breaks, and still counts lines as an editor does', () => {
    const csv = read('NAME,N\n"a, ""b""",1\n"two\nlines",2\nlast,3\n');
    expect(csv.records.map((r) => [r.line, r.text('NAME'), r.text('N')])).toEqual([
      [2, 'a, "b"', '1'],
      [3, 'two\nlines', '2'],
      [5, 'last', '3'],
    ]);
    expect(csv.records[0]?.raw).toBe('"a, ""b""",1');
  });

  test('reads quotes within lines as it reads those over several lines', () => {
    const rows = '"a, ""b""!",1\n"",2\nplain,""\n"",\n';
    const cells = (csv: ReturnType<typeof read>) => csv.records.map((r) => [r.text('NAME'), r.text('N')]);
    const alone = read(`NAME,N\n${rows}`);
    expect(cells(alone)).toEqual([
      ['a, "b"!', '1'],
      ['', '2'],
      ['plain', ''],
      ['', ''],
    ]);
    expect(cells(read(`NAME,N\n${rows}"two\nlines",3\n`)).slice(0, 4)).toEqual(cells(alone));
  });

  test.each(['NAME,N\none,1\n', '"NAME",N\none,1\n'])(
    'counts blank lines the same with and without quotes in the file',
    (start) => {
      const csv = read(`${start}\n\nfive,5\n`);
      expect(csv.records.map((r) => r.line)).toEqual([2, 5]);
      expect(csv.read).toBe(2);
    },
  );

  test('rejects rows of another width with the first missing field, and calls a cut last row truncated', () => {
    const csv = read('NAME,N\nshort\nlong,1,2\nfine,1\ncut');
    expect(csv.rejected.map(({ line, field, reasonCode }) => [line, field, reasonCode])).toEqual([
      [2, 'N', 'missing_field'],
      [3, 'cell 3', 'impossible_value'],
      [5, 'N', 'truncated'],
    ]);
    expect(csv.read).toBe(4);
    expect(csv.rejected[1]?.raw).toBe('long,1,2');
  });

  test.each([
    ['an empty file', '', 'empty file'],
    ['a file of blank lines', '\n\r\n', 'empty file'],
    ['missing columns', 'NAME,X\na,b\n', 'no N'],
    ['a column that stands twice', 'NAME,N,N\na,1,2\n', 'N twice'],
    ['a quote that is never closed', 'NAME,N\nfine,1\n"open,2\nmore,3\n', 'after line 2'],
    ['a quote inside of a cell', 'NAME,N\nfine,1\no"pen,2\n', 'after line 2'],
    ['text after a quote', 'NAME,N\nfine,1\n"open" ,2\n', 'after line 2'],
  ])('refuses %s as a whole', (_what, text, seen) => {
    expect(() => read(text)).toThrowError(
      expect.objectContaining({ code: 'TIPOFF_BAD_INPUT', message: expect.stringContaining(seen) }),
    );
  });

  test('refuses bytes that are no UTF-8 instead of replacing them', () => {
    const bytes = Uint8Array.from([...new TextEncoder().encode('NAME,N\nDon'), 0xe8, 0x69, 0x0a]);
    expect(() => readCsv({ path: 'a.csv', bytes }, ['NAME'])).toThrowError(
      expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }),
    );
  });

  test('recognition looks at whole column names', () => {
    expect(hasColumns('\uFEFFGAME_ID,"PTS"\r\n1,2', ['GAME_ID', 'PTS'])).toBe(true);
    expect(hasColumns('GAME_ID,OPP_PTS\n', ['PTS'])).toBe(false);
    expect(hasColumns('GAME_ID,PTS\n', ['GAME_ID'], ['PTS'])).toBe(false);
  });

  test('a JSON document that lists the columns is no CSV file', () => {
    expect(hasColumns('{"headers":["SEASON","GAME_ID","PTS"],"rows":[]}', ['GAME_ID', 'PTS'])).toBe(false);
    expect(hasColumns('\uFEFF [["SEASON","GAME_ID","PTS","REB"]]', ['GAME_ID', 'PTS'])).toBe(false);
  });
});
