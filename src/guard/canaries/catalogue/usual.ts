import { marketPriceSql } from '#core/bookmakers.ts';
import { FEATURES } from '#core/features.ts';
import { MAIN_MARKET, PUBLISHED_IN, PUBLISHED_MARKETS, scaleOf } from '#core/markets.ts';
import { joinedSql } from '#core/statement.ts';
import { type Canary, defineCanary } from '#guard/canaries/definition.ts';
import { GAMES, oneDecimal, rowForEach } from './sql.ts';

/** Features that move slowly from game to game: what a player is, not whom he meets tonight. */
const SLOW: readonly string[] = FEATURES.filter(({ name }) =>
  /(?:_ewma8|_ewma32|(?<!games)_season|rate32|ppm8|minutes_rate|min_max10|games_career)$/.test(name),
).map(({ name }) => name);

const featuresContinuous = defineCanary({
  id: 'features_continuous',
  phase: 'precompute',
  question: 'Do slow features stay near what they were for the same players in the fortnight before?',
  expected: 'a mean change of less than 0.6 standard deviations for every slow feature',
  finding: 'values jumped against the fortnight before in {of:slow feature|slow features}',
  looksAt: 'tonight',
  severity: [{ by: '10:30', beforeTip: 105, severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  whenEmpty: { skip: 'fewer than sixteen players of tonight had features in the fortnight before' },
  look: {
    days: 14,
    sql: `
WITH now AS (SELECT * FROM nba_predictions.ml_feature_store WHERE slate = CAST(@slate AS DATE)),
earlier AS (
  SELECT player_id, ${SLOW.map((name) => `AVG(${name}) AS ${name}`).join(', ')}
  FROM nba_predictions.ml_feature_store WHERE slate >= CAST(@from AS DATE) AND slate < CAST(@slate AS DATE) AND games_season >= 5
  GROUP BY player_id
),
paired AS (
  ${rowForEach(SLOW, 'now n JOIN earlier e ON e.player_id = n.player_id', { n: (name) => `n.${name}`, b: (name) => `e.${name}` })}
),
measured AS (
  SELECT subject, COUNT(n) AS n, COUNT(b) AS b, AVG(ABS(n - b)) AS d, STDDEV_POP(b) AS s FROM paired GROUP BY subject
)
SELECT subject, n < 0.5 * b OR d > 0.6 * s AS is_bad,
  'moved by ' || ${oneDecimal('fn.safe_div(d, s)')} || ' standard deviations, ' || CAST(b - n AS STRING) || ' missing' AS note
FROM measured
WHERE b >= 16 AND s > 0`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_predictions.ml_feature_store SET pts_ewma8 = 60 - pts_ewma8 WHERE slate = CAST(@slate AS DATE)',
    ],
  },
  meaning:
    'What a player is does not change overnight. A feature that jumped for most players was computed from other rows than the day before: another unit, other players, or a result of tonight.',
  steps: [
    'Several features of one group: look at the processor of that group.',
    'All features: the rows of the players were exchanged; look at the join of the feature store.',
    'One feature that equals tonight’s results knows the future: withdraw the publication first.',
  ],
});

/** What is measured of the box scores of a night. */
const NIGHTLY = ['points', 'minutes', 'fga', 'fg3m', 'fta', 'reb', 'ast', 'stl', 'tov'] as const;

/** Counts of a player that no identity of a box score tells apart: two of them in each other's column look like two fair columns. */
const TOLD_APART = ['points', 'reb', 'ast', 'stl', 'blk', 'tov'] as const;
const PAIRS = new Map(
  [
    ...TOLD_APART.flatMap((a, i) => TOLD_APART.slice(i + 1).map((b) => [a, b] as const)),
    ['oreb', 'dreb'] as const,
  ].map((pair) => [pair.join(' and '), pair]),
);
/** SQL: the difference between the counts of a pair in a row. */
const difference = (row: string, pair: string): string =>
  (PAIRS.get(pair) ?? []).map((name) => `${row}.${name}`).join(' - ');
/**
 * SQL: how well the difference between two counts of each player agrees with the usual one: 1 exactly, 0 not at all. Exchanging the two
 * columns turns its sign. No night of three real seasons with so many players was below the limits.
 */
const AGREEMENT = 'fn.safe_div(SUM(had * usual), SQRT(SUM(had * had) * SUM(usual * usual)))';
const MIN_PLAYERS = 30;
const MIN_AGREEMENT = 'CASE WHEN COUNT(*) >= 60 THEN -0.1 ELSE -0.3 END';
/**
 * Standard errors of a mean by which it must be off as well. Nights of one game in eight simulated seasons were up to 3.7 of them away: the
 * few steals of a playoff game are a matter of chance, and its players are not an average of the league.
 */
const MEAN_ERRORS = 4;
/** What is read of a box score to compare it. */
const COMPARED = [...new Set([...NIGHTLY, ...[...PAIRS.values()].flat()])];

const resultsPlausible = defineCanary({
  id: 'results_plausible',
  phase: 'ingest',
  question: 'Do the box scores of last night look like those of the fortnight before?',
  expected:
    'mean and spread of every count within usual bounds and what chance adds to them, and players who score, rebound and pass as they usually do',
  finding: 'box scores of last night are unlike those of the fortnight before in {of:count|counts}',
  looksAt: 'last_night',
  severity: [{ by: '10:15', severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff fetch {slate}, or tipoff ingest <box scores>, then tipoff day {slate}',
  dependsOn: [],
  whenEmpty: { skip: 'too few box scores last night or in the fortnight before to compare' },
  look: {
    days: 14,
    sql: `
WITH played AS (
  SELECT player_id, slate, ${COMPARED.join(', ')} FROM nba_raw.player_box_scores
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE) AND played
  QUALIFY ROW_NUMBER() OVER (PARTITION BY player_id, game_id ORDER BY ingested_at DESC, row_id) = 1
),
usual AS (
  SELECT player_id, COUNT(*) AS games, ${COMPARED.map((name) => `AVG(${name}) AS ${name}`).join(', ')}
  FROM played WHERE slate < CAST(@slate AS DATE) GROUP BY player_id
),
counts AS (
  ${rowForEach(NIGHTLY, 'played', { value: (name) => `CAST(${name} AS FLOAT64)` }, ['slate'])}
),
measured AS (
  SELECT subject, AVG(CASE WHEN slate = CAST(@slate AS DATE) THEN value END) AS n, AVG(CASE WHEN slate < CAST(@slate AS DATE) THEN value END) AS b,
    STDDEV_POP(CASE WHEN slate = CAST(@slate AS DATE) THEN value END) AS s, STDDEV_POP(CASE WHEN slate < CAST(@slate AS DATE) THEN value END) AS u,
    COUNT(CASE WHEN slate = CAST(@slate AS DATE) THEN value END) AS k,
    COUNT(CASE WHEN slate = CAST(@slate AS DATE) THEN 1 END) AS rows_now, COUNT(CASE WHEN slate < CAST(@slate AS DATE) THEN 1 END) AS rows_before
  FROM counts GROUP BY subject
),
differences AS (
  ${rowForEach([...PAIRS.keys()], 'played p JOIN usual u ON u.player_id = p.player_id', { had: (pair) => difference('p', pair), usual: (pair) => difference('u', pair) })}
  WHERE p.slate = CAST(@slate AS DATE) AND u.games >= 2
)
SELECT subject, k < 0.9 * rows_now OR ((n < 0.45 * b OR n > 1.9 * b) AND ABS(n - b) > ${MEAN_ERRORS} * fn.safe_div(u, SQRT(k))) OR COALESCE(s, 0) = 0 AS is_bad,
  'mean ' || COALESCE(${oneDecimal('n')}, 'none') || ', usually ' || ${oneDecimal('b')} AS note
FROM measured
WHERE rows_now >= 16 AND rows_before >= 60
UNION ALL
SELECT subject, ${AGREEMENT} < ${MIN_AGREEMENT} AS is_bad, 'each player has of the one what he usually has of the other' AS note
FROM differences GROUP BY subject HAVING COUNT(*) >= ${MIN_PLAYERS}
UNION ALL
SELECT 'points of the same players' AS subject, CORR(CAST(p.points AS FLOAT64), u.points) < 0.25 AS is_bad,
  'correlation with their usual points ' || ${oneDecimal('CORR(CAST(p.points AS FLOAT64), u.points)')} AS note
FROM played p JOIN usual u ON u.player_id = p.player_id
WHERE p.slate = CAST(@slate AS DATE)
HAVING COUNT(*) >= 30`,
  },
  sabotage: {
    sql: ['UPDATE nba_raw.player_box_scores SET ast = 0 WHERE slate = CAST(@slate AS DATE) AND played'],
  },
  meaning:
    'A column came empty, constant, in another unit, in the place of another one, or with the values of other players. Averages and features of every later slate would carry it.',
  steps: [
    'Read the rows of one game in nba_raw.player_box_scores beside the provider’s own page.',
    'One column: the format maps it wrongly. Two columns: they are exchanged. All columns: rows and players do not belong together.',
    'Load the right rows; the newest version of a row wins, and the repair command computes what follows.',
  ],
});

/** SQL: the probability that an American price implies, its margin included. */
function impliedSql(price: string): string {
  return `CASE WHEN ${price} < 0 THEN fn.safe_div(-${price}, 100.0 - ${price}) ELSE fn.safe_div(100.0, 100.0 + ${price}) END`;
}

/**
 * Share of the quotes apart from the others of a player that may have OVER likelier at a higher line. It is none where books agree on
 * the player, and about half where what they differ in is noise; more means that the two prices are exchanged.
 */
const MAX_UPWARD = 0.75;

/**
 * By how much lines may be away from the players' averages on average, by the number of players: those of one game are moved together
 * by the same absences, and few players by the luck of a few.
 */
const AWAY: readonly (readonly [string, number])[] = [
  ['< 12', 5.5],
  ['<= 20', 4],
  ['<= 40', 3.2],
];
const AWAY_FROM_MANY = 2.5;
/** Lines of the other markets lie between these shares of the players' averages: half of them is another period, or another market. */
const MIN_OF_AVERAGES = 0.65;
const MAX_OF_AVERAGES = 1.5;
/** Least correlation of a book's lines with the averages of players who differ: lines that do not follow the players are not theirs. */
const MIN_FOLLOWING = 0.3;

/** SQL: a value by the market of a quote, an expression for each. */
function byMarket(
  column: string,
  of: (market: (typeof PUBLISHED_MARKETS)[number]) => string | number,
): string {
  return `CASE ${column} ${PUBLISHED_MARKETS.map((market) => `WHEN '${market.id}' THEN ${of(market)}`).join(' ')} END`;
}

/** SQL: a limit by the number of players of a group. */
function byPlayers(few: readonly (readonly [string, number])[], ofMany: number): string {
  return `CASE ${few.map(([players, limit]) => `WHEN COUNT(DISTINCT player_id) ${players} THEN ${limit}`).join(' ')} ELSE ${ofMany} END`;
}

/** SQL: what a player has had of a market this season on average. */
const AVERAGE = byMarket('l.market', ({ features }) =>
  features.map(({ stat }) => `f.${stat}_season`).join(' + '),
);
/** SQL: how far the lines of a book may be from those of the others on average. Books agree least on sums. */
const MAX_APART = byMarket('market', (market) =>
  market.parts.length > 0 ? 3 * scaleOf(market) : Math.max(0.5, 1.5 * scaleOf(market)),
);
/** A book that is wrong is the farthest from the others; those are half as far from a middle that it is part of. */
const MIN_SHARE_OF_FARTHEST = 0.75;
/**
 * By how much the lines of a market may be away on average from those of the same players at the same books in the fortnight before, by
 * the number of players and in points: whoever comes back takes from all the others of a small slate.
 */
const MOVED: readonly (readonly [string, number])[] = [
  ['< 16', 3.75],
  ['< 60', 2.75],
];
const MOVED_OF_MANY = 1.75;
const MIN_MOVED_PLAYERS = 12;
/**
 * A player's average says what to expect of him after this many games of the season, while he plays: who comes back after more
 * days than this begins with few minutes.
 */
const MIN_AVERAGE_GAMES = 10;
const MAX_DAYS_AWAY = 14;
/** By how much OVER is less likely at a line that is a point higher, in every market for a part of a point as large as its scale. */
const PER_POINT = 1 / 15;
/** Points between the line of a book and those of the others up to which their prices can be compared. */
const MAX_BESIDE = 2;
/**
 * Least agreement of a book with the others about the likelier side at its lines, where they see one: 1 is perfect, and exchanging the two
 * prices turns its sign. In two real seasons only two books were below it, which had OVER likelier at lines far above the others.
 */
const MIN_PRICE_AGREEMENT = -0.3;
const MIN_LEANING = { quotes: 12, by: 0.01 };
/** SQL: the mean of a column over the other quotes of the player. */
const ofOthers = (column: string): string =>
  `fn.safe_div(SUM(${column}) OVER (PARTITION BY player_lookup, market) - ${column}, COUNT(*) OVER (PARTITION BY player_lookup, market) - 1.0)`;
/** SQL: from which spread of their averages on players differ. */
const MIN_SPREAD = byMarket('market', (market) => 1.5 * scaleOf(market));
const IS_AWAY = `ABS(AVG(line - average)) > ${byPlayers(AWAY, AWAY_FROM_MANY)}`;
const AWAY_NOTE = `'on average ' || ${oneDecimal('AVG(line - average)')} || ' from the averages of ' || CAST(COUNT(DISTINCT player_id) AS STRING) || ' players'`;

/** Counts of a team's own box that are those of its players, and by how much the team's may be less or more. */
const TEAM_COUNTS: readonly (readonly [string, number, number])[] = [
  ['fga', 0, 0],
  ['fg3a', 0, 0],
  ['fta', 0, 0],
  ['ast', 0, 0],
  ['stl', 0, 0],
  ['blk', 0, 0],
  // Some sources count what nobody did alone: rebounds out of bounds, five and eight seconds.
  ['reb', 0, 20],
  ['tov', 0, 4],
];

const teamCounts = defineCanary({
  id: 'team_counts',
  phase: 'ingest',
  question: 'Do the counts of the players add up to those of their team?',
  expected:
    'shots, assists, steals, blocks, rebounds and turnovers of every team those of its players, on the date of the game',
  finding: 'counts of {of:team|teams} of last night are not those of the players, or of another date',
  looksAt: 'last_night',
  severity: [{ by: '10:30', severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff fetch {slate}, or tipoff ingest <box scores>, then tipoff day {slate}',
  dependsOn: [],
  whenEmpty: { skip: 'no team has a box score of its own for last night' },
  look: {
    sql: `
WITH players AS (
  SELECT game_id, team_abbr, ${TEAM_COUNTS.map(([name]) => `SUM(${name}) AS ${name}`).join(', ')}
  FROM (
    SELECT game_id, team_abbr, player_id, ${TEAM_COUNTS.map(([name]) => name).join(', ')} FROM nba_raw.player_box_scores
    WHERE slate = CAST(@slate AS DATE) AND played
    QUALIFY ROW_NUMBER() OVER (PARTITION BY player_id, game_id ORDER BY CASE WHEN source LIKE 'nba_%' THEN 0 ELSE 1 END, ingested_at DESC, source, row_id) = 1
  ) AS newest
  GROUP BY game_id, team_abbr
),
teams AS (
  SELECT game_id, team_abbr, ${TEAM_COUNTS.map(([name]) => name).join(', ')} FROM nba_raw.team_box_scores
  WHERE slate = CAST(@slate AS DATE)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY game_id, team_abbr ORDER BY CASE WHEN source LIKE 'nba_%' THEN 0 ELSE 1 END, ingested_at DESC, source, row_id) = 1
)
SELECT t.team_abbr || ' ' || t.game_id AS subject,
  p.game_id IS NULL OR ${TEAM_COUNTS.map(([name, less, more]) => `COALESCE(t.${name} - p.${name} NOT BETWEEN -${less} AND ${more}, FALSE)`).join(' OR ')} AS is_bad,
  CASE WHEN p.game_id IS NULL THEN 'none of its players played in this game' ELSE ${joinedSql(
    TEAM_COUNTS.map(
      ([name]) =>
        `'${name} ' || COALESCE(CAST(t.${name} AS STRING), 'none') || '/' || COALESCE(CAST(p.${name} AS STRING), 'none')`,
    ),
    "|| ', ' ||",
  )} END AS note
FROM teams t
JOIN (SELECT DISTINCT game_id FROM players) AS g ON g.game_id = t.game_id
LEFT JOIN players p ON p.game_id = t.game_id AND p.team_abbr = t.team_abbr
UNION ALL
SELECT DISTINCT t.team_abbr || ' ' || t.game_id AS subject, TRUE AS is_bad,
  'nba_raw.team_box_scores has it on ' || CAST(t.slate AS STRING) || ', it was played on ' || CAST(g.slate AS STRING) AS note
FROM (${GAMES}) AS g
JOIN (
  SELECT game_id, team_abbr, slate FROM nba_raw.team_box_scores
  WHERE slate BETWEEN fn.add_days(CAST(@slate AS DATE), -370) AND fn.add_days(CAST(@slate AS DATE), 370)
) AS t ON t.game_id = g.game_id AND t.slate <> g.slate`,
  },
  sabotage: {
    sql: ['UPDATE nba_raw.team_box_scores SET tov = 0 WHERE slate = CAST(@slate AS DATE)'],
  },
  meaning:
    'The team’s own box and its players’ say different things of one game: a column was read wrongly on one side, or one of them is of another game. Pace and the strength of defences follow the team’s.',
  steps: [
    'Of another date: the feed gives a game under a date that is not its own; correct the format or the file.',
    'The note has team/players for each count. One count: the format maps it wrongly. All of them: rows of another game.',
    'Which side agrees with the provider’s own page?',
    'Load the right rows; the newest version of a row wins, and the repair command computes what follows.',
  ],
});

const linesPlausible = defineCanary({
  id: 'lines_plausible',
  phase: 'ingest',
  question: 'Do lines and prices agree with the other books and with the players?',
  expected:
    'every book near the others in lines and prices, every game and market near the players’ averages and earlier lines, lines that rise with them, prices with a usual margin',
  finding: 'lines or prices are implausible in {of:comparison|comparisons}',
  looksAt: 'tonight',
  severity: [{ by: '12:30', beforeTip: 90, severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff fetch {slate}, or tipoff ingest <lines>, then tipoff predict {slate} --mode LINE_UPDATE',
  dependsOn: [],
  whenEmpty: { skip: 'too few lines are in for tonight' },
  look: {
    sql: `
WITH quotes AS (
  SELECT l.market, l.bookmaker, l.player_id, l.player_lookup, l.home_abbr, CAST(l.line AS FLOAT64) AS line, l.over_price, l.under_price, ${AVERAGE} AS average, f.games_season, f.days_since_played
  FROM nba_analytics.player_prop_lines l
  LEFT JOIN nba_predictions.ml_feature_store f ON f.player_id = l.player_id AND f.game_id = l.game_id AND f.slate = CAST(@slate AS DATE) AND f.games_season >= 3
  WHERE l.slate = CAST(@slate AS DATE) AND l.market IN ${PUBLISHED_IN}
),
main AS (SELECT * FROM quotes WHERE market = '${MAIN_MARKET.id}' AND average IS NOT NULL),
beside_books AS (
  SELECT q.*, AVG(line) OVER (PARTITION BY player_lookup, market) AS consensus, COUNT(*) OVER (PARTITION BY player_lookup, market) AS book_count FROM quotes q
),
books AS (
  SELECT bookmaker, market, AVG(ABS(fn.safe_div(book_count * (line - consensus), book_count - 1.0))) AS apart, COUNT(*) AS quotes
  FROM beside_books WHERE book_count >= 2 GROUP BY bookmaker, market
),
priced AS (
  SELECT bookmaker, market, over_price, under_price, ${impliedSql('over_price')} + ${impliedSql('under_price')} AS margin
  FROM quotes WHERE ${marketPriceSql('over_price', 'bookmaker')} IS NOT NULL AND under_price IS NOT NULL
),
shares AS (
  SELECT bookmaker, player_lookup, market, line, fn.safe_div(${impliedSql('over_price')}, ${impliedSql('over_price')} + ${impliedSql('under_price')}) AS over_share
  FROM quotes WHERE ${marketPriceSql('over_price', 'bookmaker')} IS NOT NULL AND under_price IS NOT NULL
),
apart AS (
  SELECT line - AVG(line) OVER (PARTITION BY player_lookup, market) AS higher, over_share - AVG(over_share) OVER (PARTITION BY player_lookup, market) AS likelier FROM shares
),
beside_prices AS (
  SELECT bookmaker, market, over_share, ${ofOthers('over_share')} AS others_share, fn.safe_div(${ofOthers('line')} - line, ${byMarket('market', scaleOf)}) AS below
  FROM shares
),
leaning AS (
  SELECT bookmaker, market, over_share - 0.5 AS lean, others_share + ${PER_POINT} * below - 0.5 AS others
  FROM beside_prices WHERE ABS(below) <= ${MAX_BESIDE}
),
earlier AS (
  SELECT market, bookmaker, player_id, AVG(CAST(line AS FLOAT64)) AS line FROM nba_analytics.player_prop_lines
  WHERE slate BETWEEN fn.add_days(CAST(@slate AS DATE), -14) AND fn.add_days(CAST(@slate AS DATE), -1) AND player_id IS NOT NULL
  GROUP BY market, bookmaker, player_id
),
moves AS (
  SELECT q.market, q.player_id, q.line - e.line AS moved FROM quotes q JOIN earlier e ON e.market = q.market AND e.bookmaker = q.bookmaker AND e.player_id = q.player_id
)
SELECT bookmaker || ' ' || market || ' against the other books' AS subject, apart > ${MAX_APART} AND apart >= ${MIN_SHARE_OF_FARTHEST} * farthest AS is_bad,
  'on average ' || ${oneDecimal('apart')} || ' from the others' AS note
FROM (SELECT bookmaker, market, apart, quotes, MAX(apart) OVER (PARTITION BY market) AS farthest FROM books) AS compared WHERE quotes >= 8
UNION ALL
SELECT bookmaker || ' ' || market || ' against the players' AS subject, CASE WHEN MIN(line) = MAX(line) THEN TRUE ELSE CORR(line, average) < ${MIN_FOLLOWING} END AS is_bad,
  CASE WHEN MIN(line) = MAX(line) THEN 'one line for all ' || CAST(COUNT(*) AS STRING) || ' players' ELSE 'the lines do not rise with the averages of the players' END AS note
FROM quotes WHERE average IS NOT NULL GROUP BY bookmaker, market HAVING COUNT(*) >= 12 AND STDDEV_POP(average) >= ${MIN_SPREAD}
UNION ALL
SELECT market || ' lines of the slate' AS subject, AVG(line) < ${MIN_OF_AVERAGES} * AVG(average) OR AVG(line) > ${MAX_OF_AVERAGES} * AVG(average) AS is_bad,
  'on average ' || ${oneDecimal('AVG(line)')} || ', the averages of the players ' || ${oneDecimal('AVG(average)')} AS note
FROM quotes WHERE average IS NOT NULL AND market <> '${MAIN_MARKET.id}' GROUP BY market HAVING COUNT(*) >= 16
UNION ALL
SELECT 'lines of ' || home_abbr || '’s game' AS subject, ${IS_AWAY} AS is_bad, ${AWAY_NOTE} AS note
FROM main GROUP BY home_abbr HAVING COUNT(DISTINCT player_id) >= 6
UNION ALL
SELECT 'lines of the slate' AS subject, ${IS_AWAY} OR MIN(line) = MAX(line) AS is_bad, ${AWAY_NOTE} AS note
FROM main HAVING COUNT(*) >= 16
UNION ALL
SELECT 'line of ' || MIN(player_lookup) AS subject, TRUE AS is_bad, 'line ' || ${oneDecimal('AVG(line)')} || ', average ' || ${oneDecimal('MIN(average)')} AS note
FROM main GROUP BY player_id HAVING ABS(AVG(line) - MIN(average)) > CASE WHEN MIN(games_season) >= ${MIN_AVERAGE_GAMES} AND MIN(days_since_played) <= ${MAX_DAYS_AWAY} THEN 16 ELSE 20 END
UNION ALL
SELECT bookmaker || ' ' || market || ' prices' AS subject, AVG(margin) < 1.01 OR AVG(margin) > 1.16 OR MIN(over_price) = MAX(over_price) OR MIN(under_price) = MAX(under_price) AS is_bad,
  'implied probabilities add up to ' || CAST(ROUND(AVG(margin), 2) AS STRING) || ' on average' || CASE WHEN MIN(over_price) = MAX(over_price) OR MIN(under_price) = MAX(under_price) THEN ', one price for all' ELSE '' END AS note
FROM priced GROUP BY bookmaker, market HAVING COUNT(*) >= 8
UNION ALL
SELECT bookmaker || ' ' || market || ' prices against the other books' AS subject, COALESCE(fn.safe_div(SUM(lean * others), SQRT(SUM(lean * lean) * SUM(others * others))) < ${MIN_PRICE_AGREEMENT}, FALSE) AS is_bad,
  'the others make likelier what this one makes less likely' AS note
FROM leaning WHERE ABS(others) > ${MIN_LEANING.by} GROUP BY bookmaker, market HAVING COUNT(*) >= ${MIN_LEANING.quotes}
UNION ALL
SELECT market || ' lines against the fortnight before' AS subject, ABS(AVG(moved)) > ${byPlayers(MOVED, MOVED_OF_MANY)} * ${byMarket('market', scaleOf)} AS is_bad,
  'on average ' || ${oneDecimal('AVG(moved)')} || ' from the earlier lines of ' || CAST(COUNT(DISTINCT player_id) AS STRING) || ' players' AS note
FROM moves GROUP BY market HAVING COUNT(DISTINCT player_id) >= ${MIN_MOVED_PLAYERS}
UNION ALL
SELECT bookmaker || ' ' || market || ' without prices' AS subject, tonight < 0.5 * usual AS is_bad,
  CAST(ROUND(100 * tonight) AS STRING) || ' % of its quotes have both prices, usually ' || CAST(ROUND(100 * usual) AS STRING) || ' %' AS note
FROM (
  SELECT bookmaker, market, AVG(CASE WHEN slate = CAST(@slate AS DATE) THEN is_priced END) AS tonight, AVG(CASE WHEN slate < CAST(@slate AS DATE) THEN is_priced END) AS usual,
    COUNTIF(slate = CAST(@slate AS DATE)) AS quotes
  FROM (
    SELECT bookmaker, market, slate, CASE WHEN over_price IS NOT NULL AND under_price IS NOT NULL THEN 1.0 ELSE 0.0 END AS is_priced
    FROM nba_analytics.player_prop_lines WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)
  ) AS quoted
  GROUP BY bookmaker, market
) AS priced_shares
WHERE quotes >= 8 AND usual IS NOT NULL
UNION ALL
SELECT 'prices against lines' AS subject, COUNTIF(higher * likelier > 0) > ${MAX_UPWARD} * COUNT(*) AS is_bad,
  CAST(COUNTIF(higher * likelier > 0) AS STRING) || ' of ' || CAST(COUNT(*) AS STRING) || ' quotes above the others make OVER likelier' AS note
FROM apart WHERE ABS(higher) > 0.1 AND ABS(likelier) > 0.002 HAVING COUNT(*) >= 12`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_analytics.player_prop_lines SET line = line + 6 WHERE slate = CAST(@slate AS DATE) AND bookmaker = (SELECT MAX(bookmaker) FROM nba_analytics.player_prop_lines WHERE slate = CAST(@slate AS DATE))',
    ],
  },
  meaning:
    'A book, a market or a team is off as a group: another market under the name of this one, lines of another date, prices of the other side. Every pick against these lines is an illusion.',
  steps: [
    'One book: compare its rows of the named market in nba_raw.player_lines with its own page; leave it out until it is right.',
    'One game or the whole slate: does the market of the rows say what the book calls it, and is the date of the event tonight’s?',
    'Load the right lines and run LINE_UPDATE: picks against lines that are gone are replaced.',
  ],
});

/** Checks that values are like those of such a night: results, the counts of teams, lines, and features that move slowly. */
export const USUAL: readonly Canary[] = [resultsPlausible, teamCounts, linesPlausible, featuresContinuous];
