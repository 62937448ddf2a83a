import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { batchDeps, dayDeps } from '#app/day.ts';
import type { CalibrationReading } from '#app/reading/calibration.ts';
import { unpack } from '#app/reading/packed.ts';
import type { PlayerGame, PlayerReading } from '#app/reading/season-players.ts';
import type { SlateAbsence, SlateReading } from '#app/reading/slate.ts';
import { forecastsOf, historyOf } from '#app/reading/unpacked.ts';
import { buildSite } from '#app/site/build.ts';
import {
  type Overview,
  type RecordReading,
  readDocument,
  type SlateEntry,
  siteSeason,
} from '#app/site/documents.ts';
import { seasonSpan } from '#core/calendar.ts';
import { undoPublication } from '#pipeline/batch/receipt.ts';
import { runBatch } from '#pipeline/batch/run.ts';
import { grade } from '#pipeline/grade/grade.ts';
import { refreshContexts, refreshSummaries } from '#pipeline/refresh.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { type PublishedEvenings, publishedEvenings } from './published-evenings.ts';

// Two days of a league run through all phases before the first test.
vi.setConfig({ hookTimeout: 90_000 });

const SPAN = seasonSpan('2024-25');
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let world: PublishedEvenings;

beforeAll(async () => {
  folder = await temporaryFolder();
  world = await publishedEvenings(join(folder.path, 'home'));
});
afterAll(async () => {
  await world.app.close();
  await folder.remove();
});

async function read<T extends object>(path: string): Promise<T> {
  const document = await readDocument(world.app, SPAN, path);
  if (document === undefined) throw new Error(`there is no document ${path}`);
  // As a browser gets it.
  return JSON.parse(JSON.stringify(document));
}
const rows = <T extends object>(sql: string): Promise<T[]> => world.app.warehouse.query<T>(sql);
const slate = (date: string): Promise<SlateReading> => read(`slates/${date}`);

type Numbers = Readonly<Record<string, unknown>>;
const picked = (row: object, columns: readonly string[]): Numbers =>
  Object.fromEntries(columns.map((column) => [column, (row as Numbers)[column] ?? null]));

const SHOWN = [
  ...[
    'player_id',
    'market',
    'publication_id',
    'record_class',
    'line_role',
    'line',
    'bookmaker',
    'over_price',
  ],
  ...['under_price', 'predicted', 'p10', 'p25', 'p75', 'p90', 'p_over', 'p_push', 'model_p_over', 'edge'],
  ...['recommendation', 'filter_reason', 'confidence', 'injury_status', 'feature_quality_score'],
  ...['outcome', 'actual', 'actual_minutes', 'profit'],
];

/** Compares every number of the documents with the tables, read in the plainest way. */
async function expectAsTables(): Promise<void> {
  const overview = await read<Overview>('overview');
  const players = new Set<number>();
  for (const date of [world.yesterday, world.tonight]) {
    const visible = await rows<{ player_id: number; is_actionable: boolean }>(
      `SELECT p.*, g.outcome, g.actual, g.actual_minutes, g.profit FROM nba_predictions.current_predictions p
       LEFT JOIN nba_predictions.prediction_grades g ON g.publication_id = p.publication_id AND g.prediction_id = p.prediction_id
       WHERE p.slate = DATE '${date}' AND p.system_id = 'ridge'`,
    );
    const reading = await slate(date);
    const shown = forecastsOf(reading);
    const keyed = (all: readonly object[]): Map<string, Numbers> =>
      new Map(
        all.map((row) => [Object.values(picked(row, SHOWN.slice(0, 6))).join(' '), picked(row, SHOWN)]),
      );
    expect(keyed(shown)).toEqual(keyed(visible));
    for (const { player_id } of visible) players.add(player_id);
    const context = await rows<{ player_id: number }>(
      `SELECT player_id FROM nba_analytics.upcoming_player_game_context WHERE slate = DATE '${date}'`,
    );
    const seen = new Set(visible.map(({ player_id }) => player_id));
    expect(
      unpack<SlateAbsence>(reading.absent)
        .map(({ player_id }) => player_id)
        .sort(),
    ).toEqual(
      context
        .map(({ player_id }) => player_id)
        .filter((id) => !seen.has(id))
        .sort(),
    );
    expect(unpack<SlateEntry>(overview.slates).find((entry) => entry.slate === date)).toMatchObject({
      players: seen.size,
      picks: visible.filter(({ is_actionable }) => is_actionable).length,
    });
  }
  expect(
    unpack<{ player_id: number }>(overview.players)
      .map(({ player_id }) => player_id)
      .sort(),
  ).toEqual([...players].sort());
  await expectPlayerAsTables([...players][0] ?? 0);
  await expectRecordAsTables();
}

async function expectPlayerAsTables(player: number): Promise<void> {
  const reading = await read<PlayerReading>(`players/${player}`);
  const games = await rows<PlayerGame>(
    `SELECT slate, minutes, points, reb, ast FROM nba_analytics.player_game_summary
     WHERE player_id = ${player} AND slate >= DATE '${SPAN.from}' ORDER BY slate`,
  );
  const columns = ['slate', 'minutes', 'points', 'reb', 'ast'];
  expect(unpack<PlayerGame>(reading.games).map((game) => picked(game, columns))).toEqual(
    games.map((game) => picked(game, columns)),
  );
  const forecasts = await rows(
    `SELECT slate, market, line, predicted, p_over FROM nba_predictions.current_predictions
     WHERE player_id = ${player} AND system_id = 'ridge' ORDER BY slate, market, line_role`,
  );
  expect(
    historyOf(reading).map((row) => picked(row, ['slate', 'market', 'line', 'predicted', 'p_over'])),
  ).toEqual(forecasts);
}

/** What a grade says, for adding up. */
interface Graded {
  readonly outcome: string;
  readonly profit: number | null;
  readonly is_actionable: boolean;
  readonly line_role: string;
  readonly actual: number | null;
  readonly predicted: number;
  readonly p10: number;
  readonly p90: number;
}

async function expectRecordAsTables(): Promise<void> {
  const grades = await rows<Graded>(
    `SELECT g.outcome, g.profit, g.is_actionable, g.line_role, g.actual, p.predicted, p.p10, p.p90
     FROM nba_predictions.prediction_grades g
     JOIN nba_predictions.current_predictions p ON p.publication_id = g.publication_id AND p.prediction_id = g.prediction_id
     WHERE g.market = 'points' AND g.system_id = 'ridge' AND g.record_class = 'live'`,
  );
  const record = (await read<RecordReading>('record')).rows.find(
    ({ kind, market, system_id, record_class }) =>
      kind === 'season' && market === 'points' && system_id === 'ridge' && record_class === 'live',
  );
  const picks = grades.filter(({ is_actionable }) => is_actionable);
  expect(record?.picks).toMatchObject({
    wins: picks.filter(({ outcome }) => outcome === 'win').length,
    losses: picks.filter(({ outcome }) => outcome === 'loss').length,
    profit: expect.closeTo(
      picks.reduce((sum, { profit }) => sum + (profit ?? 0), 0),
      4,
    ),
  });
  const played = grades.filter(({ actual, line_role }) => actual !== null && line_role !== 'second');
  const error = played.reduce((sum, { predicted, actual }) => sum + Math.abs(predicted - (actual ?? 0)), 0);
  expect(record?.errors).toMatchObject({
    rows: played.length,
    mae: expect.closeTo(error / played.length, 3),
  });
  const coverage = (await read<CalibrationReading>('calibration')).quantiles.find(
    ({ market, system_id, record_class }) =>
      market === 'points' && system_id === 'ridge' && record_class === 'live',
  );
  const under = (quantile: number, actual: number): number =>
    Math.min(1, Math.max(0, quantile - actual + 0.5));
  const share = (of: 'p10' | 'p90'): number =>
    played.reduce((sum, row) => sum + under(row[of], row.actual ?? 0), 0) / played.length;
  expect(coverage).toMatchObject({
    n: played.length,
    below_10: expect.closeTo(share('p10'), 5),
    below_90: expect.closeTo(share('p90'), 5),
  });
}

describe('the documents of the site', () => {
  it('show exactly what is visible, whatever happens to it', async () => {
    const { app, clock, tonight, yesterday } = world;
    await expectAsTables();

    // A player is ruled out: the last call takes his forecast back.
    const [star] = forecastsOf(await slate(tonight)).filter(({ line }) => line !== null);
    if (star === undefined) throw new Error('nobody has a line');
    await app.warehouse.execute(
      `INSERT INTO nba_raw.injury_reports BY NAME SELECT TIMESTAMPTZ '2024-11-30T20:40:00Z' AS report_at, DATE '${tonight}' AS slate,
         '${star.team_abbr}' AS team_abbr, ${star.player_id} AS player_id, 'Star' AS player_name, p.player_lookup,
         'out' AS status, 'test' AS source, 'test' AS source_file, 'scratch' AS row_id, TIMESTAMPTZ '2024-11-30T20:40:00Z' AS ingested_at
       FROM nba_reference.players p WHERE p.player_id = ${star.player_id}`,
    );
    await lastCall(tonight);
    const scratched = await slate(tonight);
    expect(forecastsOf(scratched).map(({ player_id }) => player_id)).not.toContain(star.player_id);
    expect(
      unpack<SlateAbsence>(scratched.absent).find(({ player_id }) => player_id === star.player_id),
    ).toMatchObject({
      reason: 'player_out',
      withdrawn_at: expect.any(String),
    });
    await expectAsTables();

    // A box score is corrected.
    const before = (await read<RecordReading>('record')).rows;
    await app.warehouse.execute(
      `INSERT INTO nba_raw.player_box_scores BY NAME
       SELECT * REPLACE (points + 7 AS points, ftm + 7 AS ftm, fta + 7 AS fta, row_id || 'corrected' AS row_id, TIMESTAMPTZ '2024-11-30T21:00:00Z' AS ingested_at)
       FROM nba_raw.player_box_scores WHERE slate = DATE '${yesterday}' AND points IS NOT NULL`,
    );
    await refreshSummaries(await dayDeps(app, 'test'));
    await grade({ warehouse: app.warehouse, clock }, { from: yesterday, to: yesterday });
    expect((await read<RecordReading>('record')).rows).not.toEqual(before);
    await expectAsTables();

    // Every publication of the evening is withdrawn.
    for (const { publication_id } of (await slate(tonight)).publications) {
      await undoPublication(
        { warehouse: app.warehouse, clock },
        { publicationId: publication_id, by: 'test', reason: 'wrong lines' },
      );
    }
    const withdrawn = await slate(tonight);
    expect(forecastsOf(withdrawn)).toEqual([]);
    expect(withdrawn.publications.map(({ withdrawn_reason }) => withdrawn_reason)).toEqual(
      withdrawn.publications.map(() => 'wrong lines'),
    );
    await expectAsTables();
  });

  it('are written once each, as scripts that carry their JSON', async () => {
    const out = join(folder.path, 'site');
    const built = await buildSite(world.app, { folder: out, span: SPAN });
    const names = await readdir(join(out, 'data'), { recursive: true });
    expect(names).toEqual(
      expect.arrayContaining(['overview.js', 'overview.json', join('slates', `${world.yesterday}.js`)]),
    );
    const [, path, packed] =
      /^tipoffDocument\("(.+)","(.+)"\)\n$/.exec(await readFile(join(out, 'data', 'overview.js'), 'utf8')) ??
      [];
    expect(path).toBe('overview');
    const carried = gunzipSync(Buffer.from(packed ?? '', 'base64')).toString();
    expect(carried).toBe(await readFile(join(out, 'data', 'overview.json'), 'utf8'));
    expect(built.files).toBe(names.filter((name) => /\.js(on)?$/.test(name)).length + 6);
    // A second build replaces the first.
    await writeFile(join(out, 'data', 'old.js'), '');
    await buildSite(world.app, { folder: out, span: SPAN });
    expect(await readdir(join(out, 'data'))).not.toContain('old.js');
    const page = await readFile(join(out, 'index.html'), 'utf8');
    expect(page).not.toMatch(/https?:(?!\/\/www\.w3\.org)/);
  });

  it('are not written over what is no site', async () => {
    const other = join(folder.path, 'other');
    await mkdir(other);
    await writeFile(join(other, 'thesis.txt'), 'years of work');
    await expect(buildSite(world.app, { folder: other, span: SPAN })).rejects.toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
    });
    expect(await readdir(other)).toEqual(['thesis.txt']);
  });

  it('are about the season of today, or of the newest publication', async () => {
    expect(await siteSeason(world.app)).toEqual(SPAN);
    const later = { ...world.app, clock: { ...world.clock, now: () => new Date('2027-01-10T12:00:00Z') } };
    expect(await siteSeason(later)).toEqual(SPAN);
    const earlier = { ...world.app, clock: { ...world.clock, now: () => new Date('2020-01-10T12:00:00Z') } };
    await expect(siteSeason(earlier)).rejects.toMatchObject({ code: 'TIPOFF_NOT_FOUND' });
    expect(await readDocument(world.app, SPAN, 'secrets')).toBeUndefined();
    expect(await readDocument(world.app, SPAN, 'players/1')).toBeUndefined();
    expect(await readDocument(world.app, SPAN, 'slates/2024-07-04')).toBeUndefined();
  });
});

/** The last call of an evening, as its command makes it. */
async function lastCall(date: PublishedEvenings['tonight']): Promise<void> {
  const deps = await batchDeps(world.app, 'test');
  await refreshContexts(deps, date);
  await runBatch(deps, { slate: date, mode: 'LAST_CALL', by: 'test' });
}
