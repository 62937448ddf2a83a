import type { SubsetPick } from '#core/contracts/nba_predictions/subset-picks.ts';

/** How lopsided a slate is, shown with its picks. */
export type DailySignal = 'green' | 'yellow' | 'red';

/** A row of the system that picks, at the main line. */
export interface PickRow {
  readonly publication_id: string;
  readonly prediction_id: string;
  readonly slate: string;
  readonly record_class: string;
  readonly system_id: string;
  readonly player_id: number;
  readonly recommendation: string;
  readonly edge: number;
  readonly confidence: number | null;
  readonly is_actionable: boolean;
}

interface Subset {
  readonly id: string;
  readonly leastEdge: number;
  readonly side?: 'OVER';
  /** Only on slates that are not red. */
  readonly needsSignal?: true;
  readonly top?: number;
}

/** The eight subsets. Edges are absolute, in points; ranks go by edge, then by probability. */
const SUBSETS: readonly Subset[] = [
  { id: 'top_pick', leastEdge: 5, side: 'OVER', needsSignal: true, top: 1 },
  { id: 'top_3', leastEdge: 5, top: 3 },
  { id: 'top_5', leastEdge: 5, top: 5 },
  { id: 'high_edge_over', leastEdge: 5, side: 'OVER' },
  { id: 'high_edge_all', leastEdge: 5 },
  { id: 'ultra_high_edge', leastEdge: 7 },
  { id: 'green_light', leastEdge: 5, needsSignal: true },
  { id: 'all_picks', leastEdge: 3 },
];

/** Picks with a large edge from which on a slate can be green. */
const ENOUGH_PICKS = 3;

/**
 * Red when one side has less than a quarter of the sides of the slate, yellow when it has less than 35 % or fewer than
 * three picks have an edge of five points, else green. Measured on the sides of the picking system at the main lines.
 */
export function dailySignal(rows: readonly PickRow[]): DailySignal {
  const sides = rows.filter(({ recommendation }) => recommendation === 'OVER' || recommendation === 'UNDER');
  const share = sides.length === 0 ? 0.5 : sides.filter(({ recommendation }) => recommendation === 'OVER').length / sides.length;
  const lesser = Math.min(share, 1 - share);
  if (lesser < 0.25) return 'red';
  const large = sides.filter(({ is_actionable, edge }) => is_actionable && Math.abs(edge) >= 5).length;
  return lesser < 0.35 || large < ENOUGH_PICKS ? 'yellow' : 'green';
}

/** The picks of every subset, ranked. Only actionable rows are picks. */
export function subsetPicksOf(rows: readonly PickRow[]): SubsetPick[] {
  const daily_signal = dailySignal(rows);
  const ranked = rows
    .filter((row) => row.is_actionable)
    .sort(
      (a, b) =>
        Math.abs(b.edge) - Math.abs(a.edge) || (b.confidence ?? 0) - (a.confidence ?? 0) || a.prediction_id.localeCompare(b.prediction_id),
    );
  return SUBSETS.flatMap((subset) => {
    if (subset.needsSignal === true && daily_signal === 'red') return [];
    const members = ranked.filter(
      (row) => Math.abs(row.edge) >= subset.leastEdge && (subset.side === undefined || row.recommendation === subset.side),
    );
    return members.slice(0, subset.top).map(
      (row, i): SubsetPick => ({
        publication_id: row.publication_id,
        subset_id: subset.id,
        prediction_id: row.prediction_id,
        slate: row.slate,
        record_class: row.record_class,
        system_id: row.system_id,
        rank: i + 1,
        player_id: row.player_id,
        daily_signal,
      }),
    );
  });
}
