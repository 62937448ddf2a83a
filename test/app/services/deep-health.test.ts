import { describe, expect, it } from 'vitest';
import { CRITICAL_FIELDS, deepHealthAnswer } from '#app/services/health.ts';
import type { Service } from '#app/services/runtime.ts';
import { TipoffError } from '#core/errors.ts';
import { shiftedClock } from '#platform/clock.ts';
import type { LiveColumn } from '#platform/warehouse/port.ts';
import { MORNING, players } from '#test/fakes/prediction-world.ts';
import { type ServiceWorld, serviceWorlds } from './service-world.ts';

const world = serviceWorlds();
type Health = Service['health'];

async function red(made: Pick<ServiceWorld, 'call'>): Promise<string[]> {
  const answer = await made.call('GET', '/health/deep');
  const report = deepHealthAnswer.parse(answer.body);
  expect(answer.status).toBe(report.checks_failed === 0 ? 200 : 503);
  expect(report.checks_run).toBe(8);
  return report.checks
    .filter(({ status }) => status === 'fail')
    .map(({ check, seen }) => `${check}: ${seen}`);
}

const describing =
  (change: (columns: LiveColumn[]) => LiveColumn[] | undefined) =>
  (health: Health): Health => ({
    ...health,
    warehouse: {
      ...health.warehouse,
      describe: async (table) => {
        const columns = await health.warehouse.describe(table);
        return columns === undefined || table.name !== 'player_prop_predictions' ? columns : change(columns);
      },
    },
  });

const down = (): Promise<never> =>
  Promise.reject(new TipoffError('TIPOFF_STORAGE', 'the disk is gone', { hint: 'Find it.' }));
const refuse = () => down();

describe('GET /health/deep', () => {
  it('is green over a healthy service, again and again, and leaves nothing behind', async () => {
    const made = await world(players(2));
    expect(await red(made)).toEqual([]);
    expect(await red(made)).toEqual([]);
    expect(await made.warehouse.listTables('nba_predictions', '_staging_')).toEqual([]);
    expect(await made.deps.queue.depth('health-probe')).toBe(0);
    expect(CRITICAL_FIELDS).toHaveLength(15);
  });

  it('bears many callers at once', async () => {
    const made = await world(players(2));
    expect((await Promise.all(Array.from({ length: 6 }, () => red(made)))).flat()).toEqual([]);
  });

  const column = (name: string) => (columns: LiveColumn[]) => columns.filter((live) => live.name !== name);
  const broken: [string, (health: Health) => Health, RegExp[]][] = [
    [
      'a warehouse that cannot be read',
      (h) => ({ ...h, warehouse: { ...h.warehouse, query: refuse } }),
      [/^warehouse_read: TIPOFF_STORAGE/],
    ],
    [
      'staging tables that cannot be made',
      (h) => ({ ...h, warehouse: { ...h.warehouse, createTable: refuse } }),
      [/^staging:/],
    ],
    [
      'staging tables that are not dropped',
      (h) => ({ ...h, warehouse: { ...h.warehouse, dropTable: async () => false } }),
      [/^staging: .*was gone/],
    ],
    [
      'a state store that refuses',
      (h) => ({ ...h, state: { ...h.state, transaction: refuse } }),
      [/^state_cas/, /^clock_skew/],
    ],
    ['a queue that refuses', (h) => ({ ...h, queue: { ...h.queue, publish: refuse } }), [/^queue_publish/]],
    [
      'no model for today',
      (h) => ({
        ...h,
        models: {
          forSlate: async () =>
            Promise.reject(new TipoffError('TIPOFF_NO_MODEL', 'all are too old', { hint: 'Train.' })),
        },
      }),
      [/^model: TIPOFF_NO_MODEL: all are too old/],
    ],
    [
      'a missing setting',
      (h) => ({ ...h, settings: { ...h.settings, SLACK: false } }),
      [/^configuration: missing: SLACK/],
    ],
    [
      'a missing critical column',
      describing(column('feature_sources')),
      [/^output_schema: .*14 of 15.*feature_sources: expected STRING NOT NULL, saw nothing/],
    ],
    ['a missing other column', describing(column('p_push')), [/^output_schema: .*15 of 15.*p_push/]],
    [
      'a column of another type',
      describing((all) => all.map((c) => (c.name === 'line' ? { ...c, type: 'FLOAT64' } : c))),
      [/line: expected NUMERIC, saw FLOAT64/],
    ],
    [
      'a column that is no longer required',
      describing((all) => all.map((c) => (c.name === 'player_id' ? { ...c, required: false } : c))),
      [/player_id/],
    ],
    [
      'a required column the contract does not know',
      describing((all) => [...all, { name: 'extra', type: 'STRING', required: true }]),
      [/extra: required, and not in the contract/],
    ],
    ['a missing table', describing(() => undefined), [/^output_schema: .*does not exist/]],
  ];

  it('is red, names what is broken, and nothing else', async () => {
    const made = await world(players(1));
    for (const [what, change, expected] of broken) {
      const found = await red(made.withHealth(change));
      expect(found, what).toHaveLength(expected.length);
      for (const [i, pattern] of expected.entries()) expect(found[i], what).toMatch(pattern);
    }
    expect(await red(made)).toEqual([]);
  });

  it('stays green on tables that the next version has expanded', async () => {
    const made = await world(players(1));
    const expanded = describing((all) => [...all, { name: 'extra', type: 'STRING', required: false }]);
    expect(await red(made.withHealth(expanded))).toEqual([]);
  });

  it('is red after the clock went back behind what is stored', async () => {
    const made = await world(players(1));
    expect(await red(made)).toEqual([]);
    const earlier = shiftedClock(new Date(Date.parse(MORNING) - 3_600_000));
    expect((await red(made.withHealth((h) => ({ ...h, clock: earlier })))).join()).toMatch(
      /^clock_skew: .*an earlier probe is 3\d\d\d s ahead/,
    );
  });

  it('is red for a check that does not answer in time', async () => {
    const hurried = { ...shiftedClock(MORNING), sleep: async () => undefined };
    const changeHealth = (h: Health): Health => ({
      ...h,
      clock: hurried,
      queue: { ...h.queue, publish: () => new Promise(() => undefined) },
    });
    const made = (await world(players(1))).withHealth(changeHealth);
    expect((await red(made)).join()).toMatch(/queue_publish: TIPOFF_NOT_READY: no answer within 5 s/);
  });
});

describe('GET /health, /version and /metrics', () => {
  it('answer', async () => {
    const { call, runtime } = await world(players(2));
    expect((await call('GET', '/health', undefined, {})).body).toEqual({
      status: 'ok',
      roles: ['coordinator', 'worker'],
    });
    expect((await call('GET', '/version', undefined, {})).body).toMatchObject({
      name: 'tipoff',
      version: '1.2.3',
    });
    await call('POST', '/start', { mode: 'FIRST' });
    await runtime.idle();
    await runtime.drainQueue();
    await runtime.idle();
    const { text, headers } = await call('GET', '/metrics');
    expect(headers.get('content-type')).toContain('text/plain');
    expect(text).toContain('tipoff_http_requests_total{route="/start",method="post",status="202"} 1');
    expect(text).toContain('tipoff_units_total{handled="done"} 1');
    expect(text).toContain('tipoff_batches_ended_total{state="published"} 1');
    expect(text).toContain('tipoff_batches_active 0');
    expect(text).toContain('tipoff_batch_age_seconds 0');
  });

  it('tell the age and the outcomes of a batch that is at work, in lines that Prometheus reads', async () => {
    const { call, runtime, deps } = await world(players(3));
    await call('POST', '/start', { mode: 'FIRST' });
    await runtime.idle();
    await deps.clock.sleep(90_000);
    const { text } = await call('GET', '/metrics');
    expect(text).toContain('tipoff_batches_active 1');
    expect(text).toContain('tipoff_batch_age_seconds 90');
    expect(text).toContain('tipoff_batch_idle_seconds 90');
    expect(text).toContain('tipoff_batch_outcomes{outcome="predicted"} 0');
    expect(text).toContain('tipoff_queue_depth 1');
    const lines = text
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '');
    const told = new Set(
      lines.flatMap((line) => /^# TYPE (\w+) (?:counter|gauge|histogram)$/.exec(line)?.[1] ?? []),
    );
    const samples = lines.filter((line) => !line.startsWith('#'));
    const wrong = samples.filter((line) => {
      const [, name = ''] =
        /^(\w+)(?:\{(?:\w+="[^"\n]*",?)+\})? -?(?:\d+(?:\.\d+)?(?:e-?\d+)?|\+Inf)$/.exec(line) ?? [];
      return !told.has(name) && !told.has(name.replace(/_(?:bucket|sum|count)$/, ''));
    });
    expect(wrong).toEqual([]);
  });
});
