import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { canaryDeps } from '#app/canaries.ts';
import { explain } from '#app/reading/explanation.ts';
import { findPlayer } from '#app/reading/player.ts';
import { startServing } from '#app/services/serve.ts';
import { buildSite, healthFile } from '#app/site/build.ts';
import { seasonSpan } from '#core/calendar.ts';
import { readStatus } from '#guard/status/status.ts';
import { shiftedClock } from '#platform/clock.ts';
import { type PublishedEvenings, publishedEvenings } from '#test/app/site/published-evenings.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { CHROMIUM, launch, openPage, settled, visit, WITHOUT_CHROMIUM } from './chromium.ts';

// A league lives through two days, and a browser is started and lays out many pages.
vi.setConfig({ hookTimeout: 120_000, testTimeout: 120_000 });

/** Bytes of everything that the first page loads, gzipped. */
const MAX_FIRST_PAGE = 300_000;
/** Every page with its headings, which say what is on it. */
const PAGES: Readonly<Record<string, readonly string[]>> = {
  '#/': ['Saturday, 30 November 2024', 'Forecasts', 'Without a forecast'],
  player: ['PLAYER', 'Forecasts against results', 'Minutes', 'Game by game', 'Features'],
  explanation: [
    'PLAYER',
    'The distribution',
    'How the forecast came about',
    'What pushed it up and down',
    'What it was made from',
    'Where it comes from',
  ],
  '#/players': ['Players', 'TEAMS'],
  '#/record': ['Record', 'Hit rate by month', 'By system', 'By month', 'Every market'],
  '#/calibration': [
    'Calibration',
    'Reliability at the line',
    'Where outcomes fell',
    'At the line',
    'Away from the line',
    'Bins of the curve',
  ],
  '#/health': ['HEADLINE', 'TRENDS', 'The morning questions', 'Incidents', 'Runs', 'Sources'],
  '#/lineage': ['Lineage', 'Parts', 'Tables'],
  '#/backfill': ['Backfill'],
};

describe.skipIf(CHROMIUM === undefined)(`the site in Chromium (${WITHOUT_CHROMIUM})`, () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let world: PublishedEvenings;
  let browser: Browser;
  let site: string;
  let hashes: Readonly<Record<string, string>>;

  beforeAll(async () => {
    folder = await temporaryFolder();
    world = await publishedEvenings(join(folder.path, 'home'));
    const built = await buildSite(world.app, {
      folder: join(folder.path, 'site'),
      span: seasonSpan('2024-25'),
    });
    site = pathToFileURL(built.index).href;
    browser = await launch();
    const [star] = await picks();
    hashes = {
      ...Object.fromEntries(Object.keys(PAGES).map((name) => [name, name])),
      player: `#/player/${star?.player_id}/${star?.market}`,
      explanation: `#/slate/${world.tonight}/${star?.player_id}/${star?.market}`,
    };
  });
  afterAll(async () => {
    await browser?.close();
    await world?.app.close();
    await folder?.remove();
  });

  interface PickRow {
    readonly player_id: number;
    readonly player_name: string;
    readonly market: string;
    readonly line: string;
    readonly predicted: number;
    readonly p_over: number;
    readonly p_push: number;
    readonly model_p_over: number;
  }

  /** Tonight's forecasts at a main line, the largest edge first. */
  const picks = (): Promise<PickRow[]> =>
    world.app.warehouse.query<PickRow>(
      `SELECT player_id, player_name, market, line, predicted, p_over, p_push, model_p_over FROM nba_predictions.current_predictions
       WHERE slate = DATE '${world.tonight}' AND system_id = 'ridge' AND line_role = 'main'
       ORDER BY is_actionable DESC, ABS(edge) DESC, player_name`,
    );

  it('is clicked through from tonight to health', async () => {
    const { page, troubles } = await openPage(browser, site);
    const name = (await page.locator('.c-player a').first().textContent()) ?? '';
    await page.locator('.c-player a').first().click();
    await settled(page);
    await expect.poll(() => page.locator('h1').textContent()).toContain(name);
    await page
      .getByRole('link', { name: /explanation/ })
      .first()
      .click();
    await settled(page);
    await expect.poll(() => headings(page)).toContain('How the forecast came about');
    for (const title of ['Record', 'Calibration', 'Health']) {
      await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: title }).click();
      await settled(page);
      await expect.poll(() => page.title()).toBe(`${title} · Tipoff`);
    }
    await page.goBack();
    await settled(page);
    await expect.poll(() => page.title()).toBe('Calibration · Tipoff');
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  it('can be used with the keyboard alone', async () => {
    const { page, troubles } = await openPage(browser, site);
    const reach = async (what: string): Promise<void> => {
      for (let i = 0; i < 120; i++) {
        await page.keyboard.press('Tab');
        if (
          (await page.evaluate(`document.activeElement?.matches(${JSON.stringify(what)}) ?? false`)) === true
        )
          return;
      }
      throw new Error(`${what} is not reached by the keyboard`);
    };
    const follow = async (what: string): Promise<void> => {
      await reach(what);
      await page.keyboard.press('Enter');
      await settled(page);
    };
    // Past what is above, into the content, and a game chosen.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await reach('.games button');
    await page.keyboard.press('Space');
    expect(await page.evaluate('document.activeElement.getAttribute("aria-pressed")')).toBe('true');
    expect(await page.evaluate('location.hash')).toContain('game=');
    await follow('.c-player a');
    expect(await headings(page)).toContain('Game by game');
    await follow('td a');
    expect(await headings(page)).toContain('The distribution');
    await follow('nav a[href="#/record"]');
    await follow('nav a[href="#/calibration"]');
    await follow('nav a[href="#/health"]');
    await expect.poll(() => page.title()).toBe('Health · Tipoff');
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  it.each([
    [1400, 'light'],
    [1400, 'dark'],
    [390, 'light'],
    [390, 'dark'],
  ] as const)(
    'has the same pages at %d pixels, %s: nothing sticks out, tools for the blind find no fault',
    async (width, colorScheme) => {
      const { page, troubles } = await openPage(browser, site, {
        viewport: { width, height: 900 },
        colorScheme,
      });
      await page.evaluate(axe.source);
      const seen: Record<string, unknown> = {};
      for (const name of Object.keys(PAGES)) {
        await visit(page, hashes[name] ?? '');
        seen[name] = {
          headings: named(name, await headings(page)),
          faults: await faults(page),
          outside: await page.evaluate(STICKING_OUT),
        };
      }
      const well = Object.entries(PAGES).map(([name, texts]) => [
        name,
        { headings: texts, faults: [], outside: [] },
      ]);
      expect(seen).toEqual(Object.fromEntries(well));
      const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(ground).toBe(colorScheme === 'light' ? 'rgb(250, 249, 246)' : 'rgb(19, 19, 18)');
      expect(troubles).toEqual([]);
      await page.context().close();
    },
  );

  it('shows the numbers of the tables', async () => {
    const { page } = await openPage(browser, site);
    const percent = (p: number, push: number): string => `${Math.round((100 * p) / (1 - push))} %`;
    for (const [market, rows] of Map.groupBy(await picks(), (row) => row.market)) {
      await visit(page, `#/slate/${world.tonight}?show=lines&market=${market}`);
      const more = page.locator('.forecasts + .more, .forecasts .more');
      if ((await more.count()) > 0) await more.first().click();
      const shown = await page.evaluate(SHOWN_ROWS);
      const expected = rows.map(({ player_name, line, predicted, p_over, p_push, model_p_over }) => [
        ...[
          player_name,
          line,
          predicted.toFixed(1),
          `${percent(model_p_over, p_push)} → ${percent(p_over, p_push)}`,
        ],
      ]);
      expect(shown).toEqual(expect.arrayContaining(expected));
    }
    await visit(page, '#/record');
    const [record] = await world.app.warehouse.query<{ wins: number; losses: number; profit: number }>(
      `SELECT COUNT(*) FILTER (outcome = 'win') AS wins, COUNT(*) FILTER (outcome = 'loss') AS losses, SUM(profit) AS profit
       FROM nba_predictions.prediction_grades WHERE is_actionable AND market = 'points' AND system_id = 'ridge' AND record_class = 'live'`,
    );
    const figures = await page.locator('.figures dd').allTextContents();
    expect(figures[0]).toContain(`${record?.wins}–${record?.losses}`);
    expect(figures[2]).toContain(
      `${(record?.profit ?? 0) < 0 ? '−' : '+'}${Math.abs(record?.profit ?? 0).toFixed(2)}`,
    );
    await page.context().close();
  });

  it('takes a forecast apart as `explain` does', async () => {
    const [star] = await picks();
    if (star === undefined) throw new Error('nobody has a line');
    const { page } = await openPage(browser, site);
    await visit(page, hashes['explanation'] ?? '');
    const player = await findPlayer(world.app.warehouse, String(star.player_id), world.tonight);
    const told = await explain(world.app, player, { slate: world.tonight, market: star.market });
    const minus = (value: number): string =>
      `${value > 0 ? '+' : value < 0 ? '−' : ''}${Math.abs(value).toFixed(2)}`.replace(/^[+−](0\.00)$/, '$1');
    const drawn = await page.locator('.chart [role="img"]').last().getAttribute('aria-label');
    expect(drawn).toContain(`an average row ${told.average.toFixed(2)}`);
    for (const { group, effect } of told.groups)
      if (Math.abs(effect) >= 0.005) expect(drawn).toContain(`${group} ${minus(effect)}`);
    expect(drawn).toContain(`mean forecast ${told.forecast.mean.toFixed(2)}`);
    await page.getByRole('button', { name: /^Show all/ }).click();
    const shown: string[][] = await page.evaluate(SHOWN_PARTS);
    expect(shown.toSorted()).toEqual(
      told.parts.map(({ column, effect }) => [column, minus(effect)]).toSorted(),
    );
    await page.context().close();
  });

  it('is small at first', async () => {
    const files = [
      'index.html',
      'assets/site.js',
      'assets/site.css',
      'data/overview.js',
      `data/slates/${world.tonight}.js`,
    ];
    let bytes = 0;
    for (const file of files) bytes += gzipSync(await readFile(join(folder.path, 'site', file))).length;
    expect(bytes).toBeLessThan(MAX_FIRST_PAGE);
  });

  it('is live where it is served', async () => {
    // What repeats by itself waits in real time.
    const clock = shiftedClock('2024-11-30T22:15:00Z');
    const serving = await startServing(
      { ...world.app, clock },
      {
        ...{ roles: ['coordinator'], workers: 0, hostname: '127.0.0.1', port: 0, log: () => undefined },
      },
    );
    const { page, troubles } = await openPage(browser, `${serving.address}/`);
    expect(await page.locator('.marks').textContent()).toContain('live page');
    expect(await page.locator('.forecasts tbody tr').count()).toBeGreaterThan(0);
    for (const hash of Object.values(hashes)) await visit(page, hash);
    expect(troubles).toEqual([]);
    await page.goto(`${serving.address}/docs`);
    expect(await page.locator('tbody tr').count()).toBeGreaterThan(5);
    await page.context().close();
    await serving.drain();
  });

  it('has its health page as one file', async () => {
    const file = join(folder.path, 'health.html');
    await writeFile(file, await healthFile(world.app, await readStatus(canaryDeps(world.app))));
    const { page, troubles } = await openPage(browser, pathToFileURL(file).href);
    expect(await page.locator('.answers > li').count()).toBe(15);
    expect(troubles).toEqual([]);
    await page.context().close();
  });
});

async function headings(page: Page): Promise<string[]> {
  const texts = await page.locator('main h1, main h2').allTextContents();
  return texts.map((text) => text.trim());
}

/** Headings with what depends on the league named by what it is. */
function named(page: string, texts: readonly string[]): string[] {
  if (page === '#/players')
    return [
      texts[0] ?? '',
      ...(texts.slice(1).every((team) => /^[A-Z]{3}$/.test(team)) ? ['TEAMS'] : texts.slice(1)),
    ];
  if (page === '#/health') {
    const rest = texts.slice(1).filter((text) => !/needs? somebody$/.test(text));
    return [
      'HEADLINE',
      ...(rest.slice(0, 2).every((text) => / last \d+ slates?$/.test(text)) ? ['TRENDS'] : rest.slice(0, 2)),
      ...rest.slice(2),
    ];
  }
  return page.startsWith('#') ? [...texts] : ['PLAYER', ...texts.slice(1)];
}

/** Serious and critical findings of axe. */
async function faults(page: Page): Promise<string[]> {
  const found: { id: string; impact: string; nodes: { html: string }[] }[] = await page.evaluate(
    'axe.run(document, { resultTypes: ["violations"], preload: false }).then(({ violations }) => violations)',
  );
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

/** Player, line, forecast and chances of every row, as a reader sees them. */
const SHOWN_ROWS = `[...document.querySelectorAll('.forecasts tbody tr')].map((row) =>
  ['.c-player a', '.c-line', '.c-forecast', '.c-chance'].map((cell) => row.querySelector(cell).innerText.split('\\n')[0].trim()))`;

/** Every column of the model on the page of a forecast, with what it adds. */
const SHOWN_PARTS = `[...document.querySelectorAll('tr:has(.c-adds)')].map((row) =>
  [row.querySelector('code').innerText, row.querySelector('.c-adds').innerText])`;

/** Elements beyond the right edge that are in no part which scrolls by itself. */
const STICKING_OUT = `[
  ...(document.documentElement.scrollWidth > innerWidth ? ['the page is wider than the window'] : []),
  ...[...document.querySelectorAll('body *')]
    .filter((element) => element.closest('.scroll, .top nav, .unseen, svg') === null && element.getBoundingClientRect().right > innerWidth + 0.5)
    .map((element) => element.outerHTML.slice(0, 120)),
]`;
