import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Browsers of the usual packages; the project brings none. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];
/** Chromium of this machine; undefined where there is none. */
export const CHROMIUM = [process.env['CHROMIUM'] ?? '', ...PLACES].find(
  (path) => path !== '' && existsSync(path),
);
export const WITHOUT_CHROMIUM =
  'skipped without one: install the package chromium, or set CHROMIUM to its path';

export async function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM ?? '',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}

/** A page with everything that went wrong on it: messages of the console, errors, and addresses it asked for elsewhere. */
export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<{ readonly page: Page; readonly troubles: string[] }> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  const troubles: string[] = [];
  const origin = address.startsWith('file:') ? 'file:' : new URL(address).origin;
  page.on('console', (message) => troubles.push(message.text()));
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith('data:')) troubles.push(url);
  });
  await page.goto(address);
  await settled(page);
  return { page, troubles };
}

/** Waits until the page has everything it asked for. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector('main:not(:has(.waiting)) h1');
  // Charts are drawn when the place for them is known.
  await page.waitForSelector('body:not(:has(.chart > div:empty))');
}

/** Goes to a page of the site. */
export async function visit(page: Page, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  await settled(page);
}
