import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Slate } from '#core/calendar.ts';
import { NO_AS_OF, rangeParams } from '#pipeline/processor.ts';
import type { Row, Warehouse } from '#platform/warehouse/port.ts';
import { itForSpread } from '#test/depth.ts';
import {
  AS_OF_SLATES,
  BOX_NOISE,
  compute,
  computedWorld,
  fingerprint,
  league,
  PROCESSORS,
  rawWorld,
  unchanged,
} from './feature-world.ts';
import { REPORTS_AND_ROSTERS_FROM_THE_CUTOFF_ON } from './late-reports.ts';

// Two seasons are computed before the first test.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const simulated = league();
const slates = simulated.slates;
const [first, last] = [slates[0] ?? '', slates[slates.length - 1] ?? ''];
/** A slate in the middle of the second season: history of both seasons stands behind it, results lie ahead. */
const CUTOFF = slates[Math.floor(slates.length * 0.75)] ?? '';

/** Replaces every result at or after the cut-off by noise, as raw rows. */
async function scramble(warehouse: Warehouse): Promise<void> {
  await warehouse.execute(
    `UPDATE nba_raw.player_box_scores SET ${BOX_NOISE}
     WHERE slate >= CAST(@cutoff AS DATE) AND played`,
    { cutoff: CUTOFF },
  );
  await warehouse.execute(
    'UPDATE nba_raw.team_box_scores SET points = 250 - points, fga = 190 - fga, tov = 60 - tov WHERE slate >= CAST(@cutoff AS DATE)',
    { cutoff: CUTOFF },
  );
  // Who appeared is an outcome too: nothing may notice that every other player was struck from the box scores.
  await warehouse.execute(
    'DELETE FROM nba_raw.player_box_scores WHERE slate >= CAST(@cutoff AS DATE) AND player_id - 2 * CAST(FLOOR(player_id * 0.5) AS INT64) = 0',
    { cutoff: CUTOFF },
  );
  for (const statement of REPORTS_AND_ROSTERS_FROM_THE_CUTOFF_ON)
    await warehouse.execute(statement, { cutoff: CUTOFF });
  await warehouse.execute('UPDATE nba_raw.shots SET made = NOT made WHERE slate >= CAST(@cutoff AS DATE)', {
    cutoff: CUTOFF,
  });
}

let whole: Warehouse;
let scrambled: Warehouse;
beforeAll(async () => {
  [whole, scrambled] = [await computedWorld(), await rawWorld()];
  await scramble(scrambled);
  await compute(scrambled, first, last);
});
afterAll(async () => {
  await whole.close();
  await scrambled.close();
});

describe('features know nothing of the slate or of what came after', () => {
  it('has rows to compare, with history from both seasons', async () => {
    const rows = await whole.query<{ letters: string }>(
      'SELECT feature_sources AS letters FROM nba_predictions.ml_feature_store WHERE slate = CAST(@slate AS DATE)',
      { slate: CUTOFF },
    );
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.every(({ letters }) => letters.includes('h'))).toBe(true);
  });

  it('a slate computed alone equals the same slate inside the seasons', async () => {
    const samples = [slates[3] ?? '', CUTOFF, last];
    const inside = await Promise.all(samples.map((slate) => fingerprint(whole, slate)));
    const alone = await rawWorld();
    try {
      for (const [i, slate] of samples.entries()) {
        await compute(alone, slate, slate, unchanged, i === 0 ? PROCESSORS : AS_OF_SLATES);
        expect(await fingerprint(alone, slate)).toBe(inside[i]);
      }
    } finally {
      await alone.close();
    }
  });

  it('noise in place of every result at or after the cut-off, everybody out and on the other team’s roster from ten minutes before tip-off, changes no byte up to the cut-off', async () => {
    expect(await fingerprint(scrambled, first, CUTOFF)).toBe(await fingerprint(whole, first, CUTOFF));
  });

  it('and the same noise does change the slates after it, so the comparison can fail', async () => {
    expect(await fingerprint(scrambled, last)).not.toBe(await fingerprint(whole, last));
  });
});

describe('a planted leak turns the comparison red', () => {
  /** Lets a statement see the slate itself, at each place where it says "before". */
  const LEAKS: Readonly<Record<string, readonly [RegExp, string]>> = {
    TeamDefenseZoneAnalysis: [
      /s\.known_on < u\.slate AND s\.next_known_on >= u\.slate/,
      's.known_on <= u.slate AND s.next_known_on > u.slate',
    ],
    PlayerShotZoneAnalysis: [
      /s\.known_on < u\.slate AND s\.next_known_on >= u\.slate/,
      's.known_on <= u.slate AND s.next_known_on > u.slate',
    ],
    PlayerDailyCache: [
      /s\.known_on < u\.slate AND s\.next_known_on >= u\.slate/,
      's.known_on <= u.slate AND s.next_known_on > u.slate',
    ],
    UpcomingPlayerGameContext: [
      /(\w)\.seen_on < (\w)\.slate AND \1\.next_seen_on >= \2\.slate/g,
      '$1.seen_on <= $2.slate AND $1.next_seen_on > $2.slate',
    ],
    'UpcomingPlayerGameContext of rosters': [/s\.observed_at <= k\.looked_at/, 'TRUE'],
    PlayerAvailability: [/s\.report_at <= k\.looked_at/, 'TRUE'],
  };

  const plain = (_name: string, value: unknown): unknown =>
    typeof value === 'number' ? value.toFixed(6) : value;
  /** What a statement gives for the cut-off, in the one world and in the other, as exact as it would be stored. */
  const inBoth = async (select: string): Promise<readonly string[]> => {
    const params = rangeParams({ from: CUTOFF as Slate, to: CUTOFF as Slate, asOf: NO_AS_OF });
    return Promise.all(
      [whole, scrambled].map(async (world) => {
        const rows = await world.query<Row>(select, params);
        return rows
          .map((row) => JSON.stringify(row, plain))
          .sort()
          .join('\n');
      }),
    );
  };

  itForSpread(Object.keys(LEAKS), 2)('%s that looks at the slate itself', async (place) => {
    const [pattern, leak] = LEAKS[place] ?? [/$^/, ''];
    const [name] = place.split(' ');
    const select = AS_OF_SLATES.find((processor) => processor.name === name)?.select ?? '';
    const open = select.replaceAll('slate < CAST(@to AS DATE)', 'slate <= CAST(@to AS DATE)');
    expect(open).toMatch(pattern);
    const [as, scrambledToo] = await inBoth(open.replace(pattern, leak));
    expect(scrambledToo).not.toBe(as);
  });

  it('without the leak, the same comparison is green', async () => {
    for (const { name, select } of AS_OF_SLATES) {
      const [as, scrambledToo] = await inBoth(select);
      expect(scrambledToo, name).toBe(as);
    }
  });
});
