import type { Slate } from '#core/calendar.ts';
import type { Fingerprints, IngestedInput } from './inputs.ts';
import type { UnitDoc } from './ledger.ts';
import type { Chunk } from './slates.ts';

/**
 * What a step takes in seconds of a machine with two cores and the embedded engine: of a slate, of each of its games, of each
 * raw line and report of it; and to begin a chunk, of each game of the history that is read for it.
 */
interface Cost {
  readonly slate?: number;
  readonly game?: number;
  readonly line?: number;
  readonly report?: number;
  readonly history?: number;
}

/** Measured by `npm run bench`. Only their ratios matter: what a run measures corrects them all. */
const COSTS: Readonly<Record<string, Cost>> = {
  PlayerGameSummary: { game: 0.00022 },
  TeamGameSummary: { game: 0.00007 },
  UpcomingTeamGameContext: { game: 0.00003 },
  PlayerPropLines: { line: 0.0000047 },
  UpcomingPlayerGameContext: { game: 0.00026, report: 0.00002 },
  TeamDefenseZoneAnalysis: { game: 0.0001, history: 0.00003 },
  PlayerShotZoneAnalysis: { game: 0.000065 },
  PlayerDailyCache: { game: 0.00038, history: 0.000095 },
  PlayerAvailability: { game: 0.0004, history: 0.00012 },
  PlayerCompositeFactors: { game: 0.00011 },
  MLFeatureStore: { game: 0.00068 },
  // To begin: every week's model from one walk over all of history.
  Predictions: { slate: 0.1, game: 0.003, history: 0.0012 },
  Grades: { game: 0.00095 },
  Exports: { slate: 0.085, game: 0.0044 },
};
const UNKNOWN_STEP: Cost = { game: 0.0003 };
/** Seconds to begin a chunk however few slates it has. */
const BEGIN_SECONDS = 0.03;
/** Games of a slate that no input knows. */
const TYPICAL_GAMES = 6;

/** How much work there is, in the seconds of `COSTS`. */
export interface Workload {
  /** The slates themselves. */
  slates(step: string, slates: readonly Slate[]): number;
  /** To begin a chunk of these slates. */
  begin(step: string, slates: readonly Slate[]): number;
}

/** The work of slates, by the rows that the inputs of a plan counted for them. */
export function workloadOf(inputs: ReadonlyMap<IngestedInput, Fingerprints>): Workload {
  const counted = (input: IngestedInput): ReadonlyMap<Slate, number> =>
    new Map([...(inputs.get(input) ?? [])].map(([slate, fingerprint]) => [slate, rowsOf(fingerprint)]));
  const [games, lines, reports] = [counted('calendar'), counted('player_lines'), counted('reports')];
  const known = [...games].sort(([a], [b]) => (a < b ? -1 : 1));
  const gamesOf = (slate: Slate): number => games.get(slate) ?? TYPICAL_GAMES;
  return {
    slates: (step, slates) => {
      const { slate: each = 0, game = 0, line = 0, report = 0 } = COSTS[step] ?? UNKNOWN_STEP;
      return slates.reduce(
        (sum, slate) =>
          sum +
          each +
          game * gamesOf(slate) +
          line * (lines.get(slate) ?? 0) +
          report * (reports.get(slate) ?? 0),
        0,
      );
    },
    begin: (step, slates) => {
      const { history = 0 } = COSTS[step] ?? UNKNOWN_STEP;
      const last = slates.at(-1);
      if (history === 0 || last === undefined) return BEGIN_SECONDS;
      return (
        BEGIN_SECONDS + history * known.reduce((sum, [slate, count]) => (slate < last ? sum + count : sum), 0)
      );
    },
  };
}

/** Rows behind a fingerprint, which ends with their number. */
function rowsOf(fingerprint: string): number {
  return Number(fingerprint.slice(fingerprint.lastIndexOf(':') + 1)) || 0;
}

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
  const [seconds, workload] = [
    all.reduce((sum, one) => sum + one.seconds, 0),
    all.reduce((sum, one) => sum + one.workload, 0),
  ];
  const overall = seconds > 0 ? seconds / workload : 1;
  return (step) => {
    const own = sums.get(step);
    return own === undefined || own.seconds === 0 ? overall : own.seconds / own.workload;
  };
}

/** Seconds by what takes them: the slates of a step, or the beginnings of its chunks. */
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
 * they cover: a first short step says little about the long ones behind it. What was measured of a step counts for the rest of
 * that step, what was measured of all steps for the others.
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
        const factor =
          own.estimated + weight > 0 ? (own.measured + weight * common) / (own.estimated + weight) : common;
        return sum + seconds * factor;
      }, 0);
    },
  };
}

/** What a run takes as a whole, and what is left of it. */
export interface Forecast {
  /** Estimated seconds of all chunks. */
  readonly seconds: number;
  /** Records slates of a chunk that are done, and what they took; gives what the ledger should remember and what is left. */
  record(
    chunk: Chunk,
    slates: readonly Slate[],
    seconds: number,
  ): { readonly seconds: number; readonly workload: number; readonly left: number };
}

/** A forecast for chunks. The first slates of a chunk carry what it took to begin it. */
export function forecast(chunks: readonly Chunk[], workload: Workload, rates: Rates): Forecast {
  const left = new Map<string, number>();
  const begun = new Set<Chunk>();
  const beginning = (step: string): string => `${step}, beginning`;
  const add = (share: string, seconds: number): void => {
    left.set(share, Math.max(0, (left.get(share) ?? 0) + seconds));
  };
  for (const { step, slates } of chunks) {
    add(beginning(step.name), rates(step.name) * workload.begin(step.name, slates));
    add(step.name, rates(step.name) * workload.slates(step.name, slates));
  }
  const planned = new Map(left);
  const speed = pace(planned);
  return {
    seconds: total(planned),
    record: (chunk, slates, seconds) => {
      const { name } = chunk.step;
      const own = workload.slates(name, slates);
      const begin = begun.has(chunk) ? 0 : workload.begin(name, chunk.slates);
      begun.add(chunk);
      const share = own + begin > 0 ? own / (own + begin) : 1;
      for (const [key, part, measured] of [
        [name, own, seconds * share],
        [beginning(name), begin, seconds * (1 - share)],
      ] as const) {
        if (part === 0) continue;
        add(key, -rates(name) * part);
        // A chunk that failed took no time worth remembering.
        if (seconds > 0) speed.done(key, rates(name) * part, measured);
      }
      return { seconds: seconds * share, workload: seconds > 0 ? own : 0, left: speed.left(left) };
    },
  };
}
