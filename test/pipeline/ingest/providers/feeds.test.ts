import { describe, expect, it } from 'vitest';
import { parseSlate } from '#core/calendar.ts';
import type { InputFile } from '#pipeline/ingest/format.ts';
import { espn } from '#pipeline/ingest/providers/espn.ts';
import { fetchHttp } from '#pipeline/ingest/providers/http.ts';
import {
  type InjuryReportProvider,
  labelsBefore,
  nbaInjuryReport,
} from '#pipeline/ingest/providers/injury-report.ts';
import { nbaPlayers } from '#pipeline/ingest/providers/nba.ts';
import { oddsApiProps } from '#pipeline/ingest/providers/odds-api.ts';
import { watchedHttp, withoutKeys } from '#pipeline/ingest/providers/watched-http.ts';
import { virtualClock } from '#platform/clock.ts';
import { loopback, type Scripted } from './loopback.ts';

describe('names of the injury reports', () => {
  it('carry the quarter of an hour since December 2025, newest first', () => {
    expect(labelsBefore(new Date('2026-02-08T23:20:00Z'), 1)).toEqual([
      '2026-02-08_06_15PM',
      '2026-02-08_06_00PM',
      '2026-02-08_05_45PM',
      '2026-02-08_05_30PM',
    ]);
  });

  it('carry the hour before that, each once, noon and midnight as twelve', () => {
    expect(labelsBefore(new Date('2025-01-11T06:20:00Z'), 3)).toEqual([
      '2025-01-11_01AM',
      '2025-01-11_12AM',
      '2025-01-10_11PM',
      '2025-01-10_10PM',
    ]);
    expect(labelsBefore(new Date('2025-01-10T17:00:00Z'), 1)).toEqual(['2025-01-10_12PM', '2025-01-10_11AM']);
  });

  it('go over the change of eras', () => {
    expect(labelsBefore(new Date('2025-12-22T05:10:00Z'), 1)).toEqual([
      '2025-12-22_12_00AM',
      '2025-12-21_11PM',
    ]);
  });

  it('are wall times of New York: the hour that spring skips has none, the one that autumn repeats has one', () => {
    expect(labelsBefore(new Date('2024-03-10T07:40:00Z'), 2).map((label) => label.slice(11))).toEqual([
      '03AM',
      '01AM',
      '12AM',
    ]);
    expect(labelsBefore(new Date('2024-11-03T06:40:00Z'), 2).map((label) => label.slice(11))).toEqual([
      '01AM',
      '12AM',
    ]);
  });
});

/** The newest report, or what it failed with. */
const newestOf = (reports: InjuryReportProvider): Promise<InputFile> =>
  new Promise((resolve, reject) => {
    const take = async (report: Promise<InputFile>): Promise<boolean> => {
      report.then(resolve, reject);
      return true;
    };
    reports.since(undefined, take).catch(reject);
  });

describe('the injury report', () => {
  const NEWEST = /2026-02-08_06_30PM/;
  const provider = async (answer: (path: string, request: number) => Scripted) => {
    const clock = virtualClock('2026-02-08T23:31:00Z');
    const server = await loopback(answer);
    return {
      server,
      clock,
      reports: nbaInjuryReport({ http: fetchHttp({ clock }), clock, baseUrl: server.url }),
    };
  };

  it('is asked for once when the newest is there', async () => {
    const { server, reports } = await provider(() => ({ body: '%PDF' }));
    expect((await newestOf(reports)).path).toBe(
      `${server.url}/referee/injury/Injury-Report_2026-02-08_06_30PM.pdf`,
    );
    expect(server.requests).toHaveLength(1);
  });

  it('is looked for in earlier names once a report known to be there has answered', async () => {
    const { server, reports } = await provider((path) =>
      NEWEST.test(path) ? { status: 403 } : { body: '%PDF' },
    );
    expect((await newestOf(reports)).path).toContain('2026-02-08_06_15PM');
    expect(server.requests.map((path) => path.slice(-17, -4))).toEqual(
      ['8_06_30PM', '8_06_15PM', '8_06_15PM'].map((end) => expect.stringContaining(end)),
    );
  });

  it('is followed by those that were missed since the last one that is known, newest first', async () => {
    const { reports } = await provider((path) => (/06_00PM/.test(path) ? { status: 403 } : { body: '%PDF' }));
    const taken: string[] = [];
    await reports.since(new Date('2026-02-08T22:30:00Z'), async (report) => {
      taken.push((await report).path.slice(-11, -4));
      return true;
    });
    expect(taken).toEqual(['6_30PM', '6_15PM', '5_45PM'].map((end) => expect.stringContaining(end)));
  });

  it('are at most forty, and no more once somebody says stop', async () => {
    const { server, reports } = await provider(() => ({ body: '%PDF' }));
    let wanted = 3;
    const take = async (): Promise<boolean> => --wanted > 0;
    await reports.since(new Date('2026-02-07T12:00:00Z'), take);
    expect(server.requests).toHaveLength(3);
    wanted = 1000;
    await reports.since(new Date('2026-02-07T12:00:00Z'), take);
    expect(server.requests).toHaveLength(3 + 1 + 40);
  });

  it.each([
    [
      'nothing under any name',
      (path: string) => (/2026-02-08_06_15PM/.test(path) ? { body: '%PDF' } : { status: 403 }),
      '2026-02-09T04:31:00Z',
      'TIPOFF_NOT_FOUND',
    ],
    ['a refusal', () => ({ status: 403 }), '2026-02-08T23:31:00Z', 'TIPOFF_PROVIDER'],
    [
      'a refusal of another kind',
      (): Scripted => ({ status: 401 }),
      '2026-02-08T23:31:00Z',
      'TIPOFF_PROVIDER',
    ],
    [
      'a provider that is down',
      (): Scripted => ({ failure: 'cut' }),
      '2026-02-08T23:31:00Z',
      'TIPOFF_PROVIDER_DOWN',
    ],
  ])('tells %s apart', async (_what, answer, now, code) => {
    const server = await loopback(answer);
    const clock = virtualClock(now);
    const reports = nbaInjuryReport({ http: fetchHttp({ clock }), clock, baseUrl: server.url });
    await expect(newestOf(reports)).rejects.toMatchObject({ code });
  });
});

describe('addresses', () => {
  it('of ESPN and of the league’s lists', async () => {
    const clock = virtualClock('2025-01-10T12:00:00Z');
    const server = await loopback(() => ({ body: '{}' }));
    const options = { http: fetchHttp({ clock }), baseUrl: server.url };
    await espn(options).injuries();
    await espn(options).scoreboard(parseSlate('2025-01-10'));
    await espn(options).roster(7);
    await nbaPlayers(options).players('2024-25');
    await nbaPlayers(options).index('2024-25');
    expect(server.requests).toEqual([
      '/apis/site/v2/sports/basketball/nba/injuries',
      '/apis/site/v2/sports/basketball/nba/scoreboard?dates=20250110',
      '/apis/site/v2/sports/basketball/nba/teams/7?enable=roster',
      '/stats/commonallplayers?IsOnlyCurrentSeason=1&LeagueID=00&Season=2024-25',
      '/stats/playerindex?Historical=0&LeagueID=00&Season=2024-25',
    ]);
  });
});

describe('watched requests', () => {
  it('to one host start apart, those to another do not wait', async () => {
    const clock = virtualClock('2025-01-10T12:00:00Z');
    const [one, other] = [await loopback(() => ({ body: 'x' })), await loopback(() => ({ body: 'x' }))];
    const { http } = watchedHttp({ http: fetchHttp({ clock }), clock, spacingMs: 400 });
    await http.get(`${one.url}/a`);
    await http.get(`${other.url}/a`);
    expect(clock.slept).toEqual([]);
    await http.get(`${one.url}/b`);
    expect(clock.slept).toEqual([400]);
    clock.advance(400);
    await http.get(`${one.url}/c`);
    expect(clock.slept).toEqual([400]);
  });

  it('leave an exchange without keys, and ask whether the known answer still holds', async () => {
    const clock = virtualClock('2025-01-10T12:00:00Z');
    const server = await loopback((path) =>
      path.startsWith('/known') ? { status: 304 } : { body: 'new', headers: { etag: '"2"' } },
    );
    const known = new Map([
      [`${server.url}/known?dates=1`, { etag: '"1"', lastModified: 'Fri, 10 Jan 2025 10:00:00 GMT' }],
    ]);
    const { http, take } = watchedHttp({ http: fetchHttp({ clock }), clock, known });
    await http.get(`${server.url}/known?dates=1&apiKey=hush`);
    await http.get(`${server.url}/new?apiKey=hush`, { headers: { accept: 'text/plain' } });
    expect(server.headers[0]).toMatchObject({
      'if-none-match': '"1"',
      'if-modified-since': 'Fri, 10 Jan 2025 10:00:00 GMT',
    });
    expect(server.headers[1]).toMatchObject({ accept: 'text/plain' });
    expect(server.headers[1]).not.toHaveProperty('if-none-match');
    const exchanges = take();
    expect(exchanges.map(({ address, status, etag, bytes }) => [address, status, etag, bytes])).toEqual([
      [`${server.url}/known?dates=1`, 304, null, 0],
      [`${server.url}/new`, 200, '"2"', 3],
    ]);
    expect(take()).toEqual([]);
  });

  it('have addresses without any parameter that carries a key', () => {
    expect(withoutKeys('https://x.test/a?dates=1&apiKey=hush&token=hush&key=hush')).toBe(
      'https://x.test/a?dates=1',
    );
  });
});

describe('the quota of The Odds API', () => {
  it('is not overdrawn: an event that what is left cannot pay is not asked for', async () => {
    const clock = virtualClock('2025-01-10T22:00:00Z');
    const events = ['a', 'b'].map((id) => ({ id, commence_time: '2025-01-11T00:10:00Z' }));
    const server = await loopback((path) =>
      path.includes('/odds')
        ? {
            body: '{}',
            headers: { 'x-requests-remaining': '3', 'x-requests-used': '497', 'x-requests-last': '4' },
          }
        : {
            body: JSON.stringify(events),
            headers: { 'x-requests-remaining': '7', 'x-requests-used': '493', 'x-requests-last': '0' },
          },
    );
    const markets = ['player_points', 'player_steals'];
    const provider = oddsApiProps({
      http: fetchHttp({ clock }),
      key: 'hush',
      clock,
      baseUrl: server.url,
      markets,
    });
    const { files, failedEvents, quota } = await provider.props(parseSlate('2025-01-10'));
    expect(files).toHaveLength(1);
    expect(failedEvents).toEqual([
      {
        id: 'b',
        error: expect.objectContaining({
          message: expect.stringContaining('4 requests left for an event, saw 3'),
        }),
      },
    ]);
    expect(quota).toEqual({ remaining: 3, used: 497, spent: 4 });
  });
});
