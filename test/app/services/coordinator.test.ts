import { describe, expect, it } from 'vitest';
import {
  batchAnswer,
  checkStalledAnswer,
  cleanupAnswer,
  resetAnswer,
  startAnswer,
  statusAnswer,
} from '#app/services/coordinator-schemas.ts';
import { problemSchema } from '#app/services/problem.ts';
import { TipoffError } from '#core/errors.ts';
import { listBatches } from '#pipeline/batch/state.ts';
import { players, SLATE } from '#test/fakes/prediction-world.ts';
import { serviceWorlds } from './service-world.ts';

const world = serviceWorlds();

describe('POST /start', () => {
  it('answers 202 with the batch, and dispatch goes on afterwards until it is published', async () => {
    const { call, runtime, visible } = await world(players(6));
    const started = await call('POST', '/start', { game_date: SLATE, mode: 'FIRST', reason: 'a test' });
    expect(started.status).toBe(202);
    expect(startAnswer.parse(started.body)).toMatchObject({
      status: 'started',
      batch_id: `${SLATE}-first-001`,
      expected: 6,
      state: 'created',
    });
    await runtime.idle();
    expect(await runtime.drainQueue()).toBe(1);
    await runtime.idle();
    const shown = await call('GET', started.body.monitor);
    expect(batchAnswer.parse(shown.body)).toMatchObject({
      state: 'published',
      outcomes: { predicted: 6 },
      missing: [],
      completion_pct: 100,
    });
    expect(shown.body.by).toBe('/start by api-key (a test)');
    expect((await visible()).length).toBeGreaterThan(0);
  });

  it('takes no body as today in New York in the mode the clock suggests, also late in the evening UTC', async () => {
    // 19:30 on 10 January in New York is the 11th in London.
    const { call } = await world(players(2), { at: '2025-01-11T00:30:00.000Z' });
    const answer = await call('POST', '/start');
    expect(answer.body).toMatchObject({ game_date: SLATE, mode: 'BACKFILL' });
  });

  it('resolves TOMORROW in New York', async () => {
    const { call } = await world(players(2), { at: '2025-01-10T04:30:00.000Z' });
    const answer = await call('POST', '/start', { game_date: 'TOMORROW' });
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ game_date: SLATE, mode: 'FIRST' });
  });

  it('answers 200 no_games for a slate without games', async () => {
    const { call } = await world(players(2));
    const answer = await call('POST', '/start', { game_date: '2025-01-11', mode: 'FIRST' });
    expect(answer.status).toBe(200);
    expect(startAnswer.parse(answer.body)).toMatchObject({ status: 'no_games', games: 0 });
  });

  it('answers 409 with the active batch, and force closes that one', async () => {
    const { call } = await world(players(2));
    const first = await call('POST', '/start', { mode: 'FIRST' });
    const second = await call('POST', '/start', { mode: 'FIRST' });
    expect(second.status).toBe(409);
    expect(problemSchema.parse(second.body)).toMatchObject({
      code: 'TIPOFF_BATCH_ACTIVE',
      details: { batch_id: first.body.batch_id },
    });
    const forced = await call('POST', '/start', { mode: 'FIRST', force: true });
    expect(forced.status).toBe(202);
    expect((await call('GET', `/batches/${first.body.batch_id}`)).body.state).toBe('reset');
  });

  it('gives the same batch for the same key', async () => {
    const { call } = await world(players(2));
    const first = await call('POST', '/start', { mode: 'FIRST', request_key: 'morning' });
    const again = await call('POST', '/start', { mode: 'FIRST', request_key: 'morning' });
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject({ status: 'same', batch_id: first.body.batch_id });
  });

  it('answers 503 with what is missing when no player is in the context', async () => {
    const { call, stored } = await world([], { games: 2 });
    const before = await stored();
    const answer = await call('POST', '/start', { mode: 'FIRST', dry_run: true });
    expect(answer.status).toBe(503);
    expect(problemSchema.parse(answer.body)).toMatchObject({
      code: 'TIPOFF_NOT_READY',
      message: expect.stringContaining('2 games and no player'),
    });
    expect((await stored()).includes('first-001')).toBe(before.includes('first-001'));
  });

  it('starts nothing in a dry run and says who would be predicted', async () => {
    const { call } = await world([...players(3), { id: 4, features: null }]);
    const answer = await call('POST', '/start', { mode: 'FIRST', dry_run: true });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ status: 'dry_run', expected: 4, to_predict: 3, active_batch: null });
    expect((await call('GET', '/status')).body).toMatchObject({ status: 'idle', active: [], latest: null });
  });

  it('stops when the gate cannot be evaluated: nobody is let through', async () => {
    const { call } = await world(players(3), {
      change: (deps) => ({
        ...deps,
        warehouse: {
          ...deps.warehouse,
          query: async (sql, params) => {
            if (!sql.includes('ml_feature_store')) return deps.warehouse.query(sql, params);
            throw new TipoffError('TIPOFF_WAREHOUSE_BUSY', 'the warehouse is busy', { hint: 'Try again.' });
          },
        },
      }),
    });
    expect((await call('POST', '/start', { mode: 'FIRST' })).status).toBe(503);
    expect((await call('GET', '/status')).body.latest).toBe(null);
  });

  it('refuses what is not a request, saying what was expected, and starts nothing', async () => {
    const { call } = await world(players(2));
    const wrong: [unknown, string][] = [
      [{ mode: 'SOMETIMES' }, 'expected a run mode'],
      [{ game_date: '2025-02-30' }, 'game_date: expected YYYY-MM-DD'],
      [{ gamedate: SLATE }, 'gamedate'],
      [{ mode: 'FIRST', players: [999] }, 'saw 999'],
      [{ force: 'yes' }, 'force'],
      [[], 'body'],
      ['start please', 'JSON'],
      [{ mode: 'BACKFILL' }, 'a slate that is over'],
    ];
    for (const [body, expected] of wrong) {
      const answer = await call('POST', '/start', body);
      expect(answer.status).toBe(400);
      expect(problemSchema.parse(answer.body)).toMatchObject({
        code: 'TIPOFF_BAD_INPUT',
        message: expect.stringContaining(expected),
      });
    }
    expect((await call('GET', '/status')).body.latest).toBe(null);
  });
});

describe('GET /status and /batches/{id}', () => {
  it('tell the progress of the active batch', async () => {
    const { call, runtime } = await world([...players(3), { id: 4, features: null }]);
    await call('POST', '/start', { mode: 'FIRST' });
    await runtime.idle();
    const status = statusAnswer.parse((await call('GET', '/status')).body);
    expect(status).toMatchObject({
      status: 'active',
      queue_depth: 1,
      active: [{ state: 'running', completion_pct: 25, outcomes: { skipped: 1 } }],
    });
  });

  it('answers 404 for an unknown batch', async () => {
    const { call } = await world(players(1));
    expect((await call('GET', '/batches/nobody')).status).toBe(404);
  });
});

describe('POST /check-stalled', () => {
  it('says in a dry run what it would do, and does it otherwise', async () => {
    const { call, clock, runtime, notices } = await world(players(4));
    const { body } = await call('POST', '/start', { mode: 'FIRST' });
    await runtime.idle();
    clock.advance(31 * 60_000);
    const forecast = await call('POST', '/check-stalled', { dry_run: true });
    expect(checkStalledAnswer.parse(forecast.body).results).toMatchObject([
      { action: 'closed', state: 'running' },
    ]);
    expect((await call('GET', `/batches/${body.batch_id}`)).body.state).toBe('running');
    const done = await call('POST', '/check-stalled', {});
    expect(checkStalledAnswer.parse(done.body)).toMatchObject({
      batches_checked: 1,
      batches_completed: 1,
      results: [{ action: 'closed', state: 'failed' }],
    });
    expect((await call('POST', '/check-stalled')).body.batches_checked).toBe(0);
    expect(notices).toHaveLength(1);
  });

  it('closes what is nearly complete and stands still, when asked to', async () => {
    const { call, clock, runtime, service } = await world(players(320));
    const { body } = await call('POST', '/start', { mode: 'FIRST' });
    await runtime.idle();
    expect(await runtime.drainQueue(2)).toBe(2);
    await runtime.idle();
    clock.advance(6 * 60_000);
    const few = await call('POST', '/check-stalled', { min_completion_pct: 99, dry_run: true });
    expect(few.body.results).toMatchObject([{ action: 'redispatched' }]);
    const enough = await call('POST', '/check-stalled', { min_completion_pct: 90 });
    expect(enough.body.results).toMatchObject([{ action: 'closed', state: 'published_partial' }]);
    expect((await call('GET', `/batches/${body.batch_id}`)).body.missing).toHaveLength(20);
    expect(service.runtime.lastSweepAt).toBe(null);
  });

  it('leaves a batch that moves alone', async () => {
    const { call, clock, runtime } = await world(players(4));
    await call('POST', '/start', { mode: 'FIRST' });
    await runtime.idle();
    clock.advance(4 * 60_000);
    expect((await call('POST', '/check-stalled')).body.results).toMatchObject([{ action: 'none' }]);
    expect((await call('POST', '/check-stalled', { batch_id: 'nobody' })).status).toBe(404);
  });
});

describe('POST /reset', () => {
  it('frees the slate at once, does nothing the second time, and is audited', async () => {
    const { call, runtime, service } = await world(players(4));
    const { body } = await call('POST', '/start', { mode: 'FIRST' });
    await runtime.idle();
    const dry = await call('POST', '/reset', { game_date: 'TODAY', reason: 'stuck', dry_run: true });
    expect(resetAnswer.parse(dry.body).results).toMatchObject([
      { batch_id: body.batch_id, state: 'running' },
    ]);
    const first = await call('POST', '/reset', { game_date: 'TODAY', reason: 'stuck' });
    expect(resetAnswer.parse(first.body).results).toMatchObject([{ transitioned: true, state: 'reset' }]);
    const second = await call('POST', '/reset', { batch_id: body.batch_id, reason: 'stuck' });
    expect(second.body.results).toMatchObject([{ transitioned: false, state: 'reset' }]);
    expect((await call('POST', '/start', { mode: 'FIRST' })).status).toBe(202);
    const trail = await service.deps.state.list('service_audit');
    expect(trail.map(({ data }) => data['endpoint'])).toEqual(expect.arrayContaining(['/start', '/reset']));
    expect(trail.every(({ data }) => data['caller'] === 'api-key')).toBe(true);
    const shown = await call('GET', `/batches/${body.batch_id}`);
    expect(shown.body.events.at(-1)).toMatchObject({ to: 'reset', by: '/reset by api-key', reason: 'stuck' });
  });

  it('refuses to guess what is meant', async () => {
    const { call } = await world(players(1));
    const wrong = [
      { reason: 'x' },
      { reason: 'x', batch_id: 'b', game_date: SLATE },
      { game_date: SLATE, reason: ' ' },
      { game_date: SLATE, reason: 'x', staged: 'burn' },
    ];
    for (const body of wrong) expect((await call('POST', '/reset', body)).status).toBe(400);
    expect((await call('POST', '/reset', { batch_id: 'nobody', reason: 'x' })).status).toBe(404);
    expect((await call('POST', '/reset', { game_date: SLATE })).status).toBe(200);
  });
});

describe('POST /cleanup-staging', () => {
  it('lists what it would drop', async () => {
    const { call } = await world(players(1));
    const answer = await call('POST', '/cleanup-staging', { dry_run: true });
    expect(cleanupAnswer.parse(answer.body)).toMatchObject({ dry_run: true, dropped: 0, errors: [] });
    expect((await call('POST', '/cleanup-staging', { max_age_hours: 0 })).status).toBe(400);
  });
});

describe('errors', () => {
  it('are documents with code, message and hint, also for routes that do not exist', async () => {
    const { call } = await world(players(1));
    const nowhere = await call('GET', '/nothing');
    expect([nowhere.status, problemSchema.parse(nowhere.body).code]).toEqual([404, 'TIPOFF_NO_ROUTE']);
    for (const [method, path, right] of [
      ['GET', '/start', 'POST'],
      ['POST', '/status', 'GET'],
      ['POST', '/batches/one', 'GET'],
    ] as const) {
      const answer = await call(method, path);
      expect([answer.status, problemSchema.parse(answer.body)]).toEqual([
        405,
        { code: 'TIPOFF_WRONG_METHOD', message: `there is no ${method} ${path}`, hint: `Use ${right}.` },
      ]);
    }
  });

  it('refuse a query string, which no endpoint reads', async () => {
    const { call, deps } = await world(players(1));
    for (const [method, path] of [
      ['POST', '/start?dry_run=true'],
      ['GET', '/status?game_date=2025-01-10'],
    ] as const) {
      const answer = await call(method, path);
      expect([answer.status, problemSchema.parse(answer.body).message]).toEqual([
        400,
        expect.stringMatching(/dry_run|game_date/),
      ]);
    }
    expect(await listBatches(deps.state)).toEqual([]);
    expect((await call('GET', '/health?probe=1')).status).toBe(200);
  });

  it('offer the defaults of an empty body only where there are some', async () => {
    const { call } = await world(players(1));
    const hint = async (path: string, body: object) =>
      problemSchema.parse((await call('POST', path, body)).body).hint;
    expect(await hint('/start', { gamedate: '2025-01-10' })).toContain('an empty body means the defaults');
    expect(await hint('/reset', {})).toBe('GET /openapi.json describes every field of POST /reset.');
  });

  it('tell callers nothing about what nobody foresaw, and the log everything', async () => {
    const { call, log } = await world(players(1), {
      change: (deps) => ({
        ...deps,
        queue: { ...deps.queue, depth: async () => Promise.reject(new Error('a secret detail')) },
      }),
    });
    const answer = await call('GET', '/status');
    expect(answer.status).toBe(500);
    expect(answer.body.code).toBe('TIPOFF_UNEXPECTED');
    expect(answer.text).not.toContain('secret detail');
    expect(log.join('')).toContain('secret detail');
  });
});
