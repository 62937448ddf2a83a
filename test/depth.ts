import { describe, it } from 'vitest';

/**
 * Some properties are shown by a long series of alike cases: every correction of the past, every point at which a process can die.
 * `npm test` plays a part of each series, on one machine within minutes; `npm run test:all` plays every case, and so does CI on
 * GitHub, where each part of the suites has a machine of its own. vitest tells its tests the `--mode` they run in.
 */
export const playsAll = process.env['MODE'] === 'all';

/** How often to repeat something: `few` times, or `all` times in a run that plays every case. */
export function times(few: number, all: number): number {
  return playsAll ? all : few;
}

/** The cases of a series that this run plays: all, or `few` of them spread evenly, the first and the last among them. */
function spread<T>(cases: readonly T[], few: number): readonly T[] {
  if (playsAll || few >= cases.length) return cases;
  const at = Array.from({ length: few }, (_, i) =>
    Math.round((i * (cases.length - 1)) / Math.max(1, few - 1)),
  );
  return at.map((i) => cases[i] as T);
}

/** `it.for` over a series, of which a short run plays `few` cases; the others are counted as skipped, with the reason. */
export function itForSpread<T>(cases: readonly T[], few: number) {
  const played = spread(cases, few);
  const left = cases.filter((one) => !played.includes(one));
  return (name: string, test: (one: T) => Promise<void>, timeout?: number): void => {
    it.for(played)(name, timeout === undefined ? {} : { timeout }, test);
    describe.skip('cases that npm run test:all plays', () => it.for(left)(name, test));
  };
}
