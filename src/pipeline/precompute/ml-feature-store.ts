import { mlFeatureStore } from '#core/contracts/nba_predictions.ts';
import {
  FEATURE_POSITION,
  FEATURE_SOURCES,
  FEATURES,
  type Feature,
  type FeatureSource,
} from '#core/features.ts';
import type { Processor } from '#pipeline/processor.ts';

/** Points the home team is expected to win by, all else equal. */
const HOME_MARGIN = 2.5;
/** Quality from which a row is green, and below which it is red. */
const GREEN = 85;
const YELLOW = 50;

/** Values that are not simply a column of the player's cache or of his composite factors. */
const VALUES: Readonly<Record<string, string>> = {
  opp_pts_allowed: 'o.pts_allowed',
  opp_points_ratio: 'o.points_ratio',
  team_pace: 't.pace',
  opp_pace: 'o.pace',
  team_scoring: 't.scoring',
  team_margin: 't.margin',
  opp_margin: 'o.margin',
  expected_margin: `t.margin - o.margin + CASE WHEN u.is_home THEN ${HOME_MARGIN} ELSE ${-HOME_MARGIN} END`,
  is_home: 'CASE WHEN u.is_home THEN 1 ELSE 0 END',
  league_ppm: 't.league_ppm',
  team_games: 'g.team_games',
  rest_days: 'g.rest_days',
  opp_rest_days: 'g.opp_rest_days',
  is_b2b: 'CASE WHEN g.is_b2b THEN 1 ELSE 0 END',
  missed_last_team_game: 'CASE WHEN COALESCE(u.missed_last_team_game, FALSE) THEN 1 ELSE 0 END',
  is_playoffs: "CASE WHEN u.season_type IN ('play_in', 'playoffs') THEN 1 ELSE 0 END",
  paint_rate: 'z.paint_rate',
  mid_rate: 'z.mid_rate',
  zone_matchup: 'f.zone_matchup',
  fatigue_score: 'f.fatigue_score',
};

/** Features that come from the calendar alone. */
const FROM_SCHEDULE = ['is_home', 'team_games', 'rest_days', 'opp_rest_days', 'is_b2b', 'is_playoffs'];
const FROM_OWN_TEAM = ['team_pace', 'team_scoring', 'team_margin'];
const FROM_OPPONENT = ['opp_pts_allowed', 'opp_points_ratio', 'opp_pace', 'opp_margin'];
const FROM_THIS_SEASON_ONLY = [
  'paint_rate',
  'mid_rate',
  'zone_matchup',
  'league_ppm',
  'games_season',
  'games_with_team',
  'missed_last_team_game',
];

const teamSource = (alias: string): string =>
  `CASE WHEN ${alias}.games_season > 0 THEN 'h' WHEN ${alias}.games_used > 0 THEN 's' ELSE 'l' END`;

/** SQL for a feature's value before it is rounded. */
function valueSql(feature: Feature): string {
  const special = VALUES[feature.name];
  if (special !== undefined) return special;
  return feature.group === 'availability' ? `f.${feature.name}` : `c.${feature.name}`;
}

/** SQL for the source letter of a feature that has a value. */
function sourceSql({ name, group }: Feature): string {
  if (FROM_SCHEDULE.includes(name)) return "'c'";
  if (group === 'availability') return "'f'";
  if (FROM_OWN_TEAM.includes(name)) return teamSource('t');
  if (FROM_OPPONENT.includes(name)) return teamSource('o');
  if (name === 'expected_margin') {
    return "CASE WHEN t.games_season > 0 AND o.games_season > 0 THEN 'h' WHEN t.games_used > 0 AND o.games_used > 0 THEN 's' ELSE 'l' END";
  }
  if (FROM_THIS_SEASON_ONLY.includes(name)) return "'h'";
  return "CASE WHEN c.games_season > 0 THEN 'h' ELSE 's' END";
}

const letterAt = (name: string): string => `s_${name}`;
/** SQL: all letters as one text, joined pairwise: most of the pieces stay short enough to be copied without an allocation. */
const joined = (pieces: readonly string[]): string => {
  const middle = Math.ceil(pieces.length / 2);
  return pieces.length <= 1
    ? (pieces[0] ?? '')
    : `(${joined(pieces.slice(0, middle))} || ${joined(pieces.slice(middle))})`;
};
/** SQL: the letters of some features, cut from the text of all in as few runs as they form. */
const lettersOf = (features: readonly Feature[]): string => {
  const runs: { start: number; length: number }[] = [];
  for (const { name } of features) {
    const position = FEATURE_POSITION[name] ?? 0;
    const last = runs.at(-1);
    if (last !== undefined && last.start + last.length === position) last.length++;
    else runs.push({ start: position, length: 1 });
  }
  return runs.map(({ start, length }) => `SUBSTR(feature_sources, ${start}, ${length})`).join(' || ');
};
const required = FEATURES.filter((feature) => feature.required);
const opponent = FEATURES.filter((feature) => feature.group === 'opponent');
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
 * The feature row: every value by name, one source letter per value, and what the row is worth. Nothing is filled in: a
 * feature that could not be computed is null with the letter `m`, and blocks the prediction when it is required.
 */
export const mlFeatureStoreProcessor: Processor = {
  name: 'MLFeatureStore',
  phase: 'precompute',
  table: mlFeatureStore,
  reads: [
    'nba_analytics.upcoming_player_game_context',
    'nba_analytics.upcoming_team_game_context',
    'nba_precompute.team_defense_zone_analysis',
    'nba_precompute.player_shot_zone_analysis',
    'nba_precompute.player_daily_cache',
    'nba_precompute.player_composite_factors',
  ],
  select: `
WITH assembled AS (
  SELECT u.slate, u.player_id, u.game_id, u.season, u.season_type, u.team_abbr, u.opponent_abbr, u.line, u.over_price, u.under_price,
    ${FEATURES.map((feature) => `${valueSql(feature)} AS ${feature.name}`).join(',\n    ')},
    ${FEATURES.map((feature) => `${sourceSql(feature)} AS k_${feature.name}`).join(',\n    ')}
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
  SELECT a.*, ${FEATURES.map(({ name }) => `CASE WHEN a.${name} IS NULL THEN 'm' ELSE a.k_${name} END AS ${letterAt(name)}`).join(', ')}
  FROM assembled a
),
lettered AS (
  SELECT s.*, ${joined(FEATURES.map(({ name }) => letterAt(name)))} AS feature_sources
  FROM sourced s
),
grouped AS (
  SELECT l.*, ${lettersOf(required)} AS required_sources, ${lettersOf(opponent)} AS opponent_sources FROM lettered l
),
rated AS (
  SELECT g.*, ${meanQuality('required_sources', required.length)} AS feature_quality_score,
    ${meanQuality('opponent_sources', opponent.length)} AS matchup_quality_pct,
    ${defaultsIn('required_sources')} AS required_default_count,
    ${defaultsIn('feature_sources')} AS default_feature_count
  FROM grouped g
)
SELECT slate, player_id, game_id, season, season_type, team_abbr, opponent_abbr, ${FEATURES.map(({ name }) => name).join(', ')},
  feature_sources, feature_quality_score, matchup_quality_pct, required_default_count, default_feature_count,
  CASE
    WHEN required_default_count > 0 OR feature_quality_score < ${YELLOW} THEN 'red'
    WHEN feature_quality_score < ${GREEN} THEN 'yellow'
    ELSE 'green'
  END AS quality_alert_level,
  required_default_count = 0 AND feature_quality_score >= ${GREEN} AS is_quality_ready,
  line, over_price, under_price
FROM rated`,
};
