import { describe, expect, it } from 'vitest';
import { inLanes } from '#guard/backfill/execute.ts';

/** Work that ends when it is told to. */
function manual(): {
  begun: number[];
  work: (item: number) => Promise<void>;
  end: (item: number, error?: Error) => Promise<void>;
} {
  const begun: number[] = [];
  const ends = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  return {
    begun,
    work: (item) =>
      new Promise<void>((resolve, reject) => {
        begun.push(item);
        ends.set(item, { resolve, reject });
      }),
    end: async (item, error) => {
      if (error === undefined) ends.get(item)?.resolve();
      else ends.get(item)?.reject(error);
      await new Promise(setImmediate);
    },
  };
}

describe('work in lanes', () => {
  it('begins in order, never more at once than there are lanes', async () => {
    const { begun, work, end } = manual();
    const all = inLanes([1, 2, 3, 4], 2, work);
    expect(begun).toEqual([1, 2]);
    await end(2);
    expect(begun).toEqual([1, 2, 3]);
    await end(1);
    await end(3);
    expect(begun).toEqual([1, 2, 3, 4]);
    await end(4);
    await all;
  });

  it('begins nothing after a failure, waits for what is at work, and throws the first failure', async () => {
    const { begun, work, end } = manual();
    let ended = false;
    const all = inLanes([1, 2, 3], 2, work).finally(() => {
      ended = true;
    });
    const failed = expect(all).rejects.toThrow('the first');
    await end(1, new Error('the first'));
    expect(ended).toBe(false);
    await end(2, new Error('the second'));
    await failed;
    expect(begun).toEqual([1, 2]);
  });

  it('is done at once with nothing to do', async () => {
    await inLanes([], 3, () => Promise.reject(new Error('nothing to do')));
  });
});
