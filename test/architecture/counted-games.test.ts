import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = new URL('../../src/', import.meta.url).pathname;
const CALLED_OFF = /status NOT IN \('postponed', 'cancelled'\)/;
/** The view, and what looks at other games too: raw statements, quotes of games that do not count, and a whole season. */
const MAY = [
  'core/contracts/nba_reference.ts',
  'guard/canaries/catalogue/sql.ts',
  'pipeline/analytics/player-prop-lines.ts',
  'pipeline/exports/document.ts',
  'pipeline/ingest/in-play.ts',
];

describe('the games that count', () => {
  it('are read through nba_reference.counted_games', () => {
    const written = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .filter((name) => CALLED_OFF.test(readFileSync(join(SRC, name), 'utf8')));
    expect(written.sort()).toEqual(MAY);
  });
});
