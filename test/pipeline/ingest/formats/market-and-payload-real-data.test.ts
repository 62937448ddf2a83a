import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { ParsedFile, ParsedRow } from '#pipeline/ingest/format.ts';
import { FORMATS } from '#pipeline/ingest/formats/formats.ts';

// A real season of shots is read, where the machine has one.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const DATA = process.env['TIPOFF_DATA'] ?? join(import.meta.dirname, '../../../../../shared/data');
const isThere = existsSync(DATA);

/** Reads every file of a group that a format takes. */
async function readGroup(group: string, id: string) {
  const format = FORMATS.find((candidate) => candidate.id === id);
  if (format === undefined) throw new Error(`no format ${id}`);
  const entries = await readdir(join(DATA, group), { recursive: true, withFileTypes: true });
  const results: ParsedFile[] = [];
  for (const entry of entries.filter((candidate) => candidate.isFile())) {
    const full = join(entry.parentPath, entry.name);
    const path = relative(DATA, full).split(sep).join('/');
    const bytes = await readFile(full);
    const head = /\.(?:zip|parquet)$/.test(path) ? '' : bytes.subarray(0, 65_536).toString('utf8');
    if (format.recognise(path, head)) results.push(await format.parse({ path, bytes }));
  }
  const rows: ParsedRow[] = [];
  for (const result of results) for (const row of result.rows) rows.push(row);
  const reasons: Record<string, number> = {};
  for (const { reasonCode, field } of results.flatMap(({ rejected }) => rejected)) {
    reasons[`${reasonCode} ${field}`] = (reasons[`${reasonCode} ${field}`] ?? 0) + 1;
  }
  const sum = (of: (result: ParsedFile) => number) =>
    results.reduce((total, result) => total + of(result), 0);
  const counts = {
    files: results.length,
    read: sum(({ read }) => read),
    rows: rows.length,
    duplicates: sum(({ duplicates }) => duplicates),
    reasons,
  };
  return { counts, rows };
}

function countBy(rows: readonly ParsedRow[], column: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { record } of rows) counts[String(record[column])] = (counts[String(record[column])] ?? 0) + 1;
  return counts;
}

describe.skipIf(!isThere)(`files of the data set${isThere ? '' : ` (skipped: ${DATA} is not there)`}`, () => {
  it('reads every daily fantasy pick', async () => {
    const { counts, rows } = await readGroup('lines_dfs_points_2024', 'lines_dfs_csv');
    expect(counts).toEqual({ files: 84, read: 42_932, rows: 42_932, duplicates: 0, reasons: {} });
    expect(countBy(rows, 'market')).toEqual({ points: 24_154, rebounds: 11_766, assists: 7_012 });
    expect(countBy(rows, 'is_alternate')).toEqual({ false: 42_750, true: 182 });
    expect(rows.filter(({ record }) => String(record['file_date']) > String(record['slate']))).toHaveLength(
      7_693,
    );
  });

  it('reads every quote of points + rebounds + assists', async () => {
    const { counts, rows } = await readGroup('lines_pra_2023-24', 'lines_pra_csv');
    expect(counts).toEqual({ files: 1, read: 29_592, rows: 29_592, duplicates: 0, reasons: {} });
    expect(new Set(rows.map(({ record }) => record['bookmaker'])).size).toBe(10);
    expect(rows.filter(({ record }) => record['over_price'] === null)).toHaveLength(12);
    expect(rows.filter(({ record }) => record['under_price'] === null)).toHaveLength(17);
  });

  it('reads every quote of three-pointers', async () => {
    const { counts, rows } = await readGroup('lines_threes_2024-25', 'lines_threes_csv');
    expect(counts).toEqual({ files: 66, read: 25_269, rows: 25_269, duplicates: 0, reasons: {} });
    expect(new Set(rows.map(({ record }) => record['bookmaker'])).size).toBe(7);
  });

  it('reads game lines up to June 2025 and one entry per game', async () => {
    const { counts } = await readGroup('game_lines', 'game_lines_parquet');
    expect(counts).toEqual({
      files: 1,
      read: 2_838,
      rows: 2_766,
      duplicates: 28,
      reasons: { 'out_of_span commence_time': 44 },
    });
  });

  it('reads a season of shots in seconds', async () => {
    const { counts, rows } = await readGroup('shots', 'shots_zip');
    expect(counts).toEqual({ files: 1, read: 218_701, rows: 218_701, duplicates: 0, reasons: {} });
    expect(new Set(rows.map(({ record }) => record['game_id'])).size).toBe(1_230);
    expect(rows.filter(({ record }) => Number(record['shot_ordinal']) > 0)).toHaveLength(38);
    expect(countBy(rows, 'zone')).toEqual({ paint: 107_758, mid_range: 24_589, three: 86_354 });
  });

  it('reads all seven layouts of the injury report, without losing a statement', async () => {
    const { counts, rows } = await readGroup('injury', 'injury_report_json');
    // 7 reports, 19 statements about players, 4 about teams.
    expect(counts).toEqual({ files: 7, read: 30, rows: 30, duplicates: 0, reasons: {} });
    expect(countBy(rows, 'statement')).toEqual({ not_yet_submitted: 2, all_available: 2, undefined: 26 });
    expect(
      countBy(
        rows.filter(({ table }) => table.name === 'injury_reports'),
        'status',
      ),
    ).toEqual({ out: 8, available: 5, questionable: 4, probable: 2 });
  });

  it.each([
    [
      'odds_api_events_json',
      { files: 1, read: 541, rows: 513, duplicates: 0, reasons: { 'impossible_value outcomes': 28 } },
    ],
    ['nba_box_score_live_json', { files: 1, read: 36, rows: 36, duplicates: 0, reasons: {} }],
    ['nba_box_score_mobile_json', { files: 1, read: 32, rows: 32, duplicates: 0, reasons: {} }],
    [
      'nba_box_score_v3_json',
      { files: 1, read: 31, rows: 0, duplicates: 0, reasons: { 'missing_field gameTimeUTC': 31 } },
    ],
    [
      'nba_box_score_v2_json',
      {
        files: 4,
        read: 79,
        rows: 0,
        duplicates: 0,
        reasons: { 'missing_field GAME_DATE': 58, 'unknown_game GAME_ID': 21 },
      },
    ],
    ['nba_scoreboard_json', { files: 1, read: 11, rows: 11, duplicates: 0, reasons: {} }],
    [
      'nba_game_summary_json',
      { files: 4, read: 4, rows: 3, duplicates: 0, reasons: { 'unknown_game gameId': 1 } },
    ],
    [
      'nba_shot_chart_json',
      { files: 8, read: 735, rows: 568, duplicates: 0, reasons: { 'unknown_game game_id': 167 } },
    ],
  ])('reads recorded payloads as %s', async (id, expected) => {
    expect((await readGroup('raw_payloads', id)).counts).toEqual(expected);
  });
});
