import { marketPriceSql } from '#core/bookmakers.ts';
import { upcomingPlayerGameContext, upcomingTeamGameContext } from '#core/contracts/nba_analytics.ts';
import {
  playerCompositeFactors,
  playerDailyCache,
  playerShotZoneAnalysis,
  teamDefenseZoneAnalysis,
} from '#core/contracts/nba_precompute.ts';
import { mlFeatureStore } from '#core/contracts/nba_predictions.ts';
import { FEATURE_SOURCES, FEATURES, type Feature, type FeatureSource } from '#core/features.ts';
import type { Processor } from '#pipeline/processor.ts';

/** Quality from which a row is green, and below which it is red. */
const GREEN = 85;
const YELLOW = 50;

/** Where the statement finds a value that an earlier processor computed. */
const ALIAS = { player_daily_cache: 'c', player_composite_factors: 'f' } as const;

/** SQL for a feature's value before it is rounded. */
function valueSql({ name, value }: Feature): string {
  return value.in === 'ml_feature_store' ? value.sql : `${ALIAS[value.in]}.${name}`;
}

const letterAt = (name: string): string => `s_${name}`;
/** SQL: all letters as one text, joined pairwise: most of the pieces stay short enough to be copied without an allocation. */
const joined = (pieces: readonly string[]): string => {
  const middle = Math.ceil(pieces.length / 2);
  return pieces.length <= 1
    ? (pieces[0] ?? '')
    : `(${joined(pieces.slice(0, middle))} || ${joined(pieces.slice(middle))})`;
};
/** SQL: the letters of some of the features, cut from the text of all in as few runs as they form. */
const lettersOf = (features: readonly Feature[], isOf: (feature: Feature) => boolean): string => {
  const runs: { start: number; length: number }[] = [];
  for (const [index, feature] of features.entries()) {
    if (!isOf(feature)) continue;
    const position = index + 1;
    const last = runs.at(-1);
    if (last !== undefined && last.start + last.length === position) last.length++;
    else runs.push({ start: position, length: 1 });
  }
  return runs.map(({ start, length }) => `SUBSTR(feature_sources, ${start}, ${length})`).join(' || ');
};
const isRequired = ({ required }: Feature): boolean => required;
const isOfOpponent = ({ group }: Feature): boolean => group === 'opponent';
const LETTERS = Object.keys(FEATURE_SOURCES) as FeatureSource[];
/** SQL: how often a letter occurs in a text of letters. Counting in the text is many times cheaper than a CASE per feature. */
const occurrences = (letters: string, letter: FeatureSource): string =>
  `(LENGTH(${letters}) - LENGTH(REPLACE(${letters}, '${letter}', '')))`;
const meanQuality = (letters: string, count: number): string => {
  const earned = LETTERS.filter((letter) => FEATURE_SOURCES[letter].quality > 0).map(
    (letter) => `${FEATURE_SOURCES[letter].quality} * ${occurrences(letters, letter)}`,
  );
  return `fn.safe_div(${earned.join(' + ')}, ${count})`;
};
const defaultsIn = (letters: string): string => `${occurrences(letters, 'd')} + ${occurrences(letters, 'm')}`;

/**
 * The feature row: every value by name, one source letter per value, and the quality of the row. Nothing is imputed: a
 * feature that could not be computed is null with the letter `m`, and blocks the prediction when it is required.
 */
export function mlFeatureStoreSelect(features: readonly Feature[] = FEATURES): string {
  const names = features.map(({ name }) => name);
  return `
WITH assembled AS (
  SELECT u.slate, u.player_id, u.game_id, u.season, u.season_type, u.team_abbr, u.opponent_abbr, u.line,
    ${marketPriceSql('u.over_price', 'u.line_bookmaker')} AS over_price, ${marketPriceSql('u.under_price', 'u.line_bookmaker')} AS under_price,
    ${features.map((feature) => `${valueSql(feature)} AS ${feature.name}`).join(',\n    ')},
    ${features.map((feature) => `${feature.source} AS k_${feature.name}`).join(',\n    ')}
  FROM nba_analytics.upcoming_player_game_context u
  JOIN nba_analytics.upcoming_team_game_context g ON g.slate = u.slate AND g.team_abbr = u.team_abbr AND g.game_id = u.game_id
  LEFT JOIN nba_precompute.team_defense_zone_analysis t ON t.slate = u.slate AND t.team_abbr = u.team_abbr
  LEFT JOIN nba_precompute.team_defense_zone_analysis o ON o.slate = u.slate AND o.team_abbr = u.opponent_abbr
  LEFT JOIN nba_precompute.player_shot_zone_analysis z ON z.slate = u.slate AND z.player_id = u.player_id
  LEFT JOIN nba_precompute.player_daily_cache c ON c.slate = u.slate AND c.player_id = u.player_id
  LEFT JOIN nba_precompute.player_composite_factors f ON f.slate = u.slate AND f.player_id = u.player_id
  WHERE u.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
),
sourced AS (
  SELECT a.*, ${names.map((name) => `CASE WHEN a.${name} IS NULL THEN 'm' ELSE a.k_${name} END AS ${letterAt(name)}`).join(', ')}
  FROM assembled a
),
lettered AS (
  SELECT s.*, ${joined(names.map(letterAt))} AS feature_sources
  FROM sourced s
),
grouped AS (
  SELECT l.*, ${lettersOf(features, isRequired)} AS required_sources, ${lettersOf(features, isOfOpponent)} AS opponent_sources FROM lettered l
),
rated AS (
  SELECT g.*, ${meanQuality('required_sources', features.filter(isRequired).length)} AS feature_quality_score,
    ${meanQuality('opponent_sources', features.filter(isOfOpponent).length)} AS matchup_quality_pct,
    ${defaultsIn('required_sources')} AS required_default_count,
    ${defaultsIn('feature_sources')} AS default_feature_count
  FROM grouped g
)
SELECT slate, player_id, game_id, season, season_type, team_abbr, opponent_abbr, ${names.join(', ')},
  feature_sources, feature_quality_score, matchup_quality_pct, required_default_count, default_feature_count,
  CASE
    WHEN required_default_count > 0 OR feature_quality_score < ${YELLOW} THEN 'red'
    WHEN feature_quality_score < ${GREEN} THEN 'yellow'
    ELSE 'green'
  END AS quality_alert_level,
  required_default_count = 0 AND feature_quality_score >= ${GREEN} AS is_quality_ready,
  line, over_price, under_price
FROM rated`;
}

export const mlFeatureStoreProcessor: Processor = {
  name: 'MLFeatureStore',
  phase: 'precompute',
  table: mlFeatureStore,
  inputs: [
    { table: upcomingPlayerGameContext, scope: 'slate', ready: 'roster' },
    { table: upcomingTeamGameContext, scope: 'slate', ready: 'schedule' },
    { table: teamDefenseZoneAnalysis, scope: 'slate' },
    { table: playerShotZoneAnalysis, scope: 'slate' },
    { table: playerDailyCache, scope: 'slate' },
    { table: playerCompositeFactors, scope: 'slate' },
  ],
  select: mlFeatureStoreSelect(),
};
