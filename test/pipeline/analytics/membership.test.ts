import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addDays, parseSlate } from '#core/calendar.ts';
import { playerGameSummary, playerPropLines } from '#core/contracts/nba_analytics.ts';
import { injuryReports, rosterPlayers } from '#core/contracts/nba_raw.ts';
import { players, schedule } from '#core/contracts/nba_reference.ts';
import {
  upcomingPlayerGameContextProcessor,
  upcomingTeamGameContextProcessor,
} from '#pipeline/analytics/upcoming-context.ts';
import { NO_AS_OF, rangeParams } from '#pipeline/processor.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

/** BOS plays NYK and LAL plays MIA every other day; the thirtieth of these days is tonight. */
const DAYS = Array.from({ length: 30 }, (_, day) => addDays(parseSlate('2024-11-01'), 2 * day));
const TONIGHT = DAYS[29] as string;
const YESTERDAY = addDays(parseSlate(TONIGHT), -1);
const GAMES = [
  ['BOS', 'NYK'],
  ['LAL', 'MIA'],
] as const;
const TEAMS = GAMES.flat();
const gameId = (slate: string, home: string): string =>
  `00224${slate.slice(5, 7)}${slate.slice(8)}${home === 'BOS' ? 1 : 2}`;
const at = (slate: string, time: string): string => new Date(`${slate}T${time}:00-05:00`).toISOString();
const nothing = (columns: object): Record<string, null> =>
  Object.fromEntries(Object.keys(columns).map((column) => [column, null]));
const provenance = (source: string, row_id: string) => ({
  ...{ source, source_file: 'test', source_line: null, row_id },
  ingested_at: '2025-02-01T00:00:00.000Z',
});

/** Twelve of each team: 100 to 111 of BOS, 200 to 211 of NYK, 300 of LAL, 400 of MIA. The traded one is 111, the returning one 110. */
const FIRST: Readonly<Record<string, number>> = { BOS: 100, NYK: 200, LAL: 300, MIA: 400 };
const squad = (team: string): number[] => Array.from({ length: 12 }, (_, i) => (FIRST[team] ?? 0) + i);
const [TRADED, AWAY] = [111, 110];

interface World {
  /** Games that the one who is away has missed. */
  readonly missed?: number;
  /** Minutes a game of him. */
  readonly minutes?: number;
  readonly rosters?: readonly { team: string; ids: readonly number[]; at: string; source?: string }[];
  readonly quotes?: readonly { id: number; home: string; market?: string; at?: string }[];
  readonly statuses?: readonly { id: number; team: string; status: string }[];
  /** A last box score of the traded one for another team, this day. */
  readonly playedFor?: { team: string; slate: string };
}

describe('who is expected for which team', () => {
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await openWarehouse();
  });
  afterAll(() => warehouse.close());
  beforeEach(async () => {
    for (const table of ['nba_reference.schedule', 'nba_analytics.player_game_summary'])
      await warehouse.execute(`DELETE FROM ${table} WHERE slate >= DATE '1946-11-01'`);
    for (const table of ['nba_reference.players', 'nba_raw.roster_players', 'nba_raw.injury_reports'])
      await warehouse.execute(`DELETE FROM ${table} WHERE player_lookup <> ''`);
    await warehouse.execute("DELETE FROM nba_analytics.player_prop_lines WHERE slate >= DATE '1946-11-01'");
  });

  /** Team and source of everybody expected tonight, by id. */
  const expected = async (world: World, asOf = at(TONIGHT, '18:00')): Promise<Map<number, string>> => {
    await warehouse.append(
      schedule,
      DAYS.flatMap((slate) =>
        GAMES.map(([home_abbr, away_abbr]) => ({
          ...{ game_id: gameId(slate, home_abbr), season: '2024-25', season_type: 'regular', slate },
          ...{ is_counted: true, published_slate: slate, was_moved: false, home_abbr, away_abbr },
          ...{ tipoff_at: at(slate, '19:00'), tipoff_source: 'current', status: 'scheduled' },
        })),
      ),
    );
    await warehouse.append(
      players,
      TEAMS.flatMap(squad).map((player_id) => ({
        ...{ player_id, player_name: `p${player_id}`, player_lookup: `p${player_id}`, last_lookup: null },
        ...{ first_slate: DAYS[0] as string, last_slate: TONIGHT },
      })),
    );
    const box = (player_id: number, slate: string, team_abbr: string, minutes = 20) => ({
      ...nothing(playerGameSummary.columns),
      ...{ player_id, player_name: `p${player_id}`, player_lookup: `p${player_id}`, minutes, points: 8 },
      ...{ game_id: gameId(slate, team_abbr === 'BOS' || team_abbr === 'NYK' ? 'BOS' : 'LAL') },
      ...{ slate, season: '2024-25', season_type: 'regular', team_abbr, opponent_abbr: 'XXX', is_home: true },
      ...{ played: true, source: 'test', raw_row_id: `${slate} ${player_id}` },
    });
    const { missed = 0, minutes = 20, playedFor } = world;
    await warehouse.append(
      playerGameSummary,
      DAYS.slice(0, 29).flatMap((slate, day) =>
        TEAMS.flatMap((team) =>
          squad(team).flatMap((id) => {
            if (id === AWAY) return day < 29 - missed ? [box(id, slate, team, minutes)] : [];
            if (id === TRADED && slate === playedFor?.slate) return [box(id, slate, playedFor.team)];
            return [box(id, slate, team)];
          }),
        ),
      ),
    );
    await warehouse.append(
      rosterPlayers,
      (world.rosters ?? []).flatMap(({ team, ids, at: observed_at, source = 'nba_player_index_json' }) =>
        ids.map((player_id) => ({
          ...nothing(rosterPlayers.columns),
          ...{ observed_at, team_abbr: team, is_on_roster: true },
          ...{ player_id, player_name: `p${player_id}`, player_lookup: `p${player_id}` },
          ...provenance(source, `${observed_at} ${team} ${player_id}`),
        })),
      ),
    );
    await warehouse.append(
      playerPropLines,
      (world.quotes ?? []).map(
        ({ id, home, market = 'assists', at: snapshot_at = at(TONIGHT, '12:00') }) => ({
          ...nothing(playerPropLines.columns),
          ...{ slate: TONIGHT, home_abbr: home, away_abbr: home === 'BOS' ? 'NYK' : 'MIA', market },
          ...{
            bookmaker: 'northline',
            player_lookup: `p${id}`,
            player_id: id,
            game_id: gameId(TONIGHT, home),
          },
          ...{ resolution: 'resolved', line: '4.5', snapshot_at, snapshot_quality: 'exact' },
          cutoff_at: at(TONIGHT, '19:00'),
        }),
      ),
    );
    await warehouse.append(
      injuryReports,
      (world.statuses ?? []).map(({ id, team, status }) => ({
        ...nothing(injuryReports.columns),
        ...{ report_at: at(TONIGHT, '17:30'), slate: TONIGHT, team_abbr: team, status, player_id: id },
        ...{ player_name: `p${id}`, player_lookup: `p${id}` },
        ...provenance('injury_report_pdf', `${id} ${team}`),
      })),
    );
    const slate = parseSlate(TONIGHT);
    const range = { from: slate, to: slate };
    for (const processor of [upcomingTeamGameContextProcessor, upcomingPlayerGameContextProcessor])
      await warehouse.replaceRange(
        processor.table,
        { column: 'slate', ...range },
        processor.select,
        rangeParams({ ...range, asOf }),
      );
    const rows = await warehouse.query<{ player_id: number; team_abbr: string; roster_source: string }>(
      `SELECT player_id, team_abbr, roster_source FROM nba_analytics.upcoming_player_game_context WHERE slate = CAST(@slate AS DATE)`,
      { slate: TONIGHT },
    );
    return new Map(rows.map((row) => [row.player_id, `${row.team_abbr} ${row.roster_source}`]));
  };
  /** The rosters of all teams after the trade of 111 to LAL. */
  const traded = (observed: string, source?: string) =>
    TEAMS.map((team) => ({
      ...{ team, at: observed, ...(source === undefined ? {} : { source }) },
      ids:
        team === 'BOS'
          ? squad('BOS')
              .filter((id) => id !== TRADED)
              .concat(199)
          : team === 'LAL'
            ? [...squad('LAL'), TRADED]
            : squad(team),
    }));

  it('without any feed: the team of the last box score', async () => {
    const members = await expected({});
    expect(members.size).toBe(48);
    expect(new Set(members.values())).toEqual(new Set(TEAMS.map((team) => `${team} history_stand_in`)));
  });

  describe('a player traded since his last game', () => {
    it('is with the team whose roster had him before the cut-off, and with it alone', async () => {
      const members = await expected({ rosters: traded(at(YESTERDAY, '16:00')) });
      expect(members.get(TRADED)).toBe('LAL roster');
      expect(members.get(100)).toBe('BOS roster');
      expect(members.size).toBe(48);
    });

    it('is still with his old team when the roster was read after the cut-off, however soon', async () => {
      const members = await expected({ rosters: traded(at(TONIGHT, '18:01')) }, at(TONIGHT, '18:00'));
      expect(members.get(TRADED)).toBe('BOS history_stand_in');
    });

    it('is judged in a backfill by what was known fifteen minutes before tip-off', async () => {
      const members = await expected({ rosters: traded(at(TONIGHT, '18:46')) }, NO_AS_OF);
      expect(members.get(TRADED)).toBe('BOS history_stand_in');
    });

    it('is with his new team in a backfill when that was known by then', async () => {
      const members = await expected({ rosters: traded(at(TONIGHT, '18:45')) }, NO_AS_OF);
      expect(members.get(TRADED)).toBe('LAL roster');
    });

    it('is with his old team when the list is more than a week old', async () => {
      const members = await expected({ rosters: traded(at(DAYS[25] as string, '16:00')) });
      expect(members.get(TRADED)).toBe('BOS history_stand_in');
    });

    it('is where the report lists him, whatever the roster says', async () => {
      const members = await expected({
        rosters: traded(at(YESTERDAY, '16:00')),
        statuses: [{ id: TRADED, team: 'MIA', status: 'probable' }],
      });
      expect(members.get(TRADED)).toBe('MIA status_feed');
    });

    it('is where he played on the day of the list or since', async () => {
      const slate = DAYS[28] as string;
      const members = await expected({
        rosters: traded(at(slate, '09:00')),
        playedFor: { team: 'NYK', slate },
      });
      expect(members.get(TRADED)).toBe('NYK history_stand_in');
    });

    it('is left out when only a line in another game says that he has moved', async () => {
      const members = await expected({ quotes: [{ id: TRADED, home: 'LAL' }] });
      expect(members.has(TRADED)).toBe(false);
      expect(members.size).toBe(47);
    });

    it('is with the team of that game which the roster names', async () => {
      const members = await expected({
        rosters: traded(at(YESTERDAY, '16:00')),
        quotes: [{ id: TRADED, home: 'LAL' }],
      });
      expect(members.get(TRADED)).toBe('LAL roster');
    });

    it('is left out when a later line contradicts the roster', async () => {
      const rosters = [{ team: 'BOS', ids: squad('BOS'), at: at(YESTERDAY, '16:00') }];
      const later = await expected({ rosters, quotes: [{ id: TRADED, home: 'LAL' }] });
      expect(later.has(TRADED)).toBe(false);
    });

    it('is with the team of the roster when the line in another game is older', async () => {
      const rosters = [{ team: 'BOS', ids: squad('BOS'), at: at(TONIGHT, '16:00') }];
      const members = await expected({ rosters, quotes: [{ id: TRADED, home: 'LAL' }] });
      expect(members.get(TRADED)).toBe('BOS roster');
    });
  });

  describe('a player whom a whole roster does not name any more', () => {
    const waived = squad('BOS')
      .filter((id) => id !== TRADED)
      .concat(199);

    it('is not a member', async () => {
      const members = await expected({ rosters: [{ team: 'BOS', ids: waived, at: at(YESTERDAY, '16:00') }] });
      expect(members.has(TRADED)).toBe(false);
      expect(members.get(100)).toBe('BOS roster');
      expect(members.get(200)).toBe('NYK history_stand_in');
    });

    it('is one when the list is too short for a team', async () => {
      const short = waived.slice(0, 11);
      const members = await expected({ rosters: [{ team: 'BOS', ids: short, at: at(YESTERDAY, '16:00') }] });
      expect(members.get(TRADED)).toBe('BOS history_stand_in');
    });

    it('is one when a book quotes him in the game of the team', async () => {
      const members = await expected({
        rosters: [{ team: 'BOS', ids: waived, at: at(YESTERDAY, '16:00') }],
        quotes: [{ id: TRADED, home: 'BOS' }],
      });
      expect(members.get(TRADED)).toBe('BOS history_stand_in');
    });
  });

  describe('a player who was away for twenty games', () => {
    it('is expected when he is a regular of this season', async () => {
      expect((await expected({ missed: 20, minutes: 24 })).get(AWAY)).toBe('BOS history_stand_in');
    });

    it('is not when he hardly played', async () => {
      expect((await expected({ missed: 20, minutes: 6 })).has(AWAY)).toBe(false);
    });

    it('is with a line of any market in the game of his team', async () => {
      const quotes = [{ id: AWAY, home: 'BOS', market: 'assists' }];
      expect((await expected({ missed: 20, minutes: 6, quotes })).get(AWAY)).toBe('BOS line');
    });

    it('is not with a line in another game', async () => {
      const quotes = [{ id: AWAY, home: 'LAL', market: 'assists' }];
      expect((await expected({ missed: 20, minutes: 24, quotes })).has(AWAY)).toBe(false);
    });
  });
});
