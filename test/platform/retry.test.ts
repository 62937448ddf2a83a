import { describe, expect, it } from 'vitest';
import { TipoffError } from '#core/errors.ts';
import { virtualClock } from '#platform/clock.ts';
import { backoff, jitterOf, type RetryPolicy, retry, retryBudget } from '#platform/retry.ts';

const down = (message = 'down') => new TipoffError('TIPOFF_PROVIDER_DOWN', message, { hint: 'Later.' });
const refused = () => new TipoffError('TIPOFF_BAD_INPUT', 'refused', { hint: 'Never.' });

/** Runs a call that fails with these errors, in order, before it works. */
async function run(policy: RetryPolicy, failures: readonly Error[]) {
  const clock = virtualClock('2025-01-10T17:00:00Z');
  const attempts: number[] = [];
  const rest = [...failures];
  const answer = await retry(clock, policy, async (attempt) => {
    attempts.push(attempt);
    const failure = rest.shift();
    if (failure !== undefined) throw failure;
    return 'done';
  }).catch((error: unknown) => error);
  return { answer, attempts, slept: clock.slept };
}

describe('a retry', () => {
  it('waits between attempts, ever longer, up to the longest pause', async () => {
    const policy = { attempts: 5, pause: backoff({ first: 100, max: 300 }) };
    expect(await run(policy, [down(), down(), down(), down()])).toEqual({
      answer: 'done',
      attempts: [1, 2, 3, 4, 5],
      slept: [100, 200, 300, 300],
    });
  });

  it('throws the last error as it is when the attempts are used up', async () => {
    const last = down('the last');
    const { answer, attempts } = await run({ attempts: 3 }, [down(), down(), last, down()]);
    expect(answer).toBe(last);
    expect(attempts).toEqual([1, 2, 3]);
  });

  it('does not repeat what no repeat can help', async () => {
    expect(await run({ attempts: 5 }, [refused()])).toMatchObject({
      answer: { code: 'TIPOFF_BAD_INPUT' },
      attempts: [1],
    });
    const own = { attempts: 5, isTransient: () => true };
    expect(await run(own, [refused()])).toMatchObject({ answer: 'done', attempts: [1, 2] });
  });

  it('begins no attempt after its time', async () => {
    const policy = { attempts: 99, budget: 1000, pause: () => 400 };
    const { attempts, slept } = await run(
      policy,
      Array.from({ length: 99 }, () => down()),
    );
    expect([attempts.length, slept]).toEqual([3, [400, 400]]);
  });

  it('gives up rather than wait for longer than anybody would', async () => {
    expect((await run({ attempts: 5, pause: () => undefined }, [down()])).attempts).toEqual([1]);
  });

  it('says each time that it tries again', async () => {
    const seen: unknown[] = [];
    await run({ attempts: 3, onRetry: (error, failed) => seen.push([failed, String(error)]) }, [
      down('a'),
      down('b'),
    ]);
    expect(seen).toEqual([
      [1, 'TipoffError: a'],
      [2, 'TipoffError: b'],
    ]);
  });

  it('stops waiting when it is aborted', async () => {
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    const clock = virtualClock('2025-01-10T17:00:00Z');
    const calls = retry(clock, { attempts: 3, pause: () => 100 }, () => Promise.reject(down()), stop.signal);
    await expect(calls).rejects.toThrow('stopped');
  });
});

it('a budget is shared by the requests of one operation', async () => {
  const budget = retryBudget(virtualClock('2025-01-10T17:00:00Z'), { attempts: 3 });
  expect([await budget.next(down()), await budget.next(down()), await budget.next(down())]).toEqual([
    true,
    true,
    false,
  ]);
  expect(budget.attempt).toBe(3);
});

it('jitter takes up to half of a pause, differs between processes, and repeats for one seed', () => {
  const pauses = (seed: string) => [1, 2, 3].map(backoff({ first: 100, max: 1000, jitter: jitterOf(seed) }));
  expect(pauses('a')).toEqual(pauses('a'));
  expect(pauses('a')).not.toEqual(pauses('b'));
  for (const [i, pause] of pauses('c').entries()) {
    expect(pause).toBeGreaterThanOrEqual(50 * 2 ** i);
    expect(pause).toBeLessThan(100 * 2 ** i);
  }
});
