import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CalibrationReading } from '#app/reading/calibration.ts';
import { chance, decided, decimal, marketLabel, signed, systemName } from '#app/site/browser/words.ts';
import { buildSite } from '#app/site/build.ts';
import { type RecordReading, readDocument } from '#app/site/documents.ts';
import { seasonSpan } from '#core/calendar.ts';
import { percent } from '#core/format.ts';
import { MARKETS } from '#core/markets.ts';
import { undoPublication } from '#pipeline/batch/receipt.ts';
import type { RecordRow } from '#pipeline/grade/record.ts';
import {
  correctBoxScores,
  type PublishedEvenings,
  publishedEvenings,
} from '#test/app/site/published-evenings.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { CHROMIUM, launch, openPage, visit, WITHOUT_CHROMIUM } from './chromium.ts';

// A browser lays out every page of every player.
vi.setConfig({ hookTimeout: 120_000, testTimeout: 240_000 });

const SPAN = seasonSpan('2024-25');

/** A visible forecast of the champion with its grade. */
interface Visible {
  readonly slate: string;
  readonly player_id: number;
  readonly player_name: string;
  readonly market: string;
  readonly line_role: string;
  readonly line: string | null;
  readonly bookmaker: string | null;
  readonly is_home: boolean;
  readonly opponent_abbr: string;
  readonly predicted: number;
  readonly p10: number;
  readonly p90: number;
  readonly p_over: number | null;
  readonly p_push: number | null;
  readonly model_p_over: number | null;
  readonly edge: number | null;
  readonly recommendation: string;
  readonly is_actionable: boolean;
  readonly outcome: string | null;
  readonly actual: number | null;
  readonly actual_minutes: number | null;
  readonly profit: number | null;
}

describe.skipIf(CHROMIUM === undefined)(`numbers on the pages in Chromium (${WITHOUT_CHROMIUM})`, () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let world: PublishedEvenings;
  let browser: Browser;

  beforeAll(async () => {
    folder = await temporaryFolder();
    world = await publishedEvenings(join(folder.path, 'home'));
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await world?.app.close();
    await folder?.remove();
  });

  const visibleRows = (): Promise<Visible[]> =>
    world.app.warehouse.query<Visible>(
      `SELECT p.*, g.outcome, g.actual, g.actual_minutes, g.profit FROM nba_predictions.current_predictions p
       LEFT JOIN nba_predictions.prediction_grades g ON g.publication_id = p.publication_id AND g.prediction_id = p.prediction_id
       WHERE p.system_id = 'ridge' ORDER BY p.slate, p.market, p.line_role, p.line`,
    );

  async function expectPagesAsTables(): Promise<void> {
    const built = await buildSite(world.app, { folder: join(folder.path, 'site'), span: SPAN });
    const { page, troubles } = await openPage(browser, pathToFileURL(built.index).href);
    const visible = await visibleRows();
    for (const slate of [world.yesterday, world.tonight])
      await expectSlate(
        page,
        slate,
        visible.filter((row) => row.slate === slate),
      );
    const players = Map.groupBy(visible, ({ player_id }) => player_id);
    for (const [i, [player, own]] of [...players].entries())
      await expectPlayer(page, player, MARKETS[i % MARKETS.length]?.id ?? 'points', own);
    const record = (await readDocument(world.app, SPAN, 'record')) as RecordReading;
    const calibration = (await readDocument(world.app, SPAN, 'calibration')) as CalibrationReading;
    for (const { id } of MARKETS) {
      await expectRecord(page, id, record.rows);
      await expectCalibration(page, id, calibration, `#/calibration?market=${id}`);
    }
    // Without a choice a page shows the market that its list names.
    await expectCalibration(page, 'points', calibration, '#/calibration');
    expect(troubles).toEqual([]);
    await page.context().close();
  }

  it('are those of the tables on every page', () => expectPagesAsTables());

  it('are those of the tables once a box score is corrected and the evening withdrawn', async () => {
    const { app, clock, yesterday, tonight } = world;
    const before = await visibleRows();
    await correctBoxScores(world);
    const publications = await app.warehouse.query<{ publication_id: string }>(
      `SELECT DISTINCT publication_id FROM nba_predictions.current_predictions WHERE slate = DATE '${tonight}'`,
    );
    for (const { publication_id } of publications)
      await undoPublication(
        { warehouse: app.warehouse, clock },
        { publicationId: publication_id, by: 'test', reason: 'wrong lines' },
      );
    const after = await visibleRows();
    expect(after.every(({ slate }) => slate === yesterday)).toBe(true);
    expect(after).not.toEqual(before.filter(({ slate }) => slate === yesterday));
    await expectPagesAsTables();
  });
});

const money = (value: number | null): string =>
  value === null ? '–' : `${value < 0 ? '−' : value > 0 ? '+' : ''}${Math.abs(value).toFixed(2)}`;

/** Every forecast of an evening, market by market, with everyone shown. */
async function expectSlate(page: Page, slate: string, visible: readonly Visible[]): Promise<void> {
  for (const { id } of MARKETS) {
    await visit(page, `#/slate/${slate}?show=all&market=${id}`);
    const more = page.locator('.forecasts + .more, .forecasts .more');
    if ((await more.count()) > 0) await more.first().click();
    const shown: string[][] = await page.evaluate(FORECASTS);
    const expected = visible
      .filter(({ market }) => market === id)
      .map((row) => [
        row.player_name,
        row.line === null
          ? '–'
          : `${row.line} ${row.bookmaker}${row.line_role === 'second' ? ', second' : ''}`,
        `${row.predicted.toFixed(1)} ${row.p10.toFixed(0)} to ${row.p90.toFixed(0)}`,
        row.p_over === null
          ? '–'
          : `${chance(decided(row.model_p_over, row.p_push))} → ${chance(decided(row.p_over, row.p_push))}`,
        row.recommendation === 'OVER' || row.recommendation === 'UNDER'
          ? `${row.recommendation} ${signed(row.edge ?? 0)}`
          : 'why',
        resultOf(row),
      ]);
    expect(shown.toSorted(byText), `${slate} ${id}`).toEqual(expected.toSorted(byText));
  }
}

function resultOf({ outcome, actual, profit }: Visible): string {
  if (outcome === null) return '';
  if (outcome === 'void') return 'did not play';
  if (outcome === 'no_bet') return String(actual ?? '');
  const ended = { win: 'won', loss: 'lost', push: 'push' }[outcome];
  return `${actual} · ${ended}${profit === null || outcome === 'push' ? '' : ` ${signed(profit, 2)}`}`;
}

/** Every forecast of a player in one market, and what is added up of them. */
async function expectPlayer(
  page: Page,
  player: number,
  market: string,
  own: readonly Visible[],
): Promise<void> {
  await visit(page, `#/player/${player}/${market}`);
  const rows = own.filter((row) => row.market === market);
  const table = (await tables(page))['Forecasts and results, newest first'] ?? [];
  const expected = rows.map((row) => [
    `${row.is_home ? 'vs' : '@'} ${row.opponent_abbr}`,
    row.line ?? '–',
    row.predicted.toFixed(1),
    `${row.p10.toFixed(0)}–${row.p90.toFixed(0)}`,
    chance(decided(row.p_over, row.p_push)),
    row.is_actionable ? row.recommendation : '–',
    row.outcome === 'void' ? 'did not play' : String(row.actual ?? '–'),
    row.actual === null ? '–' : signed(row.predicted - row.actual),
    row.actual_minutes?.toFixed(0) ?? '–',
    money(row.is_actionable ? row.profit : null),
  ]);
  expect(table.map((cells) => cells.slice(1)).toSorted(byText), `player ${player}`).toEqual(
    expected.toSorted(byText),
  );
  const forecasts = rows.filter(({ line_role }) => line_role !== 'second');
  const graded = forecasts.filter(({ actual }) => actual !== null);
  const error = graded.reduce((sum, { predicted, actual }) => sum + Math.abs(predicted - (actual ?? 0)), 0);
  const shown = await figures(page);
  expect(shown['Forecasts']).toContain(String(forecasts.length));
  expect(shown['Mean error']).toContain(graded.length === 0 ? '–' : (error / graded.length).toFixed(2));
}

async function expectRecord(page: Page, market: string, rows: readonly RecordRow[]): Promise<void> {
  await visit(page, `#/record?market=${market}`);
  const bets = ({ wins, losses }: RecordRow['picks']): string => `${wins}–${losses}`;
  // In the tables a dash stands where nothing was decided.
  const balance = (of: RecordRow['picks']): string => (of.decided === 0 ? '–' : bets(of));
  const units = (of: RecordRow['picks']): string => money(of.decided === 0 ? null : of.profit);
  const rate = ({ hit_rate }: RecordRow['picks']): string => (hit_rate === null ? '–' : percent(hit_rate));
  const cells = ({ picks, all_sides: sides, errors }: RecordRow): string[] => [
    balance(picks),
    rate(picks),
    picks.interval === null
      ? '–'
      : `${(100 * picks.interval.low).toFixed(1)}–${(100 * picks.interval.high).toFixed(1)}`,
    ...[String(picks.pushes), String(picks.voids), units(picks), balance(sides), rate(sides)],
    ...[units(sides), String(errors.rows), errors.mae?.toFixed(3) ?? '–'],
    errors.bias === null ? '–' : signed(errors.bias, 3),
  ];
  const season = rows.filter(({ kind }) => kind === 'season');
  const ofMarket = season.filter((row) => row.market === market);
  const shown = await tables(page);
  expect(shown['Record of the season by system']).toEqual(
    ofMarket.map((row) => [systemName(row.system_id), ...cells(row)]),
  );
  expect(shown['Record of the model by market']).toEqual(
    MARKETS.flatMap(({ id }) => season.filter((row) => row.market === id && row.system_id === 'ridge')).map(
      (row) => [marketLabel(row.market), ...cells(row)],
    ),
  );
  expect(shown['Record of the model by month']?.map((row) => row.slice(1))).toEqual(
    rows
      .filter((row) => row.kind === 'month' && row.market === market && row.system_id === 'ridge')
      .toReversed()
      .map(cells),
  );
  const champion = ofMarket.find(({ system_id }) => system_id === 'ridge');
  if (champion === undefined) throw new Error(`no record of ${market}`);
  const of = await figures(page);
  expect(of['Picks']).toContain(bets(champion.picks));
  expect(of['Units']).toContain(money(champion.picks.profit));
  expect(of['Every side']).toContain(bets(champion.all_sides));
  expect(of['Mean error']).toContain(champion.errors.mae?.toFixed(2));
}

async function expectCalibration(
  page: Page,
  market: string,
  reading: CalibrationReading,
  address: string,
): Promise<void> {
  await visit(page, address);
  const [, chosen] = await page.locator('.filters select').all();
  expect(await chosen?.inputValue()).toBe(market);
  const shown = await tables(page);
  expect(shown['Outcomes below the published quantiles']).toEqual(
    reading.quantiles
      .filter((row) => row.market === market)
      .map((row) => [
        ...[systemName(row.system_id), row.n.toLocaleString('en-US'), percent(row.below_10)],
        ...[percent(row.below_25), percent(row.below_50), percent(row.below_75), percent(row.below_90)],
        ...[percent(row.below_90 - row.below_10), percent(row.below_75 - row.below_25)],
      ]),
  );
  const lines = reading.lines.filter((row) => row.market === market);
  expect((shown['Scores of probabilities at the line'] ?? []).map((row) => row.slice(1))).toEqual(
    lines.map((row) => [
      ...[row.n.toLocaleString('en-US'), row.brier.toFixed(4), row.climatology.toFixed(4)],
      row.market_brier === null ? '–' : `${row.market_brier.toFixed(4)} (${row.market_n})`,
      decimal(row.slope, 2),
      `${decimal(row.slope_low, 2)} to ${decimal(row.slope_high, 2)}`,
      ...[row.ece.toFixed(4), row.floor.toFixed(4)],
    ]),
  );
  const published = lines.find((row) => row.system_id === 'ridge' && row.believer === 'published');
  expect(shown['What was claimed and what came true']).toEqual(
    published?.bins.map(({ claimed, share, low, high, n }) => [
      ...[
        percent(claimed),
        percent(share),
        `${(100 * low).toFixed(1)}–${(100 * high).toFixed(1)}`,
        String(n),
      ],
    ]),
  );
}

const byText = (a: readonly string[], b: readonly string[]): number => (a.join() < b.join() ? -1 : 1);

/** The tables of a page by caption: the text of each cell. */
async function tables(page: Page): Promise<Record<string, string[][]>> {
  return page.evaluate(`Object.fromEntries([...document.querySelectorAll('table')].map((table) => [
    table.caption.textContent,
    [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim())),
  ]))`);
}

/** The figures at the head of a page by name. */
async function figures(page: Page): Promise<Record<string, string>> {
  return page.evaluate(`Object.fromEntries([...document.querySelectorAll('.figures dt')].map((name) => [
    name.textContent, name.parentElement.querySelector('dd').textContent]))`);
}

/** Every row of the forecasts of an evening: player, line, forecast, chances, side, how it ended. */
const FORECASTS = `(() => {
  const text = (row, cell) => (row.querySelector(cell)?.innerText ?? '').replace(/\\s+/g, ' ').trim();
  return [...document.querySelectorAll('.forecasts tbody tr')].map((row) => [
    text(row, '.c-player a'), text(row, '.c-line'), text(row, '.c-forecast'), text(row, '.c-chance'),
    text(row, '.c-pick .pick > span:first-child'),
    /\\d|did not play/.test(text(row, '.c-status > span:first-child')) ? text(row, '.c-status > span:first-child') : '',
  ]);
})()`;
