import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addDays, parseSlate } from '#core/calendar.ts';
import { playerGameSummary } from '#core/contracts/nba_analytics.ts';
import { injuryReports } from '#core/contracts/nba_raw.ts';
import { players, schedule } from '#core/contracts/nba_reference.ts';
import { playerAvailabilityProcessor } from '#pipeline/precompute/player-availability.ts';
import { NO_AS_OF, rangeParams } from '#pipeline/processor.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

const GAMES = 30;
const slates = Array.from({ length: GAMES }, (_, day) => addDays(parseSlate('2024-11-01'), day));
/** One plays every game, the other ten minutes of every second; the report calls both available for the same reason. */
const STAR = { player_id: 1, player_lookup: 'star', minutes: 32, plays: () => true };
const BENCH = { player_id: 2, player_lookup: 'bench', minutes: 10, plays: (game: number) => game % 2 === 0 };
const BOTH = [STAR, BENCH];

const at = (slate: string, time: string): string => new Date(`${slate}T${time}:00-05:00`).toISOString();
const provenance = (row_id: string) => ({
  source: 'injury_report_pdf',
  source_file: 'test',
  source_line: null,
  row_id,
  ingested_at: '2025-02-01T00:00:00.000Z',
});
const nothing = (columns: readonly string[]): Record<string, null> =>
  Object.fromEntries(columns.map((column) => [column, null]));

async function fill(warehouse: Warehouse): Promise<void> {
  const game = (slate: string): string => `00224${slate.slice(5, 7)}${slate.slice(8)}0`;
  const names = BOTH.map(({ player_id, player_lookup }) => ({
    player_id,
    player_lookup,
    player_name: player_lookup,
  }));
  await warehouse.append(
    schedule,
    slates.map((slate) => ({
      ...{ game_id: game(slate), season: '2024-25', season_type: 'regular', is_counted: true, slate },
      ...{
        published_slate: slate,
        was_moved: false,
        tipoff_at: at(slate, '19:00'),
        tipoff_source: 'current',
      },
      ...{ home_abbr: 'BOS', away_abbr: 'NYK', status: 'final' },
    })),
  );
  await warehouse.append(
    players,
    names.map((name) => ({
      ...name,
      last_lookup: null,
      first_slate: '2024-11-01',
      last_slate: '2024-11-30',
    })),
  );
  const teams = { team_abbr: 'BOS', opponent_abbr: 'NYK' };
  await warehouse.append(
    playerGameSummary,
    slates.flatMap((slate, day) =>
      BOTH.filter(({ plays }) => plays(day)).map(({ player_id, player_lookup, minutes }) => ({
        ...nothing(Object.keys(playerGameSummary.columns)),
        ...{ player_id, player_name: player_lookup, player_lookup, minutes, points: 4 },
        ...{ game_id: game(slate), slate, season: '2024-25', season_type: 'regular', ...teams },
        ...{ is_home: true, played: true, source: 'test', raw_row_id: `${slate} ${player_lookup}` },
      })),
    ),
  );
  await warehouse.append(
    injuryReports,
    slates.flatMap((slate) =>
      names.map((name) => ({
        ...nothing(Object.keys(injuryReports.columns)),
        ...{ ...name, ...teams, slate, report_at: at(slate, '18:30'), status: 'available' },
        reason: 'Injury/Illness - Left Ankle; Sprain',
        ...provenance(`${slate} ${name.player_lookup}`),
      })),
    ),
  );
}

/**
 * P(plays) by hand, game by game: the share of earlier rows of the class that came, in classes from the widest (all who are
 * available) over those of his minutes to those who missed as much as he has; each leans on the wider with five rows, the
 * widest on 0.9, and a row counts half after a year.
 */
function byHand(): Map<string, number> {
  const expected = new Map<string, number>();
  const before: { day: number; who: (typeof BOTH)[number]; missed: number; came: boolean }[] = [];
  for (let day = 1; day < GAMES; day++) {
    const rows = BOTH.map((who) => {
      const missed = who.plays(day - 1) ? 0 : 1;
      return { day, who, missed, came: who.plays(day) };
    });
    for (const row of rows) {
      const classes = [before, before.filter(({ who }) => who === row.who)];
      const narrowest = before.filter(({ who, missed }) => who === row.who && missed === row.missed);
      let p = 0.9;
      for (const own of [...classes, narrowest]) {
        const weights = own.map((one) => 0.5 ** ((day - one.day) / 365));
        const n = weights.reduce((sum, weight) => sum + weight, 0);
        const came = weights.reduce((sum, weight, i) => sum + (own[i]?.came === true ? weight : 0), 0);
        p = (came + 5 * p) / (n + 5);
      }
      expected.set(`${slates[day]} ${row.who.player_id}`, p);
    }
    before.push(...rows);
  }
  return expected;
}

describe('the probability of playing', () => {
  let warehouse: Warehouse;
  const seen = new Map<string, number>();
  beforeAll(async () => {
    warehouse = await openWarehouse();
    await fill(warehouse);
    const [from = '', to = ''] = [slates[0], slates.at(-1)];
    const range = rangeParams({ from: parseSlate(from), to: parseSlate(to), asOf: NO_AS_OF });
    const rows = await warehouse.query<{ slate: string; player_id: number; p_plays: number }>(
      playerAvailabilityProcessor.select,
      range,
    );
    for (const { slate, player_id, p_plays } of rows) seen.set(`${slate} ${player_id}`, p_plays);
  });
  afterAll(() => warehouse.close());

  it('is what was counted before, class by class, as by hand', () => {
    const expected = byHand();
    expect([...seen.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [key, p] of expected) expect(seen.get(key), key).toBeCloseTo(p, 9);
  });

  it('tells players of one status apart by the minutes expected of them', () => {
    const tonight = slates.at(-1);
    expect(seen.get(`${tonight} 1`)).toBeGreaterThan(0.97);
    expect(seen.get(`${tonight} 2`)).toBeLessThan(0.5);
  });
});
