import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const milliseconds = (text = ''): number => Number(text.replaceAll('_', ''));
const DEFAULT_MS = milliseconds(/testTimeout: ([\d_]+)/.exec(read('vitest.config.ts'))?.[1]);

/** A limit as an option (`timeout: 60_000`) or as the last argument of a test (`}, 60_000);`, or alone on its line). */
const LIMITS = [
  /^.*\b(?:timeout|testTimeout|hookTimeout): (\w+)/gm,
  /^ *\}, (\w+)\);$/gm,
  /^ *(\d[\d_]*|[A-Z]\w*),$(?=\n *\);$)/gm,
];

/** Lines with a limit above the default that no comment explains: on the line before, or before the constant of its name. */
function unexplained(text: string): number[] {
  const lines = text.split('\n');
  const isExplained = (line: number): boolean => /^\s*\/\/|\*\/$/.test(lines[line - 1] ?? '');
  const found = LIMITS.flatMap((pattern) =>
    [...text.matchAll(pattern)].flatMap(({ index, 1: limit = '' }) => {
      const line = text.slice(0, index).split('\n').length - 1;
      const declared = lines.findIndex((one) => one.startsWith(`const ${limit} = `));
      const value = declared < 0 ? limit : /= (\w+);$/.exec(lines[declared] ?? '')?.[1];
      const isLong = milliseconds(value) > DEFAULT_MS;
      return !isLong || isExplained(line) || isExplained(declared) ? [] : [line + 1];
    }),
  );
  return [...new Set(found)].sort((a, b) => a - b);
}

describe('a limit of time above the default', () => {
  it('is explained by a comment on the line before it', () => {
    const own = import.meta.filename;
    const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !own.endsWith(path))
      .map((path) => `test/${path}`);
    const found = [
      'vitest.config.ts',
      'vitest.process.config.ts',
      'vitest.cloud.config.ts',
      ...files,
    ].flatMap((path) => unexplained(read(path)).map((line) => `${path}:${line}`));
    expect(found).toEqual([]);
  });

  it.each([
    ['as settings of a file', 'x();\nvi.setConfig({ testTimeout: 120_000 });', 2],
    ['as an option', "it('x', { timeout: 60_000 }, work);", 1],
    ['as the last argument', "it('x', async () => {\n}, 60_000);", 2],
    ['as the last argument of a wrapped call', "it(\n  'x',\n  work,\n  60_000,\n);", 4],
    ['as a constant', "const LONG_MS = 60_000;\nit('x', async () => {\n}, LONG_MS);", 3],
  ])('is found %s', (_where, text, line) => {
    expect(unexplained(text)).toEqual([line]);
    const explained = text.split('\n').toSpliced(line - 1, 0, '// Two leagues are computed.');
    expect(unexplained(explained.join('\n'))).toEqual([]);
    expect(unexplained(text.replaceAll(/\d+_000/g, '20_000'))).toEqual([]);
  });
});
