import { mondayBefore, type Slate } from '#core/calendar.ts';
import { type Fingerprints, hashOf, type IngestedInput } from './inputs.ts';
import type { Need, Step } from './steps.ts';

/** The identity of a step's inputs for one slate: a hash per input, of code and of contract. Equal parts give equal rows. */
export type Parts = Readonly<Record<string, string>>;

/** One hash over all parts. */
export function digestOf(parts: Parts): string {
  return hashOf(
    ...Object.keys(parts)
      .sort()
      .flatMap((name) => [name, parts[name] ?? '']),
  );
}

/** A history as chained hashes: for each slate with data, one over everything up to it. */
interface History {
  readonly slates: readonly Slate[];
  readonly upTo: readonly string[];
}

function historyOf(fingerprints: Fingerprints): History {
  const slates = [...fingerprints.keys()].sort();
  let chain = '';
  return {
    slates,
    upTo: slates.map((slate) => {
      chain = hashOf(chain, slate, fingerprints.get(slate) ?? '');
      return chain;
    }),
  };
}

/** The hash over a history strictly before a slate (or up to it); `none` when that is empty. */
function before(history: History, slate: Slate, inclusive = false): string {
  let [low, high] = [0, history.slates.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = history.slates[middle] ?? '';
    if (at < slate || (inclusive && at === slate)) low = middle + 1;
    else high = middle;
  }
  return history.upTo[low - 1] ?? 'none';
}

/** Computes parts step by step, in graph order. */
export interface PartsReader {
  /** The parts of every slate of a step. All steps upstream must have been provided. */
  parts(step: Step): ReadonlyMap<Slate, Parts>;
  /** Makes a step available as input to those downstream. `available`: its slates that will have rows by then. */
  provide(step: Step, parts: ReadonlyMap<Slate, Parts>, available: ReadonlySet<Slate>): void;
}

/**
 * Derives parts from the inputs alone. A step's rows follow from its inputs, so the hash of the inputs
 * identifies the rows, and a plan knows what a correction will reach before computing anything. Slates in
 * `open` (not played yet) include the instant, so they never count as finished.
 */
export function partsReader(
  steps: readonly Step[],
  slates: readonly Slate[],
  inputs: ReadonlyMap<IngestedInput, Fingerprints>,
  open: ReadonlyMap<Slate, string> = new Map(),
): PartsReader {
  const digests = new Map<string, Fingerprints>(inputs);
  /** Slates a weekly model can learn from: the available ones. All other history exists by the time it is read. */
  const learnable = new Map<string, Fingerprints>();
  const histories = new Map<Fingerprints, History>();
  const history = (fingerprints: Fingerprints = new Map()): History => {
    const known = histories.get(fingerprints) ?? historyOf(fingerprints);
    histories.set(fingerprints, known);
    return known;
  };
  const part = ({ input, scope }: Need, slate: Slate): string => {
    if (scope === 'slate') return digests.get(input)?.get(slate) ?? 'none';
    if (scope === 'code') return steps.find(({ name }) => name === input)?.code ?? 'none';
    if (scope === 'before_week') return before(history(learnable.get(input)), mondayBefore(slate));
    return before(history(digests.get(input)), slate, scope === 'up_to');
  };
  return {
    parts: (step) =>
      new Map(
        slates.map((slate) => {
          const parts: Record<string, string> = { code: step.code, contract: step.contract };
          const instant = open.get(slate);
          if (instant !== undefined) parts['open'] = instant;
          for (const need of step.needs) parts[`${need.input}:${need.scope}`] = part(need, slate);
          return [slate, parts];
        }),
      ),
    provide: (step, parts, available) => {
      const all = new Map([...parts].map(([slate, own]) => [slate, digestOf(own)]));
      digests.set(step.name, all);
      learnable.set(step.name, new Map([...all].filter(([slate]) => available.has(slate))));
    },
  };
}

/** Names of the parts in which two records differ. */
export function changedParts(then: Parts, now: Parts): string[] {
  return [...new Set([...Object.keys(then), ...Object.keys(now)])]
    .filter((name) => then[name] !== now[name])
    .sort();
}
