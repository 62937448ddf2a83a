import { seededRandom } from '#core/random.ts';
import type { Delivery, Queue } from '#platform/queue/port.ts';

export interface Mischief {
  readonly seed: number;
  /** Share of deliveries that come a second time, now or later; 0.25 by default. */
  readonly duplicate?: number;
  /** Share of deliveries held back for up to three later pulls; 0.25 by default. */
  readonly delay?: number;
}

interface Held {
  readonly delivery: Delivery<unknown>;
  /** Pulls to sit out. */
  wait: number;
}

/**
 * A queue as a careless network shows it: deliveries of `inner` come twice, late and in any order, the same ones for the
 * same seed and calls. Nothing is lost: what is held back comes with a later pull, and its lease runs on meanwhile. A
 * pull may return nothing although messages are waiting; `depth` tells.
 */
export function mischievousQueue(inner: Queue, mischief: Mischief): Queue {
  const { duplicate = 0.25, delay = 0.25 } = mischief;
  const random = seededRandom(mischief.seed);
  const heldBack = new Map<string, Held[]>();
  const originals = new WeakMap<Delivery, Delivery>();

  const copyOf = (delivery: Delivery<unknown>): Delivery<unknown> => {
    const original = originals.get(delivery) ?? delivery;
    const copy: Delivery<unknown> = {
      ...original,
      body: structuredClone(original.body),
      ack: () => original.ack(),
      nack: (s) => original.nack(s),
    };
    originals.set(copy, original);
    return copy;
  };
  const hold = (deliveries: readonly Delivery<unknown>[]): Held[] =>
    deliveries.map((delivery) => ({ delivery, wait: random() < delay ? 1 + Math.floor(random() * 3) : 0 }));

  return {
    ...inner,
    pull: async <T>(topic: string, max: number, leaseSeconds?: number) => {
      const fresh = await inner.pull(topic, max, leaseSeconds);
      const again = fresh.filter(() => random() < duplicate).map(copyOf);
      const all = [...(heldBack.get(topic) ?? []), ...hold(fresh), ...hold(again)];
      const due = shuffled(
        all.filter((held) => held.wait === 0),
        random,
      );
      const given = due.slice(0, max);
      const kept = all.filter((held) => !given.includes(held));
      for (const held of kept) held.wait = Math.max(0, held.wait - 1);
      heldBack.set(topic, kept);
      // The body's type is the caller's claim, here as in every queue.
      return given.map((held) => held.delivery as Delivery<T>);
    },
    park: (delivery, reason) => inner.park(originals.get(delivery) ?? delivery, reason),
  };
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
