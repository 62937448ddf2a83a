import { expect, test } from 'vitest';
import { openRightOfWay } from '#platform/right-of-way.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

/** A right of way that nobody loses by the clock, and a warehouse in which a table counts what is written. */
async function opened() {
  const way = openRightOfWay({ clock: { sleep: () => new Promise<void>(() => undefined) } });
  const warehouse = await openWarehouse({ tables: 'none', rightOfWay: way });
  await warehouse.execute('CREATE TABLE main.written (n BIGINT)');
  const done: string[] = [];
  const write = (who: string): Promise<unknown> =>
    warehouse.execute('INSERT INTO main.written VALUES (1)').then(() => done.push(who));
  const read = (who: string): Promise<unknown> =>
    warehouse.query('SELECT COUNT(*) AS n FROM main.written').then(() => done.push(who));
  return { way, warehouse, done, write, read };
}

test('who has the right of way waits for one statement, however many were asked for before him', async () => {
  const { way, warehouse, done, write, read } = await opened();
  const work = [1, 2, 3, 4, 5].flatMap((n) => [write(`write ${n}`), read(`read ${n}`)]);
  await way.first(async () => {
    await read('question');
    await write('its receipt');
    await read('question again');
  });
  const during = done.slice(0, done.indexOf('question again'));
  // What was at work ends: one statement that writes and one that reads.
  expect(during.filter((who) => /^(?:read|write)/.test(who)).length).toBeLessThanOrEqual(2);
  await Promise.all(work);
  expect(done).toHaveLength(13);
  // The others keep their order.
  expect(done.filter((who) => who.startsWith('write'))).toEqual([1, 2, 3, 4, 5].map((n) => `write ${n}`));
  await warehouse.close();
});

test('a question sees what was written before it', async () => {
  const { way, warehouse, write } = await opened();
  await write('write');
  const rows = await way.first(() => warehouse.query('SELECT COUNT(*) AS n FROM main.written'));
  expect(rows).toEqual([{ n: 1 }]);
  await warehouse.close();
});

test('work gets on by a statement between two questions', async () => {
  const { way, warehouse, done, write, read } = await opened();
  const gate = Promise.withResolvers<void>();
  const first = way.first(() => gate.promise);
  const work = write('write');
  const second = way.first(async () => {
    await read('question');
    gate.resolve();
    // Those who were there when the work was asked for are answered: it does not wait for the one that stays.
    await first;
    await work;
  });
  await Promise.all([second, work]);
  expect(done).toEqual(['question', 'write']);
  await warehouse.close();
});
