import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { homeOwner } from '#platform/home.ts';
import { runNode } from '#test/platform/run-node.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

interface Line {
  readonly pid: number;
  readonly takenOver?: number | null;
  readonly message?: string;
  readonly code?: string;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let dir: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  dir = join(folder.path, 'home');
});
afterEach(() => folder.remove());

const lineOf = async (running: ReturnType<typeof runNode>): Promise<Line> =>
  JSON.parse(await running.firstLine);

/** The line of a process that ends by itself, once it has: the folder may go only after it. */
const lastLineOf = async (running: ReturnType<typeof runNode>): Promise<Line> => {
  expect(await running.ended).toMatchObject({ code: 0, stderr: '' });
  return lineOf(running);
};

it('tells a second process who has the home, and lets the next one in after kill -9', async () => {
  const holder = runNode('home/hold.ts', [dir, 'hold']);
  const first = await lineOf(holder);
  expect(first).toEqual({ pid: holder.child.pid, takenOver: null });

  const refused = await lastLineOf(runNode('home/hold.ts', [dir]));
  expect(refused).toMatchObject({
    code: 'TIPOFF_HOME_LOCKED',
    details: { pid: first.pid, command: 'hold hold' },
  });
  expect(refused.message).toContain(`process ${first.pid} (hold hold) since 20`);

  holder.child.kill('SIGKILL');
  expect((await holder.ended).signal).toBe('SIGKILL');
  const next = await lastLineOf(runNode('home/hold.ts', [dir]));
  expect(next).toMatchObject({
    takenOver: first.pid,
    message: expect.stringContaining(`from process ${first.pid} (hold hold`),
  });
});

it('never lets two in at once, however often owners die', async () => {
  const rounds = 25;
  const ends = await Promise.all(
    Array.from({ length: 3 }, () => runNode('home/contend.ts', [dir, String(rounds)]).ended),
  );
  const clean = { code: 0, stderr: '', stdout: `${rounds} rounds, 0 met somebody\n` };
  expect(ends.map(({ code, stderr, stdout }) => ({ code, stderr, stdout }))).toEqual([clean, clean, clean]);
});

it('lets exactly one of several processes take over from a dead one', async () => {
  await mkdir(dir);
  const dead = { pid: 99_999_999, command: 'serve', startedAt: '2025-01-10T15:00:00.000Z', token: 'dead' };
  await writeFile(join(dir, 'home.lock'), JSON.stringify(dead));
  const racers = Array.from({ length: 5 }, () => runNode('home/hold.ts', [dir, 'hold']));
  const lines = await Promise.all(racers.map(lineOf));
  const winners = lines.filter((line) => line.code === undefined);
  expect(winners).toEqual([expect.objectContaining({ takenOver: dead.pid })]);
  for (const line of lines.filter((other) => other.code !== undefined)) {
    expect(line).toMatchObject({
      code: 'TIPOFF_HOME_LOCKED',
      message: expect.stringContaining(`process ${winners[0]?.pid} `),
    });
  }
  expect((await homeOwner(dir))?.pid).toBe(winners[0]?.pid);
  for (const racer of racers) racer.child.kill('SIGKILL');
  await Promise.all(racers.map((racer) => racer.ended));
});
