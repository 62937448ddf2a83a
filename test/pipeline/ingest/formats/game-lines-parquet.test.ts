import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gameLinesParquet } from '#pipeline/ingest/formats/game-lines-parquet.ts';
import { outcome } from './fixtures.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'game-lines-'));
});
afterAll(() => rm(directory, { recursive: true }));

const GAME = {
  event_id: "'e1'",
  home_team: "'Boston Celtics'",
  away_team: "'Utah Jazz'",
  commence_time: "'2025-01-11T00:40:00Z'",
};
const NUMBERS = { home_ml: '-77.5', spread_point: '-6.5', total_point: '221.0' };

/** Writes SQL literals as a parquet file, as the real one is made. */
async function parse(...games: Partial<typeof GAME & typeof NUMBERS>[]) {
  const path = join(directory, `${crypto.randomUUID()}.parquet`);
  const rows = games.map((game) => {
    const { spread_point, total_point, home_ml, ...texts } = { ...GAME, ...NUMBERS, ...game };
    return `SELECT ${Object.entries(texts).map(([name, value]) => `${value}::VARCHAR AS ${name}`)}, ${spread_point}::DOUBLE AS spread_point, ${total_point}::DOUBLE AS total_point, ${home_ml}::DOUBLE AS home_ml`;
  });
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (${rows.join(' UNION ALL ')}) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
  return gameLinesParquet.parse({ path: 'closing_lines.parquet', bytes: await readFile(path) });
}

describe('game lines', () => {
  it('reads spread and total exactly, with the spread negative for a home favourite', async () => {
    const parsed = await parse({});
    expect(outcome(parsed)).toEqual({ read: 1, rows: 1, duplicates: 0, rejected: [] });
    expect(parsed.rows[0]?.record).toEqual({
      event_id: 'e1',
      slate: '2025-01-10',
      home_abbr: 'BOS',
      away_abbr: 'UTA',
      commence_at: '2025-01-11T00:40:00.000Z',
      bookmaker: 'consensus',
      spread_home: '-6.5',
      total: '221',
      snapshot_at: null,
      snapshot_quality: 'unknown',
    });
  });

  it('keeps one entry per game of a slate: with a total before without, then the earlier start', async () => {
    const parsed = await parse(
      { event_id: "'no total'", total_point: 'NULL', commence_time: "'2025-01-10T23:00:00Z'" },
      { event_id: "'late'", commence_time: "'2025-01-11T00:50:00Z'", spread_point: '-1.5' },
      { event_id: "'right'" },
      { event_id: "'other slate'", commence_time: "'2025-01-12T00:40:00Z'" },
    );
    expect(outcome(parsed)).toEqual({ read: 4, rows: 2, duplicates: 2, rejected: [] });
    expect(parsed.rows.map(({ record, line }) => [record['event_id'], line])).toEqual([
      ['right', 3],
      ['other slate', 4],
    ]);
  });

  it.each([
    ['a game after June 2025', { commence_time: "'2025-07-01T12:00:00Z'" }, 'out_of_span commence_time'],
    ['neither spread nor total', { spread_point: 'NULL', total_point: 'NULL' }, 'missing_field spread_point'],
    ['a number with too many places', { total_point: '221.1234567891' }, 'bad_line total_point'],
    ['an unknown team', { home_team: "'Boston Bees'" }, 'unknown_team home_team'],
    ['no start', { commence_time: 'NULL' }, 'missing_field commence_time'],
    [
      'a start that does not exist',
      { commence_time: "'2025-02-30T00:40:00Z'" },
      'impossible_date commence_time',
    ],
    ['no event', { event_id: 'NULL' }, 'missing_field event_id'],
  ])('rejects %s', async (_what, change, reason) => {
    expect(outcome(await parse(change)).rejected).toEqual([reason]);
  });

  it('keeps the last day of June 2025 in Eastern time', async () => {
    expect(outcome(await parse({ commence_time: "'2025-07-01T03:00:00Z'" })).rows).toBe(1);
  });

  it.each([
    ['an empty file', new Uint8Array()],
    ['bytes that are no parquet', new TextEncoder().encode('PAR1 but not really')],
  ])('refuses %s', async (_what, bytes) => {
    await expect(gameLinesParquet.parse({ path: 'x.parquet', bytes })).rejects.toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
    });
  });
});
