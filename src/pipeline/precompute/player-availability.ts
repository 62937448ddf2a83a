import { playerGameSummary, upcomingTeamGameContext } from '#core/contracts/nba_analytics.ts';
import { AVAILABLE_STATS, playerAvailability } from '#core/contracts/nba_precompute.ts';
import { injuryReports } from '#core/contracts/nba_raw.ts';
import { playerAliases, players, schedule } from '#core/contracts/nba_reference.ts';
import type { Processor } from '#pipeline/processor.ts';
import { playerDecay, runningSum, seasonYear, weightAt } from './windows.ts';

/** Weights of a team's games in a player's share of them: halved every eight games, times 0.25 over the summer. */
const SHARE = { halfLife: 8, season: 0.25 } as const;
/** Players below this many expected minutes, or below this share of the team's games lately, move nobody. */
const MIN_MINUTES = 8;
const MIN_SHARE = 0.02;
/** An appearance longer ago says nothing of tonight. */
const MAX_DAYS = 420;
/** A player who missed this many games in a row and is not listed is not expected. */
const LONG_ABSENCE = 12;
const P_LONG_ABSENCE = 0.02;
/** Rows by which every class of players leans on the wider class. */
const LEANING_ROWS = 20;
/** Share of each status that plays, before anything has been counted. */
const PRIOR: Readonly<Record<string, number>> = {
  out: 0,
  doubtful: 0.03,
  questionable: 0.58,
  probable: 0.93,
  available: 0.9,
  unlisted: 0.92,
};
const PRIOR_WITHOUT_REPORT = 0.85;
/** Bounds of the classes of a player who is not listed: expected minutes, share of games, games missed in a row. */
const MINUTES_BANDS = [12, 15, 18, 22, 26, 30];
const REGULAR_SHARE = 0.8;

const E4 = playerDecay(4);
const E8 = playerDecay(8);
const byPlayer = (expression: string): string => runningSum(expression, 'player_id', 'n');
/** Column of the game summary that a statistic is read from, where it has another name. */
const COLUMN_OF: Readonly<Record<string, string>> = { min: 'minutes', pts: 'points' };

/** Kinds of reasons, by what their text contains; the first that fits counts. */
const REASONS: readonly (readonly [kind: string, patterns: readonly string[]])[] = [
  ['twoway', ['%two-way%', '%two way%']],
  ['assignment', ['%on assignment%']],
  ['illness', ['%; illness%', '%flu%', '%gastro%']],
  ['management', ['%management%']],
  ['rest', ['rest%']],
  ['reconditioning', ['%reconditioning%']],
  ['personal', ['%personal%']],
  ['suspension', ['%suspension%']],
  ['trade', ['%trade%']],
  ['injury', ['injury/illness%', '%concussion%']],
];
const reasonSql = (column: string): string =>
  `CASE ${REASONS.map(([kind, patterns]) => `WHEN ${patterns.map((pattern) => `LOWER(${column}) LIKE '${pattern}'`).join(' OR ')} THEN '${kind}'`).join(' ')} ELSE 'other' END`;

/**
 * SQL: what had been counted of each class of players before every slate on which it is asked for. The class itself is asked
 * for by slate, so that reading it is a join on equality: a range join over all slates of a class costs ten times as much.
 */
const countedBefore = (keys: readonly string[]): string => {
  const before = (column: string): string =>
    `SUM(SUM(${column})) OVER (PARTITION BY ${keys.join(', ')} ORDER BY slate ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ${column}`;
  return `
  SELECT ${keys.join(', ')}, slate, ${before('n')}, ${before('came')}
  FROM tallies
  GROUP BY ${keys.join(', ')}, slate`;
};
const joinCounted = (alias: string, keys: readonly string[]): string =>
  `LEFT JOIN by_${alias} ${alias} ON ${[...keys, 'slate'].map((key) => `${alias}.${key} = t.${key}`).join(' AND ')}`;
const leaning = (alias: string, wider: string): string =>
  `fn.safe_div(COALESCE(${alias}.came, 0) + ${LEANING_ROWS} * ${wider}, COALESCE(${alias}.n, 0) + ${LEANING_ROWS})`;
const priorSql = `CASE t.status_class ${Object.entries(PRIOR)
  .map(([status, p]) => `WHEN '${status}' THEN ${p}`)
  .join(' ')} ELSE ${PRIOR_WITHOUT_REPORT} END`;

/**
 * Who is expected to play, as a probability. Candidates are the players who shared in the team's games lately; each belongs
 * to a class (status at the cut-off, games missed in a row, kind of reason, or minutes and share where he is not listed),
 * and is as likely to play as earlier players of his class, counted over all slates strictly before. Every class leans on
 * the wider one. History is read at the lead that tonight's cut-off has before the first tip-off, because a status means
 * something else at noon than fifteen minutes before the game. Who has appeared for another team since does not play.
 */
export const playerAvailabilityProcessor: Processor = {
  name: 'PlayerAvailability',
  phase: 'precompute',
  table: playerAvailability,
  inputs: [
    { table: upcomingTeamGameContext, scope: 'slate', ready: 'schedule' },
    { table: playerGameSummary, scope: 'before', ready: 'results' },
    { table: schedule, scope: 'up_to', part: 'calendar' },
    { table: schedule, scope: 'slate', part: 'games' },
    { table: injuryReports, scope: 'up_to', part: 'reports' },
    { table: players, scope: 'slate', part: 'names' },
    { table: playerAliases, scope: 'slate', part: 'names' },
  ],
  select: `
WITH lead_time AS (
  SELECT fn.greatest2(0, COALESCE(MIN(fn.seconds_between(CAST(@as_of AS TIMESTAMP), tipoff_at)), 0)) AS seconds
  FROM nba_analytics.upcoming_team_game_context
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
),
scheduled AS (
  SELECT home_abbr AS team_abbr, game_id, slate, season, tipoff_at FROM nba_reference.counted_games
  WHERE slate >= CAST(@history_from AS DATE) AND slate <= CAST(@to AS DATE)
  UNION ALL
  SELECT away_abbr, game_id, slate, season, tipoff_at FROM nba_reference.counted_games
  WHERE slate >= CAST(@history_from AS DATE) AND slate <= CAST(@to AS DATE)
),
numbered AS (
  SELECT s.*, ${seasonYear('season')} AS season_year,
    ROW_NUMBER() OVER (PARTITION BY team_abbr ORDER BY slate, game_id) AS seq,
    ROW_NUMBER() OVER (PARTITION BY team_abbr, season ORDER BY slate, game_id) - 1 AS team_games
  FROM scheduled s
),
weighed AS (
  SELECT g.*, ${weightAt(SHARE, 'seq', 'season_year')} AS w,
    fn.least2(fn.add_seconds(g.tipoff_at, CAST(-l.seconds AS INT64)), CAST(@as_of AS TIMESTAMP)) AS cutoff_at
  FROM numbered g
  CROSS JOIN lead_time l
),
games AS (
  SELECT g.*, ${runningSum('w', 'team_abbr', 'seq')} - w AS all_games FROM weighed g
),
played AS (
  SELECT p.player_id, p.game_id, p.slate, p.season, ${seasonYear('p.season')} AS season_year, p.team_abbr, p.minutes, p.points,
    ${AVAILABLE_STATS.filter((stat) => stat !== 'min' && stat !== 'pts')
      .map((stat) => `p.${stat}`)
      .join(', ')}, g.seq, g.w,
    ROW_NUMBER() OVER (PARTITION BY p.player_id ORDER BY p.slate, p.game_id) AS n
  FROM nba_analytics.player_game_summary p
  JOIN games g ON g.game_id = p.game_id AND g.team_abbr = p.team_abbr AND g.slate = p.slate
  WHERE p.slate >= CAST(@history_from AS DATE) AND p.slate < CAST(@to AS DATE) AND p.played AND p.minutes IS NOT NULL AND p.points IS NOT NULL
),
weighted AS (
  SELECT p.*, ${weightAt(E4, 'n', 'season_year')} AS w4, ${weightAt(E8, 'n', 'season_year')} AS w8 FROM played p
),
appearances AS (
  SELECT player_id, team_abbr, slate AS seen_on, season_year, seq AS seen_seq,
    LEAD(slate) OVER (PARTITION BY player_id ORDER BY n) AS next_seen_on,
    LEAD(slate) OVER (PARTITION BY player_id, team_abbr ORDER BY n) AS next_with_team,
    ${runningSum('w', 'player_id, team_abbr', 'n')} AS own_games,
    fn.safe_div(${byPlayer('w4 * minutes')}, ${byPlayer('w4')}) AS min_ewma4,
    ${AVAILABLE_STATS.map((stat) => `fn.safe_div(${byPlayer(`w8 * ${COLUMN_OF[stat] ?? stat}`)}, ${byPlayer('w8')}) AS ${stat}_ewma8`).join(',\n    ')}
  FROM weighted
),
candidates AS (
  SELECT g.slate, g.game_id, g.team_abbr, g.season, a.player_id, a.min_ewma4, ${AVAILABLE_STATS.map((stat) => `a.${stat}_ewma8`).join(', ')},
    fn.safe_div(a.own_games, g.all_games) AS share,
    a.next_seen_on IS NULL OR a.next_seen_on >= g.slate AS is_member,
    a.season_year < g.season_year AS is_new_season,
    CASE WHEN a.season_year < g.season_year THEN g.team_games ELSE g.seq - 1 - a.seen_seq END AS games_missed
  FROM games g
  JOIN appearances a ON a.team_abbr = g.team_abbr AND a.seen_on < g.slate AND (a.next_with_team IS NULL OR a.next_with_team >= g.slate)
  WHERE a.min_ewma8 >= ${MIN_MINUTES} AND fn.days_between(a.seen_on, g.slate) <= ${MAX_DAYS} AND fn.safe_div(a.own_games, g.all_games) >= ${MIN_SHARE}
),
own_names AS (
  SELECT k.player_lookup, MIN(k.player_id) AS player_id
  FROM nba_reference.players k
  GROUP BY k.player_lookup
  HAVING COUNT(DISTINCT k.player_id) = 1
),
statuses AS (
  SELECT g.slate, g.team_abbr, COALESCE(r.player_id, p.player_id) AS player_id, r.status, r.reason
  FROM nba_raw.injury_reports r
  JOIN games g ON g.slate = r.slate AND g.team_abbr = r.team_abbr AND r.report_at <= g.cutoff_at
  LEFT JOIN nba_reference.player_aliases a ON a.alias_lookup = r.player_lookup
  LEFT JOIN own_names p ON p.player_lookup = COALESCE(a.player_lookup, r.player_lookup)
  WHERE r.slate >= CAST(@history_from AS DATE) AND r.slate <= CAST(@to AS DATE)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY g.slate, COALESCE(r.player_id, p.player_id), r.player_lookup ORDER BY r.report_at DESC, r.ingested_at DESC, r.row_id) = 1
),
feeds AS (SELECT DISTINCT slate, team_abbr FROM statuses),
classed AS (
  SELECT c.*, s.status IS NOT NULL AS is_listed, f.team_abbr IS NOT NULL AS has_report,
    COALESCE(s.status, CASE WHEN f.team_abbr IS NOT NULL THEN 'unlisted' ELSE 'none' END) AS status_class,
    (CASE WHEN c.is_new_season THEN 'new ' ELSE '' END)
      || (CASE WHEN c.games_missed = 0 THEN '0' WHEN c.games_missed <= 2 THEN '1-2' WHEN c.games_missed <= 5 THEN '3-5' ELSE '6+' END) AS missed_class,
    (CASE ${MINUTES_BANDS.map((minutes) => `WHEN c.min_ewma4 < ${minutes} THEN '<${minutes}'`).join(' ')} ELSE 'more' END)
      || (CASE WHEN c.share >= ${REGULAR_SHARE} THEN ' regular' ELSE '' END) AS band,
    ${reasonSql('s.reason')} AS reason_class
  FROM candidates c
  LEFT JOIN statuses s ON s.slate = c.slate AND s.player_id = c.player_id AND s.team_abbr = c.team_abbr
  LEFT JOIN feeds f ON f.slate = c.slate AND f.team_abbr = c.team_abbr
  WHERE c.is_member
),
labelled AS (
  SELECT c.slate, c.game_id, c.team_abbr, c.player_id, c.status_class, c.missed_class,
    CASE WHEN c.is_listed THEN c.reason_class ELSE c.band END AS detail
  FROM classed c
  WHERE c.is_listed OR c.games_missed < ${LONG_ABSENCE}
),
asked AS (
  SELECT * FROM labelled
  UNION ALL
  SELECT slate, game_id, team_abbr, player_id, 'none', missed_class, band FROM classed WHERE status_class <> 'none' AND games_missed < ${LONG_ABSENCE}
),
tallies AS (
  SELECT l.status_class, l.missed_class, l.detail, l.slate, SUM(CASE WHEN f.game_id IS NOT NULL THEN 1 ELSE 0 END) AS n,
    SUM(CASE WHEN p.player_id IS NOT NULL AND f.game_id IS NOT NULL THEN 1 ELSE 0 END) AS came
  FROM asked l
  LEFT JOIN (SELECT DISTINCT game_id, team_abbr FROM played) f ON f.game_id = l.game_id AND f.team_abbr = l.team_abbr
  LEFT JOIN played p ON p.player_id = l.player_id AND p.game_id = l.game_id
  GROUP BY l.status_class, l.missed_class, l.detail, l.slate
),
by_s AS (${countedBefore(['status_class'])}
),
by_m AS (${countedBefore(['status_class', 'missed_class'])}
),
by_d AS (${countedBefore(['status_class', 'missed_class', 'detail'])}
),
expected AS (
  SELECT t.slate, t.player_id, t.team_abbr, t.status_class,
    ${leaning('d', leaning('m', leaning('s', priorSql)))} AS p
  FROM labelled t
  ${joinCounted('s', ['status_class'])}
  ${joinCounted('m', ['status_class', 'missed_class'])}
  ${joinCounted('d', ['status_class', 'missed_class', 'detail'])}
  WHERE t.slate >= CAST(@from AS DATE)
)
SELECT c.slate, c.team_abbr, c.player_id, c.season, c.is_member, c.games_missed, c.share, e.status_class, c.min_ewma4,
  ${AVAILABLE_STATS.map((stat) => `c.${stat}_ewma8`).join(', ')},
  CASE WHEN NOT c.is_member THEN 0 ELSE COALESCE(e.p, ${P_LONG_ABSENCE}) END AS p_plays
FROM candidates c
LEFT JOIN expected e ON e.slate = c.slate AND e.player_id = c.player_id AND e.team_abbr = c.team_abbr
WHERE c.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)`,
};
