import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';

const STYLE = new URL('../../../src/app/site/browser/style.css', import.meta.url);
type Colours = ReadonlyMap<string, string>;
let themes: { readonly light: Colours; readonly dark: Colours; readonly darkBySetting: Colours };

beforeAll(async () => {
  const style = await readFile(STYLE, 'utf8');
  const theme = (selector: string): Colours => {
    const body = style.slice(style.indexOf(selector)).match(/\{([^}]*)\}/)?.[1] ?? '';
    return new Map(
      [...body.matchAll(/--([a-z]+): (#[0-9a-f]{6})/g)].map(([, name = '', hex = '']) => [name, hex]),
    );
  };
  themes = {
    light: theme(':root {'),
    dark: theme(':root[data-theme="dark"]'),
    darkBySetting: theme(':root:not([data-theme="light"])'),
  };
});

describe('the themes', () => {
  it('have the same colours whether the reader or the page asks for dark', () => {
    const { light, dark, darkBySetting } = themes;
    expect(darkBySetting).toEqual(dark);
    expect([...dark.keys()].sort()).toEqual([...light.keys()].sort());
    expect(dark.size).toBe(14);
  });

  it.each(['light', 'dark'] as const)(
    '%s can be read: text has a contrast of 4.5, what is drawn one of 3',
    (name) => {
      const colours = themes[name];
      const against = (ink: string, ground: string): number =>
        contrast(colours.get(ink) ?? '', colours.get(ground) ?? '');
      for (const ink of ['ink', 'soft', 'over', 'under', 'good', 'attention', 'bad', 'idle']) {
        for (const ground of ['paper', 'card', 'tint'])
          expect(against(ink, ground), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      }
      for (const full of ['over', 'under']) expect(against('card', full), full).toBeGreaterThanOrEqual(4.5);
      expect(against('over', 'mass'), 'over beside under').toBeGreaterThanOrEqual(2);
    },
  );
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
