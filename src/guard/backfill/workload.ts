import type { Slate } from '#core/calendar.ts';
import type { Facet, Fingerprints } from './facets.ts';

/**
 * What a step takes in seconds of a machine with two cores and the embedded engine: of a slate, of each of its games, of each
 * raw line and report of it; and to begin a piece of work, of each game of the history that is read for it.
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
  PlayerCompositeFactors: { game: 0.00011 },
  MLFeatureStore: { game: 0.00068 },
  // To begin: every week's model from one walk over all of history.
  Predictions: { slate: 0.1, game: 0.003, history: 0.0012 },
  Grades: { game: 0.00095 },
  Exports: { slate: 0.085, game: 0.0044 },
};
const UNKNOWN_STEP: Cost = { game: 0.0003 };
/** Seconds to begin a piece of work however few slates it has. */
const BEGIN_SECONDS = 0.03;
/** Games of a slate that no read facet knows. */
const TYPICAL_GAMES = 6;

/** How much work there is, in the seconds of `COSTS`. */
export interface Workload {
  /** The slates themselves. */
  slates(step: string, slates: readonly Slate[]): number;
  /** To begin a piece of work over these slates. */
  begin(step: string, slates: readonly Slate[]): number;
}

/** The work of slates, by the rows that the facets of a plan counted for them. */
export function workloadOf(facets: ReadonlyMap<Facet, Fingerprints>): Workload {
  const counted = (facet: Facet): ReadonlyMap<Slate, number> =>
    new Map([...(facets.get(facet) ?? [])].map(([slate, fingerprint]) => [slate, rowsOf(fingerprint)]));
  const [games, lines, reports] = [counted('calendar'), counted('player_lines'), counted('reports')];
  const known = [...games].sort(([a], [b]) => (a < b ? -1 : 1));
  const gamesOf = (slate: Slate): number => games.get(slate) ?? TYPICAL_GAMES;
  return {
    slates: (step, slates) => {
      const { slate: each = 0, game = 0, line = 0, report = 0 } = COSTS[step] ?? UNKNOWN_STEP;
      return slates.reduce(
        (sum, slate) => sum + each + game * gamesOf(slate) + line * (lines.get(slate) ?? 0) + report * (reports.get(slate) ?? 0),
        0,
      );
    },
    begin: (step, slates) => {
      const { history = 0 } = COSTS[step] ?? UNKNOWN_STEP;
      const last = slates.at(-1);
      if (history === 0 || last === undefined) return BEGIN_SECONDS;
      return BEGIN_SECONDS + history * known.reduce((sum, [slate, count]) => (slate < last ? sum + count : sum), 0);
    },
  };
}

/** Rows behind a fingerprint, which ends with their number. */
function rowsOf(fingerprint: string): number {
  return Number(fingerprint.slice(fingerprint.lastIndexOf(':') + 1)) || 0;
}
