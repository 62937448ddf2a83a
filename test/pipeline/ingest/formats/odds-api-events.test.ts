import { describe, expect, it } from 'vitest';
import { oddsApiEvents } from '#pipeline/ingest/formats/odds-api.ts';
import { jsonFile, outcome } from './fixtures.ts';

const side = (name: string, price: unknown, point: unknown = 21.5, description = 'Toven Obrand') => ({
  name,
  description,
  price,
  point,
});
const event = (outcomes: readonly unknown[], market: object = {}, changes: object = {}) => ({
  id: 'ev1',
  sport_key: 'basketball_nba',
  commence_time: '2025-01-11T00:40:00Z',
  home_team: 'Boston Celtics',
  away_team: 'Los Angeles Clippers',
  bookmakers: [
    {
      key: 'draftkings',
      markets: [{ key: 'player_points', last_update: '2025-01-10T22:15:30Z', outcomes, ...market }],
    },
  ],
  ...changes,
});
const parse = async (payload: unknown) => oddsApiEvents.parse(jsonFile('odds.json', payload));

describe('odds of The Odds API', () => {
  it('joins over and under of a player and point, in any order, into one quote with the time of the market', async () => {
    const parsed = await parse(event([side('Under', 100), side('Over', -130)]));
    expect(outcome(parsed)).toEqual({ read: 1, rows: 1, duplicates: 0, rejected: [] });
    expect(parsed.rows[0]?.record).toMatchObject({
      market: 'points',
      bookmaker: 'draftkings',
      slate: '2025-01-10',
      home_abbr: 'BOS',
      away_abbr: 'LAC',
      side: 'both',
      line: '21.5',
      over_price: -130,
      under_price: 100,
      is_alternate: false,
      snapshot_at: '2025-01-10T22:15:30.000Z',
      snapshot_quality: 'exact',
    });
  });

  it('reads one event, a list of them and the envelope of the archive alike', async () => {
    const one = event([side('Over', -110)]);
    const records = await Promise.all(
      [one, [one], { timestamp: '2025-01-10T22:20:00Z', data: one }].map(parse),
    );
    for (const { rows } of records) expect(rows).toEqual(records[0]?.rows);
    expect(records[0]?.rows[0]?.record).toMatchObject({ side: 'over', under_price: null });
  });

  it.each([
    ['player_rebounds', 'rebounds', false],
    ['player_assists', 'assists', false],
    ['player_points_rebounds_assists', 'pra', false],
    ['player_threes', 'threes', false],
    ['player_points_alternate', 'points', true],
  ])('loads %s as %s', async (key, market, isAlternate) => {
    const { rows } = await parse(event([side('Over', -110)], { key }));
    expect(rows[0]?.record).toMatchObject({ market, is_alternate: isAlternate });
  });

  it('takes the most even rung of a ladder for the main line and the others for alternates', async () => {
    const { rows } = await parse(
      event([
        ...[side('Over', -400, 17.5), side('Under', 300, 17.5)],
        ...[side('Over', -115, 20.5), side('Under', -105, 20.5)],
        ...[side('Over', 450, 29.5)],
        ...[side('Over', -110, 8.5, 'Ilko Maren'), side('Under', -110, 8.5, 'Ilko Maren')],
      ]),
    );
    expect(rows.map(({ record }) => [record['line'], record['is_alternate']])).toEqual([
      ['17.5', true],
      ['20.5', false],
      ['29.5', true],
      ['8.5', false],
    ]);
  });

  it('marks a placeholder price as an alternate', async () => {
    const { rows } = await parse(event([side('Over', -100_000), side('Under', -100_000)]));
    expect(rows[0]?.record['is_alternate']).toBe(true);
  });

  it('counts a repeated outcome as a duplicate and refuses to choose between two prices', async () => {
    const parsed = await parse(
      event([side('Over', -110), side('Under', -110), side('Over', -110), side('Under', -125)]),
    );
    expect(outcome(parsed)).toEqual({
      read: 3,
      rows: 1,
      duplicates: 1,
      rejected: ['impossible_value outcomes'],
    });
  });

  it.each([
    ['an outcome that is neither side', event([side('Yes', -110)]), 'impossible_value outcomes'],
    ['no price', event([side('Over', null)]), 'missing_field price'],
    ['a price that is none', event([side('Over', 1.91)]), 'bad_price price'],
    ['no point', event([side('Over', -110, null)]), 'missing_field point'],
    ['no player', event([side('Over', -110, 21.5, '')]), 'no_player description'],
    ['another market', event([side('Over', -110)], { key: 'player_dunks' }), 'unknown_market market'],
    [
      'no time of the quote',
      event([side('Over', -110)], { last_update: undefined }),
      'missing_field last_update',
    ],
    [
      'another league',
      event([side('Over', -110)], {}, { sport_key: 'basketball_wnba' }),
      'unknown_game sport_key',
    ],
    [
      'a team that has a new name',
      event([side('Over', -110)], {}, { home_team: 'Boston Bees' }),
      'unknown_opponent home_team',
    ],
    [
      'teams of no league',
      event([side('Over', -110)], {}, { home_team: 'Team Bee', away_team: 'Team Wasp' }),
      'unknown_team home_team',
    ],
    [
      'a start that does not exist',
      event([side('Over', -110)], {}, { commence_time: '2025-02-30T00:00:00Z' }),
      'impossible_date commence_time',
    ],
  ])('rejects %s', async (_what, payload, reason) => {
    expect(outcome(await parse(payload))).toEqual({ read: 1, rows: 0, duplicates: 0, rejected: [reason] });
  });

  it('has no units where no book quotes', async () => {
    expect(outcome(await parse(event([], {}, { bookmakers: [] })))).toEqual({
      read: 0,
      rows: 0,
      duplicates: 0,
      rejected: [],
    });
  });

  it.each([
    ['truncated JSON', new TextEncoder().encode('[{"sport_key": "basketball_nba", "bookmakers": [')],
    ['an empty file', new Uint8Array()],
    ['an event without bookmakers', new TextEncoder().encode('[{"id": "ev1"}]')],
  ])('refuses %s as a whole', (_what, bytes) => {
    expect(() => oddsApiEvents.parse({ path: 'odds.json', bytes })).toThrow(
      expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }),
    );
  });
});
