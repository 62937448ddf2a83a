import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addDays, easternInstant, parseSlate, type Slate } from '#core/calendar.ts';
import { injuryReports, playerLines } from '#core/contracts/nba_raw.ts';
import { schedule } from '#core/contracts/nba_reference.ts';
import { canariesNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import {
  declareSource,
  declareSources,
  readSources,
  retireSource,
} from '#pipeline/ingest/declared-sources.ts';
import { gameRow } from '#test/fakes/prediction-world.ts';
import { emptyWorld, type TestWorld } from './world.ts';

const FIRST = parseSlate('2025-01-04');
const day = (n: number): Slate => addDays(FIRST, n);
const DAYS = 30;
const CHECKS = ['coverage_kept', 'lines_present', 'injury_feed_fresh'];

describe('declared sources', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await emptyWorld();
    await world.warehouse.append(
      schedule,
      Array.from({ length: DAYS }, (_, n) =>
        [0, 1].map((i) => ({
          ...gameRow(day(n), 2 * n + i, easternInstant(day(n), '19:30').toISOString()),
          ...(i === 0 ? { home_abbr: 'BOS', away_abbr: 'NYK' } : { home_abbr: 'LAL', away_abbr: 'DEN' }),
        })),
      ).flat(),
    );
  });
  afterEach(() => world.close());

  /** Six players of each game at a book. */
  const quote = async (n: number, bookmaker: string, games: readonly string[] = ['BOS', 'LAL']) => {
    const at = easternInstant(day(n), '12:00').toISOString();
    await world.warehouse.append(
      playerLines,
      games.flatMap((home) =>
        Array.from({ length: 6 }, (_, i) => ({
          row_id: `${bookmaker}-${n}-${home}-${i}`,
          market: 'points',
          bookmaker,
          player_name: `${home} ${i}`,
          player_lookup: `${home}${i}`.toLowerCase(),
          home_abbr: home,
          away_abbr: home === 'BOS' ? 'NYK' : 'DEN',
          slate: day(n),
          side: 'both',
          line: '12.5',
          is_alternate: false,
          snapshot_quality: 'exact',
          source: 'test',
          source_file: 'test',
          ingested_at: at,
        })),
      ),
    );
  };

  const report = async (n: number) => {
    const at = easternInstant(day(n), '11:00').toISOString();
    await world.warehouse.append(
      injuryReports,
      ['BOS', 'NYK', 'LAL', 'DEN'].flatMap((team) =>
        [0, 1].map((i) => ({
          row_id: `report-${n}-${team}-${i}`,
          report_at: at,
          slate: day(n),
          team_abbr: team,
          player_name: `${team} ${i}`,
          player_lookup: `${team}${i}`.toLowerCase(),
          status: i === 0 ? 'out' : 'probable',
          source: 'test',
          source_file: 'test',
          ingested_at: at,
        })),
      ),
    );
  };

  /** The checks of sources that fail on the evening of a day, with what they name. */
  const failing = async (n: number): Promise<Record<string, readonly string[]>> => {
    const asOf = easternInstant(day(n), '18:45');
    const { results } = await runCanaries(world, { canaries: canariesNamed(CHECKS), asOf, store: false });
    expect(results.filter(({ status }) => status === 'error')).toEqual([]);
    return Object.fromEntries(
      results.filter(({ status }) => status === 'fail').map(({ check, offenders }) => [check, offenders]),
    );
  };

  test('a source that was seen for days is missed on every slate from then on, however long it is silent', async () => {
    for (let n = 0; n < 4; n++) {
      await quote(n, 'alpha');
      await quote(n, 'beta');
      await report(n);
    }
    await declareSources(world, day(4), []);
    expect((await readSources(world.warehouse)).map((row) => [row.source, row.players_per_game])).toEqual([
      ['availability', 4],
      ['availability/out', 2],
      ['lines/alpha/points', 6],
      ['lines/beta/points', 6],
    ]);
    for (let n = 4; n < DAYS; n++) {
      await quote(n, 'alpha');
      await declareSources(world, day(n), []);
    }
    for (const n of [4, 5, 10, 20, DAYS - 1]) {
      const found = await failing(n);
      // A report that did not come at all is told once, by the check of the report.
      expect(found['coverage_kept'], `day ${n}`).toEqual([
        'lines/beta/points: nothing came, usually 12 for so many games',
      ]);
      expect(Object.keys(found).sort()).toEqual(['coverage_kept', 'injury_feed_fresh']);
    }
    await retireSource(world, { source: 'lines/beta/points', slate: day(12), by: 'ann', reason: 'it left' });
    await report(20);
    expect(await failing(20)).toEqual({});
    expect(Object.keys(await failing(10))).toContain('coverage_kept');
    // What was retired is not learnt again by a day, and can be declared again by a person.
    for (let n = 24; n < 28; n++) await quote(n, 'beta');
    await declareSources(world, day(28), []);
    await report(29);
    expect(await failing(29)).toEqual({});
    const again = { source: 'lines/beta/points', slate: day(29), by: 'ann', reason: 'it is back' };
    await declareSource(world, { ...again, playersPerGame: 6 });
    expect((await failing(29))['coverage_kept']).toHaveLength(1);
  });

  test('lines that are gone from every book are missed for weeks', async () => {
    for (let n = 0; n < 4; n++) await quote(n, 'alpha');
    await declareSources(world, day(4), []);
    for (const n of [4, 20]) expect(Object.keys(await failing(n))).toEqual(['lines_present']);
  });

  test('a book of half of the games is missed too when it is the only one', async () => {
    for (let n = 0; n < 4; n++) await quote(n, 'alpha', ['BOS']);
    await declareSources(world, day(4), []);
    for (const n of [4, 20])
      expect(await failing(n)).toEqual({
        coverage_kept: ['lines/alpha/points: nothing came, usually 6 for so many games'],
      });
  });

  test('half of a source is missed: one of two games', async () => {
    for (let n = 0; n < 4; n++) await quote(n, 'alpha');
    await declareSources(world, day(4), []);
    await quote(4, 'alpha');
    expect(await failing(4)).toEqual({});
    await quote(5, 'alpha', []);
    await quote(5, 'alpha', ['BOS']);
    expect(Object.keys(await failing(5))).toEqual(['lines_present']);
  });

  test('what the configuration names is expected on the first slate', async () => {
    expect(await failing(0)).toEqual({});
    await declareSources(world, day(0), ['availability', 'lines', 'lines/alpha/points']);
    expect(await failing(0)).toEqual({
      injury_feed_fresh: [expect.any(String)],
      lines_present: [expect.any(String), expect.any(String)],
    });
    await quote(0, 'alpha');
    await report(0);
    expect(await failing(0)).toEqual({});
  });

  test('what came once or twice is not declared; a name that is none is refused', async () => {
    await quote(0, 'alpha');
    await quote(1, 'alpha');
    await declareSources(world, day(2), []);
    expect(await readSources(world.warehouse)).toEqual([]);
    await expect(declareSources(world, day(2), ['lines/a b'])).rejects.toThrow(/saw "lines\/a b"/);
    const gone = { source: 'lines/beta/points', slate: day(2), by: 'ann', reason: 'it left' };
    await expect(retireSource(world, gone)).rejects.toThrow(/no source "lines\/beta\/points" is expected/);
  });
});
