import { describe, expect, it } from 'vitest';
import { injuryReportJson } from '#pipeline/ingest/formats/injury-reports.ts';
import { jsonFile, outcome } from './fixtures.ts';

type Item = readonly [number, number, string];
const HEADING: Item = [270, 550, 'Injury Report: 01/10/25 05:30 PM'];
const titles = (...names: string[]): Item[] => names.map((name, index): Item => [index * 100, 510, name]);
const CURRENT = ['Game Date', 'Game Time', 'Matchup', 'Team', 'Player Name', 'Current Status', 'Reason'];
const GAME: Item[] = [
  [0, 490, '01/10/2025'],
  [100, 490, '07:30 (ET)'],
  [200, 490, 'UTA@BOS'],
  [300, 490, 'Boston Celtics'],
];
const parse = async (...pages: Item[][]) => injuryReportJson.parse(jsonFile('report.json', { pages }));
const page = (...items: Item[]): Item[] => [HEADING, ...titles(...CURRENT), ...items];
const ofTable = ({ rows }: Awaited<ReturnType<typeof parse>>, name: string) =>
  rows.filter(({ table }) => table.name === name).map(({ record }) => record);
const brief = (parsed: Awaited<ReturnType<typeof parse>>) =>
  ofTable(parsed, 'injury_reports').map((record) => [
    record['team_abbr'],
    record['opponent_abbr'],
    record['player_name'],
    record['status'],
    record['reason'],
  ]);

describe('the official injury report', () => {
  it('reads a statement with the time of the report in Eastern time', async () => {
    const parsed = await parse(
      page(
        ...GAME,
        [400, 490, 'Obrand Jr., Toven'],
        [500, 490, 'Questionable'],
        [600, 490, 'Injury/Illness - Left Knee; Soreness'],
      ),
    );
    expect(outcome(parsed)).toEqual({ read: 2, rows: 2, duplicates: 0, rejected: [] });
    expect(ofTable(parsed, 'injury_reports')).toEqual([
      {
        report_at: '2025-01-10T22:30:00.000Z',
        last_report_at: null,
        slate: '2025-01-10',
        team_abbr: 'BOS',
        opponent_abbr: 'UTA',
        player_id: null,
        player_name: 'Toven Obrand Jr.',
        player_lookup: 'tovenobrand',
        status: 'questionable',
        reason: 'Injury/Illness - Left Knee; Soreness',
        status_printed: null,
        noted_at: null,
        provider_player_id: null,
      },
    ]);
  });

  it.each([
    ['12:15 AM', '2025-01-10T05:15:00.000Z'],
    ['12:15 PM', '2025-01-10T17:15:00.000Z'],
    ['01:30 PM', '2025-01-10T18:30:00.000Z'],
  ])('reads %s as a time of the day', async (time, instant) => {
    const parsed = await parse([
      [0, 550, `Injury Report: 01/10/25 ${time}`],
      ...titles(...CURRENT),
      ...GAME,
      [400, 490, 'Obrand, Toven'],
      [500, 490, 'Out'],
    ]);
    expect(ofTable(parsed, 'injury_reports')).toEqual([
      expect.objectContaining({ report_at: instant, reason: null }),
    ]);
  });

  it('joins cells that are wrapped around their row, names and teams included, and holds game and team until the next', async () => {
    const parsed = await parse(
      page(
        ...GAME.slice(0, 3),
        ...([
          [300, 494, 'Portland Trail'],
          [300, 486, 'Blazers'],
          [600, 497, 'Injury/Illness - Right'],
          [600, 490, 'Great Toe;'],
          [600, 483, 'Sprain'],
          [400, 490, 'Obrand, Toven'],
          [500, 490, 'Out'],
          [400, 458, 'Maren-Castellanos,'],
          [400, 450, 'Ilko'],
          [500, 454, 'Doubtful'],
          [600, 454, 'Rest'],
        ] as const),
      ).map(([x, y, text]): Item => [x, y, text === 'UTA@BOS' ? 'POR@BOS' : text]),
    );
    expect(brief(parsed)).toEqual([
      ['POR', 'BOS', 'Toven Obrand', 'out', 'Injury/Illness - Right Great Toe; Sprain'],
      ['POR', 'BOS', 'Ilko Maren-Castellanos', 'doubtful', 'Rest'],
    ]);
  });

  it('goes on over pages, with or without titles of their own', async () => {
    const parsed = await parse(
      page(...GAME, [400, 490, 'Obrand, Toven'], [500, 490, 'Out']),
      [
        HEADING,
        [400, 520, 'Maren, Ilko'],
        [500, 520, 'Available'],
        [300, 480, 'Utah Jazz'],
        [400, 480, 'Veld, Oro'],
        [500, 480, 'Probable'],
      ],
      page([400, 490, 'Sund, Pelle'], [500, 490, 'Out']),
    );
    expect(brief(parsed).map((row) => row.slice(0, 4))).toEqual([
      ['BOS', 'UTA', 'Toven Obrand', 'out'],
      ['BOS', 'UTA', 'Ilko Maren', 'available'],
      ['UTA', 'BOS', 'Oro Veld', 'probable'],
      ['UTA', 'BOS', 'Pelle Sund', 'out'],
    ]);
  });

  it.each([
    [
      'category first',
      ['Category', 'Reason', 'Current Status', 'Previous Status'],
      ['Injury/Illness', 'Left thumb sprain', 'Out', 'Probable'],
      'Injury/Illness - Left thumb sprain',
    ],
    ['reason first', ['Reason', 'Current Status', 'Previous Status'], ['Rest', 'Out', '-'], 'Rest'],
    [
      'status and its predecessor',
      ['Current Status', 'Reason', 'Previous Status'],
      ['Out', 'Rest', 'Available'],
      'Rest',
    ],
    [
      'history of status and reason',
      ['Current Status', 'Reason', 'Previous Status', 'Previous Reason'],
      ['Out', 'Rest', 'Probable', 'Ankle'],
      'Rest',
    ],
  ])('reads the layout with %s', async (_what, columns, cells, reason) => {
    const parsed = await parse([
      HEADING,
      ...titles('Game Date', 'Game Time', 'Matchup', 'Team', 'Player Name', ...columns),
      ...GAME,
      [400, 490, 'Obrand, Toven'],
      ...cells.map((cell, index): Item => [500 + index * 100, 490, cell]),
    ]);
    expect(brief(parsed)).toEqual([['BOS', 'UTA', 'Toven Obrand', 'out', reason]]);
  });

  it('keeps what it says about whole teams as statements of their own, and gives the players beside it to the right team', async () => {
    const parsed = await parse(
      page(
        ...GAME,
        [600, 490, 'NOT YET SUBMITTED'],
        [300, 472, 'Utah Jazz'],
        [600, 472, 'ALL PLAYERS AVAILABLE'],
        [200, 450, 'MIN@OKC'],
        [300, 450, 'Minnesota Timberwolves'],
        [400, 450, 'Veld, Oro'],
        [500, 450, 'Out'],
      ),
    );
    expect(outcome(parsed)).toEqual({ read: 4, rows: 4, duplicates: 0, rejected: [] });
    expect(
      ofTable(parsed, 'team_statements').map((record) => [
        record['team_abbr'],
        record['opponent_abbr'],
        record['statement'],
      ]),
    ).toEqual([
      ['BOS', 'UTA', 'not_yet_submitted'],
      ['UTA', 'BOS', 'all_available'],
    ]);
    expect(brief(parsed).map((row) => row.slice(0, 3))).toEqual([['MIN', 'OKC', 'Oro Veld']]);
  });

  const player: Item = [400, 490, 'Obrand, Toven'];
  const out: Item = [500, 490, 'Out'];
  it.each([
    ['a name without a status', [...GAME, player], 'missing_field current_status'],
    ['a status without a name', [...GAME, out], 'no_player player_name'],
    [
      'a status that is none',
      [...GAME, player, [500, 490, 'Game Time Decision'] as Item],
      'bad_status current_status',
    ],
    ['no game date', [...GAME.slice(2), player, out], 'missing_field game_date'],
    [
      'a game date that does not exist',
      [[0, 490, '02/30/2025'] as Item, ...GAME.slice(1), player, out],
      'impossible_date game_date',
    ],
    ['no team', [...GAME.slice(0, 3), player, out], 'missing_field team'],
    [
      'an unknown team',
      [...GAME.slice(0, 3), [300, 490, 'Boston Bees'] as Item, player, out],
      'unknown_team team',
    ],
    [
      'a team of another game',
      [...GAME.slice(0, 3), [300, 490, 'Miami Heat'] as Item, player, out],
      'impossible_value team',
    ],
    [
      'a matchup that is none',
      [...GAME.slice(0, 2), [200, 490, 'UTA-BOS'] as Item, ...GAME.slice(3), player, out],
      'unknown_team matchup',
    ],
  ])('rejects %s', async (_what, items, reason) => {
    expect(outcome(await parse(page(...items))).rejected).toEqual([reason]);
  });

  it.each([
    ['a report without a heading', [[...titles(...CURRENT), player, out]]],
    [
      'a heading with a date that does not exist',
      [[[0, 550, 'Injury Report: 13/40/25 05:30 PM'], ...titles(...CURRENT), player, out]],
    ],
    ['a report without titles', [[HEADING, player, out]]],
    ['no pages', []],
  ])('refuses %s', (_what, pages) => {
    expect(() => injuryReportJson.parse(jsonFile('report.json', { pages }))).toThrow(
      expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }),
    );
  });
});
