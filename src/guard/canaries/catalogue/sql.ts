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

/** Things taken from a wide row at a time: whoever reads one column of it may pass through all of them. */
const TAKEN_TOGETHER = 8;

/**
 * SQL: common table expressions that turn the one row of `wide`, which has a column `<member>_<thing>` for every thing, into `apart`: a row
 * for each thing, its name as `subject`, with the members and the columns that are the same for all.
 */
export function apartSql(
  wide: string,
  things: readonly string[],
  members: readonly string[],
  same: readonly string[] = [],
): string {
  const parts = Array.from({ length: Math.ceil(things.length / TAKEN_TOGETHER) }, (_, i) => ({
    name: `${wide}_${i}`,
    things: things.slice(i * TAKEN_TOGETHER, (i + 1) * TAKEN_TOGETHER),
  }));
  const part = (of: readonly string[]): string =>
    [...of.flatMap((thing) => members.map((member) => `${member}_${thing}`)), ...same].join(', ');
  const row = (thing: string): string =>
    [`'${thing}' AS subject`, ...members.map((member) => `${member}_${thing} AS ${member}`), ...same].join(
      ', ',
    );
  return `${parts.map((one) => `${one.name} AS (SELECT ${part(one.things)} FROM ${wide})`).join(',\n')},
apart AS (
  ${parts.flatMap((one) => one.things.map((thing) => `SELECT ${row(thing)} FROM ${one.name}`)).join('\n  UNION ALL ')}
)`;
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
