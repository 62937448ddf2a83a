import { hasMarketPrices } from '#core/bookmakers.ts';
import { fairOverProbability } from '#core/odds.ts';
import { seededRandom } from '#core/random.ts';
import { statement } from '#core/statement.ts';
import { type LineCalibration, lineCalibration } from '#model/calibration-scores.ts';
import { wilson } from '#model/metrics.ts';
import { COUNTED_GRADES } from '#pipeline/grade/grade.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import type { SlateSpan } from './slate.ts';

/** Which probabilities a curve is about: those of a system as published, or the champion's without the line. */
type Believer = 'published' | 'model_alone';

/** Outcomes among claims of about one probability of OVER, pushes left out. */
interface ReliabilityBin {
  readonly n: number;
  /** Mean claim. */
  readonly claimed: number;
  /** Share that went over, with Wilson's 95 % interval. */
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/** Reliability of the probabilities of OVER at the main line, for one record class, market, system and kind of probability. */
export interface Reliability extends Omit<LineCalibration, 'bins'> {
  readonly record_class: string;
  readonly market: string;
  readonly system_id: string;
  readonly believer: Believer;
  readonly bins: readonly ReliabilityBin[];
}

/** Shares of outcomes below the published quantiles; an outcome k covers k − ½ to k + ½. */
export interface QuantileCoverage {
  readonly record_class: string;
  readonly market: string;
  readonly system_id: string;
  readonly n: number;
  readonly below_10: number;
  readonly below_25: number;
  readonly below_50: number;
  readonly below_75: number;
  readonly below_90: number;
}

export interface CalibrationReading {
  readonly lines: readonly Reliability[];
  readonly quantiles: readonly QuantileCoverage[];
}

/** Width of the bins of a reliability curve. */
const STEP = 0.05;
/** Minimum number of decided rows for a curve. */
const MIN_ROWS = 20;
/** Seed of the simulation behind the noise floor, so that the same rows give the same page. */
const SEED = 20;

/** Decided main-line rows that count, with what was claimed of them; parameters `from` and `to`. */
export const DECIDED_CLAIMS = statement({
  owner: 'app/reading/calibration',
  sql: `
SELECT g.record_class, g.market, g.system_id, p.p_over, p.p_push, p.model_p_over, p.over_price, p.under_price, p.bookmaker,
  CASE WHEN g.actual > g.line THEN 1 ELSE 0 END AS is_over
FROM (${COUNTED_GRADES}) g
JOIN nba_predictions.player_prop_predictions p ON p.publication_id = g.publication_id AND p.market = g.market
  AND p.prediction_id = g.prediction_id AND p.slate = g.slate
WHERE p.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND g.line_role = 'main' AND g.outcome <> 'void'
  AND p.p_over IS NOT NULL AND g.actual <> g.line
ORDER BY g.record_class, g.market, g.system_id, g.slate, g.player_id`,
});

/** SQL: the share of an outcome's cell, k − ½ to k + ½, that lies below a published quantile. */
function below(quantile: string): string {
  return `AVG(CASE WHEN g.actual + 0.5 <= p.${quantile} THEN 1.0 WHEN g.actual - 0.5 >= p.${quantile} THEN 0.0
    ELSE p.${quantile} - (g.actual - 0.5) END)`;
}

/** Observed shares below the published quantiles; parameters `from` and `to`. */
export const QUANTILE_COVERAGE = statement({
  owner: 'app/reading/calibration',
  sql: `
SELECT g.record_class, g.market, g.system_id, COUNT(*) AS n, ${below('p10')} AS below_10, ${below('p25')} AS below_25,
  ${below('predicted')} AS below_50, ${below('p75')} AS below_75, ${below('p90')} AS below_90
FROM (${COUNTED_GRADES}) g
JOIN nba_predictions.player_prop_predictions p ON p.publication_id = g.publication_id AND p.market = g.market
  AND p.prediction_id = g.prediction_id AND p.slate = g.slate
WHERE p.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND g.line_role <> 'second' AND g.outcome <> 'void'
GROUP BY g.record_class, g.market, g.system_id
ORDER BY g.record_class, g.market, g.system_id`,
});

interface Claim {
  readonly record_class: string;
  readonly market: string;
  readonly system_id: string;
  readonly p_over: number;
  readonly p_push: number | null;
  readonly model_p_over: number | null;
  readonly over_price: number | null;
  readonly under_price: number | null;
  readonly bookmaker: string | null;
  readonly is_over: number;
}

/** Calibration of the published probabilities and quantiles of a span. Only grades that count; live and backfill apart. */
export async function readCalibration(
  warehouse: Warehouse,
  { from, to }: SlateSpan,
): Promise<CalibrationReading> {
  const claims = await warehouse.query<Claim>(DECIDED_CLAIMS.sql, { from, to });
  const quantiles = await warehouse.query<QuantileCoverage>(QUANTILE_COVERAGE.sql, { from, to });
  const groups = Map.groupBy(claims, (claim) =>
    [claim.record_class, claim.market, claim.system_id].join('\n'),
  );
  const lines = [...groups.values()]
    .filter((rows) => rows.length >= MIN_ROWS)
    .flatMap((rows) => {
      const published = reliability(rows, 'published', ({ p_over }) => p_over);
      // The other systems say the same before and after: the line is heard by what is believed of the champion.
      if (rows[0]?.system_id !== 'ridge') return [published];
      return [published, reliability(rows, 'model_alone', ({ model_p_over }) => model_p_over)];
    });
  return { lines, quantiles };
}

function reliability(
  rows: readonly Claim[],
  believer: Believer,
  chance: (claim: Claim) => number | null,
): Reliability {
  const [first] = rows;
  const over = Float64Array.from(rows, (row) => (chance(row) ?? Number.NaN) / (1 - (row.p_push ?? 0)));
  const outcome = Float64Array.from(rows, ({ is_over }) => is_over);
  const market = Float64Array.from(rows, ({ over_price, under_price, bookmaker }) =>
    hasMarketPrices(bookmaker) ? (fairOverProbability(over_price, under_price) ?? Number.NaN) : Number.NaN,
  );
  const { bins: _confidence, ...scores } = lineCalibration(over, outcome, market, seededRandom(SEED));
  return {
    record_class: first?.record_class ?? '',
    market: first?.market ?? '',
    system_id: first?.system_id ?? '',
    believer,
    ...scores,
    bins: binsOf(over, outcome),
  };
}

/** Claims in bins of equal width; empty bins are left out. */
function binsOf(over: Float64Array, outcome: Float64Array): ReliabilityBin[] {
  const bins = new Map<number, { n: number; claimed: number; overs: number }>();
  over.forEach((p, i) => {
    const key = Math.min(1 / STEP - 1, Math.floor(p / STEP + 1e-9));
    const bin = bins.get(key) ?? { n: 0, claimed: 0, overs: 0 };
    bins.set(key, { n: bin.n + 1, claimed: bin.claimed + p, overs: bin.overs + (outcome[i] ?? 0) });
  });
  return [...bins]
    .sort(([a], [b]) => a - b)
    .map(([, { n, claimed, overs }]) => ({ n, claimed: claimed / n, share: overs / n, ...wilson(overs, n) }));
}
