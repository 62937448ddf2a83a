import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { batchDeps } from '#app/day.ts';
import type { CalibrationReading } from '#app/reading/calibration.ts';
import { unpack } from '#app/reading/packed.ts';
import type { PlayerFeature, PlayerReading } from '#app/reading/season-players.ts';
import type { SlateAbsence, SlateReading } from '#app/reading/slate.ts';
import { forecastsOf, historyOf } from '#app/reading/unpacked.ts';
import { buildSite } from '#app/site/build.ts';
import {
  allDocuments,
  type Overview,
  type RecordReading,
  readDocument,
  type SlateEntry,
  siteSeason,
} from '#app/site/documents.ts';
import { parseSlate, type Slate, seasonSpan } from '#core/calendar.ts';
import { undoPublication } from '#pipeline/batch/receipt.ts';
import { runBatch } from '#pipeline/batch/run.ts';
import { periodOf } from '#pipeline/grade/record.ts';
import { refreshContexts } from '#pipeline/refresh.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { correctBoxScores, type PublishedEvenings, publishedEvenings } from './published-evenings.ts';

// Two days of a league run through all phases before the first test.
vi.setConfig({ hookTimeout: 90_000, testTimeout: 90_000 });

/** The months up to the last evening, and one in which nothing is published; what is read is read by months. */
const SPAN = { from: parseSlate('2024-10-01'), to: parseSlate('2024-12-31') };
/** A month of them, for a site of which nobody reads the documents. */
const WITHOUT_GAMES = { from: parseSlate('2024-12-01'), to: SPAN.to };
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

/** Every document of the site as it is written, by its path. */
type Site = <T extends object>(path: string) => T;
async function wholeSite(): Promise<Site> {
  const documents = new Map<string, object>();
  for await (const [path, document] of allDocuments(world.app, SPAN)) documents.set(path, document);
  return <T extends object>(path: string): T => {
    const document = documents.get(path);
    if (document === undefined) throw new Error(`the site has no document ${path}`);
    return JSON.parse(JSON.stringify(document));
  };
}

/** Compares every number of the documents with the tables, read in the plainest way. */
async function expectAsTables(): Promise<void> {
  const site = await wholeSite();
  const overview = site<Overview>('overview');
  const players = new Set<number>();
  for (const date of [world.yesterday, world.tonight]) {
    const visible = await rows<{ player_id: number; is_actionable: boolean }>(
      `SELECT p.*, g.outcome, g.actual, g.actual_minutes, g.profit FROM nba_predictions.current_predictions p
       LEFT JOIN nba_predictions.prediction_grades g ON g.publication_id = p.publication_id AND g.prediction_id = p.prediction_id
       WHERE p.slate = DATE '${date}' AND p.system_id = 'ridge'`,
    );
    const reading = site<SlateReading>(`slates/${date}`);
    // A page that is served is read by itself.
    expect(await slate(date)).toEqual(reading);
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
  await expectPlayersAsTables(site, [...players]);
  await expectRecordAsTables(site);
}

const GAME = [
  ...['slate', 'team_abbr', 'opponent_abbr', 'is_home', 'played', 'minutes'],
  ...['points', 'reb', 'ast', 'fg3m', 'stl', 'blk', 'tov'],
];
const HISTORY = [
  ...['slate', 'record_class', 'market', 'line_role', 'line', 'predicted', 'p10', 'p90', 'p_over', 'p_push'],
  ...['is_actionable', 'recommendation', 'outcome', 'actual', 'actual_minutes', 'profit'],
];

/** Every game, forecast and feature of every player who has a visible forecast, in every market. */
async function expectPlayersAsTables(site: Site, players: readonly number[]): Promise<void> {
  type Own = Numbers & { readonly player_id: number };
  const [games, forecasts, features] = [
    await rows<Own>(
      `SELECT * FROM nba_analytics.player_game_summary WHERE slate >= DATE '${SPAN.from}' ORDER BY slate`,
    ),
    await rows<Own>(
      `SELECT p.*, g.outcome, g.actual, g.actual_minutes, g.profit FROM nba_predictions.current_predictions p
       LEFT JOIN nba_predictions.prediction_grades g ON g.publication_id = p.publication_id AND g.prediction_id = p.prediction_id
       WHERE p.system_id = 'ridge' ORDER BY p.slate, p.market, p.line_role, p.line`,
    ),
    await rows<Own>(`SELECT * FROM nba_predictions.ml_feature_store ORDER BY slate`),
  ].map((all) => Map.groupBy(all, ({ player_id }) => player_id));
  // True and false are 1 and 0 in a document.
  const plain = (row: object, columns: readonly string[]): Numbers =>
    Object.fromEntries(
      Object.entries(picked(row, columns)).map(([name, value]) => [
        name,
        typeof value === 'boolean' ? Number(value) : value,
      ]),
    );
  for (const player of players) {
    const reading = site<PlayerReading>(`players/${player}`);
    expect(unpack<object>(reading.games).map((game) => plain(game, GAME))).toEqual(
      (games?.get(player) ?? []).map((game) => plain(game, GAME)),
    );
    const shown = historyOf(reading).map((row) => plain(row, HISTORY));
    // Without a line there is nothing to be a pick of.
    const visible = (forecasts?.get(player) ?? []).map((row) => ({
      ...plain(row, HISTORY),
      ...(row['line'] === null ? { is_actionable: null } : {}),
    }));
    const keyOf = ({ slate: date, market, line_role: role, line }: Numbers): string =>
      [date, market, role, line].join(' ');
    const keyed = (all: readonly Numbers[]): Map<string, Numbers> =>
      new Map(all.map((row) => [keyOf(row), row]));
    expect(shown).toHaveLength(visible.length);
    expect(keyed(shown)).toEqual(keyed(visible));
    const newest = (features?.get(player) ?? []).at(-1);
    expect(reading.features_of).toBe(newest?.['slate'] ?? null);
    for (const { name, value } of unpack<PlayerFeature>(reading.features))
      if (value === null) expect(newest?.[name] ?? null).toBeNull();
      else expect(newest?.[name]).toBeCloseTo(value, 5);
  }
}

/** What a grade says of a visible forecast, for adding up. */
interface Graded {
  readonly record_class: string;
  readonly market: string;
  readonly system_id: string;
  readonly slate: Slate;
  readonly season: string;
  readonly outcome: string;
  readonly profit: number | null;
  readonly is_actionable: boolean;
  readonly line: string | null;
  readonly line_role: string;
  readonly recommendation: string;
  readonly actual: number | null;
  readonly predicted: number;
  readonly p10: number;
  readonly p25: number;
  readonly p75: number;
  readonly p90: number;
  readonly p_over: number | null;
  readonly p_push: number | null;
  readonly model_p_over: number | null;
}

/** Every row of the record and of the calibration: each market, system, class and period, added up from the grades one by one. */
async function expectRecordAsTables(site: Site): Promise<void> {
  const grades = await rows<Graded>(
    `SELECT g.record_class, g.market, g.system_id, g.slate, g.season, g.outcome, g.profit, g.is_actionable, g.line, g.line_role,
       g.recommendation, g.actual, p.predicted, p.p10, p.p25, p.p75, p.p90, p.p_over, p.p_push, p.model_p_over
     FROM nba_predictions.prediction_grades g
     JOIN nba_predictions.current_predictions p ON p.publication_id = g.publication_id AND p.prediction_id = g.prediction_id`,
  );
  const expected = (['season', 'month', 'week'] as const).flatMap((kind) =>
    [
      ...Map.groupBy(grades, ({ record_class, market, system_id, slate: date, season }) =>
        [record_class, market, system_id, kind, periodOf(kind, date, season)].join(' '),
      ),
    ].map(([key, own]) => [key, recordOf(own)] as const),
  );
  const shown = site<RecordReading>('record').rows;
  expect(
    new Map(
      shown.map(({ record_class, market, system_id, kind, period, ...row }) => [
        [record_class, market, system_id, kind, period].join(' '),
        row,
      ]),
    ),
  ).toEqual(new Map(expected));

  const { lines, quantiles } = site<CalibrationReading>('calibration');
  const groups = Map.groupBy(grades, ({ record_class, market, system_id }) =>
    [record_class, market, system_id].join(' '),
  );
  const judged = [...groups].map(([key, own]) => [key, quantilesOf(own)] as const);
  expect(
    new Map(
      quantiles.map(({ record_class, market, system_id, ...row }) => [
        [record_class, market, system_id].join(' '),
        row,
      ]),
    ),
  ).toEqual(new Map(judged.filter(([, { n }]) => n > 0)));
  const curves = [...groups].flatMap(([key, own]) =>
    (['published', 'model_alone'] as const)
      .filter((believer) => believer === 'published' || key.endsWith(' ridge'))
      .map((believer) => [`${key} ${believer}`, curveOf(own, believer)] as const),
  );
  expect(
    new Map(
      lines.map(({ record_class, market, system_id, believer, n, brier, climatology, bins }) => [
        [record_class, market, system_id, believer].join(' '),
        { n, brier, climatology, bins: bins.map(({ low: _low, high: _high, ...bin }) => bin) },
      ]),
    ),
    // A curve of fewer rows is not drawn.
  ).toEqual(new Map(curves.filter(([, { n }]) => n >= 20)));
}

const close = (value: number, decimals = 4): unknown => expect.closeTo(value, decimals);
const sum = <T>(all: readonly T[], of: (one: T) => number): number =>
  all.reduce((total, one) => total + of(one), 0);

function recordOf(own: readonly Graded[]): object {
  const bets = (rowsOfBets: readonly Graded[]): object => {
    const count = (wanted: string): number => rowsOfBets.filter(({ outcome }) => outcome === wanted).length;
    const [wins, losses] = [count('win'), count('loss')];
    return {
      ...{ wins, losses, pushes: count('push'), voids: count('void'), decided: wins + losses },
      profit: close(sum(rowsOfBets, ({ profit }) => profit ?? 0)),
      hit_rate: wins + losses === 0 ? null : close(wins / (wins + losses)),
      interval: wins + losses === 0 ? null : { low: expect.any(Number), high: expect.any(Number) },
    };
  };
  const sided = own.filter(
    ({ recommendation, line }) => line !== null && (recommendation === 'OVER' || recommendation === 'UNDER'),
  );
  const played = own.filter(
    ({ actual, outcome, line_role: role }) => actual !== null && outcome !== 'void' && role !== 'second',
  );
  const errors = played.map(({ predicted, actual }) => predicted - (actual ?? 0));
  const share = (of: (error: number) => number): unknown =>
    errors.length === 0 ? null : close(sum(errors, of) / errors.length, 3);
  return {
    picks: bets(sided.filter(({ is_actionable }) => is_actionable)),
    all_sides: bets(sided.filter(({ line_role: role }) => role !== 'second')),
    errors: {
      rows: errors.length,
      mae: share(Math.abs),
      bias: share((error) => error),
      within_3: share((error) => (Math.abs(error) <= 3 ? 1 : 0)),
      within_5: share((error) => (Math.abs(error) <= 5 ? 1 : 0)),
    },
  };
}

/** Shares of outcomes below the published quantiles; an outcome covers half a unit to both sides. */
function quantilesOf(own: readonly Graded[]): { readonly n: number } & Numbers {
  const played = own.filter(
    ({ actual, outcome, line_role: role }) => actual !== null && outcome !== 'void' && role !== 'second',
  );
  const below = (of: 'p10' | 'p25' | 'predicted' | 'p75' | 'p90'): unknown =>
    close(
      sum(played, (row) => Math.min(1, Math.max(0, row[of] - (row.actual ?? 0) + 0.5))) / played.length,
      5,
    );
  return {
    ...{ n: played.length, below_10: below('p10'), below_25: below('p25'), below_50: below('predicted') },
    ...{ below_75: below('p75'), below_90: below('p90') },
  };
}

/** Claims at the main line in steps of five percent, with what came of them. */
function curveOf(
  own: readonly Graded[],
  believer: 'published' | 'model_alone',
): { readonly n: number } & Numbers {
  const claims = own.flatMap(({ p_over, model_p_over, p_push, line, line_role: role, actual, outcome }) => {
    const claim = believer === 'published' ? p_over : model_p_over;
    const isDecided = role === 'main' && outcome !== 'void' && actual !== null && actual !== Number(line);
    if (!isDecided || p_over === null || claim === null) return [];
    return [{ claim: claim / (1 - (p_push ?? 0)), over: actual > Number(line) ? 1 : 0 }];
  });
  const share = sum(claims, ({ over }) => over) / claims.length;
  const steps = Map.groupBy(claims, ({ claim }) => Math.min(19, Math.floor(claim * 20 + 1e-8)));
  return {
    n: claims.length,
    brier: close(sum(claims, ({ claim, over }) => (claim - over) ** 2) / claims.length, 5),
    climatology: close(share * (1 - share), 5),
    bins: [...steps]
      .sort(([a], [b]) => a - b)
      .map(([, step]) => ({
        n: step.length,
        claimed: close(sum(step, ({ claim }) => claim) / step.length, 5),
        share: close(sum(step, ({ over }) => over) / step.length, 5),
      })),
  };
}

describe('the documents of the site', () => {
  it('show exactly what is visible, whatever happens to it', async () => {
    const { app, clock, tonight } = world;
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
    await correctBoxScores(world);
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
    await buildSite(world.app, { folder: out, span: WITHOUT_GAMES });
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

  it('say so when they cannot be written, whatever was written before', async () => {
    // What lies deepest has a longer path than a system takes.
    let deep = join(folder.path, 'deep');
    while (deep.length < 4060) deep = join(deep, 'x'.repeat(Math.min(200, 4060 - deep.length)));
    await expect(buildSite(world.app, { folder: deep, span: SPAN })).rejects.toMatchObject({
      code: 'TIPOFF_STORAGE',
      message: expect.stringContaining('ENAMETOOLONG'),
    });
  });

  it('are about the season of today, or of the newest publication', async () => {
    const season = seasonSpan('2024-25');
    expect(await siteSeason(world.app)).toEqual(season);
    const later = { ...world.app, clock: { ...world.clock, now: () => new Date('2027-01-10T12:00:00Z') } };
    expect(await siteSeason(later)).toEqual(season);
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
