import { playerPropLines } from '#core/contracts/nba_analytics.ts';
import { playerBoxScores, playerLines } from '#core/contracts/nba_raw.ts';
import { playerAliases, players, schedule } from '#core/contracts/nba_reference.ts';
import { NO_NEXT, type Processor } from '#pipeline/processor.ts';

/** A quote missing from a bookmaker's newest board of the market and game counts as withdrawn when it is older by more than this. */
const MAX_BOARD_LAG_SECONDS = 1800;

/** Letters of a given name that a feed may have left: "A. Coffer", "Mil. Bridges". */
const MAX_INITIAL = 4;

/**
 * The newest quote before the cut-off per name, game, market and bookmaker, resolved to a player of the league:
 * first by the whole name (or its alias), where two players share it by the team on that date, then by initial and last
 * name among the players of the two teams. Where two remain, the line is refused, never guessed.
 *
 * A quote that its bookmaker no longer lists is dropped: bookmakers take down players whose status is in doubt.
 *
 * A quote with a time counts when it was taken at or before the cut-off; a quote with a file date only, when that date is
 * not after the slate; a quote without either is kept and labelled `unknown`, and no prediction uses it.
 */
export const playerPropLinesProcessor: Processor = {
  name: 'PlayerPropLines',
  phase: 'analytics',
  table: playerPropLines,
  inputs: [
    { table: schedule, scope: 'slate', part: 'games' },
    { table: playerLines, scope: 'slate', part: 'player_lines' },
    { table: players, scope: 'slate', part: 'names' },
    { table: playerAliases, scope: 'slate', part: 'names' },
    { table: playerBoxScores, scope: 'before', part: 'stays' },
  ],
  select: `
WITH games AS (
  SELECT game_id, slate, home_abbr, away_abbr, fn.least2(tipoff_at, CAST(@as_of AS TIMESTAMP)) AS cutoff_at,
    CASE WHEN home_abbr < away_abbr THEN home_abbr || '|' || away_abbr ELSE away_abbr || '|' || home_abbr END AS pair
  FROM nba_reference.schedule
  WHERE status NOT IN ('postponed', 'cancelled') AND slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY slate, pair ORDER BY game_id) = 1
),
quoted AS (
  SELECT q.slate, q.home_abbr, q.away_abbr, q.market, q.bookmaker, q.player_lookup, q.line, q.over_price, q.under_price, q.snapshot_at,
    q.snapshot_quality, q.file_date, g.game_id,
    COALESCE(g.cutoff_at, fn.least2(COALESCE(q.commence_at, fn.eastern_instant(q.slate, 19)), CAST(@as_of AS TIMESTAMP))) AS cutoff_at
  FROM nba_raw.player_lines q
  LEFT JOIN games g ON g.slate = q.slate
    AND g.pair = CASE WHEN q.home_abbr < q.away_abbr THEN q.home_abbr || '|' || q.away_abbr ELSE q.away_abbr || '|' || q.home_abbr END
  WHERE q.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND NOT q.is_alternate AND q.player_lookup <> ''
),
paired AS (
  SELECT slate, home_abbr, away_abbr, market, bookmaker, player_lookup, line, snapshot_at, snapshot_quality, file_date, game_id, cutoff_at,
    MAX(over_price) AS over_price, MAX(under_price) AS under_price
  FROM quoted
  WHERE (snapshot_quality = 'exact' AND snapshot_at <= cutoff_at)
    OR (snapshot_quality = 'file_date' AND file_date <= slate)
    OR snapshot_quality = 'unknown'
  GROUP BY slate, home_abbr, away_abbr, market, bookmaker, player_lookup, line, snapshot_at, snapshot_quality, file_date, game_id, cutoff_at
),
quotes AS (
  SELECT p.*,
    MAX(CASE WHEN snapshot_quality = 'exact' THEN snapshot_at END) OVER (PARTITION BY slate, home_abbr, away_abbr, market, bookmaker) AS board_at,
    FIRST_VALUE(CASE WHEN snapshot_quality = 'exact' THEN line END) OVER (
      PARTITION BY slate, home_abbr, away_abbr, market, bookmaker, player_lookup
      ORDER BY CASE WHEN snapshot_at IS NULL THEN 1 ELSE 0 END, snapshot_at, line
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS opening_line
  FROM paired p
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY slate, home_abbr, away_abbr, market, bookmaker, player_lookup
    ORDER BY snapshot_at DESC, file_date DESC, CASE WHEN over_price IS NOT NULL AND under_price IS NOT NULL THEN 0 ELSE 1 END, line
  ) = 1
),
newest AS (
  SELECT * FROM quotes
  WHERE board_at IS NULL OR snapshot_at IS NULL OR fn.add_seconds(snapshot_at, ${MAX_BOARD_LAG_SECONDS}) >= board_at
),
names AS (
  SELECT DISTINCT n.player_lookup, COALESCE(a.player_lookup, n.player_lookup) AS wanted
  FROM newest n
  LEFT JOIN nba_reference.player_aliases a ON a.alias_lookup = n.player_lookup
),
matches AS (
  SELECT n.player_lookup, p.player_id, TRUE AS is_whole_name
  FROM names n JOIN nba_reference.players p ON p.player_lookup = n.wanted
  UNION ALL
  SELECT n.player_lookup, p.player_id, FALSE
  FROM names n
  JOIN nba_reference.players p ON LENGTH(n.player_lookup) - LENGTH(p.last_lookup) BETWEEN 1 AND ${MAX_INITIAL}
    AND SUBSTR(n.player_lookup, LENGTH(n.player_lookup) - LENGTH(p.last_lookup) + 1) = p.last_lookup
    AND SUBSTR(p.player_lookup, 1, LENGTH(n.player_lookup) - LENGTH(p.last_lookup))
      = SUBSTR(n.player_lookup, 1, LENGTH(n.player_lookup) - LENGTH(p.last_lookup))
    AND p.player_lookup <> n.wanted
),
by_name AS (
  SELECT player_lookup, SUM(CASE WHEN is_whole_name THEN 1 ELSE 0 END) AS whole, MIN(CASE WHEN is_whole_name THEN player_id END) AS whole_id
  FROM matches
  GROUP BY player_lookup
),
stays AS (
  SELECT player_id, team_abbr, slate AS seen_on, LEAD(slate, 1, ${NO_NEXT}) OVER (PARTITION BY player_id ORDER BY slate, game_id) AS next_seen_on
  FROM (SELECT DISTINCT player_id, team_abbr, slate, game_id FROM nba_raw.player_box_scores
    WHERE slate >= CAST(@history_from AS DATE) AND slate < CAST(@to AS DATE))
),
unclear AS (
  SELECT DISTINCT n.slate, n.home_abbr, n.away_abbr, n.player_lookup, b.whole
  FROM newest n
  JOIN by_name b ON b.player_lookup = n.player_lookup AND b.whole <> 1
),
on_team AS (
  SELECT u.slate, u.home_abbr, u.away_abbr, u.player_lookup, u.whole, COUNT(DISTINCT s.player_id) AS candidates, MIN(s.player_id) AS only_id
  FROM unclear u
  JOIN matches m ON m.player_lookup = u.player_lookup AND (m.is_whole_name OR u.whole = 0)
  LEFT JOIN stays s ON s.player_id = m.player_id AND s.team_abbr IN (u.home_abbr, u.away_abbr) AND s.seen_on < u.slate
    AND s.next_seen_on >= u.slate
  GROUP BY u.slate, u.home_abbr, u.away_abbr, u.player_lookup, u.whole
),
resolved AS (
  SELECT slate, home_abbr, away_abbr, player_lookup, CASE WHEN candidates = 1 THEN only_id END AS player_id,
    candidates > 1 OR whole > 1 AS has_several
  FROM on_team
)
SELECT n.slate, n.home_abbr, n.away_abbr, n.market, n.bookmaker, n.player_lookup,
  CASE WHEN b.whole = 1 THEN b.whole_id ELSE r.player_id END AS player_id, n.game_id,
  CASE
    WHEN n.game_id IS NULL THEN 'unknown_game'
    WHEN b.whole = 1 OR r.player_id IS NOT NULL THEN 'resolved'
    WHEN r.has_several THEN 'ambiguous_player'
    ELSE 'unknown_player'
  END AS resolution,
  n.line, n.over_price, n.under_price, n.opening_line, n.snapshot_at, n.snapshot_quality, n.cutoff_at
FROM newest n
LEFT JOIN by_name b ON b.player_lookup = n.player_lookup
LEFT JOIN resolved r ON r.slate = n.slate AND r.home_abbr = n.home_abbr AND r.away_abbr = n.away_abbr AND r.player_lookup = n.player_lookup`,
};
