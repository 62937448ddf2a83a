import { IS_COUNTED_TYPE } from '#core/calendar.ts';
import { playerBoxScores, scheduleGames } from '#core/contracts/nba_raw.ts';
import { type Player, playerAliases, players, schedule } from '#core/contracts/nba_reference.ts';
import { ALIASES, lastLookup } from '#core/names.ts';
import { HISTORY_FROM, type Processor } from '#pipeline/processor.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

const KNOWN = `
WITH named AS (
  SELECT player_id, player_name, player_lookup, slate FROM nba_raw.player_box_scores WHERE slate >= CAST(@history_from AS DATE)
  UNION ALL
  SELECT player_id, player_name, player_lookup, slate FROM nba_raw.injury_reports WHERE player_id IS NOT NULL
),
known AS (
  SELECT * FROM named
  UNION ALL
  SELECT r.player_id, r.player_name, r.player_lookup, fn.eastern_date(COALESCE(r.observed_at, r.ingested_at))
  FROM nba_raw.roster_players r
  WHERE r.player_id IS NOT NULL AND r.is_on_roster
    AND NOT EXISTS (SELECT 1 FROM named n WHERE n.player_id = r.player_id)
)
SELECT player_id, player_name, player_lookup, MIN(slate) OVER (PARTITION BY player_id) AS first_slate, slate AS last_slate
FROM known
QUALIFY ROW_NUMBER() OVER (PARTITION BY player_id ORDER BY slate DESC, player_name) = 1
ORDER BY player_id`;

/**
 * Updates the mapping from names to ids: every player with an id under his newest printed name, and the curated aliases. Lists
 * of players add those who have not appeared in a box score yet. Only players that differ are written again: whoever reads in
 * between misses nobody else. Returns the number of players.
 */
export async function buildPlayerReference(warehouse: Warehouse): Promise<number> {
  const known = await warehouse.query<Omit<Player, 'last_lookup'>>(KNOWN, {
    history_from: HISTORY_FROM,
  });
  const wanted: Player[] = known.map((row) => ({
    ...row,
    last_lookup: lastLookup(row.player_name) ?? null,
  }));
  const stored = await warehouse.query<Player>(
    'SELECT player_id, player_name, player_lookup, first_slate, last_slate, last_lookup FROM nba_reference.players ORDER BY player_id',
  );
  const textOf = (player: Player): string => JSON.stringify(flat(player));
  const right = new Set(wanted.map(textOf));
  const seen = new Set<string>();
  const outdated = new Set<number>();
  for (const player of stored) {
    if (!right.has(textOf(player)) || seen.has(textOf(player))) outdated.add(player.player_id);
    seen.add(textOf(player));
  }
  if (outdated.size > 0)
    await warehouse.execute('DELETE FROM nba_reference.players WHERE player_id IN UNNEST(@outdated)', {
      outdated: [...outdated],
    });
  await warehouse.append(
    players,
    wanted.filter((player) => !seen.has(textOf(player)) || outdated.has(player.player_id)),
  );
  const aliases = Object.entries(ALIASES).map(([alias_lookup, player_lookup]) => ({
    alias_lookup,
    player_lookup,
  }));
  await warehouse.appendNew(playerAliases, aliases);
  return wanted.length;
}

function flat(player: Player): unknown[] {
  return [
    player.player_id,
    player.player_name,
    player.player_lookup,
    player.first_slate,
    player.last_slate,
    player.last_lookup,
  ];
}

/** The hour assumed where no source has a time: the earliest usual start, so that no later quote slips in. */
const ESTIMATED_HOUR_ET = 19;

/** SQL: a game of the kinds that count that was not called off. */
const IS_EVENING = `${IS_COUNTED_TYPE} AND newest_status IN ('scheduled', 'live', 'final')`;

/**
 * The effective schedule: what was played outranks what a live feed says, which outranks what was published. A game
 * known only from its box score is a game too. Lists without ids lend their tip-off times by date and pair of teams; a
 * live feed without ids gives the status of a game when it is newer than the league's. No team plays twice on one date: of two
 * games of a team the one counts that was played, or else the one that was published for the date.
 */
export const scheduleReference: Processor = {
  name: 'ScheduleReference',
  phase: 'analytics',
  table: schedule,
  inputs: [
    { table: scheduleGames, scope: 'up_to' },
    { table: playerBoxScores, scope: 'up_to' },
  ],
  select: `
WITH ranked AS (
  SELECT g.*, ROW_NUMBER() OVER (PARTITION BY g.game_id, g.statement ORDER BY g.observed_at DESC, g.ingested_at DESC, g.row_id) AS newest
  FROM nba_raw.schedule_games g
  WHERE g.game_id IS NOT NULL
),
published AS (SELECT * FROM ranked WHERE statement = 'published' AND newest = 1),
feed AS (SELECT * FROM ranked WHERE statement = 'current' AND newest = 1),
played AS (SELECT * FROM ranked WHERE statement = 'played' AND newest = 1),
boxed AS (
  SELECT game_id, MIN(slate) AS slate, MIN(season) AS season, MIN(season_type) AS season_type,
    COALESCE(MIN(CASE WHEN is_home THEN team_abbr END), MIN(team_abbr)) AS home_abbr,
    COALESCE(MIN(CASE WHEN is_home THEN opponent_abbr END), MAX(team_abbr)) AS away_abbr
  FROM nba_raw.player_box_scores
  WHERE slate >= CAST(@history_from AS DATE)
  GROUP BY game_id
),
ids AS (
  SELECT game_id FROM ranked
  UNION DISTINCT SELECT game_id FROM boxed
),
listed AS (
  SELECT slate, CASE WHEN home_abbr < away_abbr THEN home_abbr || '|' || away_abbr ELSE away_abbr || '|' || home_abbr END AS pair,
    MIN(tipoff_at) AS tipoff_at
  FROM nba_raw.schedule_games
  WHERE game_id IS NULL AND tipoff_at IS NOT NULL
  GROUP BY 1, 2
),
other_feed AS (
  SELECT slate, pair, status, said_at
  FROM (
    SELECT slate, status, row_id, COALESCE(observed_at, ingested_at) AS said_at,
      CASE WHEN home_abbr < away_abbr THEN home_abbr || '|' || away_abbr ELSE away_abbr || '|' || home_abbr END AS pair
    FROM nba_raw.schedule_games
    WHERE game_id IS NULL AND statement = 'current'
  ) AS said
  QUALIFY ROW_NUMBER() OVER (PARTITION BY slate, pair ORDER BY said_at DESC, row_id) = 1
),
stated AS (
  SELECT i.game_id,
    COALESCE(p.season, b.season, f.season, u.season) AS season,
    COALESCE(p.season_type, b.season_type, f.season_type, u.season_type) AS season_type,
    COALESCE(p.slate, b.slate, f.slate, u.slate) AS slate,
    u.slate AS published_slate,
    COALESCE(p.home_abbr, b.home_abbr, f.home_abbr, u.home_abbr) AS home_abbr,
    COALESCE(p.away_abbr, b.away_abbr, f.away_abbr, u.away_abbr) AS away_abbr,
    CASE
      WHEN p.game_id IS NOT NULL THEN 'final'
      WHEN f.status IN ('live', 'final') THEN f.status
      WHEN b.game_id IS NOT NULL THEN 'final'
      ELSE COALESCE(f.status, u.status)
    END AS status,
    f.slate AS feed_slate, f.tipoff_at AS feed_tipoff, COALESCE(f.observed_at, f.ingested_at) AS feed_said_at,
    u.tipoff_at AS published_tipoff
  FROM ids i
  LEFT JOIN played p ON p.game_id = i.game_id
  LEFT JOIN boxed b ON b.game_id = i.game_id
  LEFT JOIN feed f ON f.game_id = i.game_id
  LEFT JOIN published u ON u.game_id = i.game_id
),
timed AS (
  SELECT s.*,
    CASE
      WHEN s.status = 'final' OR o.status IS NULL OR s.feed_said_at >= o.said_at THEN s.status
      ELSE o.status
    END AS newest_status,
    CASE WHEN s.feed_slate = s.slate THEN s.feed_tipoff END AS tipoff_of_feed,
    COALESCE(CASE WHEN s.published_slate = s.slate THEN s.published_tipoff END, l.tipoff_at) AS tipoff_of_list
  FROM stated s
  LEFT JOIN listed l ON l.slate = s.slate
    AND l.pair = CASE WHEN s.home_abbr < s.away_abbr THEN s.home_abbr || '|' || s.away_abbr ELSE s.away_abbr || '|' || s.home_abbr END
  LEFT JOIN other_feed o ON o.slate = s.slate
    AND o.pair = CASE WHEN s.home_abbr < s.away_abbr THEN s.home_abbr || '|' || s.away_abbr ELSE s.away_abbr || '|' || s.home_abbr END
),
sides AS (
  SELECT game_id, slate, home_abbr AS team_abbr, newest_status, published_slate FROM timed WHERE ${IS_EVENING}
  UNION ALL
  SELECT game_id, slate, away_abbr, newest_status, published_slate FROM timed WHERE ${IS_EVENING}
),
second_games AS (
  SELECT DISTINCT game_id FROM (
    SELECT game_id, ROW_NUMBER() OVER (
      PARTITION BY slate, team_abbr
      ORDER BY CASE WHEN newest_status IN ('live', 'final') THEN 0 ELSE 1 END, CASE WHEN published_slate = slate THEN 0 ELSE 1 END, game_id
    ) AS place
    FROM sides
  ) AS placed
  WHERE place > 1
)
SELECT t.game_id, season, season_type, ${IS_COUNTED_TYPE} AND a.game_id IS NULL AS is_counted, slate, published_slate,
  COALESCE(published_slate <> slate, FALSE) AS was_moved,
  COALESCE(tipoff_of_feed, tipoff_of_list, fn.eastern_instant(slate, ${ESTIMATED_HOUR_ET})) AS tipoff_at,
  CASE WHEN tipoff_of_feed IS NOT NULL THEN 'current' WHEN tipoff_of_list IS NOT NULL THEN 'published' ELSE 'estimated' END AS tipoff_source,
  home_abbr, away_abbr, newest_status AS status
FROM timed t
LEFT JOIN second_games a ON a.game_id = t.game_id
WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)`,
};
