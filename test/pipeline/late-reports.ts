/**
 * What nobody can know before the last look at a slate, as statements with the parameter `cutoff`: everybody whom the reports
 * of the slate name is ruled out ten minutes before tip-off, twenty after the last report, and on every later slate at once; and
 * ten minutes before tip-off all who are in a box score of the slate are on the roster of the other team.
 */
export const REPORTS_AND_ROSTERS_FROM_THE_CUTOFF_ON: readonly string[] = [
  `INSERT INTO nba_raw.injury_reports BY NAME
   SELECT r.* REPLACE (fn.add_seconds(r.report_at, 1200) AS report_at, 'out' AS status, r.row_id || ' late' AS row_id)
   FROM nba_raw.injury_reports r
   WHERE r.slate = CAST(@cutoff AS DATE)
   QUALIFY ROW_NUMBER() OVER (PARTITION BY r.player_id ORDER BY r.report_at DESC) = 1`,
  `INSERT INTO nba_raw.availability_reports BY NAME
   SELECT a.* REPLACE (fn.add_seconds(a.report_at, 1200) AS report_at, a.row_id || ' late' AS row_id)
   FROM nba_raw.availability_reports a
   WHERE fn.eastern_date(a.report_at) = CAST(@cutoff AS DATE)`,
  "UPDATE nba_raw.injury_reports SET status = 'out' WHERE slate > CAST(@cutoff AS DATE)",
  `INSERT INTO nba_raw.roster_players BY NAME
   SELECT fn.add_seconds(s.tipoff_at, -600) AS observed_at, p.player_id, p.player_name, p.player_lookup, p.opponent_abbr AS team_abbr,
     TRUE AS is_on_roster, 'nba_player_index_json' AS source, 'test' AS source_file, p.row_id || ' late' AS row_id, p.ingested_at
   FROM nba_raw.player_box_scores p
   JOIN (SELECT game_id, MAX(tipoff_at) AS tipoff_at FROM nba_raw.schedule_games GROUP BY game_id) s ON s.game_id = p.game_id
   WHERE p.slate = CAST(@cutoff AS DATE)`,
];
