import type { Slate } from '#core/calendar.ts';
import type { UnitDoc } from './ledger.ts';
import type { Workload } from './workload.ts';
import type { Work } from './works.ts';

/** How many times longer than the workload says a step takes here. */
export type Rates = (step: string) => number;

/** Rates as the ledger measured them the last time; a step it never measured is slower or faster as all the others are. */
export function ratesOf(units: Iterable<Pick<UnitDoc, 'step' | 'seconds' | 'workload'>>): Rates {
  const sums = new Map<string, { seconds: number; workload: number }>();
  for (const { step, seconds, workload = 0 } of units) {
    if (workload === 0) continue;
    const sum = sums.get(step) ?? { seconds: 0, workload: 0 };
    sums.set(step, { seconds: sum.seconds + seconds, workload: sum.workload + workload });
  }
  const all = [...sums.values()];
  const [seconds, workload] = [all.reduce((sum, one) => sum + one.seconds, 0), all.reduce((sum, one) => sum + one.workload, 0)];
  const overall = seconds > 0 ? seconds / workload : 1;
  return (step) => {
    const own = sums.get(step);
    return own === undefined || own.seconds === 0 ? overall : own.seconds / own.workload;
  };
}

/** Seconds by what takes them: the slates of a step, or the beginnings of its pieces of work. */
type Shares = ReadonlyMap<string, number>;

const total = (shares: Shares): number => [...shares.values()].reduce((sum, seconds) => sum + seconds, 0);

/** Estimated and measured seconds against each other. */
export interface Pace {
  /** Enters what is finished, with what had been estimated for it and what it took. */
  done(share: string, estimated: number, measured: number): void;
  /** Seconds that so much estimated work will take. */
  left(estimated: Shares): number;
}

/** Parts of all estimated work, and of that of one share, that the estimate is worth against measurements. */
const GUESS_OF_ALL = 0.03;
const GUESS_OF_SHARE = 0.05;

/**
 * A pace for so much planned work. It starts with the estimates as they are and trusts measurements more the more of the run
 * they cover: a first short step says little about the long ones behind it. What a step measured of itself counts for the rest of that
 * step, what all measured for the others.
 */
export function pace(planned: Shares): Pace {
  const seen = new Map<string, { estimated: number; measured: number }>();
  const guess = GUESS_OF_ALL * total(planned);
  const overall = (): number => {
    const all = [...seen.values()];
    const [estimated, measured] = [
      all.reduce((sum, one) => sum + one.estimated, guess),
      all.reduce((sum, one) => sum + one.measured, guess),
    ];
    return estimated > 0 ? measured / estimated : 1;
  };
  return {
    done: (share, estimated, measured) => {
      const before = seen.get(share) ?? { estimated: 0, measured: 0 };
      seen.set(share, { estimated: before.estimated + estimated, measured: before.measured + measured });
    },
    left: (estimated) => {
      const common = overall();
      return [...estimated].reduce((sum, [share, seconds]) => {
        const own = seen.get(share) ?? { estimated: 0, measured: 0 };
        const weight = GUESS_OF_SHARE * (planned.get(share) ?? 0);
        const factor = own.estimated + weight > 0 ? (own.measured + weight * common) / (own.estimated + weight) : common;
        return sum + seconds * factor;
      }, 0);
    },
  };
}

/** What a run takes as a whole, and what is left of it. */
export interface Forecast {
  /** Estimated seconds of all pieces of work. */
  readonly seconds: number;
  /** Enters slates of a piece of work that stand, and what they took; gives what the ledger should remember and what is left. */
  settle(
    work: Work,
    slates: readonly Slate[],
    seconds: number,
  ): { readonly seconds: number; readonly workload: number; readonly left: number };
}

/** A forecast for pieces of work. The first slates of a piece carry what it took to begin it. */
export function forecast(works: readonly Work[], workload: Workload, rates: Rates): Forecast {
  const left = new Map<string, number>();
  const begun = new Set<Work>();
  const beginning = (step: string): string => `${step}, beginning`;
  const add = (share: string, seconds: number): void => {
    left.set(share, Math.max(0, (left.get(share) ?? 0) + seconds));
  };
  for (const { step, slates } of works) {
    add(beginning(step.name), rates(step.name) * workload.begin(step.name, slates));
    add(step.name, rates(step.name) * workload.slates(step.name, slates));
  }
  const planned = new Map(left);
  const speed = pace(planned);
  return {
    seconds: total(planned),
    settle: (work, slates, seconds) => {
      const { name } = work.step;
      const own = workload.slates(name, slates);
      const begin = begun.has(work) ? 0 : workload.begin(name, work.slates);
      begun.add(work);
      const share = own + begin > 0 ? own / (own + begin) : 1;
      for (const [key, part, measured] of [
        [name, own, seconds * share],
        [beginning(name), begin, seconds * (1 - share)],
      ] as const) {
        if (part === 0) continue;
        add(key, -rates(name) * part);
        // A piece that failed took no time worth remembering.
        if (seconds > 0) speed.done(key, rates(name) * part, measured);
      }
      return { seconds: seconds * share, workload: seconds > 0 ? own : 0, left: speed.left(left) };
    },
  };
}
