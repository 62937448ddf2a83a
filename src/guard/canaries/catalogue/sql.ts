/** The id of a game in what an offender says. */
export const GAME_ID = /\b00\d{8}\b/;

/** SQL: the dates, as bounds of BETWEEN, to and from which a game of the slate can be moved. */
export const WITHIN_SEASON =
  'fn.add_days(CAST(@slate AS DATE), -60) AND fn.add_days(CAST(@slate AS DATE), 180)';

/** SQL: the counted games of the slate that were not called off, with a readable name. */
export const GAMES = `
    SELECT game_id, slate, home_abbr, away_abbr, tipoff_at, status, away_abbr || '@' || home_abbr || ' ' || game_id AS label
    FROM nba_reference.counted_games
    WHERE slate = CAST(@slate AS DATE)`;

/** SQL: games of the slate with the number of teams that have raw player rows. */
export const BOXED_GAMES = `
    SELECT game_id, COUNT(DISTINCT team_abbr) AS teams
    FROM nba_raw.player_box_scores
    WHERE slate = CAST(@slate AS DATE)
    GROUP BY game_id`;

/**
 * SQL: players of games that were not called off whom every mode of the day may predict: not ruled out, features whole and green. Who waits
 * for the lower threshold of a later mode is not in it.
 */
export const PREDICTABLE = `
    SELECT u.player_id, u.player_name, u.team_abbr, u.game_id, u.line
    FROM nba_analytics.upcoming_player_game_context u
    JOIN nba_reference.schedule g ON g.game_id = u.game_id AND g.slate = u.slate
    JOIN nba_predictions.ml_feature_store f ON f.slate = u.slate AND f.player_id = u.player_id AND f.game_id = u.game_id
    WHERE u.slate = CAST(@slate AS DATE) AND f.slate = CAST(@slate AS DATE) AND g.slate = CAST(@slate AS DATE)
      AND g.status NOT IN ('postponed', 'cancelled') AND COALESCE(u.injury_status, 'available') NOT IN ('out', 'doubtful')
      AND f.required_default_count = 0 AND f.quality_alert_level = 'green' AND f.matchup_quality_pct >= 50`;

/** SQL: the visible predictions of the slate. */
export const PREDICTED =
  'SELECT * FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)';

/** SQL: who forecasts what, as a check names it: "ridge points". */
export const SYSTEM = "system_id || ' ' || market";

/**
 * SQL: each row of a source once for each name, as `subject`, with the values that it has under the name and the columns that do not depend
 * on it. An engine plans few expressions over such rows much faster than expressions of their own for each name.
 */
export function rowForEach(
  names: readonly string[],
  source: string,
  values: Readonly<Record<string, (name: string) => string>>,
  columns: readonly string[] = [],
): string {
  const cases = Object.entries(values).map(
    ([value, of]) =>
      `CASE subject ${names.map((name) => `WHEN '${name}' THEN ${of(name)}`).join(' ')} END AS ${value}`,
  );
  return `SELECT subject, ${[...cases, ...columns].join(', ')}
  FROM ${source} CROSS JOIN (${names.map((name) => `SELECT '${name}' AS subject`).join(' UNION ALL ')}) AS subjects`;
}

/** SQL: a number as text with one decimal. */
export function oneDecimal(expression: string): string {
  return `CAST(ROUND(${expression}, 1) AS STRING)`;
}

/** SQL: "n of m" as text. */
export function outOf(part: string, whole: string): string {
  return `CAST(${part} AS STRING) || ' of ' || CAST(${whole} AS STRING)`;
}

/** SQL: a number as text without decimals. */
export function whole(expression: string): string {
  return `CAST(CAST(ROUND(${expression}) AS INT64) AS STRING)`;
}
