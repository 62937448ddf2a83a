import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Slate } from '#core/calendar.ts';
import type { RowOf } from '#core/contracts/define.ts';
import { playerBoxScores, playerLines, rosterPlayers, scheduleGames } from '#core/contracts/nba_raw.ts';
import { players } from '#core/contracts/nba_reference.ts';
import { playerPropLinesProcessor } from '#pipeline/analytics/player-prop-lines.ts';
import { buildPlayerReference, scheduleReference } from '#pipeline/analytics/reference.ts';
import { HISTORY_FROM, NO_AS_OF, type Processor, rangeParams } from '#pipeline/processor.ts';
import type { Row, Warehouse } from '#platform/warehouse/port.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';
import { boxRow, lineRow, scheduleRow } from './rows.ts';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse();
});
afterAll(() => warehouse.close());
beforeEach(async () => {
  for (const table of ['nba_raw.schedule_games', 'nba_raw.player_box_scores', 'nba_raw.player_lines']) {
    await warehouse.execute(`DELETE FROM ${table} WHERE row_id IS NOT NULL`);
  }
});

async function run(processor: Processor, asOf: string = NO_AS_OF): Promise<void> {
  const [from, to] = [HISTORY_FROM as Slate, '9999-12-31' as Slate];
  await warehouse.replaceRange(
    processor.table,
    { column: 'slate', from, to },
    processor.select,
    rangeParams({ from, to, asOf }),
  );
}

describe('the effective schedule', () => {
  const games = async (): Promise<Row[]> => {
    await run(scheduleReference);
    return warehouse.query('SELECT * FROM nba_reference.schedule ORDER BY game_id');
  };

  it('moves a game to the date on which it was played, and remembers where it was published', async () => {
    await warehouse.append(scheduleGames, [
      scheduleRow({}),
      scheduleRow({ statement: 'played', slate: '2025-02-19', tipoff_at: null, status: 'final' }),
    ]);
    expect(await games()).toEqual([
      expect.objectContaining({
        slate: '2025-02-19',
        published_slate: '2025-01-10',
        was_moved: true,
        status: 'final',
        tipoff_source: 'estimated',
        tipoff_at: '2025-02-20T00:00:00.000Z',
      }),
    ]);
  });

  it('lets the newest statement of a feed overrule what was published', async () => {
    await warehouse.append(scheduleGames, [
      scheduleRow({}),
      scheduleRow({ statement: 'current', status: 'postponed', observed_at: '2025-01-09T12:00:00.000Z' }),
      scheduleRow({
        statement: 'current',
        slate: '2025-01-12',
        tipoff_at: '2025-01-12T20:00:00.000Z',
        observed_at: '2025-01-09T18:00:00.000Z',
      }),
    ]);
    expect(await games()).toEqual([
      expect.objectContaining({
        slate: '2025-01-12',
        status: 'scheduled',
        was_moved: true,
        tipoff_source: 'current',
        tipoff_at: '2025-01-12T20:00:00.000Z',
      }),
    ]);
  });

  it('takes tip-offs from lists without ids by date and pair, whichever team they call the home team', async () => {
    await warehouse.append(scheduleGames, [
      scheduleRow({ statement: 'played', tipoff_at: null, status: 'final' }),
      scheduleRow({
        game_id: null,
        source_game_key: 'list-7',
        home_abbr: 'NYK',
        away_abbr: 'BOS',
        tipoff_at: '2025-01-11T01:00:00.000Z',
      }),
    ]);
    expect(await games()).toEqual([
      expect.objectContaining({
        tipoff_source: 'published',
        tipoff_at: '2025-01-11T01:00:00.000Z',
        home_abbr: 'BOS',
      }),
    ]);
  });

  describe('with a second feed that has no ids', () => {
    const league = (observed_at: string) => scheduleRow({ statement: 'current', observed_at });
    const other = (status: string, observed_at: string) =>
      scheduleRow({
        game_id: null,
        source_game_key: '401',
        statement: 'current',
        status,
        observed_at,
        home_abbr: 'NYK',
        away_abbr: 'BOS',
      });
    const status = async (...rows: Parameters<typeof warehouse.append>[1][number][]) => {
      await warehouse.append(scheduleGames, rows);
      return (await games()).map((game) => game['status']);
    };

    it.each([
      ['takes its word when it spoke later than the league', '2025-01-10T12:00:00.000Z', 'postponed'],
      ['takes the word of the league when that spoke later', '2025-01-10T18:00:00.000Z', 'scheduled'],
    ])('%s', async (_what, leagueAt, expected) => {
      expect(await status(league(leagueAt), other('postponed', '2025-01-10T15:00:00.000Z'))).toEqual([
        expected,
      ]);
    });

    it('takes its word where the league has only published the game, and its newest one', async () => {
      const [early, late] = [
        other('live', '2025-01-11T01:00:00.000Z'),
        other('final', '2025-01-11T03:30:00.000Z'),
      ];
      expect(await status(scheduleRow({}), late, early)).toEqual(['final']);
    });

    it('does not take back what was played', async () => {
      const played = scheduleRow({ statement: 'played', tipoff_at: null, status: 'final' });
      expect(await status(played, other('live', '2025-01-12T00:00:00.000Z'))).toEqual(['final']);
    });
  });

  it('knows a game from its box score alone, also one that both teams played away', async () => {
    await warehouse.append(playerBoxScores, [
      boxRow({ is_home: false }),
      boxRow({
        is_home: false,
        player_id: 2,
        player_name: 'Bea Invented',
        team_abbr: 'NYK',
        opponent_abbr: 'BOS',
      }),
    ]);
    expect(await games()).toEqual([
      expect.objectContaining({
        game_id: '0022400801',
        status: 'final',
        home_abbr: 'BOS',
        away_abbr: 'NYK',
        is_counted: true,
      }),
    ]);
  });

  it('counts neither pre-season nor All-Star games', async () => {
    await warehouse.append(scheduleGames, [
      scheduleRow({ game_id: '0012400001', season_type: 'preseason' }),
      scheduleRow({ game_id: '0032400001', season_type: 'all_star' }),
      scheduleRow({ game_id: '0042400101', season_type: 'playoffs' }),
    ]);
    expect((await games()).map(({ season_type, is_counted }) => [season_type, is_counted])).toEqual([
      ['preseason', false],
      ['all_star', false],
      ['playoffs', true],
    ]);
  });

  const other = (changes: Partial<Parameters<typeof scheduleRow>[0]>) =>
    scheduleRow({ game_id: '0022400700', ...changes });
  it.each([
    ['the same game under another id', other({ statement: 'current' }), false],
    ['another game of one of them', other({ statement: 'current', away_abbr: 'LAL' }), false],
    ['one that was played', other({ statement: 'played', status: 'final' }), true],
    ['one that was called off', other({ statement: 'current', status: 'postponed' }), false],
  ])('counts one of two games of a team on a date: the published one and %s', async (_what, row, isOther) => {
    const third = scheduleRow({ game_id: '0022400900', home_abbr: 'DEN', away_abbr: 'MIA' });
    await warehouse.append(scheduleGames, [scheduleRow({}), row, third]);
    await games();
    const counted = await warehouse.query<{ game_id: string }>(
      'SELECT game_id FROM nba_reference.counted_games ORDER BY game_id',
    );
    expect(counted.map(({ game_id }) => game_id)).toEqual(
      isOther ? ['0022400700', '0022400900'] : ['0022400900', '0022400901'],
    );
  });
});

describe('prop lines', () => {
  const lines = async (quotes: readonly ReturnType<typeof lineRow>[], asOf?: string): Promise<Row[]> => {
    await warehouse.append(scheduleGames, [scheduleRow({})]);
    await warehouse.append(playerBoxScores, [
      boxRow({}),
      boxRow({ player_id: 2, player_name: 'Adam Coffer' }),
      boxRow({ player_id: 3, player_name: 'Avery Coffer', team_abbr: 'LAL', opponent_abbr: 'MIA' }),
      boxRow({ player_id: 4, player_name: 'Ben Twin', team_abbr: 'NYK', opponent_abbr: 'BOS' }),
      boxRow({ player_id: 5, player_name: 'Ben Twin Jr.', team_abbr: 'LAL', opponent_abbr: 'MIA' }),
      boxRow({ player_id: 6, player_name: 'Carl Pair' }),
      boxRow({ player_id: 7, player_name: 'Cole Pair', team_abbr: 'NYK', opponent_abbr: 'BOS' }),
      boxRow({ player_id: 8, player_name: 'Nic Claxton' }),
    ]);
    await warehouse.append(playerLines, quotes);
    await run(scheduleReference);
    await buildPlayerReference(warehouse);
    await run(playerPropLinesProcessor, asOf);
    return warehouse.query('SELECT * FROM nba_analytics.player_prop_lines ORDER BY player_lookup, bookmaker');
  };
  const resolved = async (
    name: string,
    changes: Parameters<typeof lineRow>[0] = {},
  ): Promise<(string | number | boolean | null | undefined)[]> => {
    const [row] = await lines([lineRow({ player_name: name, ...changes })]);
    return [row?.['player_id'], row?.['resolution']];
  };

  it.each([
    ['a whole name', 'Ann Invented', 1, 'resolved'],
    ['an alias', 'Nicolas Claxton', 8, 'resolved'],
    ['an initial, by the team on that date', 'A. Coffer', 2, 'resolved'],
    ['a name that two players share, by the team', 'Ben Twin', 4, 'resolved'],
    ['an initial that fits one player of each team', 'C. Pair', null, 'ambiguous_player'],
    ['nobody', 'Zoe Nobody', null, 'unknown_player'],
  ])('resolve %s', async (_what, name, id, resolution) => {
    expect(await resolved(name)).toEqual([id, resolution]);
  });

  it('say so when no such game is scheduled', async () => {
    expect(await resolved('Ann Invented', { home_abbr: 'MIA', away_abbr: 'ORL' })).toEqual([
      1,
      'unknown_game',
    ]);
  });

  it('resolve with the teams the other way round', async () => {
    const [row] = await lines([lineRow({ home_abbr: 'NYK', away_abbr: 'BOS' })]);
    expect(row).toMatchObject({ game_id: '0022400901', resolution: 'resolved' });
  });

  it('take the newest quote at or before the cut-off, never a later one', async () => {
    const [row] = await lines([
      lineRow({ line: '10.5', snapshot_at: '2025-01-10T15:00:00.000Z' }),
      lineRow({ line: '11.5', snapshot_at: '2025-01-11T00:30:00.000Z' }),
      lineRow({ line: '12.5', snapshot_at: '2025-01-11T00:30:00.001Z' }),
    ]);
    expect(row).toMatchObject({ line: '11.5', opening_line: '10.5', cutoff_at: '2025-01-11T00:30:00.000Z' });
  });

  it('take nothing said after the present', async () => {
    const rows = await lines(
      [
        lineRow({ line: '10.5', snapshot_at: '2025-01-10T15:00:00.000Z' }),
        lineRow({ line: '11.5', snapshot_at: '2025-01-10T21:00:00.000Z' }),
      ],
      '2025-01-10T17:00:00.000Z',
    );
    expect(rows).toEqual([expect.objectContaining({ line: '10.5', cutoff_at: '2025-01-10T17:00:00.000Z' })]);
  });

  it.each([
    ['the day before', '2025-01-09', 1],
    ['the day itself', '2025-01-10', 1],
    ['the day after', '2025-01-11', 0],
  ])('of a file dated %s count %s: %i', async (_what, fileDate, count) => {
    const rows = await lines([
      lineRow({ snapshot_at: null, snapshot_quality: 'file_date', file_date: fileDate }),
    ]);
    expect(rows).toHaveLength(count);
  });

  it('join two sides of one quote, and leave alternates out', async () => {
    const rows = await lines([
      lineRow({ side: 'over', under_price: null, over_price: 105 }),
      lineRow({ side: 'under', over_price: null, under_price: -125 }),
      lineRow({ line: '20.5', is_alternate: true, over_price: 400, under_price: null }),
    ]);
    expect(rows).toEqual([expect.objectContaining({ line: '10.5', over_price: 105, under_price: -125 })]);
  });

  it('keep 24.5 and 25 apart, exactly', async () => {
    const rows = await lines([
      lineRow({ bookmaker: 'a', line: '24.5' }),
      lineRow({ bookmaker: 'b', line: '25' }),
    ]);
    expect(rows.map(({ line }) => line)).toEqual(['24.5', '25']);
  });
});

describe('the bridge from names to ids', () => {
  it('has a rookie before his first game, and the name of the box score for everybody else', async () => {
    await warehouse.append(playerBoxScores, [
      boxRow({ player_id: 71, player_name: 'Ann Invented', slate: '2025-01-02' }),
    ]);
    const listed = (player_id: number, player_name: string, is_on_roster = true) => ({
      player_id,
      player_name,
      player_lookup: player_name.toLowerCase().replace(' ', ''),
      is_on_roster,
      observed_at: '2025-01-11T03:00:00.000Z',
      source: 'test',
      source_file: 'list.json',
      row_id: `list-${player_id}`,
      ingested_at: '2025-01-11T03:01:00.000Z',
    });
    await warehouse.append(rosterPlayers, [
      listed(71, 'Annabel Invented'),
      listed(72, 'Rook Unplayed'),
      listed(73, 'Gone Away', false),
    ]);
    await buildPlayerReference(warehouse);
    expect(
      await warehouse.query(
        'SELECT player_id, player_name, first_slate, last_slate FROM nba_reference.players ORDER BY player_id',
      ),
    ).toEqual([
      { player_id: 71, player_name: 'Ann Invented', first_slate: '2025-01-02', last_slate: '2025-01-02' },
      // Ten in the evening in New York.
      { player_id: 72, player_name: 'Rook Unplayed', first_slate: '2025-01-10', last_slate: '2025-01-10' },
    ]);
    await warehouse.execute('DELETE FROM nba_raw.roster_players WHERE row_id IS NOT NULL');
  });

  it('writes again whoever differs, is gone or stands there twice, and touches nobody else', async () => {
    const named = (player_id: number, player_name: string) =>
      boxRow({ player_id, player_name, slate: '2025-01-02', row_id: `box-${player_id}` });
    await warehouse.append(playerBoxScores, [
      named(81, 'Al Same'),
      named(82, 'Bo Before'),
      named(83, 'Cy Twice'),
    ]);
    await buildPlayerReference(warehouse);
    const changes: string[] = [];
    const watched: Warehouse = {
      ...warehouse,
      execute: async (sql, params) => {
        changes.push(`${sql.split(' ')[0]} ${JSON.stringify(params?.['outdated'])}`);
        return warehouse.execute(sql, params);
      },
      append: async (table, rows, into) => {
        changes.push(`append ${rows.map((row) => row['player_name']).join(', ')}`);
        return warehouse.append(table, rows, into);
      },
    };
    await warehouse.execute("UPDATE nba_reference.players SET player_name = 'Bo Other' WHERE player_id = 82");
    const [twice] = await warehouse.query<RowOf<typeof players>>(
      'SELECT * FROM nba_reference.players WHERE player_id = 83',
    );
    await warehouse.append(players, [twice, { ...twice, player_id: 84 }] as RowOf<typeof players>[]);
    await buildPlayerReference(watched);
    expect(changes).toEqual(['DELETE [82,83,84]', 'append Bo Before, Cy Twice']);
    expect(await warehouse.query('SELECT player_name FROM nba_reference.players ORDER BY player_id')).toEqual(
      ['Al Same', 'Bo Before', 'Cy Twice'].map((player_name) => ({ player_name })),
    );
    changes.length = 0;
    await buildPlayerReference(watched);
    expect(changes).toEqual(['append ']);
  });
});
