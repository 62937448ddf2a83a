import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openRightOfWay } from '#platform/right-of-way.ts';

/** A clock by which nobody's seconds are ever over. */
const never = { sleep: () => new Promise<void>(() => undefined) };

describe('the right of way', () => {
  it('keeps long work at its step until a question is answered', async () => {
    const way = openRightOfWay({ clock: never });
    const happened: string[] = [];
    const gate = Promise.withResolvers<void>();
    const answer = way.first(async () => {
      happened.push('asked');
      await gate.promise;
      happened.push('answered');
    });
    const work = way.giveWay().then(() => happened.push('next step'));
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    expect(happened).toEqual(['asked']);
    gate.resolve();
    await Promise.all([answer, work]);
    expect(happened).toEqual(['asked', 'answered', 'next step']);
  });

  it('lets work get on by a step however many ask', async () => {
    const way = openRightOfWay({ clock: never });
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    const first = way.first(() => gates[0].promise);
    const work = way.giveWay();
    await nextTurn();
    const second = way.first(() => gates[1].promise);
    gates[0].resolve();
    await work;
    gates[1].resolve();
    await Promise.all([first, second]);
  });

  it('is kept for some seconds, and by nobody who has given it up', async () => {
    const late = Promise.withResolvers<void>();
    const slept: number[] = [];
    const way = openRightOfWay({
      seconds: 7,
      clock: {
        sleep: (milliseconds) => {
          slept.push(milliseconds);
          return late.promise;
        },
      },
    });
    const seen: boolean[] = [];
    await way.first(async () => {
      seen.push(way.isFirst(), way.isTaken());
      late.resolve();
      await nextTurn();
      seen.push(way.isFirst(), way.isTaken());
    });
    expect([slept, seen]).toEqual([[7000], [true, true, false, false]]);
    const other = openRightOfWay({ clock: never });
    await other.first(async () => {
      other.cede();
      expect([other.isFirst(), other.isTaken()]).toEqual([false, false]);
    });
  });

  it('is not waited for by whoever has it, and ends with an error too', async () => {
    const way = openRightOfWay({ clock: never });
    await way.first(() => way.giveWay());
    await expect(way.first(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await way.giveWay();
    expect([way.isTaken(), way.isFirst()]).toEqual([false, false]);
  });
});
