import { describe, expect, it } from 'vitest';
import { serviceLogger, traceOf } from '#app/services/logger.ts';
import { virtualClock } from '#platform/clock.ts';
import { MORNING, players } from '#test/fakes/prediction-world.ts';
import { KEY, serviceWorlds } from './service-world.ts';

const world = serviceWorlds();
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const lines = (log: readonly string[]): Record<string, unknown>[] =>
  log.map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the trace of a request', () => {
  const of = (headers: Record<string, string>) => traceOf((name) => headers[name]);

  it('is read from traceparent, else from the header of Google’s front end', () => {
    expect(of({ traceparent: `00-${TRACE}-00f067aa0ba902b7-01` }).traceId).toBe(TRACE);
    expect(of({ 'x-cloud-trace-context': `${TRACE}/1234;o=1` }).traceId).toBe(TRACE);
    expect(
      of({ traceparent: `00-${TRACE}-00f067aa0ba902b7-01`, 'x-cloud-trace-context': `${'a'.repeat(32)}/1` })
        .traceId,
    ).toBe(TRACE);
  });

  it('is made anew where there is none, or nonsense', () => {
    for (const headers of [
      {},
      { traceparent: 'x' },
      { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` },
      { 'x-cloud-trace-context': '"}\n' },
    ]) {
      expect(of(headers as Record<string, string>).traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    }
    expect(of({ 'x-request-id': 'run-7.1' }).requestId).toBe('run-7.1');
    expect(of({ 'x-request-id': 'a\nb' }).requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('goes from /start through the queue to the worker and to the end of the batch, also over a second dispatch', async () => {
    const { call, runtime, log, clock, deps } = await world(players(2));
    const started = await call(
      'POST',
      '/start',
      { mode: 'FIRST' },
      { 'x-api-key': KEY, traceparent: `00-${TRACE}-00f067aa0ba902b7-01` },
    );
    expect(started.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    await runtime.idle();
    // The first message is lost with the worker that took it.
    await deps.queue.pull('predict-units', 1, 3600);
    clock.advance(301_000);
    await runtime.sweep();
    await runtime.drainQueue();
    await runtime.idle();
    const traced = lines(log).filter(({ trace }) => trace === TRACE);
    expect(traced.map(({ message }) => message)).toEqual(['request', 'unit handled', 'batch ended']);
    expect(traced.find(({ message }) => message === 'unit handled')).toMatchObject({
      handled: 'done',
      unit: 'u001',
    });
    expect(traced.find(({ message }) => message === 'request')).toMatchObject({
      httpRequest: {
        requestMethod: 'POST',
        requestUrl: '/start',
        status: 202,
        latency: expect.stringMatching(/^\d+\.\d{3}s$/),
      },
    });
    const [entry] = await deps.state.list<{ request_id: string }>('service_audit');
    expect(entry?.data.request_id).toBe(started.headers.get('x-request-id'));
  });
});

describe('the log', () => {
  it('has the fields Cloud Logging reads', () => {
    const written: string[] = [];
    const log = serviceLogger(virtualClock(MORNING), (line) => written.push(line), 'a-project');
    log.info({ trace: TRACE, batch: 'b' }, 'hello');
    log.warn('careful');
    log.error('broken');
    log.fatal('gone');
    expect(lines(written)).toEqual([
      {
        severity: 'INFO',
        time: MORNING,
        batch: 'b',
        'logging.googleapis.com/trace': `projects/a-project/traces/${TRACE}`,
        message: 'hello',
      },
      { severity: 'WARNING', time: MORNING, message: 'careful' },
      { severity: 'ERROR', time: MORNING, message: 'broken' },
      { severity: 'CRITICAL', time: MORNING, message: 'gone' },
    ]);
  });

  it('never shows a secret, however it got there', async () => {
    const written: string[] = [];
    const log = serviceLogger(virtualClock(MORNING), (line) => written.push(line));
    const secret = 'hush-hush';
    log.info(
      {
        token: secret,
        key: secret,
        headers: { authorization: secret, 'x-api-key': secret },
        a: { b: { password: secret } },
      },
      'x',
    );
    expect(written.join('')).not.toContain(secret);
    const made = await world(players(1));
    await made.call('GET', `/status?key=${secret}`, undefined, {
      'x-api-key': secret,
      authorization: `Bearer ${secret}`,
      cookie: secret,
    });
    await made.call('POST', '/start', { reason: 'x', token: secret }, { 'x-api-key': `${KEY}${secret}` });
    expect(made.log.join('')).not.toContain(secret);
    expect(made.log.join('')).not.toContain(KEY);
  });
});
