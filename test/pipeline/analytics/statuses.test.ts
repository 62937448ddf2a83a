import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { availabilityReports, injuryReports, teamStatements } from '#core/contracts/nba_raw.ts';
import { playerAliases, players } from '#core/contracts/nba_reference.ts';
import { statusesSql } from '#pipeline/analytics/statuses.ts';

import type { Row, Warehouse } from '#platform/warehouse/port.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

const SLATE = '2025-01-10';
/** A time of the day, or of another one: "2025-01-09T23:30". */
const at = (time: string): string =>
  new Date(`${time.includes('T') ? time : `${SLATE}T${time}`}:00-05:00`).toISOString();
const LEAGUE = 'injury_report_pdf';

interface Said {
  readonly team: string;
  readonly player: string;
  readonly status: string;
  readonly from: string;
  readonly to?: string;
  readonly source?: string;
}

/** What the feeds have said: players ("a1" plays for AAA, "b1" for BBB), whole lists, and reports with nothing to say. */
interface Feeds {
  readonly players?: readonly Said[];
  readonly lists?: readonly { team: string; statement: string; from: string; to?: string }[];
  readonly reports?: readonly string[];
}

describe('statuses at a cut-off', () => {
  let warehouse: Warehouse;
  let rows = 0;
  const provenance = (source: string) => ({
    source,
    source_file: 'test',
    source_line: null,
    row_id: `row ${++rows}`,
    ingested_at: at('23:00'),
  });
  beforeAll(async () => {
    warehouse = await openWarehouse();
    await warehouse.prepare([availabilityReports, injuryReports, teamStatements, players, playerAliases]);
    await warehouse.append(
      players,
      [1, 2, 3].map((player_id) => ({
        player_id,
        player_name: `a${player_id}`,
        player_lookup: `a${player_id}`,
        last_lookup: null,
        first_slate: '2024-10-22',
        last_slate: '2025-01-08',
      })),
    );
  });
  afterAll(() => warehouse.close());

  /** What is known of the game of AAA and BBB at a time of the day. */
  const known = async (feeds: Feeds, time: string): Promise<{ lists: string; statuses: string[] }> => {
    for (const table of ['availability_reports', 'injury_reports', 'team_statements'])
      await warehouse.execute(`DELETE FROM nba_raw.${table} WHERE row_id IS NOT NULL`);
    await warehouse.append(
      injuryReports,
      (feeds.players ?? []).map(({ team, player, status, from, to, source = LEAGUE }) => ({
        report_at: at(from),
        last_report_at: to === undefined ? null : at(to),
        slate: SLATE,
        team_abbr: team,
        opponent_abbr: null,
        player_id: null,
        player_name: player,
        player_lookup: player,
        status,
        reason: null,
        status_printed: null,
        noted_at: null,
        provider_player_id: null,
        ...provenance(source),
      })),
    );
    await warehouse.append(
      teamStatements,
      (feeds.lists ?? []).map(({ team, statement, from, to }) => ({
        report_at: at(from),
        last_report_at: to === undefined ? null : at(to),
        slate: SLATE,
        team_abbr: team,
        opponent_abbr: null,
        statement,
        ...provenance(LEAGUE),
      })),
    );
    await warehouse.append(
      availabilityReports,
      (feeds.reports ?? []).map((report) => ({
        report_at: at(report),
        label_at: null,
        made_at: null,
        pages: null,
        player_statements: 0,
        team_statements: 0,
        ...provenance(LEAGUE),
      })),
    );
    const ctes = `WITH looks AS (
      SELECT slate, 'game' AS game_id, team_abbr, looked_at
      FROM (SELECT CAST(@slate AS DATE) AS slate, CAST(@looked_at AS TIMESTAMP) AS looked_at) AS look
      CROSS JOIN (SELECT 'AAA' AS team_abbr UNION ALL SELECT 'BBB') AS teams
    ), ${statusesSql('looks', 'CAST(@slate AS DATE)')}`;
    const params = { slate: SLATE, to: SLATE, looked_at: at(time) };
    const lists = await warehouse.query<Row>(`${ctes} SELECT list FROM lists ORDER BY team_abbr`, params);
    const statuses = await warehouse.query<Row>(
      `${ctes} SELECT player_name || ' ' || status AS said FROM statuses ORDER BY said`,
      params,
    );
    return {
      lists: lists.map(({ list }) => String(list)).join(' / '),
      statuses: statuses.map(({ said }) => String(said)),
    };
  };
  const a1 = { team: 'AAA', player: 'a1' };
  const b2 = { team: 'BBB', player: 'a2', status: 'questionable' };

  it('are those of the newest report before it', async () => {
    const feeds: Feeds = {
      players: [
        { ...a1, status: 'questionable', from: '17:30' },
        { ...a1, status: 'out', from: '18:30' },
        { ...b2, from: '17:30' },
        { ...b2, status: 'available', from: '18:30' },
      ],
    };
    expect(await known(feeds, '18:29')).toEqual({
      lists: 'submitted / submitted',
      statuses: ['a1 questionable', 'a2 questionable'],
    });
    expect((await known(feeds, '18:30')).statuses).toEqual(['a1 out', 'a2 available']);
    expect(await known(feeds, '17:29')).toEqual({ lists: 'none / none', statuses: [] });
  });

  it('hold as long as the newest report makes them, and an "out" beyond it', async () => {
    const spans: Feeds = {
      players: [
        { ...a1, status: 'out', from: '13:30', to: '16:30' },
        { ...b2, from: '13:30', to: '16:30' },
        { team: 'AAA', player: 'a3', status: 'probable', from: '13:30', to: '18:30' },
      ],
      reports: ['13:30', '14:30', '15:30', '16:30', '17:30', '18:30'],
    };
    expect((await known(spans, '16:45')).statuses).toEqual(['a1 out', 'a2 questionable', 'a3 probable']);
    // Two have vanished from the list: one of them was out, of the other nothing is known to be wrong any more.
    expect(await known(spans, '17:45')).toEqual({
      lists: 'submitted / submitted',
      statuses: ['a1 out', 'a3 probable'],
    });
  });

  it('say nothing once the newest report is older than three hours, but for an "out"', async () => {
    const feeds: Feeds = {
      players: [
        { ...a1, status: 'out', from: '15:30' },
        { ...b2, from: '15:30' },
      ],
    };
    expect(await known(feeds, '18:30')).toEqual({
      lists: 'submitted / submitted',
      statuses: ['a1 out', 'a2 questionable'],
    });
    expect(await known(feeds, '18:31')).toEqual({ lists: 'none / none', statuses: ['a1 out'] });
  });

  it('of before midnight hold after it, for the same three hours', async () => {
    const eve = { from: '2025-01-09T23:30' };
    const feeds: Feeds = {
      players: [
        { ...a1, status: 'out', ...eve },
        { ...b2, ...eve },
      ],
    };
    for (const time of ['2025-01-09T23:30', '00:00', '00:30', '02:30'])
      expect(await known(feeds, time), time).toEqual({
        lists: 'submitted / submitted',
        statuses: ['a1 out', 'a2 questionable'],
      });
    expect(await known(feeds, '02:31')).toEqual({ lists: 'none / none', statuses: ['a1 out'] });
    // Three hours after this one it is midnight exactly.
    const early: Feeds = { players: [{ ...b2, from: '2025-01-09T21:00' }] };
    expect((await known(early, '00:00')).lists).toBe('submitted / submitted');
    expect((await known(early, '00:01')).lists).toBe('none / none');
  });

  it('know a list that was not submitted from one that names nobody', async () => {
    const pending = { team: 'AAA', statement: 'not_yet_submitted', from: '11:30', to: '12:30' };
    const feeds: Feeds = {
      players: [{ ...b2, from: '11:30', to: '13:30' }],
      lists: [pending],
      reports: ['13:30'],
    };
    expect(await known(feeds, '12:00')).toEqual({
      lists: 'not_yet_submitted / submitted',
      statuses: ['a2 questionable'],
    });
    expect((await known(feeds, '14:00')).lists).toBe('submitted / submitted');
    // A report that speaks of other games only says nothing of this one.
    expect((await known({ reports: ['13:30'] }, '14:00')).lists).toBe('none / none');
  });

  it('of a second feed count only while the league has no list of the team', async () => {
    const espn = {
      team: 'AAA',
      player: 'a3',
      status: 'questionable',
      from: '11:45',
      source: 'espn_injuries_json',
    };
    const league: Feeds['players'] = [{ ...b2, from: '11:30' }];
    const pending = [{ team: 'AAA', statement: 'not_yet_submitted', from: '11:30' }];
    expect((await known({ players: [...league, espn], lists: pending }, '12:00')).statuses).toEqual([
      'a2 questionable',
      'a3 questionable',
    ]);
    expect((await known({ players: [...league, espn] }, '12:00')).statuses).toEqual(['a2 questionable']);
    expect(await known({ players: [espn] }, '12:00')).toEqual({
      lists: 'none / none',
      statuses: ['a3 questionable'],
    });
  });
});
