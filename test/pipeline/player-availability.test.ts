import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addDays, parseSlate } from '#core/calendar.ts';
import { playerGameSummary, upcomingPlayerGameContext } from '#core/contracts/nba_analytics.ts';
import { injuryReports } from '#core/contracts/nba_raw.ts';
import { players, schedule } from '#core/contracts/nba_reference.ts';
import { playerAvailabilityProcessor } from '#pipeline/precompute/player-availability.ts';
import { NO_AS_OF, rangeParams } from '#pipeline/processor.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { openCopy } from '#test/platform/warehouse/copies.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';
import { computedLeague, TONIGHT } from './computed-league.ts';

const GAMES = 30;
const slates = Array.from({ length: GAMES }, (_, day) => addDays(parseSlate('2024-11-01'), day));
/** One plays every game, the other ten minutes of every second; the report calls both available for the same reason. */
const STAR = { player_id: 1, player_lookup: 'star', minutes: 32, plays: () => true };
const BENCH = { player_id: 2, player_lookup: 'bench', minutes: 10, plays: (game: number) => game % 2 === 0 };
const BOTH = [STAR, BENCH];
/** Others, on no list, who play the rest of every game. */
const OTHERS = Array.from({ length: 5 }, (_, i) => ({ player_id: 11 + i, player_lookup: `other${i}` }));
const GAME_MINUTES = 240;

const isListed = (id: number): boolean => BOTH.some(({ player_id }) => player_id === id);

function minutesOf(day: number): { player_id: number; player_lookup: string; minutes: number }[] {
  const those = BOTH.filter(({ plays }) => plays(day)).map(({ plays: _, ...who }) => who);
  const left = GAME_MINUTES - those.reduce((sum, { minutes }) => sum + minutes, 0);
  return [...those, ...OTHERS.map((who) => ({ ...who, minutes: left / OTHERS.length }))];
}

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
      minutesOf(day).map(({ player_id, player_lookup, minutes }) => ({
        ...nothing(Object.keys(playerGameSummary.columns)),
        ...{ player_id, player_name: player_lookup, player_lookup, minutes, points: 4 },
        ...{ game_id: game(slate), slate, season: '2024-25', season_type: 'regular', ...teams },
        ...{ is_home: true, played: true, source: 'test', raw_row_id: `${slate} ${player_lookup}` },
      })),
    ),
  );
  await warehouse.append(
    upcomingPlayerGameContext,
    slates.flatMap((slate) =>
      names.map((name) => ({
        ...nothing(Object.keys(upcomingPlayerGameContext.columns)),
        ...{ ...name, ...teams, game_id: game(slate), slate, season: '2024-25', season_type: 'regular' },
        ...{ is_home: true, tipoff_at: at(slate, '19:00'), cutoff_at: at(slate, '19:00') },
        ...{ roster_source: 'status_feed', has_status_feed: true, has_prop_line: false, line_count: 0 },
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

/** What tells the rows of a class apart: the player stands for his minutes, and who missed a game was listed for it here. */
interface Row {
  readonly day: number;
  readonly who: (typeof BOTH)[number];
  readonly missed: number;
  readonly wasSeen: boolean;
  readonly came: boolean;
}

/** Odds of a probability that is kept off 0 and 1. */
function oddsOf(p: number): number {
  const inside = Math.min(0.999, Math.max(0.001, p));
  return inside / (1 - inside);
}

/**
 * P(plays) by hand, game by game: the share of earlier rows of a class that came, where a row counts half after a year and the
 * class leans with five rows on a wider one. Of all who are available it leans on 0.9; his minutes lean on that, and so do his
 * games missed, and on them what is known of his absence; the class of everything leans on the product of their odds.
 */
function byHand(): Map<string, number> {
  const expected = new Map<string, number>();
  const before: Row[] = [];
  for (let day = 1; day < GAMES; day++) {
    const rows: Row[] = BOTH.map((who) => ({
      ...{ day, who, missed: who.plays(day - 1) ? 0 : 1, wasSeen: day > 1, came: who.plays(day) },
    }));
    const share = (wider: number, isIn: (row: Row) => boolean): number => {
      const own = before.filter(isIn).map((one) => ({ ...one, weight: 0.5 ** ((day - one.day) / 365) }));
      const n = own.reduce((sum, { weight }) => sum + weight, 0);
      const came = own.reduce((sum, { weight, came }) => sum + (came ? weight : 0), 0);
      return (came + 5 * wider) / (n + 5);
    };
    for (const { who, missed, wasSeen } of rows) {
      const status = share(0.9, () => true);
      const minutes = share(status, (row) => row.who === who);
      const games = share(status, (row) => row.missed === missed);
      const absence = share(games, (row) => row.missed === missed && row.wasSeen === wasSeen);
      const odds = (oddsOf(minutes) * oddsOf(absence)) / oddsOf(status);
      const isAlike = (row: Row): boolean =>
        row.who === who && row.missed === missed && row.wasSeen === wasSeen;
      expected.set(`${slates[day]} ${who.player_id}`, share(odds / (1 + odds), isAlike));
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
    for (const { slate, player_id, p_plays } of rows)
      if (isListed(player_id)) seen.set(`${slate} ${player_id}`, p_plays);
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

describe('tonight’s context', () => {
  const [from, tonight] = [slates.at(-2) ?? '', slates.at(-1) ?? ''];

  /** Rows of tonight by team and player, when the slate is computed alone or with the one before. */
  const rowsOfTonight = async (
    world: readonly string[],
    first = tonight,
  ): Promise<Record<string, { share: number; is_member: boolean; p_plays: number }>> => {
    const warehouse = await openWarehouse();
    try {
      await fill(warehouse);
      for (const statement of world) await warehouse.execute(statement, { tonight, from });
      const range = rangeParams({ from: parseSlate(first), to: parseSlate(tonight), asOf: NO_AS_OF });
      const rows = await warehouse.query<{
        slate: string;
        team_abbr: string;
        player_id: number;
        share: number;
        is_member: boolean;
        p_plays: number;
      }>(playerAvailabilityProcessor.select, range);
      return Object.fromEntries(
        rows
          .filter(({ slate, player_id }) => slate === tonight && isListed(player_id))
          .map(({ team_abbr, player_id, share, is_member, p_plays }) => [
            `${team_abbr} ${player_id}`,
            { share, is_member, p_plays },
          ]),
      );
    } finally {
      await warehouse.close();
    }
  };
  const toNewYork = (slate: string): string[] => [
    `UPDATE nba_analytics.upcoming_player_game_context SET team_abbr = 'NYK', opponent_abbr = 'BOS', roster_source = 'roster'
     WHERE player_id = 1 AND slate >= CAST(@${slate} AS DATE)`,
    `DELETE FROM nba_raw.injury_reports WHERE player_id = 1 AND slate >= CAST(@${slate} AS DATE)`,
  ];

  it('moves a player to his new team, where he has no share yet and is as likely to play', async () => {
    const { 'BOS 1': old, 'NYK 1': now, ...others } = await rowsOfTonight(toNewYork('tonight'));
    expect(old).toMatchObject({ is_member: false, p_plays: 0 });
    expect(old?.share).toBeGreaterThan(0.9);
    expect(now).toMatchObject({ is_member: true, share: 0 });
    expect(now?.p_plays).toBeGreaterThan(0.5);
    expect(Object.keys(others)).toEqual(['BOS 2']);
  });

  it('takes a player from his team who has left it, wherever he went', async () => {
    const left =
      'DELETE FROM nba_analytics.upcoming_player_game_context WHERE player_id = 1 AND slate = CAST(@tonight AS DATE)';
    expect((await rowsOfTonight([left]))['BOS 1']).toMatchObject({ is_member: false, p_plays: 0 });
  });

  it('leaves what is counted of earlier slates as it is, so that a slate alone equals the same slate in a range', async () => {
    expect(await rowsOfTonight(toNewYork('from'), from)).toEqual(await rowsOfTonight(toNewYork('from')));
  });
});

describe('half of a box score', () => {
  it('says no more of who comes than none of it, to teams that were not in the game', async () => {
    const lastNight = addDays(TONIGHT, -1);
    const { file } = await computedLeague();
    /** Tonight's probabilities without some rows of last night. */
    const without = async (rows: string) => {
      const warehouse = await openCopy(file);
      try {
        const range = { from: TONIGHT, to: TONIGHT, asOf: NO_AS_OF };
        await warehouse.execute(
          `DELETE FROM nba_analytics.player_game_summary WHERE slate = CAST(@slate AS DATE) AND ${rows}`,
          { slate: lastNight },
        );
        return await warehouse.query<{ p_plays: number }>(
          `SELECT a.team_abbr, a.player_id, a.p_plays FROM (${playerAvailabilityProcessor.select}) AS a
           WHERE a.team_abbr NOT IN (
             SELECT home_abbr FROM nba_reference.schedule WHERE slate = CAST(@last_night AS DATE)
             UNION ALL SELECT away_abbr FROM nba_reference.schedule WHERE slate = CAST(@last_night AS DATE))
           ORDER BY a.team_abbr, a.player_id`,
          { ...rangeParams(range), last_night: lastNight },
        );
      } finally {
        await warehouse.close();
      }
    };
    const none = await without('TRUE');
    expect(none.length).toBeGreaterThan(20);
    expect(await without('MOD(player_id, 2) = 0')).toEqual(none);
    // The game counts where it is whole.
    expect(await without('FALSE')).not.toEqual(none);
  });
});
