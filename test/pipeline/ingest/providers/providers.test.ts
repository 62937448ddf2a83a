import { describe, expect, it } from 'vitest';
import { parseSlate } from '#core/calendar.ts';
import type { InputFile } from '#pipeline/ingest/format.ts';
import { MARKET_AND_PAYLOAD_FORMATS } from '#pipeline/ingest/formats/formats.ts';
import { ODDS_API_MARKETS } from '#pipeline/ingest/formats/lines-csv.ts';
import { fetchHttp } from '#pipeline/ingest/providers/http.ts';
import { nbaBoxScores, nbaSchedule } from '#pipeline/ingest/providers/nba.ts';
import { oddsApiProps } from '#pipeline/ingest/providers/odds-api.ts';
import { virtualClock } from '#platform/clock.ts';
import { liveGame } from '#test/pipeline/ingest/formats/fixtures.ts';
import { loopback, type Scripted } from './loopback.ts';

const KEY = 'hush';
const NOW = '2025-01-10T22:00:00Z';
const SLATE = parseSlate('2025-01-10');
const EVENTS = [
  { id: 'late', commence_time: '2025-01-11T03:10:00Z' },
  { id: 'early', commence_time: '2025-01-11T00:10:00Z' },
  { id: 'tomorrow', commence_time: '2025-01-12T00:10:00Z' },
  { id: 'started', commence_time: '2025-01-10T21:40:00Z' },
];
const odds = (id: string) => ({
  id,
  sport_key: 'basketball_nba',
  commence_time: '2025-01-11T00:10:00Z',
  home_team: 'Boston Celtics',
  away_team: 'Utah Jazz',
  bookmakers: [
    {
      key: 'draftkings',
      markets: [
        {
          key: 'player_points',
          last_update: '2025-01-10T21:59:00Z',
          outcomes: [
            { name: 'Over', description: 'Toven Obrand', price: -115, point: 21.5 },
            { name: 'Under', description: 'Toven Obrand', price: -105, point: 21.5 },
          ],
        },
      ],
    },
  ],
});

async function parse(file: InputFile | undefined) {
  if (file === undefined) throw new Error('no file');
  const head = new TextDecoder().decode(file.bytes.subarray(0, 65_536));
  const format = MARKET_AND_PAYLOAD_FORMATS.find((candidate) => candidate.recognise(file.path, head));
  return { format: format?.id, parsed: await format?.parse(file) };
}

async function oddsProvider(answer: (path: string, request: number) => Scripted) {
  const server = await loopback(answer);
  const clock = virtualClock(NOW);
  const provider = oddsApiProps({ http: fetchHttp({ clock }), key: KEY, clock, baseUrl: server.url });
  return { server, provider };
}

const answerAll = (path: string): Scripted => {
  const event = /events\/(\w+)\/odds/.exec(path)?.[1];
  const left = event === undefined ? '500' : event === 'early' ? '494' : '488';
  return {
    headers: {
      'x-requests-remaining': left,
      'x-requests-used': '12',
      'x-requests-last': event === undefined ? '0' : '22',
    },
    body: JSON.stringify(event === undefined ? EVENTS : odds(event)),
  };
};

describe('The Odds API', () => {
  it('asks for the events of the slate that have not started, earliest first, and reports the quota left', async () => {
    const { server, provider } = await oddsProvider(answerAll);
    const { files, startedEvents, quota } = await provider.props(SLATE);
    expect(files.map(({ path }) => path)).toEqual([
      `${server.url}/v4/sports/basketball_nba/events/early/odds`,
      `${server.url}/v4/sports/basketball_nba/events/late/odds`,
    ]);
    expect(startedEvents).toEqual(['started']);
    expect(quota).toEqual({ remaining: 488, used: 12, spent: 44 });
    const [list, first] = server.requests.map((request) => new URL(request, server.url));
    expect([list?.pathname, list?.search]).toEqual(['/v4/sports/basketball_nba/events', `?apiKey=${KEY}`]);
    expect(Object.fromEntries(first?.searchParams ?? [])).toEqual({
      apiKey: KEY,
      regions: 'us,us_dfs',
      markets: ODDS_API_MARKETS.join(','),
      oddsFormat: 'american',
    });
  });

  it('returns files the recorded payload’s format reads', async () => {
    const { provider } = await oddsProvider(answerAll);
    const { files } = await provider.props(SLATE);
    const { format, parsed } = await parse(files[0]);
    expect(format).toBe('odds_api_events_json');
    expect(parsed?.rows[0]?.record).toMatchObject({
      event_id: 'early',
      line: '21.5',
      over_price: -115,
      under_price: -105,
    });
  });

  it('has no files on a day without events', async () => {
    const { provider } = await oddsProvider(() => ({ body: '[]' }));
    expect(await provider.props(SLATE)).toEqual({
      listed: [],
      files: [],
      startedEvents: [],
      failedEvents: [],
      quota: { remaining: null, used: null, spent: 0 },
    });
  });

  it('asks for no event between strangers to the league, and for one with a team that it knows', async () => {
    const named = (id: string, home_team: string, away_team: string) => ({
      ...EVENTS[0],
      id,
      home_team,
      away_team,
    });
    const events = [named('stars', 'Team Shaq', 'Team Chuck'), named('renamed', 'Utah Jazz', 'Boston Bees')];
    const { server, provider } = await oddsProvider((path) =>
      path.includes('/odds') ? answerAll(path) : { body: JSON.stringify(events) },
    );
    const { listed } = await provider.props(SLATE);
    expect(listed).toEqual([['UTA']]);
    expect(server.requests.filter((request) => request.includes('/odds?'))).toEqual([
      expect.stringContaining('/renamed/odds?'),
    ]);
  });

  it('goes on after an event that is gone, and stops asking after another refusal, but keeps what came', async () => {
    const gone = await oddsProvider((path) =>
      path.includes('early/odds') ? { status: 404 } : answerAll(path),
    );
    const afterGone = await gone.provider.props(SLATE);
    expect(afterGone.files.map(({ path }) => path)).toEqual([expect.stringContaining('/late/odds')]);
    expect(afterGone.failedEvents).toEqual([
      { id: 'early', error: expect.objectContaining({ code: 'TIPOFF_PROVIDER' }) },
    ]);

    const spent = await oddsProvider((path) =>
      path.includes('late/odds') ? { status: 401 } : answerAll(path),
    );
    const afterSpent = await spent.provider.props(SLATE);
    expect(afterSpent.files.map(({ path }) => path)).toEqual([expect.stringContaining('/early/odds')]);
    expect(afterSpent.failedEvents.map(({ id }) => id)).toEqual(['late']);

    const refused = await oddsProvider((path) =>
      path.includes('/odds') ? { status: 401 } : answerAll(path),
    );
    await expect(refused.provider.props(SLATE)).rejects.toMatchObject({ code: 'TIPOFF_PROVIDER' });
    expect(refused.server.requests).toHaveLength(2);
  });

  it.each([
    [
      'a refused key',
      () => ({ status: 401, body: `{"message": "key ${KEY} is not known"}` }),
      'TIPOFF_PROVIDER',
    ],
    [
      'a refused parameter',
      (path: string) => (path.includes('/odds') ? { status: 422 } : answerAll(path)),
      'TIPOFF_PROVIDER',
    ],
    ['a provider that is down', () => ({ status: 500 }), 'TIPOFF_PROVIDER_DOWN'],
    ['an answer that is no JSON', () => ({ body: `<html>${KEY}` }), 'TIPOFF_PROVIDER'],
    ['an answer that is no list', () => ({ body: '{"message": "hello"}' }), 'TIPOFF_PROVIDER'],
    ['an event without a start', () => ({ body: '[{"id": "e"}]' }), 'TIPOFF_PROVIDER'],
    [
      'an event that starts on a day that does not exist',
      () => ({ body: '[{"id": "e", "commence_time": "2025-02-31T00:10:00Z"}]' }),
      'TIPOFF_PROVIDER',
    ],
  ])('ends with an error without the key after %s', async (_what, answer, code) => {
    const { provider } = await oddsProvider(answer);
    const error = await provider.props(SLATE).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code });
    expect(
      JSON.stringify([error, String(error), (error as Error).stack, String((error as Error).cause)]),
    ).not.toContain(KEY);
  });

  it('refuses an empty key before anything is asked', async () => {
    const clock = virtualClock(NOW);
    expect(() => oddsApiProps({ http: fetchHttp({ clock }), key: ' ', clock })).toThrow(
      expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }),
    );
  });
});

describe('NBA.com', () => {
  it('fetches a box score that the live format reads', async () => {
    const server = await loopback(() => ({ body: JSON.stringify(liveGame()) }));
    const provider = nbaBoxScores({ http: fetchHttp({ clock: virtualClock(NOW) }), baseUrl: server.url });
    const file = await provider.boxScore('0022400517');
    expect(file.path).toBe(`${server.url}/liveData/boxscore/boxscore_0022400517.json`);
    const { format, parsed } = await parse(file);
    expect([format, parsed?.rows.length]).toEqual(['nba_box_score_live_json', 6]);
  });

  it('refuses what is no game id, and says when there is no such game yet', async () => {
    const server = await loopback(() => ({ status: 404 }));
    const provider = nbaBoxScores({ http: fetchHttp({ clock: virtualClock(NOW) }), baseUrl: server.url });
    await expect(provider.boxScore('../secret')).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
    expect(server.requests).toEqual([]);
    await expect(provider.boxScore('0022400517')).rejects.toMatchObject({
      code: 'TIPOFF_PROVIDER',
      hint: expect.stringContaining('not yet'),
    });
  });

  it('fetches the season and today’s games', async () => {
    const server = await loopback(() => ({
      body: JSON.stringify({ meta: { version: 1 }, scoreboard: { games: [] } }),
    }));
    const provider = nbaSchedule({ http: fetchHttp({ clock: virtualClock(NOW) }), baseUrl: server.url });
    expect((await provider.season()).path).toBe(`${server.url}/staticData/scheduleLeagueV2.json`);
    expect((await parse(await provider.today())).format).toBe('nba_scoreboard_json');
    expect(server.requests).toEqual([
      '/staticData/scheduleLeagueV2.json',
      '/liveData/scoreboard/todaysScoreboard_00.json',
    ]);
  });
});
