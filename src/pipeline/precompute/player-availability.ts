import { playerGameSummary, upcomingPlayerGameContext } from '#core/contracts/nba_analytics.ts';
import { AVAILABLE_STATS, playerAvailability } from '#core/contracts/nba_precompute.ts';
import { availabilityReports, injuryReports, teamStatements } from '#core/contracts/nba_raw.ts';
import { playerAliases, players, schedule } from '#core/contracts/nba_reference.ts';
import { LISTS, lookedAt, statusesSql } from '#pipeline/analytics/statuses.ts';
import { fillsGameSql } from '#pipeline/analytics/whole-games.ts';
import { NO_NEXT, type Processor } from '#pipeline/processor.ts';
import { literal, playerDecay, runningSum, seasonYear, weightAt } from './windows.ts';

/** Weights of a team's games in a player's share of them: halved every eight games, times 0.25 over the summer. */
const SHARE = { halfLife: 8, season: 0.25 } as const;
/** Players below this many expected minutes, or below this share of the team's recent games, affect nobody's forecast. */
const MIN_MINUTES = 8;
const MIN_SHARE = 0.02;
/** An appearance longer ago than this says nothing about tonight. */
const MAX_DAYS = 420;
/** A player who missed this many games in a row and is not listed is hardly expected: about one in twenty comes back. */
const LONG_ABSENCE = 12;
const P_LONG_ABSENCE = 0.05;
/** Rows of the wider class mixed into every class of players. */
const LEANING_ROWS = 5;
/** Days after which a slate counts half: what a status means changes from season to season. */
const FADE_DAYS = 365;
/** Prior probability of playing under each status. */
const PRIOR: Readonly<Record<string, number>> = {
  out: 0,
  doubtful: 0.03,
  questionable: 0.58,
  probable: 0.93,
  available: 0.9,
  unlisted: 0.92,
  [LISTS.pending]: 0.8,
};
const PRIOR_WITHOUT_REPORT = 0.85;
/**
 * Bounds, in minutes, of the times before tip-off that are told apart: a status says something else at noon than in the
 * last hour. Games of a slate whose times lie in one class are held against history at the shortest of them.
 */
const LEAD_CLASSES = [45, 120, 300];
/**
 * Bounds of the classes of players, in expected minutes. Who is not listed is told apart finely, and by his share of the
 * team's games: whether he plays is the coach's choice. A status leaves less to choose, and there are fewer of each.
 */
const MINUTES_BANDS = [12, 15, 18, 22, 26, 30];
const LISTED_BANDS = [15, 22];
const REGULAR_SHARE = 0.8;
/** Probabilities are clamped this far from 0 and 1 before odds are taken. */
const MIN_ODDS_P = 0.001;
/** Rounded first: the last bits of a sum depend on the order in which the engine adds, and must not move anybody over a bound. */
const bandSql = (bounds: readonly number[]): string =>
  `CASE ${bounds.map((minutes) => `WHEN ROUND(c.min_ewma4, 6) < ${minutes} THEN '<${minutes}'`).join(' ')} ELSE 'more' END`;

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

/** SQL: the factor by which what was counted on a slate grows (1) or fades (-1), relative to a fixed day. */
const fadeSql = (sign: 1 | -1, slate: string): string =>
  `EXP(${literal((sign * Math.LN2) / FADE_DAYS)} * fn.days_between(DATE '2000-01-01', ${slate}))`;

/**
 * SQL: what had been counted of each class of players before every slate on which it is asked for, faded. The class itself is asked
 * for by slate, so that reading it is a join on equality: a range join over all slates of a class costs ten times as much.
 */
const countedBefore = (keys: readonly string[]): string => {
  const before = (column: string): string =>
    `CAST(SUM(SUM(${column})) OVER (PARTITION BY ${keys.join(', ')} ORDER BY slate ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS FLOAT64) * ${fadeSql(-1, 'slate')} AS ${column}`;
  return `
  SELECT ${keys.join(', ')}, slate, ${before('n')}, ${before('came')}
  FROM tallies
  GROUP BY ${keys.join(', ')}, slate`;
};
/** SQL: the slate an outcome is tallied under. Before the range asked about it does not matter on which it was: they are one tally. */
const TALLIED_ON =
  'CASE WHEN slate < CAST(@from AS DATE) THEN fn.add_days(CAST(@from AS DATE), -1) ELSE slate END';
/** SQL: the weight of an outcome where a condition holds. A decimal: sums of them do not depend on the order in which the engine adds. */
const talliedSql = (condition: string): string =>
  `CASE WHEN ${condition} THEN CAST(${fadeSql(1, 'l.slate')} AS NUMERIC) ELSE 0 END`;
const joinCounted = (alias: string, keys: readonly string[]): string =>
  `LEFT JOIN by_${alias} ON ${[...keys, 'slate'].map((key) => `by_${alias}.${key} = t.${key}`).join(' AND ')}`;
/**
 * The classes of a player, each by what is the same in it: his status; with it his minutes, or his absence, first roughly and
 * then with all that is known of it; and everything.
 */
const CLASSES = {
  status: ['lead_class', 'status_class'],
  minutes: ['lead_class', 'status_class', 'band_class'],
  missed: ['lead_class', 'status_class', 'missed_class'],
  absence: ['lead_class', 'status_class', 'missed_class', 'absence_class'],
  whole: ['lead_class', 'status_class', 'band_class', 'missed_class', 'absence_class'],
} as const;
const leadClass = (seconds: string): string =>
  `CASE ${LEAD_CLASSES.map((minutes, i) => `WHEN ${seconds} < ${minutes * 60} THEN ${i}`).join(' ')} ELSE ${LEAD_CLASSES.length} END`;
const leaning = (alias: string, wider: string): string =>
  `fn.safe_div(COALESCE(${alias}_came, 0) + ${LEANING_ROWS} * ${wider}, COALESCE(${alias}_n, 0) + ${LEANING_ROWS})`;
const odds = (p: string): string => `fn.safe_div(${p}, 1 - ${p})`;
const bounded = (p: string): string => `fn.clamp(${p}, ${MIN_ODDS_P}, ${1 - MIN_ODDS_P})`;
const priorSql = `CASE t.status_class ${Object.entries(PRIOR)
  .map(([status, p]) => `WHEN '${status}' THEN ${p}`)
  .join(' ')} ELSE ${PRIOR_WITHOUT_REPORT} END`;

/**
 * Who is expected to play, as a probability. Candidates are the players who shared in the team's games lately, and those of
 * tonight's context who are new to it; each belongs to a class (status at the cut-off, expected minutes, share of games where
 * he is not listed, games missed in a row, kind of reason, whether he was listed for the team's game before, where he has not
 * played yet this season), and is as likely to play as earlier players of his class, counted over all slates strictly before,
 * in games whose box score is whole: of half a team nobody knows who came. The class of everything leans on the product of odds
 * of two wider ones, of his minutes and of his absence, over those of his status alone: who misses games without being listed is
 * left out by the coach, and who was listed until now and is no longer comes back. History is read as long before tip-off as
 * tonight's game is, because a status means something else at noon than
 * fifteen minutes before the game. Who has appeared for another team since, or was listed by one, is counted no more; tonight,
 * whoever is not in the context of the team does not play for it.
 */
export const playerAvailabilityProcessor: Processor = {
  name: 'PlayerAvailability',
  phase: 'precompute',
  table: playerAvailability,
  inputs: [
    { table: playerGameSummary, scope: 'before', ready: 'results' },
    { table: upcomingPlayerGameContext, scope: 'slate', ready: 'roster' },
    { table: schedule, scope: 'up_to', part: 'calendar' },
    { table: schedule, scope: 'slate', part: 'games', ready: 'schedule' },
    { table: injuryReports, scope: 'up_to', part: 'reports' },
    { table: teamStatements, scope: 'up_to', part: 'team_lists' },
    { table: availabilityReports, scope: 'up_to', part: 'report_times' },
    { table: players, scope: 'slate', part: 'names' },
    { table: playerAliases, scope: 'slate', part: 'names' },
  ],
  select: `
WITH scheduled AS (
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
  SELECT g.*, ${weightAt(SHARE, 'seq', 'season_year')} AS w FROM numbered g
),
games AS (
  SELECT g.*, ${runningSum('w', 'team_abbr', 'seq')} - w AS all_games, LEAD(slate, 1, ${NO_NEXT}) OVER (PARTITION BY team_abbr ORDER BY seq) AS next_slate
  FROM weighed g
),
asked_about AS (
  SELECT g.slate, g.game_id, g.team_abbr, g.looked_at, g.lead_seconds, ${leadClass('g.lead_seconds')} AS lead_class
  FROM (
    SELECT slate, game_id, team_abbr, looked_at, fn.seconds_between(looked_at, tipoff_at) AS lead_seconds
    FROM (SELECT slate, game_id, team_abbr, tipoff_at, ${lookedAt('tipoff_at')} AS looked_at FROM games WHERE slate >= CAST(@from AS DATE)) AS ahead
  ) AS g
),
leads AS (
  SELECT lead_class, CAST(MIN(lead_seconds) AS INT64) AS lead_seconds FROM asked_about GROUP BY lead_class
),
looks AS (
  SELECT slate, game_id, team_abbr, looked_at, lead_class FROM asked_about
  UNION ALL
  SELECT g.slate, g.game_id, g.team_abbr, fn.add_seconds(g.tipoff_at, -l.lead_seconds), l.lead_class
  FROM games g
  CROSS JOIN leads l
  WHERE g.slate < CAST(@from AS DATE)
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
    LEAD(slate, 1, ${NO_NEXT}) OVER (PARTITION BY player_id ORDER BY n) AS next_seen_on,
    LEAD(slate, 1, ${NO_NEXT}) OVER (PARTITION BY player_id, team_abbr ORDER BY n) AS next_with_team,
    ${runningSum('w', 'player_id, team_abbr', 'n')} AS own_games,
    fn.safe_div(${byPlayer('w4 * minutes')}, ${byPlayer('w4')}) AS min_ewma4,
    ${AVAILABLE_STATS.map((stat) => `fn.safe_div(${byPlayer(`w8 * ${COLUMN_OF[stat] ?? stat}`)}, ${byPlayer('w8')}) AS ${stat}_ewma8`).join(',\n    ')}
  FROM weighted
),
shared AS (
  SELECT g.slate, g.game_id, g.team_abbr, g.season, g.seq, a.player_id, a.seen_on, a.min_ewma4, ${AVAILABLE_STATS.map((stat) => `a.${stat}_ewma8`).join(', ')},
    fn.safe_div(a.own_games, g.all_games) AS share,
    a.next_seen_on >= g.slate AS is_member,
    a.season_year < g.season_year AS is_new_season,
    CASE WHEN a.season_year < g.season_year THEN g.team_games ELSE g.seq - 1 - a.seen_seq END AS games_missed
  FROM games g
  JOIN appearances a ON a.team_abbr = g.team_abbr AND a.seen_on < g.slate AND a.next_with_team >= g.slate
  WHERE a.min_ewma8 >= ${MIN_MINUTES} AND fn.days_between(a.seen_on, g.slate) <= ${MAX_DAYS} AND fn.safe_div(a.own_games, g.all_games) >= ${MIN_SHARE}
),
expected_tonight AS (
  SELECT slate, game_id, team_abbr, player_id FROM nba_analytics.upcoming_player_game_context
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
),
candidates AS (
  SELECT * FROM shared
  UNION ALL
  SELECT g.slate, g.game_id, g.team_abbr, g.season, g.seq, a.player_id, a.seen_on, a.min_ewma4, ${AVAILABLE_STATS.map((stat) => `a.${stat}_ewma8`).join(', ')},
    0, FALSE, a.season_year < g.season_year,
    CASE WHEN a.season_year < g.season_year THEN g.team_games ELSE g.seq - 1 - COALESCE(o.seq, 0) END
  FROM expected_tonight u
  JOIN games g ON g.game_id = u.game_id AND g.team_abbr = u.team_abbr
  JOIN appearances a ON a.player_id = u.player_id AND a.seen_on < u.slate AND a.next_seen_on >= u.slate
  LEFT JOIN games o ON o.team_abbr = g.team_abbr AND o.slate <= a.seen_on AND o.next_slate > a.seen_on
  LEFT JOIN shared s ON s.game_id = u.game_id AND s.team_abbr = u.team_abbr AND s.player_id = u.player_id
  WHERE s.player_id IS NULL AND a.min_ewma8 >= ${MIN_MINUTES} AND fn.days_between(a.seen_on, g.slate) <= ${MAX_DAYS}
),
${statusesSql('looks', 'CAST(@history_from AS DATE)')},
listings AS (
  SELECT player_id, team_abbr, slate, LAG(team_abbr) OVER (PARTITION BY player_id ORDER BY slate, team_abbr) AS team_before
  FROM (SELECT DISTINCT player_id, team_abbr, slate FROM statuses) AS one_a_slate
),
moves AS (
  SELECT player_id, team_abbr, slate AS moved_on, LEAD(slate, 1, ${NO_NEXT}) OVER (PARTITION BY player_id ORDER BY slate, team_abbr) AS moved_again_on
  FROM listings
  WHERE COALESCE(team_before, '') <> team_abbr
),
gone AS (
  SELECT DISTINCT c.slate, c.team_abbr, c.player_id
  FROM candidates c
  JOIN moves m ON m.player_id = c.player_id AND m.team_abbr <> c.team_abbr AND m.moved_on > c.seen_on AND m.moved_on <= c.slate
    AND m.moved_again_on > c.slate
),
present AS (
  SELECT c.*, c.is_member AND g.player_id IS NULL AS is_counted, u.player_id IS NOT NULL AS is_here
  FROM candidates c
  LEFT JOIN expected_tonight u ON u.game_id = c.game_id AND u.team_abbr = c.team_abbr AND u.player_id = c.player_id
  LEFT JOIN gone g ON g.slate = c.slate AND g.team_abbr = c.team_abbr AND g.player_id = c.player_id
),
classed AS (
  SELECT c.*, k.lead_class, s.status IS NOT NULL AS is_listed,
    COALESCE(s.status, CASE l.list WHEN '${LISTS.submitted}' THEN 'unlisted' ELSE l.list END) AS status_class,
    CASE WHEN c.games_missed = 0 THEN '0' WHEN c.games_missed <= 2 THEN '1-2' WHEN c.games_missed <= 5 THEN '3-5' ELSE '6+' END AS missed_class,
    CASE WHEN c.is_new_season THEN 'new ' ELSE '' END AS season_class, ${bandSql(LISTED_BANDS)} AS listed_band,
    ${bandSql(MINUTES_BANDS)} || (CASE WHEN ROUND(c.share, 6) >= ${REGULAR_SHARE} THEN ' regular' ELSE '' END) AS band,
    ${reasonSql('s.reason')} AS reason_class
  FROM present c
  JOIN looks k ON k.game_id = c.game_id AND k.team_abbr = c.team_abbr
  JOIN lists l ON l.game_id = k.game_id AND l.team_abbr = k.team_abbr AND l.looked_at = k.looked_at
  LEFT JOIN statuses s ON s.game_id = k.game_id AND s.team_abbr = k.team_abbr AND s.looked_at = k.looked_at AND s.player_id = c.player_id
  WHERE c.is_counted OR c.is_here
),
labelled AS (
  SELECT c.lead_class, c.slate, c.game_id, c.team_abbr, c.player_id, c.status_class, c.missed_class,
    CASE WHEN c.is_listed THEN c.listed_band ELSE c.band END AS band_class,
    c.season_class || (CASE WHEN c.is_counted AND LAG(c.seq) OVER games_of_player = c.seq - 1 THEN (CASE WHEN LAG(c.is_listed) OVER games_of_player THEN 'listed ' ELSE 'unlisted ' END) ELSE '' END) AS past_class,
    CASE WHEN c.is_listed THEN c.reason_class ELSE '' END AS reason_class, c.band, c.games_missed,
    c.is_counted AND f.game_id IS NOT NULL AS is_counted, p.player_id IS NOT NULL AS has_come
  FROM classed c
  LEFT JOIN (
    SELECT game_id, team_abbr FROM played GROUP BY game_id, team_abbr HAVING ${fillsGameSql('SUM(minutes)')}
  ) f ON f.game_id = c.game_id AND f.team_abbr = c.team_abbr
  LEFT JOIN played p ON p.player_id = c.player_id AND p.game_id = c.game_id
  WHERE c.is_listed OR c.games_missed < ${LONG_ABSENCE}
  WINDOW games_of_player AS (PARTITION BY c.lead_class, c.team_abbr, c.player_id, c.is_counted ORDER BY c.seq)
),
asked AS (
  SELECT lead_class, slate, game_id, team_abbr, player_id, status_class, band_class, missed_class, past_class || reason_class AS absence_class, is_counted, has_come,
    ${TALLIED_ON} AS tallied_on
  FROM labelled
  UNION ALL
  SELECT lead_class, slate, game_id, team_abbr, player_id, '${LISTS.none}', band, missed_class, past_class, is_counted, has_come, ${TALLIED_ON}
  FROM labelled
  WHERE status_class <> '${LISTS.none}' AND games_missed < ${LONG_ABSENCE}
),
tallies AS (
  SELECT l.lead_class, l.status_class, l.band_class, l.missed_class, l.absence_class, l.tallied_on AS slate,
    SUM(${talliedSql('l.is_counted')}) AS n, SUM(${talliedSql('l.is_counted AND l.has_come')}) AS came
  FROM asked l
  GROUP BY l.lead_class, l.status_class, l.band_class, l.missed_class, l.absence_class, l.tallied_on
),
${Object.entries(CLASSES)
  .map(
    ([alias, keys]) => `by_${alias} AS (${countedBefore(keys)}
)`,
  )
  .join(',\n')},
counted AS (
  SELECT t.slate, t.player_id, t.team_abbr, t.status_class,
    ${Object.keys(CLASSES)
      .map((alias) => `by_${alias}.n AS ${alias}_n, by_${alias}.came AS ${alias}_came`)
      .join(', ')}
  FROM (SELECT *, past_class || reason_class AS absence_class FROM labelled WHERE slate >= CAST(@from AS DATE)) AS t
  ${Object.entries(CLASSES)
    .map(([alias, keys]) => joinCounted(alias, keys))
    .join('\n  ')}
),
judged AS (
  SELECT t.*, ${leaning('status', priorSql)} AS p_status FROM counted t
),
multiplied AS (
  SELECT t.*,
    ${odds(bounded(leaning('minutes', 'p_status')))} * fn.safe_div(
      ${odds(bounded(leaning('absence', leaning('missed', 'p_status'))))},
      ${odds(bounded('p_status'))}
    ) AS odds
  FROM judged t
),
expected AS (
  SELECT slate, player_id, team_abbr, status_class, ${leaning('whole', 'fn.safe_div(odds, 1 + odds)')} AS p
  FROM multiplied
)
SELECT c.slate, c.team_abbr, c.player_id, c.season, c.is_here AS is_member, c.games_missed, c.share, e.status_class, c.min_ewma4,
  ${AVAILABLE_STATS.map((stat) => `c.${stat}_ewma8`).join(', ')},
  CASE WHEN NOT c.is_here THEN 0 ELSE COALESCE(e.p, ${P_LONG_ABSENCE}) END AS p_plays
FROM present c
LEFT JOIN expected e ON e.slate = c.slate AND e.player_id = c.player_id AND e.team_abbr = c.team_abbr
WHERE c.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)`,
};
