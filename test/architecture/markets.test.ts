import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MARKETS } from '#core/markets.ts';

const SRC = new URL('../../src/', import.meta.url).pathname;
const IDS = MARKETS.map(({ id }) => id).join('|');
/** A market written into a statement or a row, in place of one that is asked for. */
const WRITTEN_OUT = new RegExp(`\\bmarket\\b\\s*(=|:|IN \\()\\s*['"](${IDS})['"]`);
/** A column that belongs to one market by its name. */
const OWN_COLUMN = /\b(predicted|mean|sd|actual)_points\b/;
/** Feeds quote markets by name: the format of a file about one market, and the simulated league's bookmakers. */
const MAY = ['pipeline/ingest/formats/lines-csv.ts', 'simulate/markets.ts'];

const offenders = (pattern: RegExp): string[] =>
  readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !MAY.includes(name))
    .filter((name) => pattern.test(readFileSync(join(SRC, name), 'utf8')));

describe('a market', () => {
  it('is asked for, nowhere written out', () => {
    expect(WRITTEN_OUT.test("WHERE l.market = 'points'")).toBe(true);
    expect(offenders(WRITTEN_OUT)).toEqual([]);
  });

  it('has no columns of its own among predictions and grades', () => {
    expect(offenders(OWN_COLUMN)).toEqual([]);
  });
});
