/**
 * SQL: the main line of every player and market among the usable quotes that `where` selects from
 * `nba_analytics.player_prop_lines l`: the median of the bookmakers' lines, rounded down to a quoted one, with its bookmaker,
 * prices and time; and the second line, the nearest quoted line that differs from it.
 *
 * Columns: slate, player_id, market, game_id, line_count, line, bookmaker, over_price, under_price, opening_line, snapshot_at,
 * snapshot_quality, second_line, second_bookmaker.
 */
export function mainLinesSql(where: string): string {
  const perPlayerAndMarket = 'PARTITION BY slate, player_id, market';
  const ofMain = (column: string, name = column): string =>
    `MAX(CASE WHEN is_main THEN ${column} END) AS ${name}`;
  return `
  SELECT slate, player_id, market, ${ofMain('game_id')}, MAX(line_count) AS line_count, MAX(main_line) AS line,
    ${['bookmaker', 'over_price', 'under_price', 'opening_line', 'snapshot_at', 'snapshot_quality'].map((column) => ofMain(column)).join(', ')},
    MAX(CASE WHEN nearness = 1 AND line <> main_line THEN line END) AS second_line,
    MAX(CASE WHEN nearness = 1 AND line <> main_line THEN bookmaker END) AS second_bookmaker
  FROM (
    SELECT m.*, ROW_NUMBER() OVER (${perPlayerAndMarket} ORDER BY CASE WHEN line = main_line THEN 1 ELSE 0 END, ABS(line - main_line), line, bookmaker) AS nearness
    FROM (
      SELECT r.*, MAX(CASE WHEN is_main THEN line END) OVER (${perPlayerAndMarket}) AS main_line
      FROM (
        SELECT n.*, 2 * position = line_count OR 2 * position = line_count + 1 AS is_main
        FROM (
          SELECT l.slate, l.player_id, l.game_id, l.market, l.bookmaker, l.line, l.over_price, l.under_price, l.opening_line, l.snapshot_at,
            l.snapshot_quality,
            ROW_NUMBER() OVER (PARTITION BY l.slate, l.player_id, l.market ORDER BY l.line, l.bookmaker, l.home_abbr) AS position,
            COUNT(*) OVER (PARTITION BY l.slate, l.player_id, l.market) AS line_count
          FROM nba_analytics.player_prop_lines l
          WHERE ${where} AND l.resolution = 'resolved' AND l.snapshot_quality IN ('exact', 'file_date')
        ) AS n
      ) AS r
    ) AS m
  ) AS quotes
  GROUP BY slate, player_id, market`;
}
