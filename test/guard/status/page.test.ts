import { describe, expect, it } from 'vitest';
import { axisFrom, lineChart } from '#guard/status/chart.ts';
import { STYLE, statusPage } from '#guard/status/page.ts';
import { answer, STATUS } from './status-example.ts';

const EVIL = `"><script>alert(1)</script><img src=x onerror=alert(2)> 'quoted' & </style></title>`;

/** Tags that are open at the end, or closed out of order. */
function unbalanced(html: string): string[] {
  const open: string[] = [];
  for (const [, slash, name = '', rest = ''] of html
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .matchAll(/<(\/?)([a-z][a-z0-9]*)([^>]*)>/g)) {
    if (['meta', 'line', 'path'].includes(name) || rest.endsWith('/')) continue;
    if (slash === '') open.push(name);
    else if (open.pop() !== name) return [`</${name}>`];
  }
  return open;
}

describe('the page', () => {
  const page = statusPage(STATUS);

  it('has every answer, its question, its table, and what to run next', () => {
    for (const { answer: text, question, name } of STATUS.answers)
      for (const part of [text, question, name]) expect(page).toContain(part);
    expect(page).toContain('<code class="next">tipoff day 2025-01-10</code>');
    expect(page).toContain('<td>BOS @ NYK</td><td class="n">3</td>');
    expect(page).toContain('1 notice could not be delivered.');
    expect(page).toContain('As of 2025-01-10 13:00 ET · 8 games · 2 open alerts, 1 unacknowledged');
  });

  it('is well formed', () => {
    expect(unbalanced(page)).toEqual([]);
    expect(unbalanced('<p><b></p>')).not.toEqual([]);
  });

  it('needs nothing from outside and runs no script', () => {
    expect(page).not.toMatch(
      /https?:|\/\/|url\(|@import|<script|<link|<iframe|\ssrc=|\shref=(?!"#q\d+")|\son[a-z]+=/i,
    );
    expect(page).toContain("default-src 'none'");
  });

  it('shows whatever comes from data as text', () => {
    const evil = statusPage({
      ...STATUS,
      slate: EVIL,
      code_version: EVIL,
      no_games: EVIL,
      answers: [
        answer(1, {
          name: EVIL,
          question: EVIL,
          answer: EVIL,
          next: EVIL,
          verdict: 'bad',
          table: { header: [EVIL], rows: [[EVIL]] },
        }),
      ],
      history: STATUS.history.map((day) => ({ ...day, slate: EVIL })),
    });
    expect(evil).not.toMatch(/<script|<img|<\/style>(?![\s\S]*<body>)/);
    expect(evil.match(/<\/title>/g)).toHaveLength(1 + 2 + 4 * 30 - 1);
    expect(unbalanced(evil)).toEqual([]);
  });

  it('draws coverage and quality of thirty slates, with the values for those who cannot see them', () => {
    expect(page.match(/<svg /g)).toHaveLength(2);
    expect(page.match(/<circle /g)).toHaveLength(4 * 30 - 1);
    expect(page).toContain('2024-12-30 expected players predicted: 85.5 %');
    expect(page).toMatch(
      /<desc id="coverage-text">expected players predicted: last 85\.5 %.*30 slates from 2024-12-01 to 2024-12-30/,
    );
  });

  it('says so when there is no history', () => {
    expect(statusPage({ ...STATUS, history: [] })).toContain('The schedule knows no slates yet.');
  });
});

describe('a chart', () => {
  const chart = {
    id: 'c',
    title: 't',
    description: 'd',
    labels: ['2025-01-01', '2025-01-02', '2025-01-03', '2025-01-04'],
    low: 0,
  };

  it('breaks its line where there is no value', () => {
    const svg = lineChart({ ...chart, series: [{ name: 'n', style: 'first', values: [50, null, 100, 0] }] });
    expect(svg).toContain('<path class="line first" d="M72 101M386.7 14L544 188"/>');
    expect(svg.match(/<circle /g)).toHaveLength(3);
  });

  it('of one point has no line and shows the point', () => {
    expect(
      lineChart({ ...chart, labels: ['2025-01-01'], series: [{ name: 'n', style: 'first', values: [50] }] }),
    ).toContain('cx="308"');
  });

  it.each([
    [[99, 100], 80],
    [[80], 60],
    [[61.5, null], 60],
    [[0], 0],
    [[], 0],
  ])('of %j begins at %d', (values, low) => {
    expect(axisFrom(values)).toBe(low);
  });
});

describe('the themes', () => {
  const theme = (selector: string): Map<string, string> => {
    const body = STYLE.slice(STYLE.indexOf(selector)).match(/\{([^}]*)\}/)?.[1] ?? '';
    return new Map(
      [...body.matchAll(/--([a-z]+): (#[0-9a-f]{6})/g)].map(([, name = '', colour = '']) => [name, colour]),
    );
  };
  const light = theme(':root {');
  const dark = theme(':root[data-theme="dark"]');
  const darkBySetting = theme(':root:not([data-theme="light"])');

  it('have the same colours whether the reader or the page asks for dark', () => {
    expect(darkBySetting).toEqual(dark);
    expect([...dark.keys()].sort()).toEqual([...light.keys()].sort());
    expect(dark.size).toBe(11);
  });

  it.each([
    ['light', light],
    ['dark', dark],
  ])('%s can be read: text has a contrast of at least 4.5, lines of a chart of 3', (_name, colours) => {
    const against = (name: string, ground: string): number =>
      contrast(colours.get(name) ?? '', colours.get(ground) ?? '');
    for (const name of ['ink', 'soft', 'good', 'attention', 'bad', 'idle']) {
      for (const ground of ['page', 'card'])
        expect(against(name, ground), `${name} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
    for (const name of ['first', 'second']) expect(against(name, 'card'), name).toBeGreaterThanOrEqual(3);
  });
});

/** Contrast ratio of two colours as WCAG 2 defines it. */
function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return channel <= 0.03928 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
