import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canariesNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { checkRuns, readHeads, updateIncidents } from '#guard/incidents/update.ts';
import { LEASE_MINUTES, underReceipt, WORK_COLLECTION } from '#pipeline/work.ts';
import { emptyWorld, type TestWorld } from '#test/guard/canaries/world.ts';

const DAY = { work: 'day', about: '2025-01-10' } as const;

describe('start receipts', () => {
  let world: TestWorld;
  const warnings: string[] = [];
  beforeEach(async () => {
    warnings.length = 0;
    world = await emptyWorld('2025-01-10T13:30:00Z');
  });
  afterEach(() => world.close());

  const deps = () => ({ ...world, warn: (line: string) => void warnings.push(line) });
  /** Work whose process is killed: nothing that comes after its start is done. */
  const killed = (work: { readonly work: 'day' | 'fetch'; readonly about: string }): void => {
    void underReceipt(deps(), work, () => new Promise<never>(() => undefined));
  };
  const settled = () => world.state.list(WORK_COLLECTION);
  const check = async () => {
    const canaries = canariesNamed(['work_died']);
    const run = await runCanaries(world, { canaries, isPartial: true, store: false });
    await updateIncidents(world.state, checkRuns(run.runs, canaries));
    const [result] = run.results;
    return { status: result?.status, offenders: result?.offenders };
  };

  test('go with the end of the work, good or bad', async () => {
    const seen = await underReceipt(deps(), DAY, async () => (await settled()).map(({ id }) => id));
    expect(seen).toEqual(['day 2025-01-10']);
    await expect(underReceipt(deps(), DAY, () => Promise.reject(new Error('no lines')))).rejects.toThrow(
      'no lines',
    );
    expect(await settled()).toEqual([]);
    expect(await check()).toMatchObject({ status: 'pass' });
  });

  test('tell of work that was killed, once its lease is over and until it has been done', async () => {
    killed(DAY);
    killed({ work: 'fetch', about: '2025-01-10' });
    await world.clock.sleep(1);
    expect((await settled()).map(({ id }) => id)).toEqual(['day 2025-01-10', 'fetch 2025-01-10']);
    expect(await check()).toMatchObject({ status: 'pass' });
    await world.clock.sleep((LEASE_MINUTES.day + 1) * 60_000);
    for (let day = 0; day < 10; day++) {
      expect(await check()).toEqual({
        status: 'fail',
        offenders: [
          'day 2025-01-10: began at 2025-01-10T13:30:00.000Z and never ended: stopped by death',
          'fetch 2025-01-10: began at 2025-01-10T13:30:00.000Z and never ended: stopped by death',
        ],
      });
      expect((await readHeads(world.state)).get('work_died')?.status).toBe('open');
      await world.clock.sleep(86_400_000);
    }
    await underReceipt(deps(), { ...DAY, about: '2025-01-20' }, async () => undefined);
    expect((await check()).offenders).toHaveLength(1);
    await underReceipt(deps(), { work: 'fetch', about: '2025-01-20' }, async () => undefined);
    expect(await check()).toMatchObject({ status: 'pass' });
    expect((await readHeads(world.state)).get('work_died')?.status).toBe('resolved');
  });

  test('that cannot be written stop nothing, and say so', async () => {
    const state = { ...world.state, transaction: () => Promise.reject(new Error('no permission')) };
    const done = await underReceipt({ ...deps(), state }, DAY, async () => 'predicted');
    expect(done).toBe('predicted');
    expect(warnings).toEqual([
      'the receipt of the start of day 2025-01-10 was not written: no permission',
      'the receipt of the end of day 2025-01-10 was not written: no permission',
    ]);
  });

  test('answers that cannot be stored are answers all the same', async () => {
    const refuse = () => Promise.reject(new Error('no permission'));
    const canaries = canariesNamed(['schedule_ahead']);
    const tables = { ...world, warehouse: { ...world.warehouse, append: refuse } };
    const first = await runCanaries(tables, { canaries });
    expect(first.results.map(({ status }) => status)).toEqual(['fail']);
    expect(first.unstored).toEqual(['the answers of the checks could not be stored: no permission']);
    const documents = { ...world, state: { ...world.state, transaction: refuse } };
    const second = await runCanaries(documents, { canaries });
    expect(second.results.map(({ status }) => status)).toEqual(['fail']);
    expect(second.unstored).toEqual(['the heartbeat of the checks could not be stored: no permission']);
  });
});
