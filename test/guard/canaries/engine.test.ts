import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { schedule } from '#core/contracts/nba_reference.ts';
import { TipoffError } from '#core/errors.ts';
import {
  type Canary,
  type CanaryResult,
  type CheckedThing,
  defineCanary,
} from '#guard/canaries/definition.ts';
import { halt, liftHalt } from '#guard/canaries/halt.ts';
import { beat, lastBeats } from '#guard/canaries/heartbeats.ts';
import { type CanaryRequest, runCanaries } from '#guard/canaries/run.ts';
import { gameRow } from '#test/fakes/prediction-world.ts';
import { emptyWorld, type TestWorld } from './world.ts';

/** A check that finds what it is told to find. */
function check(overrides: Partial<Canary> = {}): Canary {
  return defineCanary({
    id: 'example',
    phase: 'ingest',
    question: 'Is all well?',
    expected: 'everything well',
    finding: 'no row for {of:thing|things}',
    looksAt: 'now',
    severity: [{ by: '00:00', severity: 'warning' }],
    owner: 'data',
    repair: 'tipoff day {slate}',
    dependsOn: [],
    whenEmpty: 'fail',
    look: { sql: "SELECT 'thing' AS subject, FALSE AS is_bad, 'fine' AS note" },
    sabotage: { sql: ['DELETE FROM nba_reference.schedule WHERE TRUE'] },
    meaning: 'Something.',
    steps: ['Look.'],
    ...overrides,
  });
}

const SLATE = '2025-01-10';

describe('the engine', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await emptyWorld('2025-01-10T17:00:00Z');
    await world.warehouse.append(schedule, [
      gameRow(SLATE, 0),
      gameRow(SLATE, 1),
      gameRow('2025-01-09', 2, '2025-01-10T00:30:00.000Z'),
    ]);
  });
  afterEach(() => world.close());

  const ask = async (
    canary: Canary,
    asOf = '2025-01-10T17:00:00Z',
    more: Partial<CanaryRequest> = {},
  ): Promise<CanaryResult> => {
    const { results } = await runCanaries(world, { canaries: [canary], asOf: new Date(asOf), ...more });
    const [result] = results;
    if (result === undefined) throw new Error('no answer');
    return result;
  };

  test('passes with the number seen, and fills the slate into the repair command', async () => {
    expect(await ask(check())).toMatchObject({
      status: 'pass',
      seen: 1,
      slate: SLATE,
      repair: 'tipoff day 2025-01-10',
      runbook: 'docs/runbooks/example.md',
      reason: 'everything well: 1 of 1',
    });
  });

  test.each([
    [
      'tipoff fetch {slate}, then tipoff predict {slate} --mode LINE_UPDATE',
      'tipoff fetch 2025-01-10, then ACCEPT',
    ],
    ['tipoff day {slate} --mode LAST_CALL', 'ACCEPT'],
    ['tipoff predict {slate} --mode RETRY', 'tipoff predict 2025-01-10 --mode BACKFILL'],
    ['tipoff day {slate}', 'tipoff day 2025-01-10'],
  ])(
    'repairs with %s before the last tip-off, and afterwards with what is possible then',
    async (repair, late) => {
      const accept = 'tipoff incidents accept example --through 2025-01-10 --reason after-tip-off';
      const before = await ask(check({ repair }));
      expect(before.repair).toBe(repair.replaceAll('{slate}', SLATE));
      const after = await ask(check({ repair }), '2025-01-11T04:30:00Z');
      expect(after).toMatchObject({ slate: SLATE, repair: late.replace('ACCEPT', accept) });
    },
  );

  test('names at most twenty offenders and counts them all', async () => {
    const many = Array.from(
      { length: 33 },
      (_, i) => `SELECT 'game ${String(i).padStart(2, '0')}' AS subject, TRUE AS is_bad, 'missing' AS note`,
    );
    const result = await ask(check({ look: { sql: many.join(' UNION ALL ') } }));
    expect(result).toMatchObject({
      status: 'fail',
      seen: 0,
      offender_count: 33,
      reason: 'no row for 33 of 33 things',
    });
    expect(result.offenders).toHaveLength(20);
    expect(result.offenders[0]).toBe('game 00: missing');
  });

  test.each([
    ['no row for {of:thing|things}', 1, 'no row for 1 thing: s0: late'],
    ['no row for {of:thing|things}', 2, 'no row for 2 of 2 things'],
    ['{n:batch is|batches are} stuck', 1, '1 batch is stuck'],
    ['{n:batch is|batches are} stuck', 2, '2 batches are stuck'],
    ['held: {note}', 1, 'held: late'],
  ])('says %j of %i wrong things in words', async (finding, bad, reason) => {
    const probe = async (): Promise<CheckedThing[]> =>
      Array.from({ length: bad }, (_, i) => ({ subject: `s${i}`, is_bad: true, note: 'late' }));
    expect((await ask(check({ finding, look: { probe } }))).reason).toBe(reason);
  });

  test('counts an unknown verdict as wrong', async () => {
    expect(
      await ask(check({ look: { sql: "SELECT 'x' AS subject, NULL > 1 AS is_bad, 'unknown' AS note" } })),
    ).toMatchObject({
      status: 'fail',
      offender_count: 1,
    });
  });

  test('a statement that throws is an error, never a pass', async () => {
    expect(await ask(check({ look: { sql: 'SELECT nothing FROM nba_raw.no_such_table' } }))).toMatchObject({
      status: 'error',
      seen: null,
    });
    const probe = async (): Promise<never> => Promise.reject(new Error('the store is away'));
    expect(await ask(check({ look: { probe } }))).toMatchObject({
      status: 'error',
      reason: 'could not run: the store is away',
    });
  });

  test('without a calendar every check is an error: no calendar is not a day off', async () => {
    await world.warehouse.dropTable(schedule);
    const result = await ask(check({ looksAt: 'tonight' }));
    expect(result.status).toBe('error');
    expect(result.reason).toContain('calendar');
  });

  test('nothing expected is a failure or a skip, as the check says', async () => {
    const look = {
      sql: "SELECT 'x' AS subject, TRUE AS is_bad, 'x' AS note FROM nba_raw.shots WHERE slate = CAST(@slate AS DATE)",
    };
    expect((await ask(check({ look }))).status).toBe('fail');
    expect(await ask(check({ look, whenEmpty: { skip: 'no shots are loaded' } }))).toMatchObject({
      status: 'skip',
      reason: 'no shots are loaded',
    });
  });

  test('tolerates what is usual and not more', async () => {
    const of = (bad: number): Canary =>
      check({
        tolerates: { count: 1, share: 0.2 },
        look: {
          probe: async () =>
            Array.from({ length: 10 }, (_, i) => ({ subject: `s${i}`, is_bad: i < bad, note: null })),
        },
      });
    expect(await ask(of(2))).toMatchObject({
      status: 'pass',
      reason: 'no row for 2 of 10 things (usually up to 2)',
    });
    expect(await ask(of(3))).toMatchObject({
      status: 'fail',
      reason: 'no row for 3 of 10 things (usually up to 2)',
    });
  });

  test('a check that hangs is an error when the budget is over', async () => {
    const timer = {
      now: () => new Date(),
      sleep: async () => new Promise<void>((resolve) => setImmediate(resolve)),
    };
    const hanging = check({ look: { probe: () => new Promise(() => undefined) } });
    const { results } = await runCanaries(
      { ...world, timer },
      { canaries: [hanging], asOf: world.clock.now(), budgetSeconds: 1 },
    );
    expect(results[0]).toMatchObject({ status: 'error', reason: expect.stringContaining('within 1 s') });
  });

  test('the severity climbs the ladder, and before its first step the answer is not due', async () => {
    const bad = { sql: "SELECT 'x' AS subject, TRUE AS is_bad, 'x' AS note" };
    const canary = check({
      looksAt: 'tonight',
      look: bad,
      severity: [
        { by: '10:00', severity: 'warning' },
        { by: '18:30', beforeTip: 60, severity: 'critical' },
      ],
    });
    expect(await ask(canary, '2025-01-10T14:59:00Z')).toMatchObject({
      status: 'skip',
      reason: 'too early: due at 2025-01-10T15:00:00.000Z',
    });
    expect(await ask(canary, '2025-01-10T15:00:00Z')).toMatchObject({ status: 'fail', severity: 'warning' });
    // The first tip-off is at 19:00 ET: an hour before it is earlier than 18:30.
    expect(await ask(canary, '2025-01-10T23:00:00Z')).toMatchObject({ status: 'fail', severity: 'critical' });
  });

  test('the evening in New York belongs to its own date, whatever the date in UTC', async () => {
    expect((await ask(check({ looksAt: 'tonight' }), '2025-01-11T04:30:00Z')).slate).toBe(SLATE);
    expect((await ask(check({ looksAt: 'last_night' }), '2025-01-10T17:00:00Z')).slate).toBe('2025-01-09');
  });

  test('the hour of a check is that of the wall clock on both sides of a time change', async () => {
    await world.warehouse.append(schedule, [
      gameRow('2025-03-08', 5, '2025-03-09T00:00:00.000Z'),
      gameRow('2025-03-09', 6, '2025-03-09T23:00:00.000Z'),
    ]);
    const canary = check({ looksAt: 'tonight', severity: [{ by: '10:00', severity: 'warning' }] });
    expect((await ask(canary, '2025-03-08T14:30:00Z')).status).toBe('skip');
    expect((await ask(canary, '2025-03-09T14:30:00Z')).status).toBe('pass');
  });

  test('says why a date has no games: a break, the off-season, or simply none', async () => {
    const tonight = check({ looksAt: 'tonight' });
    await world.warehouse.append(schedule, [gameRow('2025-01-12', 3), gameRow('2025-01-20', 4)]);
    expect((await ask(tonight, '2025-01-11T17:00:00Z')).reason).toBe('no games on 2025-01-11');
    expect((await ask(tonight, '2025-01-15T17:00:00Z')).reason).toBe(
      'no games on 2025-01-15: break from 2025-01-13 to 2025-01-19',
    );
    expect((await ask(tonight, '2025-04-15T17:00:00Z')).reason).toBe(
      'no games on 2025-04-15: off-season or season over',
    );
    expect((await ask(tonight, '2025-07-15T17:00:00Z')).reason).toBe(
      'no games on 2025-07-15 or within 120 days of it, as if no schedule were loaded',
    );
  });

  test('a postponed game is no game', async () => {
    await world.warehouse.append(schedule, [{ ...gameRow('2025-02-01', 7), status: 'postponed' }]);
    expect((await ask(check({ looksAt: 'tonight' }), '2025-02-01T17:00:00Z')).status).toBe('skip');
  });

  test('a halt skips with its reason until it ends', async () => {
    await halt(world, { until: new Date('2025-01-10T20:00:00Z'), reason: 'moving house', by: 'operator' });
    const skipped = await ask(check());
    expect(skipped).toMatchObject({
      status: 'skip',
      reason: 'halted by operator until 2025-01-10T20:00:00.000Z: moving house',
    });
    expect((await ask(check(), '2025-01-10T20:00:00Z')).status).toBe('pass');
    expect((await ask(check({ ignoresHalt: true }))).status).toBe('pass');
    await liftHalt(world.state);
    expect((await ask(check())).status).toBe('pass');
  });

  test('a halt without a reason or an end is refused', async () => {
    await expect(
      halt(world, { until: new Date('2025-01-01T00:00:00Z'), reason: 'late', by: 'x' }),
    ).rejects.toThrow('needs a reason and an end');
    await expect(
      halt(world, { until: new Date('2025-02-01T00:00:00Z'), reason: ' ', by: 'x' }),
    ).rejects.toThrow('needs a reason and an end');
  });

  test('stores every answer', async () => {
    await ask(check());
    const rows = await world.warehouse.query(
      'SELECT canary_id, status, offenders FROM nba_orchestration.canary_results',
    );
    expect(rows).toEqual([{ canary_id: 'example', status: 'PASS', offenders: '[]' }]);
  });

  test('forty beats of two jobs are two rows', async () => {
    for (let i = 0; i < 20; i++) {
      for (const job of ['day', 'sweeper']) await beat(world, { job, ok: i < 10, maxSilenceSeconds: 60 });
      await world.clock.sleep(1000);
    }
    const rows = await world.warehouse.query(
      'SELECT job, beat_at, succeeded_at FROM nba_orchestration.heartbeats ORDER BY job',
    );
    expect(rows).toEqual([
      { job: 'day', beat_at: '2025-01-10T17:00:19.000Z', succeeded_at: '2025-01-10T17:00:09.000Z' },
      { job: 'sweeper', beat_at: '2025-01-10T17:00:19.000Z', succeeded_at: '2025-01-10T17:00:09.000Z' },
    ]);
  });

  test('a run after a gap looks at the evenings nobody watched', async () => {
    const slates = async (): Promise<string[]> =>
      (await runCanaries(world, { canaries: [check()] })).runs.map(
        ({ slate, as_of }) => `${slate} ${as_of.toISOString()}`,
      );
    expect(await slates()).toEqual(['2025-01-10 2025-01-10T17:00:00.000Z']);
    world.clock.set(new Date('2025-01-10T20:00:00Z'));
    expect(await slates()).toEqual(['2025-01-10 2025-01-10T20:00:00.000Z']);
    world.clock.set(new Date('2025-01-12T15:00:00Z'));
    expect(await slates()).toEqual([
      '2025-01-10 2025-01-11T04:30:00.000Z',
      '2025-01-11 2025-01-12T04:30:00.000Z',
      '2025-01-12 2025-01-12T15:00:00.000Z',
    ]);
    world.clock.set(new Date('2025-01-13T04:45:00Z'));
    await slates();
    world.clock.set(new Date('2025-01-13T05:15:00Z'));
    expect(await slates()).toEqual(['2025-01-13 2025-01-13T05:15:00.000Z']);
  });

  test('asking about the past neither beats nor covers a gap', async () => {
    await ask(check(), '2024-12-01T17:00:00Z');
    expect(await lastBeats(world)).toEqual([]);
  });

  test('asking only some of the checks is no watch: it neither beats nor covers a gap', async () => {
    await runCanaries(world, { canaries: [check()] });
    world.clock.set(new Date('2025-01-12T15:00:00Z'));
    const { runs } = await runCanaries(world, { canaries: [check()], isPartial: true });
    expect(runs.map(({ slate }) => slate)).toEqual(['2025-01-12']);
    const whole = await runCanaries(world, { canaries: [check()] });
    expect(whole.runs.map(({ slate }) => slate)).toEqual(['2025-01-10', '2025-01-11', '2025-01-12']);
  });

  /** The world as one where reading is billed; `asked` has the statements of checks that are run, `tried` those that are only tried. */
  function billedWorld(bytes = 600) {
    const [asked, tried]: [string[], string[]] = [[], []];
    const { warehouse } = world;
    const billed: typeof world = {
      ...world,
      warehouse: {
        ...warehouse,
        dryRun: async (sql, params) => {
          tried.push(sql);
          await warehouse.query(`SELECT 1 AS one FROM (${sql}) AS tried LIMIT 0`, params);
          return { bytes };
        },
        query: async (sql, params, limits) => {
          if (sql.includes('subject')) asked.push(sql);
          return warehouse.query(sql, params, limits);
        },
      },
    };
    return { billed, asked, tried };
  }

  test('what goes beyond the byte budget is an error and is not run, whichever dry run is done first; what was paid is stored', async () => {
    const { billed, asked } = billedWorld();
    const { dryRun } = billed.warehouse;
    let dry = 0;
    // The first dry run is answered after the second one.
    const second = Promise.withResolvers<void>();
    billed.warehouse.dryRun = async (sql, params) => {
      const isFirst = dry++ === 0;
      if (isFirst) await second.promise;
      const answer = await dryRun?.(sql, params);
      if (!isFirst) second.resolve();
      return answer ?? { bytes: 0 };
    };
    const canaries = [check({ id: 'first' }), check({ id: 'second' })];
    const { results } = await runCanaries(billed, {
      canaries,
      asOf: new Date('2025-01-10T17:00:00Z'),
      budgetBytes: 1000,
    });
    expect(results.map(({ status, bytes }) => [status, bytes])).toEqual([
      ['pass', 600],
      ['error', null],
    ]);
    expect(results[1]?.reason).toContain('would read 600 bytes, and 400 of the 1000 of this run are left');
    expect(asked).toHaveLength(1);
    const stored = await world.warehouse.query(
      'SELECT canary_id, bytes FROM nba_orchestration.canary_results ORDER BY canary_id',
    );
    expect(stored).toEqual([
      { canary_id: 'first', bytes: 600 },
      { canary_id: 'second', bytes: null },
    ]);
  });

  describe('where reading is billed', () => {
    const rowsOf = (count: number, note = "'gone'"): string =>
      Array.from(
        { length: count },
        (_, i) =>
          `SELECT 'game ${String(i).padStart(2, '0')} of ' || CAST(@slate AS STRING) AS subject, TRUE AS is_bad, ${note} AS note`,
      ).join(' UNION ALL ');
    const checks = [
      check({ id: 'many', look: { sql: rowsOf(33) } }),
      check({ id: 'fine' }),
      check({ id: 'empty', look: { sql: `SELECT * FROM (${rowsOf(1)}) AS t WHERE FALSE` } }),
      check({ id: 'other_slate', looksAt: 'last_night', look: { sql: rowsOf(2, 'NULL') } }),
      check({
        id: 'other_type',
        look: {
          sql: `SELECT slate AS subject, slate < CAST(@from AS DATE) AS is_bad, 'x' AS note FROM nba_reference.schedule
            WHERE slate >= CAST(@from AS DATE) AND tipoff_at <> CAST(@as_of AS TIMESTAMP)`,
        },
      }),
    ];
    const answers = async (deps: TestWorld, canaries: readonly Canary[]) => {
      const { results } = await runCanaries(deps, { canaries, asOf: new Date('2025-01-10T17:00:00Z') });
      return results.map(({ ms: _ms, bytes: _bytes, ...rest }) => rest);
    };

    test('the statements of a run are one query, and every check says what it says alone', async () => {
      const { billed, asked, tried } = billedWorld();
      expect(await answers(billed, checks)).toEqual(await answers(world, checks));
      expect([asked.length, tried.length]).toEqual([1, checks.length]);
    });

    test('so many go as one query that an engine can plan it', async () => {
      const { billed, asked } = billedWorld();
      const many = Array.from({ length: 50 }, (_, i) => check({ id: `check_${i}` }));
      expect((await answers(billed, many)).every(({ status }) => status === 'pass')).toBe(true);
      expect(asked).toHaveLength(3);
    });

    test('a statement that cannot be planned is an error of its own, and is not run', async () => {
      const { billed, asked } = billedWorld();
      const wrong = check({ id: 'wrong', look: { sql: 'SELECT nothing FROM nba_reference.schedule' } });
      const seen = await answers(billed, [wrong, ...checks]);
      expect(seen.map(({ status }) => status)).toEqual(['error', 'fail', 'pass', 'fail', 'fail', 'pass']);
      expect(asked).toHaveLength(1);
    });

    test('a statement that fails on its rows takes no other one down', async () => {
      const { billed, asked } = billedWorld();
      const failing = check({
        id: 'failing',
        look: {
          sql: `SELECT game_id AS subject, CAST(game_id || '?' AS INT64) > 0 AS is_bad, 'x' AS note
            FROM nba_reference.schedule WHERE slate >= CAST(@from AS DATE)`,
        },
      });
      const seen = await answers(billed, [...checks, failing]);
      expect(seen).toEqual(await answers(world, [...checks, failing]));
      expect(seen.map(({ status }) => status)).toEqual(['fail', 'pass', 'fail', 'fail', 'pass', 'error']);
      // All; the three without it and those with it; of these the one without it, then the two, then both alone.
      expect(asked).toHaveLength(7);
    });

    test('a warehouse that is busy is not asked again in pieces', async () => {
      const { billed } = billedWorld();
      let queries = 0;
      const busy: TestWorld = {
        ...billed,
        warehouse: {
          ...billed.warehouse,
          query: async (sql, params) => {
            if (!sql.includes('subject')) return world.warehouse.query(sql, params);
            queries += 1;
            throw new TipoffError('TIPOFF_WAREHOUSE_BUSY', 'expected an answer, saw none', { hint: 'Wait.' });
          },
        },
      };
      const seen = await answers(busy, checks);
      expect(new Set(seen.map(({ reason }) => reason))).toEqual(
        new Set(['could not run: expected an answer, saw none']),
      );
      expect(queries).toBe(1);
    });

    test('a statement with a time of its own goes alone', async () => {
      const { billed, asked } = billedWorld();
      const [, fine] = checks;
      if (fine === undefined) throw new Error('expected a check');
      const own = check({ id: 'own', look: { ...fine.look, maxSeconds: 5 } as Canary['look'] });
      expect((await answers(billed, [own, ...checks])).map(({ status }) => status)[0]).toBe('pass');
      expect(asked).toHaveLength(2);
    });
  });
});
