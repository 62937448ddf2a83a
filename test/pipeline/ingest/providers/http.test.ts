import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bytesOf, fetchHttp } from '#pipeline/ingest/providers/http.ts';
import { virtualClock } from '#platform/clock.ts';
import { loopback } from './loopback.ts';

const START = '2025-01-10T22:00:00Z';
const make = (timeoutMs = 5_000) => {
  const clock = virtualClock(START);
  return { clock, http: fetchHttp({ clock, timeoutMs }) };
};
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('http for providers', () => {
  it('returns status, headers in lower case and the bytes, and sends the headers it is given', async () => {
    const server = await loopback(() => ({ headers: { 'X-Requests-Remaining': '12' }, body: 'ok' }));
    const { http, clock } = make();
    const answer = await http.get(`${server.url}/a?b=1`, { headers: { referer: 'https://example.test/' } });
    expect([answer.status, answer.headers['x-requests-remaining'], text(answer.bytes)]).toEqual([
      200,
      '12',
      'ok',
    ]);
    expect(server.requests).toEqual(['/a?b=1']);
    expect(server.headers[0]?.referer).toBe('https://example.test/');
    expect(clock.slept).toEqual([]);
  });

  it.each([
    ['with a header that says so', { 'content-encoding': 'gzip' }],
    ['without one', {}],
  ])('unpacks an answer that is packed, %s', async (_what, headers) => {
    const server = await loopback(() => ({ headers, body: gzipSync('ok') }));
    const answer = await make().http.get(server.url);
    expect(text(bytesOf('a provider', server.url, answer))).toBe('ok');
  });

  it('refuses a packed answer that was cut', async () => {
    const server = await loopback(() => ({ body: gzipSync('x'.repeat(500)).subarray(0, 20) }));
    const answer = await make().http.get(server.url);
    expect(() => bytesOf('a provider', server.url, answer)).toThrow('expected a whole gzip file');
  });

  it.each([429, 500, 503])('tries %d again with growing waits until it works', async (status) => {
    const server = await loopback((_path, request) => (request < 3 ? { status } : { body: 'ok' }));
    const { http, clock } = make();
    expect(text((await http.get(server.url)).bytes)).toBe('ok');
    expect(clock.slept).toEqual([1_000, 2_000]);
  });

  it('tries a broken connection again', async () => {
    const server = await loopback((_path, request) => (request === 1 ? { failure: 'cut' } : { body: 'ok' }));
    const { http } = make();
    expect(text((await http.get(server.url)).bytes)).toBe('ok');
  });

  it.each([
    ['seconds', '7', 7_000],
    ['a date', 'Fri, 10 Jan 2025 22:00:30 GMT', 30_000],
    ['a date in the past', 'Fri, 10 Jan 2025 21:00:00 GMT', 0],
    ['more than a minute', '3600', 60_000],
    ['something else', 'soon', 1_000],
  ])('waits as Retry-After asks in %s', async (_what, value, wait) => {
    const server = await loopback((_path, request) =>
      request === 1 ? { status: 429, headers: { 'retry-after': value } } : {},
    );
    const { http, clock } = make();
    await http.get(server.url);
    expect(clock.slept).toEqual([wait]);
  });

  it.each([400, 401, 404, 422])('returns %d at once', async (status) => {
    const server = await loopback(() => ({ status }));
    const { http } = make();
    expect((await http.get(server.url)).status).toBe(status);
    expect(server.requests).toHaveLength(1);
  });

  it('gives up after four attempts with a transient error that keeps the query to itself', async () => {
    const server = await loopback(() => ({ status: 503 }));
    const { http, clock } = make();
    const error = await http.get(`${server.url}/odds?apiKey=hush`).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'TIPOFF_PROVIDER_DOWN',
      transient: true,
      message: expect.stringContaining('status 503'),
    });
    expect(JSON.stringify([error, String(error), (error as Error).stack])).not.toContain('hush');
    expect(server.requests).toHaveLength(4);
    expect(clock.slept).toEqual([1_000, 2_000, 4_000]);
  });

  it('keeps the query out of network failures too', async () => {
    const { http } = make();
    for (const url of ['http://127.0.0.1:1/odds?apiKey=hush', 'http://[broken/odds?apiKey=hush']) {
      const error = await http.get(url).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'TIPOFF_PROVIDER_DOWN' });
      expect(
        JSON.stringify([error, String(error), (error as Error).stack, (error as Error).cause]),
      ).not.toContain('hush');
    }
  });

  it('gives up on an attempt that takes too long', async () => {
    const server = await loopback((_path, request) =>
      request === 1 ? { failure: 'silence' } : { body: 'ok' },
    );
    const { http } = make(50);
    expect(text((await http.get(server.url)).bytes)).toBe('ok');
    expect(server.requests).toHaveLength(2);
  });

  it('stops for its caller with the caller’s reason, and does not try again', async () => {
    const controller = new AbortController();
    const server = await loopback(() => {
      controller.abort(new Error('enough'));
      return { failure: 'silence' };
    });
    const { http } = make();
    await expect(http.get(server.url, { signal: controller.signal })).rejects.toThrow('enough');
    expect(server.requests).toHaveLength(1);
  });
});
