import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const FORBIDDEN =
  /\bMath\.random\b|\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bsystemClock\b|\brandomUUID\b|\bgetRandomValues\b/;

describe('the model', () => {
  const root = join(import.meta.dirname, '../../src/model');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );

  it('uses no randomness and no clock', () => {
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter((name) => FORBIDDEN.test(readFileSync(join(root, name), 'utf8')))).toEqual([]);
  });

  it('would be caught using them', () => {
    for (const planted of ['const u = Math.random();', 'new Date()', 'Date.now() - 1', 'crypto.randomUUID()'])
      expect(planted).toMatch(FORBIDDEN);
    expect('new Date(slate)').not.toMatch(FORBIDDEN);
  });
});
