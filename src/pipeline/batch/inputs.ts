import { parseSlate, type Slate } from '#core/calendar.ts';
import { FEATURES } from '#core/features.ts';
import { mainLinesSql } from '#core/main-lines.ts';
import { statement } from '#core/statement.ts';
import type { Row, Warehouse } from '#platform/warehouse/port.ts';

/** Feature row and context of one player, as one record. */
export interface PlayerInput {
  readonly slate: string;
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
  /** Probability that he plays, which every forecast takes for granted; null for who did not share in his team's games lately. */
  readonly p_plays: number | null;
  readonly feature_sources: string;
  readonly feature_quality_score: number;
  readonly required_default_count: number;
  readonly quality_alert_level: string;
  readonly features: Readonly<Record<string, number | null>>;
  /** By market id; none where a market has no usable line on him. */
  readonly lines: Readonly<Record<string, MarketLine>>;
}

/** The main line of a player in a market as known before the cut-off, and another quoted one where there is one. */
export interface MarketLine {
  readonly line: string;
  readonly bookmaker: string;
  readonly over_price: number | null;
  readonly under_price: number | null;
  readonly snapshot_at: string | null;
  readonly snapshot_quality: string;
  readonly second_line: string | null;
  readonly second_bookmaker: string | null;
}

const FEATURE_NAMES = FEATURES.map(({ name }) => name);

/** Inputs of the players of some slates, in no order; parameters `from` and `to`. Columns: those of `PlayerInput` but the lines, features by name. */
export const PLAYER_INPUTS = statement({
  owner: 'pipeline/batch/inputs',
  sql: `
SELECT u.slate, u.player_id, u.game_id, u.player_name, u.player_lookup, u.team_abbr, u.opponent_abbr, u.is_home AS is_home_team, u.tipoff_at,
  u.cutoff_at, u.injury_status, u.has_status_feed, c.p_plays, f.feature_sources, f.feature_quality_score, f.required_default_count, f.quality_alert_level,
  ${FEATURE_NAMES.map((name) => `f.${name}`).join(', ')}
FROM nba_predictions.ml_feature_store f
JOIN nba_analytics.upcoming_player_game_context u ON u.slate = f.slate AND u.player_id = f.player_id AND u.game_id = f.game_id
LEFT JOIN nba_precompute.player_composite_factors c ON c.slate = f.slate AND c.player_id = f.player_id
WHERE f.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND u.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)`,
});
/** The same for some players; parameter `ids`. */
export const INPUTS_OF_PLAYERS = statement({
  owner: 'pipeline/batch/inputs',
  sql: `${PLAYER_INPUTS.sql} AND f.player_id IN UNNEST(@ids)`,
});

/** The lines of players by market; parameters `from` and `to`. */
export const PLAYER_LINES = statement({
  owner: 'pipeline/batch/inputs',
  sql: linesSql(''),
});
/** The same for some players; parameter `ids`. */
export const LINES_OF_PLAYERS = statement({
  owner: 'pipeline/batch/inputs',
  sql: linesSql(' AND l.player_id IN UNNEST(@ids)'),
});

function linesSql(more: string): string {
  const where = `l.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)${more}`;
  return `
SELECT slate, player_id, game_id, market, line, bookmaker, over_price, under_price, snapshot_at, snapshot_quality, second_line, second_bookmaker
FROM (${mainLinesSql(where)}) AS main_lines`;
}

/** Where a worker gets the inputs of the players of a unit: one per player that has a feature row, in no order. */
export interface InputSource {
  ofPlayers(slate: Slate, ids: readonly number[]): Promise<readonly PlayerInput[]>;
}

/** Reads what is asked for at the moment it is asked. */
export function currentInputs(warehouse: Warehouse): InputSource {
  return {
    ofPlayers: async (slate, ids) => {
      const params = { from: slate, to: slate, ids };
      const [rows, lines] = await Promise.all([
        warehouse.query<Row>(INPUTS_OF_PLAYERS.sql, params),
        warehouse.query<LineRow>(LINES_OF_PLAYERS.sql, params),
      ]);
      return inputsOf(rows, lines);
    },
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
    const params = { from: own[0] ?? '', to: own.at(-1) ?? '' };
    const [rows, lines] = await Promise.all([
      warehouse.query<Row>(PLAYER_INPUTS.sql, params),
      warehouse.query<LineRow>(PLAYER_LINES.sql, params),
    ]);
    const inputs = new Map<Slate, PlayerInput[]>(own.map((slate) => [slate, []]));
    for (const input of inputsOf(rows, lines)) inputs.get(parseSlate(input.slate))?.push(input);
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

type LineRow = MarketLine & Row & { readonly market: string };

/** A line is about one game of one player; he may have two games on a slate that was rescheduled. */
function gameOf(row: Row): string {
  return [row['slate'], row['player_id'], row['game_id']].join(' ');
}

function inputsOf(rows: readonly Row[], lines: readonly LineRow[]): PlayerInput[] {
  const byGame = Map.groupBy(lines, gameOf);
  return rows.map((row) => toInput(row, byGame.get(gameOf(row)) ?? []));
}

/** A row with its features and lines apart. */
function toInput(row: Row, lines: readonly LineRow[]): PlayerInput {
  const features: Record<string, number | null> = {};
  for (const name of FEATURE_NAMES) {
    const value = row[name] ?? null;
    features[name] = value === null ? null : Number(value);
  }
  return {
    ...(row as unknown as Omit<PlayerInput, 'features' | 'lines'>),
    features,
    lines: Object.fromEntries(lines.map((line) => [line.market, line])),
  };
}
