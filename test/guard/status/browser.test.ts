import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statusPage } from '#guard/status/page.ts';
import { STATUS } from './status-example.ts';

/** Browsers of the usual packages; the project brings none. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];
const executablePath = [process.env['CHROMIUM'] ?? '', ...PLACES].find(
  (path) => path !== '' && existsSync(path),
);
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];

interface Seen {
  readonly overflow: number;
  readonly ground: string;
  readonly ink: string;
  /** Height in pixels of the smallest text of a chart. */
  readonly smallest: number;
  readonly outside: readonly string[];
  /** Texts of a chart that stick out of it. */
  readonly cut: readonly string[];
  readonly charts: number;
}

describe.skipIf(executablePath === undefined)(
  'the page in Chromium (skipped without one: set CHROMIUM to its path)',
  () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: executablePath ?? '', args: FLAGS });
      // A browser is started.
    }, 60_000);
    afterAll(async () => {
      await browser?.close();
    });

    async function show(
      width: number,
      colorScheme: 'light' | 'dark',
    ): Promise<Seen & { readonly troubles: readonly string[] }> {
      const context = await browser.newContext({
        viewport: { width, height: 900 },
        colorScheme,
        reducedMotion: 'reduce',
      });
      try {
        const page = await context.newPage();
        const troubles: string[] = [];
        page.on('console', (message) => troubles.push(message.text()));
        page.on('pageerror', (error) => troubles.push(error.message));
        page.on('request', (request) => troubles.push(request.url()));
        await page.setContent(statusPage(STATUS));
        for (const summary of await page.locator('summary').all()) await summary.click();
        const image = await page.screenshot({ fullPage: true });
        expect(image.byteLength).toBeGreaterThan(20_000);
        // The code below runs in the page, where the types of Node say nothing about the document.
        const seen: Seen = await page.evaluate(`(() => {
        const box = (element) => element.getBoundingClientRect();
        const inScroller = (element) => element.closest('.scroll') !== null;
        const all = [...document.querySelectorAll('body *')];
        return {
          overflow: document.documentElement.scrollWidth - innerWidth,
          ground: getComputedStyle(document.body).backgroundColor,
          ink: getComputedStyle(document.body).color,
          smallest: Math.min(...[...document.querySelectorAll('svg text')].map((text) => box(text).height)),
          outside: all.filter((element) => !inScroller(element) && box(element).right > innerWidth + 0.5).map((element) => element.tagName),
          cut: [...document.querySelectorAll('svg text')].filter((text) => box(text).left < box(text.closest('svg')).left || box(text).right > box(text.closest('svg')).right).map((text) => text.textContent),
          charts: document.querySelectorAll('svg path.line').length,
        };
      })()`);
        return { ...seen, troubles };
      } finally {
        await context.close();
      }
    }

    it.each([
      [1280, 'light'],
      [1280, 'dark'],
      [390, 'light'],
      [390, 'dark'],
    ] as const)(
      'fits %d pixels, %s: nothing overflows, charts can be read, nothing is fetched',
      // A page is laid out in a browser.
      { timeout: 60_000 },
      async (width, theme) => {
        const { overflow, outside, cut, smallest, charts, troubles } = await show(width, theme);
        expect({ overflow, outside, cut, charts, troubles }).toEqual({
          overflow: 0,
          outside: [],
          cut: [],
          charts: 4,
          troubles: [],
        });
        expect(smallest).toBeGreaterThanOrEqual(10);
      },
    );

    // A page is laid out twice.
    it('follows the theme of the reader', { timeout: 60_000 }, async () => {
      const [light, dark] = [await show(800, 'light'), await show(800, 'dark')];
      expect([light.ground, dark.ground]).toEqual(['rgb(246, 247, 249)', 'rgb(17, 22, 29)']);
      expect(light.ink).not.toBe(dark.ink);
    });
  },
);
