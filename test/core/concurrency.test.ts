import { describe, expect, it } from 'vitest';
import { mapConcurrently, readAhead } from '#core/concurrency.ts';

/** Work that ends when the test says so. */
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

describe('mapping concurrently', () => {
  it('begins in order, never more at once than the limit', async () => {
    const { begun, work, end } = manual();
    const all = mapConcurrently([1, 2, 3, 4], 2, work);
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
    const all = mapConcurrently([1, 2, 3], 2, work).finally(() => {
      ended = true;
    });
    const failed = expect(all).rejects.toThrow('the first');
    await end(1, new Error('the first'));
    expect(ended).toBe(false);
    await end(2, new Error('the second'));
    await failed;
    expect(begun).toEqual([1, 2]);
  });

  it('gives the results in the order of the items', async () => {
    expect(await mapConcurrently([3, 1, 2], 2, async (item) => item * 10)).toEqual([30, 10, 20]);
  });

  it('is done at once with nothing to do', async () => {
    await mapConcurrently([], 3, () => Promise.reject(new Error('nothing to do')));
  });
});

describe('readAhead', () => {
  it('gives what was read in order, and has begun the next one by then', async () => {
    const begun: string[] = [];
    const seen: string[] = [];
    const read = async (item: string): Promise<string> => {
      begun.push(item);
      return item.toUpperCase();
    };
    for await (const one of readAhead(['a', 'b', 'c'], read)) seen.push(`${one} after ${begun.join('')}`);
    expect(seen).toEqual(['A after ab', 'B after abc', 'C after abc']);
  });

  it('throws a failure when its turn comes, and none that is not asked for any more', async () => {
    const read = async (item: number): Promise<number> => {
      if (item === 2) throw new Error('two');
      return item;
    };
    const seen: number[] = [];
    const all = async (): Promise<void> => {
      for await (const one of readAhead([1, 2, 3], read)) seen.push(one);
    };
    await expect(all()).rejects.toThrow('two');
    expect(seen).toEqual([1]);
    for await (const one of readAhead([1, 2], read)) {
      expect(one).toBe(1);
      break;
    }
  });
});
