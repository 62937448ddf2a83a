import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock, virtualClock } from '#platform/clock.ts';
import { openSqliteQueue } from '#platform/queue/sqlite.ts';
import { runNode } from '#test/platform/run-node.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, 'queue.sqlite');
});
afterEach(() => folder.remove());

const numbers = (length: number): number[] => Array.from({ length }, (_, n) => n);
const printed = (stdout: string): number[] => stdout.split('\n').filter(Boolean).map(Number);

it('gives every message to exactly one of several processes', async () => {
  const queue = openSqliteQueue(path, { clock: systemClock });
  await queue.publish('t', numbers(600));
  const ends = await Promise.all(
    numbers(3).map(() => runNode('queue/consume.ts', [path, 't', '3600']).ended),
  );
  expect(ends.map((end) => [end.code, end.stderr])).toEqual(numbers(3).map(() => [0, '']));
  const all = ends.flatMap((end) => printed(end.stdout));
  expect(all.toSorted((a, b) => a - b)).toEqual(numbers(600));
  await queue.close();
});

it('redelivers exactly what a killed process had leased', async () => {
  const before = openSqliteQueue(path, { clock: systemClock });
  await before.publish('t', numbers(20));
  await before.close();
  const holder = runNode('queue/consume.ts', [path, 't', '3600', '4']);
  expect(await holder.firstLine).toBe('holding 4');
  holder.child.kill('SIGKILL');
  expect((await holder.ended).signal).toBe('SIGKILL');
  const clock = virtualClock(new Date());
  const queue = openSqliteQueue(path, { clock });
  const rest = await queue.pull<number>('t', 100);
  expect(rest).toHaveLength(16);
  for (const delivery of rest) await delivery.ack();
  clock.advance(3_600_000);
  const again = await queue.pull<number>('t', 100);
  expect(again.map((delivery) => delivery.attempt)).toEqual([2, 2, 2, 2]);
  expect([...rest, ...again].map((delivery) => delivery.body).toSorted((a, b) => a - b)).toEqual(numbers(20));
  await queue.close();
});
