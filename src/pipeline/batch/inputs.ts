import { parseSlate, type Slate } from '#core/calendar.ts';
import { FEATURES } from '#core/features.ts';
import { statement } from '#core/statement.ts';
import type { Row, Warehouse } from '#platform/warehouse/port.ts';

/** Feature row and context of one player, as one record. */
export interface PlayerInput {
  readonly player_id: number;
  readonly game_id: string;
  readonly player_name: string;
  readonly player_lookup: string;
  readonly team_abbr: string;
  readonly opponent_abbr: string;
  readonly is_home_team: boolean;
  readonly tipoff_at: string;
  readonly cutoff_at: string;
  readonly injury_status: string | null;
  readonly has_status_feed: boolean;
  readonly line: string | null;
  readonly line_bookmaker: string | null;
  readonly over_price: number | null;
  readonly under_price: number | null;
  readonly line_snapshot_at: string | null;
  readonly line_quality: string | null;
  readonly second_line: string | null;
  readonly second_line_bookmaker: string | null;
  readonly feature_sources: string;
  readonly feature_quality_score: number;
  readonly required_default_count: number;
  readonly quality_alert_level: string;
  readonly features: Readonly<Record<string, number | null>>;
}

const FEATURE_NAMES = FEATURES.map(({ name }) => name);

/** Inputs of the players of some slates, in no order; parameters `from` and `to`. Columns: those of `PlayerInput`, features by name. */
export const PLAYER_INPUTS = statement({
  owner: 'pipeline/batch/inputs',
  sql: `
SELECT u.slate, u.player_id, u.game_id, u.player_name, u.player_lookup, u.team_abbr, u.opponent_abbr, u.is_home AS is_home_team, u.tipoff_at,
  u.cutoff_at, u.injury_status, u.has_status_feed, u.line, u.line_bookmaker, u.over_price, u.under_price, u.line_snapshot_at, u.line_quality,
  u.second_line, u.second_line_bookmaker, f.feature_sources, f.feature_quality_score, f.required_default_count, f.quality_alert_level,
  ${FEATURE_NAMES.map((name) => `f.${name}`).join(', ')}
FROM nba_predictions.ml_feature_store f
JOIN nba_analytics.upcoming_player_game_context u ON u.slate = f.slate AND u.player_id = f.player_id AND u.game_id = f.game_id
WHERE f.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND u.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)`,
});
/** The same for some players; parameter `ids`. */
export const INPUTS_OF_PLAYERS = statement({
  owner: 'pipeline/batch/inputs',
  sql: `${PLAYER_INPUTS.sql} AND f.player_id IN UNNEST(@ids)`,
});

/** Where a worker gets the inputs of the players of a unit: one per player that has a feature row, in no order. */
export interface InputSource {
  ofPlayers(slate: Slate, ids: readonly number[]): Promise<readonly PlayerInput[]>;
}

/** Reads what is asked for at the moment it is asked. */
export function currentInputs(warehouse: Warehouse): InputSource {
  return {
    ofPlayers: async (slate, ids) =>
      (await warehouse.query<Row>(INPUTS_OF_PLAYERS.sql, { from: slate, to: slate, ids })).map(toInput),
  };
}

/** Slates read at once: the statement costs as much for one as for these. */
const SLATES_A_READ = 14;

/**
 * For work on many slates in their order: the inputs of neighbouring slates are read by one statement, when the first of them
 * is asked for. Two reads are kept, for callers that are on both sides of a boundary.
 */
export function seasonInputs(warehouse: Warehouse, slates: readonly Slate[]): InputSource {
  const reads = new Map<number, Promise<ReadonlyMap<Slate, readonly PlayerInput[]>>>();
  const current = currentInputs(warehouse);
  const read = async (chunk: number): Promise<ReadonlyMap<Slate, readonly PlayerInput[]>> => {
    const own = slates.slice(chunk * SLATES_A_READ, (chunk + 1) * SLATES_A_READ);
    const rows = await warehouse.query<Row>(PLAYER_INPUTS.sql, { from: own[0] ?? '', to: own.at(-1) ?? '' });
    const inputs = new Map<Slate, PlayerInput[]>(own.map((slate) => [slate, []]));
    for (const row of rows) inputs.get(parseSlate(String(row['slate'])))?.push(toInput(row));
    return inputs;
  };
  return {
    ofPlayers: async (slate, ids) => {
      const at = slates.indexOf(slate);
      if (at < 0) return current.ofPlayers(slate, ids);
      const chunk = Math.floor(at / SLATES_A_READ);
      const known = reads.get(chunk) ?? read(chunk);
      reads.set(chunk, known);
      for (const old of reads.keys()) if (old < chunk - 1) reads.delete(old);
      const wanted = new Set(ids);
      const inputs = await known.catch((error: unknown) => {
        // A read that failed is not remembered: whoever tries again reads again.
        reads.delete(chunk);
        throw error;
      });
      return (inputs.get(slate) ?? []).filter(({ player_id }) => wanted.has(player_id));
    },
  };
}

/** A row with its features apart. */
function toInput(row: Row): PlayerInput {
  const features: Record<string, number | null> = {};
  for (const name of FEATURE_NAMES) {
    const value = row[name] ?? null;
    features[name] = value === null ? null : Number(value);
  }
  return { ...(row as unknown as Omit<PlayerInput, 'features'>), features };
}
