import { expect, test } from 'vitest';
import { gameLines, playerLines } from '#core/contracts/nba_raw.ts';
import { rowIdsFor } from '#pipeline/ingest/rows.ts';

const ids = rowIdsFor(gameLines, 'a_format');
const ROW = {
  event_id: null,
  slate: '2025-01-10',
  home_abbr: 'BOS',
  away_abbr: 'NYK',
  bookmaker: 'consensus',
  spread_home: '-3.5',
  total: '220',
};

test('file, line and time of loading are no part of a row', () => {
  const found = {
    ...ROW,
    source: 'x',
    source_file: 'y.csv',
    source_line: 3,
    row_id: 'z',
    ingested_at: '2025-01-11T00:00:00.000Z',
  };
  expect(ids(found)).toBe(ids(ROW));
});

test('the order of the fields does not matter, and an absent value is null', () => {
  const { event_id: _absent, ...rest } = ROW;
  expect(ids(Object.fromEntries(Object.entries(rest).reverse()))).toBe(ids(ROW));
});

test.each([
  ['another value', { ...ROW, total: '220.5' }],
  ['another value of the natural key', { ...ROW, away_abbr: 'LAL' }],
  ['a value in another field', { ...ROW, spread_home: '220', total: '-3.5' }],
])('%s gives another id', (_what, other) => {
  expect(ids(other)).not.toBe(ids(ROW));
});

test('another format or table gives another id', () => {
  expect(rowIdsFor(gameLines, 'b_format')(ROW)).not.toBe(ids(ROW));
  expect(rowIdsFor(playerLines, 'a_format')({})).not.toBe(rowIdsFor(gameLines, 'a_format')({}));
});
