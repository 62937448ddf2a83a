import type { Slate } from '#core/calendar.ts';
import { MAX_OFFENDERS, type Outcome, outcome, type Severity, type Verdict, verdictOf } from '#core/check.ts';
import { TipoffError } from '#core/errors.ts';
import { FEATURE_SOURCES, FEATURES, type Feature, type FeatureSource } from '#core/features.ts';
import { count, percent } from '#core/format.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** Shares of rows from which a report warns and from which it fails. */
export interface QualityPolicy {
  readonly warn: number;
  readonly fail: number;
}
export const QUALITY_POLICY: QualityPolicy = { warn: 0.05, fail: 0.15 };

/** Rows and shares of one month, or of all. */
interface TierCounts {
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

interface MonthReport extends TierCounts {
  readonly month: string;
}

/** Tier 3: where the values of one feature come from. Shares by source letter. */
interface FeatureReport {
  readonly feature: string;
  readonly required: boolean;
  readonly sources: Readonly<Partial<Record<FeatureSource, number>>>;
  readonly default_share: number;
}

/** A feature that is missing too often in a month. */
interface FeatureGap {
  readonly feature: string;
  readonly required: boolean;
  readonly month: string;
  readonly default_share: number;
  /** Its share over the other months: what is usual. */
  readonly usual_share: number;
  readonly severity: Severity;
}

export interface QualityReport extends TierCounts {
  readonly from: Slate;
  readonly to: Slate;
  /** `skipped`: there was nothing to look at, which proves nothing. */
  readonly verdict: Verdict;
  /** Whether there are rows, whether they have the required features, in all and by month, and the features by month. */
  readonly outcomes: readonly Outcome[];
  readonly months: readonly MonthReport[];
  readonly features: readonly FeatureReport[];
  readonly gaps: readonly FeatureGap[];
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
 * there are no rows at all; without games either it is `skipped`: nothing to look at is no good news.
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
  const months = byMonth.map(([month, own]): MonthReport => ({ month, ...countTiers(own) }));
  const features = FEATURES.map((feature, i) => featureReport(feature, i, rows));
  const gaps = FEATURES.flatMap((feature, i) => gapsOf(feature, i, byMonth, policy));
  const counts = countTiers(rows);
  const outcomes = [
    rowsOutcome(range, counts, rows.length, slates.length),
    ...(counts.rows === 0 ? [] : [requiredOutcome(counts, policy)]),
    ...months
      .filter((month) => month.rows > 0)
      .map((month) => ({ ...requiredOutcome(month, policy), subject: month.month })),
    ...[...Map.groupBy(gaps, ({ month }) => month)].map(([month, own]) => gapsOutcome(month, own)),
  ];
  return {
    ...range,
    ...counts,
    verdict: verdictOf(outcomes, 'critical'),
    outcomes,
    months,
    features,
    gaps,
    slates_without_rows: slates.map(({ slate }) => slate),
  };
}

const QUESTION = { question: 'Can a model be trained on these rows?' };

function rowsOutcome(
  range: { readonly from: Slate; readonly to: Slate },
  counts: TierCounts,
  rows: number,
  slates: number,
): Outcome {
  const asked = { ...QUESTION, check: 'training_rows', expected: 'feature rows of every finished game' };
  if (rows === 0 && slates > 0) {
    const reason = `no feature rows for ${slates} slates with finished games`;
    return outcome({ ...asked, status: 'fail', seen: 0, reason });
  }
  return counts.rows === 0
    ? outcome({ ...asked, status: 'skip', reason: nothingSeen(range, counts) })
    : outcome({ ...asked, status: 'pass', seen: counts.rows, reason: count(counts.rows, 'row') });
}

function requiredOutcome(counts: TierCounts, policy: QualityPolicy): Outcome {
  const severity = severityOf(counts.required_default_share, policy);
  return outcome({
    ...QUESTION,
    check: 'required_features',
    status: severity === undefined ? 'pass' : 'fail',
    severity: severity ?? 'critical',
    expected: `at most ${percent(policy.warn)} of the rows without a required feature`,
    seen: percent(counts.required_default_share),
    reason: `${percent(counts.required_default_share)} of ${counts.rows} rows lack a required feature`,
  });
}

/** One failure for the features of a month that are missing too often: they mostly have one cause. */
function gapsOutcome(month: string, gaps: readonly FeatureGap[]): Outcome {
  const offenders = gaps.map(
    ({ feature, default_share, usual_share }) =>
      `${feature} in ${percent(default_share)}, usually ${percent(usual_share)}`,
  );
  return outcome({
    ...QUESTION,
    check: 'features_present',
    status: 'fail',
    severity: gaps.some(({ severity }) => severity === 'critical') ? 'critical' : 'warning',
    expected: 'no feature missing in more rows than usual',
    seen: gaps.length,
    offenders: offenders.slice(0, MAX_OFFENDERS),
    offender_count: gaps.length,
    reason: `${count(gaps.length, 'feature is', 'features are')} missing in too many rows`,
    subject: month,
  });
}

function nothingSeen(
  { from, to }: { readonly from: Slate; readonly to: Slate },
  { rows_without_history: first }: TierCounts,
): string {
  if (first > 0)
    return `only ${first} rows of players' first games from ${from} to ${to}: nothing could be known of them`;
  return `no rows from ${from} to ${to}, and no finished games: nothing seen is no proof`;
}

/** How much a share of missing rows matters; undefined = it does not. */
function severityOf(share: number, { warn, fail }: QualityPolicy): Severity | undefined {
  return share > fail ? 'critical' : share > warn ? 'warning' : undefined;
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
function gapsOf(
  feature: Feature,
  position: number,
  months: readonly (readonly [string, readonly LetterRow[]])[],
  policy: QualityPolicy,
): FeatureGap[] {
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
  return counted.flatMap(({ month, missing, all }): FeatureGap[] => {
    const default_share = share(missing, all);
    const usual_share = share(total.missing - missing, total.all - all);
    const found = { feature: feature.name, required: feature.required, month, default_share, usual_share };
    if (feature.required) {
      const severity = severityOf(default_share, policy);
      return severity === undefined ? [] : [{ ...found, severity }];
    }
    // A feature that nobody ever delivered is no news; one that used to be there and is gone for a month is.
    return total.all > all && default_share - usual_share > policy.fail
      ? [{ ...found, severity: 'warning' }]
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
