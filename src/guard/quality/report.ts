import type { Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { FEATURE_SOURCES, FEATURES, type Feature, type FeatureSource } from '#core/features.ts';
import { percent } from '#core/format.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** Shares of rows from which a report warns and from which it fails. */
export interface QualityPolicy {
  readonly warn: number;
  readonly fail: number;
}
export const QUALITY_POLICY: QualityPolicy = { warn: 0.05, fail: 0.15 };

export type QualityVerdict = 'pass' | 'warn' | 'fail';

/** Rows and shares of one month, or of all. */
export interface TierCounts {
  /** Rows of players who had played before: something could be known. */
  readonly rows: number;
  readonly rows_without_history: number;
  /** Tier 1: rows with a default or missing required feature. */
  readonly required_default_rows: number;
  readonly required_default_share: number;
  /** Tier 2: rows with a default or missing optional feature. */
  readonly optional_default_rows: number;
  readonly optional_default_share: number;
}

export interface MonthReport extends TierCounts {
  readonly month: string;
  readonly verdict: QualityVerdict;
}

/** Tier 3: where the values of one feature come from. Shares by source letter. */
export interface FeatureReport {
  readonly feature: string;
  readonly required: boolean;
  readonly sources: Readonly<Partial<Record<FeatureSource, number>>>;
  readonly default_share: number;
}

/** A feature that is missing too often in a month. */
export interface QualityFinding {
  readonly feature: string;
  readonly required: boolean;
  readonly month: string;
  readonly default_share: number;
  /** Its share over the other months: what is usual. */
  readonly usual_share: number;
  readonly verdict: Exclude<QualityVerdict, 'pass'>;
}

export interface QualityReport extends TierCounts {
  readonly from: Slate;
  readonly to: Slate;
  /** `empty`: there was nothing to look at, which proves nothing. */
  readonly verdict: QualityVerdict | 'empty';
  readonly reasons: readonly string[];
  readonly months: readonly MonthReport[];
  readonly features: readonly FeatureReport[];
  readonly findings: readonly QualityFinding[];
  /** Slates with finished games but no training row. */
  readonly slates_without_rows: readonly Slate[];
}

/**
 * The rows training would read, by month, by whether the player had played before, and by the letters of their features.
 * Few rows share a text of letters in theory, thousands in practice, so the counting by feature is done here, not in SQL.
 */
const LETTERS = `
WITH debut AS (
  SELECT player_id, MIN(slate) AS first_played FROM nba_analytics.player_game_summary
  WHERE slate >= CAST(@history_from AS DATE) AND played GROUP BY player_id
)
SELECT SUBSTR(CAST(f.slate AS STRING), 1, 7) AS month, d.first_played < f.slate AS has_history, f.feature_sources, COUNT(*) AS row_count
FROM nba_predictions.ml_feature_store f
JOIN nba_analytics.player_game_summary g ON g.player_id = f.player_id AND g.game_id = f.game_id AND g.slate = f.slate
JOIN debut d ON d.player_id = f.player_id
WHERE f.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND g.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND g.played
GROUP BY SUBSTR(CAST(f.slate AS STRING), 1, 7), d.first_played < f.slate, f.feature_sources`;

const UNCOVERED = `
SELECT DISTINCT s.slate FROM nba_reference.schedule s
WHERE s.is_counted AND s.status = 'final' AND s.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  AND NOT EXISTS (SELECT 1 FROM nba_predictions.ml_feature_store f WHERE f.slate = s.slate AND f.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE))
ORDER BY s.slate`;

const HISTORY_FROM = '1946-11-01';
const MISSING: ReadonlySet<string> = new Set<FeatureSource>(['d', 'm']);

interface LetterRow {
  readonly month: string;
  readonly has_history: boolean;
  readonly feature_sources: string;
  readonly row_count: number;
}

/**
 * The three tiers over the training rows of slates [from, to]. A row of a player's very first game is counted apart: there
 * nothing could be known. Fails above 15 % in tier 1, in the range or in any month of it, and when games were played but
 * there are no rows at all; without games either it is `empty`: nothing to look at is no good news.
 *
 * Throws TIPOFF_SCHEMA_MISMATCH when rows carry another number of letters than the feature contract has features.
 */
export async function qualityReport(
  warehouse: Warehouse,
  range: { readonly from: Slate; readonly to: Slate },
  policy: QualityPolicy = QUALITY_POLICY,
): Promise<QualityReport> {
  const params = { from: range.from, to: range.to };
  const rows = await warehouse.query<LetterRow>(LETTERS, { ...params, history_from: HISTORY_FROM });
  const odd = rows.find(({ feature_sources }) => feature_sources.length !== FEATURES.length);
  if (odd !== undefined) {
    throw new TipoffError(
      'TIPOFF_SCHEMA_MISMATCH',
      `rows of ${odd.month} carry ${odd.feature_sources.length} source letters, expected ${FEATURES.length}`,
      {
        hint: 'They were computed under another feature contract: run `tipoff backfill run --only-stale`.',
        details: { month: odd.month, letters: odd.feature_sources.length, features: FEATURES.length },
      },
    );
  }
  const slates = await warehouse.query<{ slate: Slate }>(UNCOVERED, params);
  const byMonth = [...Map.groupBy(rows, ({ month }) => month)].sort(([a], [b]) => (a < b ? -1 : 1));
  const months = byMonth.map(([month, own]): MonthReport => {
    const counts = countTiers(own);
    return { month, ...counts, verdict: verdictOf(counts.required_default_share, policy) };
  });
  const features = FEATURES.map((feature, i) => featureReport(feature, i, rows));
  const findings = FEATURES.flatMap((feature, i) => findingsOf(feature, i, byMonth, policy));
  const counts = countTiers(rows);
  const reasons = [
    ...(rows.length === 0 && slates.length > 0
      ? [`no feature rows for ${slates.length} slates with finished games`]
      : []),
    ...(counts.rows === 0 && slates.length === 0 ? [nothingSeen(range, counts)] : []),
    ...(counts.required_default_share > policy.warn
      ? [`${percent(counts.required_default_share)} of ${counts.rows} rows lack a required feature`]
      : []),
    ...months
      .filter(({ verdict }) => verdict !== 'pass')
      .map(
        (one) =>
          `${one.month}: ${percent(one.required_default_share)} of ${one.rows} rows lack a required feature`,
      ),
    ...findings.map(
      (one) =>
        `${one.feature} is missing in ${percent(one.default_share)} of the rows of ${one.month}, usually in ${percent(one.usual_share)}`,
    ),
  ];
  const verdicts = [
    verdictOf(counts.required_default_share, policy),
    ...months.map(({ verdict }) => verdict),
    ...findings.map(({ verdict }) => verdict),
  ];
  const isBlind = rows.length === 0 && slates.length > 0;
  const seen = counts.rows === 0 ? 'empty' : verdicts.includes('warn') ? 'warn' : 'pass';
  const verdict = isBlind || verdicts.includes('fail') ? 'fail' : seen;
  return {
    ...range,
    ...counts,
    verdict,
    reasons,
    months,
    features,
    findings,
    slates_without_rows: slates.map(({ slate }) => slate),
  };
}

function nothingSeen(
  { from, to }: { readonly from: Slate; readonly to: Slate },
  { rows_without_history: first }: TierCounts,
): string {
  if (first > 0)
    return `only ${first} rows of players' first games from ${from} to ${to}: nothing could be known of them`;
  return `no rows from ${from} to ${to}, and no finished games: nothing seen is no proof`;
}

function verdictOf(share: number, { warn, fail }: QualityPolicy): QualityVerdict {
  return share > fail ? 'fail' : share > warn ? 'warn' : 'pass';
}

const POSITIONS = { required: positionsOf(true), optional: positionsOf(false) };

function positionsOf(required: boolean): readonly number[] {
  return FEATURES.flatMap((feature, i) => (feature.required === required ? [i] : []));
}

function countTiers(rows: readonly LetterRow[]): TierCounts {
  const known = rows.filter(({ has_history }) => has_history);
  const sum = (own: readonly LetterRow[]): number =>
    own.reduce((total, { row_count }) => total + row_count, 0);
  const lacking = (positions: readonly number[]): number =>
    sum(known.filter(({ feature_sources }) => positions.some((i) => MISSING.has(feature_sources[i] ?? 'm'))));
  const [all, required, optional] = [sum(known), lacking(POSITIONS.required), lacking(POSITIONS.optional)];
  return {
    rows: all,
    rows_without_history: sum(rows) - all,
    required_default_rows: required,
    required_default_share: share(required, all),
    optional_default_rows: optional,
    optional_default_share: share(optional, all),
  };
}

function featureReport(feature: Feature, position: number, rows: readonly LetterRow[]): FeatureReport {
  const counts = lettersAt(position, rows);
  const all = [...counts.values()].reduce((total, count) => total + count, 0);
  const letters = (Object.keys(FEATURE_SOURCES) as FeatureSource[]).filter((letter) => counts.has(letter));
  return {
    feature: feature.name,
    required: feature.required,
    sources: Object.fromEntries(letters.map((letter) => [letter, share(counts.get(letter) ?? 0, all)])),
    default_share: share(missingIn(counts), all),
  };
}

/** Months in which a required feature is missing above the policy, or an optional one far above what is usual for it. */
function findingsOf(
  feature: Feature,
  position: number,
  months: readonly (readonly [string, readonly LetterRow[]])[],
  policy: QualityPolicy,
): QualityFinding[] {
  const counted = months.map(([month, rows]) => {
    const counts = lettersAt(position, rows);
    return {
      month,
      missing: missingIn(counts),
      all: [...counts.values()].reduce((total, count) => total + count, 0),
    };
  });
  const total = counted.reduce(
    (sum, one) => ({ missing: sum.missing + one.missing, all: sum.all + one.all }),
    { missing: 0, all: 0 },
  );
  return counted.flatMap(({ month, missing, all }): QualityFinding[] => {
    const default_share = share(missing, all);
    const usual_share = share(total.missing - missing, total.all - all);
    const found = { feature: feature.name, required: feature.required, month, default_share, usual_share };
    if (feature.required) {
      const verdict = verdictOf(default_share, policy);
      return verdict === 'pass' ? [] : [{ ...found, verdict }];
    }
    // A feature that nobody ever delivered is no news; one that used to be there and is gone for a month is.
    return total.all > all && default_share - usual_share > policy.fail
      ? [{ ...found, verdict: 'warn' }]
      : [];
  });
}

function lettersAt(position: number, rows: readonly LetterRow[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { feature_sources, row_count, has_history } of rows) {
    if (!has_history) continue;
    const letter = feature_sources[position] ?? 'm';
    counts.set(letter, (counts.get(letter) ?? 0) + row_count);
  }
  return counts;
}

function missingIn(counts: ReadonlyMap<string, number>): number {
  return [...counts].reduce((total, [letter, count]) => total + (MISSING.has(letter) ? count : 0), 0);
}

function share(part: number, all: number): number {
  return all === 0 ? 0 : part / all;
}
