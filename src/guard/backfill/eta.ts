import { addDays, mondayBefore, type Slate } from '#core/calendar.ts';
import { DEFAULT_CONFIG } from '#model/train-config.ts';
import type { Fingerprints, IngestedInput } from './inputs.ts';
import type { UnitDoc } from './ledger.ts';
import type { Chunk } from './slates.ts';

/**
 * Cost of a step in seconds, on DuckDB with two cores: per slate, and per game, raw line and report of the
 * slate. `history` is the cost of starting a chunk, per game of the history it reads; `week` that of training the models of each of its
 * weeks, per game that calibrates them.
 */
interface Cost {
  readonly slate?: number;
  readonly game?: number;
  readonly line?: number;
  readonly report?: number;
  readonly history?: number;
  readonly week?: number;
}

/** Measured over a season of all markets. The measurements of a run correct them. */
const COSTS: Readonly<Record<string, Cost>> = {
  PlayerGameSummary: { game: 0.00015 },
  TeamGameSummary: { game: 0.00003 },
  UpcomingTeamGameContext: { game: 0.00002 },
  PlayerPropLines: { line: 0.0000047 },
  UpcomingPlayerGameContext: { game: 0.0004, report: 0.00003 },
  TeamDefenseZoneAnalysis: { game: 0.00017, history: 0.00005 },
  PlayerShotZoneAnalysis: { game: 0.00008 },
  PlayerDailyCache: { game: 0.0007, history: 0.00018 },
  PlayerAvailability: { game: 0.0006, history: 0.00018 },
  PlayerCompositeFactors: { game: 0.00011 },
  MLFeatureStore: { game: 0.00095 },
  Predictions: { slate: 0.2, game: 0.006, history: 0.0024, week: 0.002 },
  Grades: { game: 0.0051 },
  Exports: { slate: 0.19, game: 0.01 },
};
const UNKNOWN_STEP: Cost = { game: 0.0003 };
/** Fixed seconds to start a chunk, however few slates it has. */
const BEGIN_SECONDS = 0.03;
/** Assumed games of a slate that no input knows. */
const TYPICAL_GAMES = 6;

/** Estimated work, in the seconds of `COSTS`. */
export interface Workload {
  /** The slates themselves. */
  slates(step: string, slates: readonly Slate[]): number;
  /** Starting a chunk of these slates. */
  begin(step: string, slates: readonly Slate[]): number;
}

/** The workload of slates, from the row counts of a plan's inputs. */
export function workloadOf(inputs: ReadonlyMap<IngestedInput, Fingerprints>): Workload {
  const counted = (input: IngestedInput): ReadonlyMap<Slate, number> =>
    new Map([...(inputs.get(input) ?? [])].map(([slate, fingerprint]) => [slate, rowsOf(fingerprint)]));
  const [games, lines, reports] = [counted('calendar'), counted('player_lines'), counted('reports')];
  const known = [...games];
  const gamesOf = (slate: Slate): number => games.get(slate) ?? TYPICAL_GAMES;
  /** Games of slates in [from, to); from the first on when `from` is null. */
  const gamesBetween = (from: Slate | null, to: Slate): number =>
    known.reduce(
      (sum, [slate, count]) => (slate < to && (from === null || slate >= from) ? sum + count : sum),
      0,
    );
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
      const { history = 0, week = 0 } = COSTS[step] ?? UNKNOWN_STEP;
      const last = slates.at(-1);
      if (last === undefined) return BEGIN_SECONDS;
      const weeks = week === 0 ? [] : [...new Set(slates.map(mondayBefore))];
      const calibrating = weeks.map((monday) =>
        gamesBetween(addDays(monday, -DEFAULT_CONFIG.calibrationDays), monday),
      );
      return (
        BEGIN_SECONDS +
        history * gamesBetween(null, last) +
        week * calibrating.reduce((sum, games) => sum + games, 0)
      );
    },
  };
}

/** Row count of a fingerprint, which ends with it. */
function rowsOf(fingerprint: string): number {
  return Number(fingerprint.slice(fingerprint.lastIndexOf(':') + 1)) || 0;
}

/** Measured seconds of a step on this machine, per second of its workload. */
export type Rates = (step: string) => number;

/** Rates from the last measurements in the ledger; an unmeasured step gets the overall rate. */
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

/** Seconds by share: the slates of a step, or starting its chunks. */
type Shares = ReadonlyMap<string, number>;

const total = (shares: Shares): number => [...shares.values()].reduce((sum, seconds) => sum + seconds, 0);

/** Compares estimated with measured seconds. */
export interface Pace {
  /** Records finished work: its share, its estimated and its measured seconds. */
  record(share: string, estimated: number, measured: number): void;
  /** Seconds that estimated work will really take. */
  remaining(estimated: Shares): number;
}

/** Weights of the estimate against measurements, as fractions of all estimated work and of one share's. */
const GUESS_OF_ALL = 0.03;
const GUESS_OF_SHARE = 0.05;

/**
 * A pace for planned work. It starts from the estimates and trusts measurements more the more of the run they
 * cover: a first short step says little about the long ones after it. Measurements of a step apply to the
 * rest of that step, those of all steps to the others.
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
    record: (share, estimated, measured) => {
      const before = seen.get(share) ?? { estimated: 0, measured: 0 };
      seen.set(share, { estimated: before.estimated + estimated, measured: before.measured + measured });
    },
    remaining: (estimated) => {
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

/** The estimated duration of a run, and what is left of it. */
export interface Forecast {
  /** Estimated seconds of all chunks. */
  readonly seconds: number;
  /**
   * Records finished slates of a chunk and their seconds; returns seconds and workload for the ledger, and
   * the seconds left of the run.
   */
  record(
    chunk: Chunk,
    slates: readonly Slate[],
    seconds: number,
  ): { readonly seconds: number; readonly workload: number; readonly remaining: number };
}

/** A forecast for chunks. The first slates recorded of a chunk include the cost of starting it. */
export function forecast(chunks: readonly Chunk[], workload: Workload, rates: Rates): Forecast {
  const pending = new Map<string, number>();
  const started = new Set<Chunk>();
  const starting = (step: string): string => `${step}, starting`;
  const add = (share: string, seconds: number): void => {
    pending.set(share, Math.max(0, (pending.get(share) ?? 0) + seconds));
  };
  for (const { step, slates } of chunks) {
    add(starting(step.name), rates(step.name) * workload.begin(step.name, slates));
    add(step.name, rates(step.name) * workload.slates(step.name, slates));
  }
  const planned = new Map(pending);
  const speed = pace(planned);
  return {
    seconds: total(planned),
    record: (chunk, slates, seconds) => {
      const { name } = chunk.step;
      const own = workload.slates(name, slates);
      const begin = started.has(chunk) ? 0 : workload.begin(name, chunk.slates);
      started.add(chunk);
      const share = own + begin > 0 ? own / (own + begin) : 1;
      for (const [key, part, measured] of [
        [name, own, seconds * share],
        [starting(name), begin, seconds * (1 - share)],
      ] as const) {
        if (part === 0) continue;
        add(key, -rates(name) * part);
        // The time of a failed chunk is not remembered.
        if (seconds > 0) speed.record(key, rates(name) * part, measured);
      }
      return {
        seconds: seconds * share,
        workload: seconds > 0 ? own : 0,
        remaining: speed.remaining(pending),
      };
    },
  };
}
