import type { Slate } from '#core/calendar.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import type { Candidate } from './gate.ts';

const CANDIDATES = `
SELECT u.player_id, u.game_id, u.tipoff_at, u.injury_status, v.player_id IS NOT NULL AS has_prediction,
  f.required_default_count, f.feature_quality_score, f.matchup_quality_pct, f.quality_alert_level
FROM nba_analytics.upcoming_player_game_context u
LEFT JOIN nba_predictions.ml_feature_store f ON f.slate = CAST(@slate AS DATE) AND f.player_id = u.player_id AND f.game_id = u.game_id
LEFT JOIN (
  SELECT DISTINCT player_id FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE)
) v ON v.player_id = u.player_id
WHERE u.slate = CAST(@slate AS DATE)
ORDER BY u.game_id, u.player_id`;

const GAMES = `
SELECT game_id, tipoff_at FROM nba_reference.schedule
WHERE slate = CAST(@slate AS DATE) AND is_counted AND status NOT IN ('postponed', 'cancelled')
ORDER BY game_id`;

export interface SlateGames {
  readonly game_id: string;
  readonly tipoff_at: string;
}

/** Counted games of a slate that stand. */
export async function slateGames(warehouse: Warehouse, slate: Slate): Promise<SlateGames[]> {
  return warehouse.query<SlateGames>(GAMES, { slate });
}

/** Everybody who may play on the slate, with what the gate needs. A refusal of the warehouse is thrown: an unreadable gate starts nothing. */
export async function readCandidates(warehouse: Warehouse, slate: Slate): Promise<Candidate[]> {
  return warehouse.query<Candidate>(CANDIDATES, { slate });
}
