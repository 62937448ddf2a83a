/**
 * Makes the README's pictures from the simulated league (`npm start`, then `npm run pictures`): the site in
 * Chromium, and a command in a terminal.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { escapeHtml } from '#platform/report/escape.ts';
import { launch, openPage, visit } from '#test/site/chromium.ts';

const FOLDER = 'docs/images';
const TONIGHT = '2024-12-14';
const COLUMNS = 118;
const ROWS = 24;
const LINE = 17;

const { values } = parseArgs({ options: { home: { type: 'string', default: '.tipoff/demo' } } });
await mkdir(FOLDER, { recursive: true });
await pictureOfSite(values.home);
await pictureOfTerminal(values.home);

async function pictureOfSite(home: string): Promise<void> {
  const browser = await launch();
  try {
    const address = pathToFileURL(resolve(home, 'site', 'index.html')).href;
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await openPage(browser, address, {
        viewport: { width: 1240, height: 720 },
        colorScheme,
      });
      await visit(page, `#/slate/${TONIGHT}`);
      await page.screenshot({ path: `${FOLDER}/site-${colorScheme}.png` });
      await page.context().close();
    }
  } finally {
    await browser.close();
  }
}

async function pictureOfTerminal(home: string): Promise<void> {
  const command = ['status', TONIGHT, '--at', `${TONIGHT}T17:02Z`];
  const output = execFileSync(process.execPath, ['src/app/cli/tipoff.ts', ...command, '--home', home], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = [`$ npx tipoff ${command.join(' ')}`, ...output.trimEnd().split('\n')].slice(0, ROWS);
  await writeFile(`${FOLDER}/terminal.svg`, terminalSvg(lines));
}

/** Lines of text as an SVG of a terminal; long lines are cut with an ellipsis. */
function terminalSvg(lines: readonly string[]): string {
  const width = COLUMNS * 7.25 + 36;
  const height = lines.length * LINE + 56;
  const texts = lines.map((line, i) => {
    const text = line.length > COLUMNS ? `${line.slice(0, COLUMNS - 1)}…` : line;
    const colour =
      i === 0
        ? '#f2935c'
        : /^(BAD|\?\?\?)/.test(line)
          ? '#f48b83'
          : /^LOOK/.test(line)
            ? '#e3b04f'
            : '#d9d6cf';
    return `<text x="18" y="${50 + i * LINE}" fill="${colour}">${escapeHtml(text)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="tipoff status: fifteen morning questions on one screen">
<rect width="100%" height="100%" rx="8" fill="#1b1b19"/>
<g fill="#4a505a"><circle cx="22" cy="18" r="5"/><circle cx="40" cy="18" r="5"/><circle cx="58" cy="18" r="5"/></g>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="12" xml:space="preserve">
${texts.join('\n')}
</g>
</svg>
`;
}
