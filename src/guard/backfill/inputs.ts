import { hash } from 'node:crypto';
import { IS_COUNTED_TYPE, type Slate } from '#core/calendar.ts';
import type { TableContract } from '#core/contracts/define.ts';

import { type Statement, statement } from '#core/statement.ts';

import type { Part } from '#pipeline/processor.ts';

import type { SqlParams, Warehouse } from '#platform/warehouse/port.ts';

/** Hex digits kept of a SHA-256: 64 bits, far more than a ledger has entries. */
const DIGITS = 16;

/** A short, stable hash of some texts. The separator keeps ["ab", "c"] and ["a", "bc"] apart. */
export function hashOf(...parts: readonly string[]): string {
  return hash('sha256', parts.join('\u0000')).slice(0, DIGITS);
}

/** Hash of a table's shape: columns, types, precisions, key. When it changes, stored rows are out of date. */
export function contractHash(table: TableContract): string {
  const columns = Object.entries(table.columns).map(([name, { type, required, decimals }]) => [
    name,
    type,
    required,
    decimals ?? null,
  ]);
  return hashOf(JSON.stringify([table.dataset, table.name, columns, table.key]));
}

/** Hash of the code that computes a table: the text of its statement and of the function library it calls. */
export function codeHash(select: string, functionLibrary: string): string {
  return hashOf(select, functionLibrary);
}

/** Slates that are read. Inside every query: a bound around it would not keep BigQuery from reading the whole table. */
const READ = 'slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)';

/**
 * Parts of the ingested data, each with a fingerprint per slate: the rows of a table, or only the columns that
 * matter to some readers. Whether a unit is stale follows from the inputs it uses, never from file times: a correction of
 * points does not disturb what only asks who was on which team.
 */
export const INGESTED_INPUTS = {
  /** Which games count, on which date, between whom. */
  calendar: `SELECT slate, game_id, season, season_type, home_abbr, away_abbr FROM nba_reference.counted_games
    WHERE ${READ}`,
  /** Everything the schedule says, with times and states. */
  games: `SELECT * FROM nba_reference.schedule WHERE ${READ}`,
  /** Who was at home: it outranks what a box score says of it. */
  homes: `SELECT slate, game_id, home_abbr FROM nba_reference.schedule WHERE ${READ}`,
  player_box: `SELECT * FROM nba_raw.player_box_scores WHERE ${READ}`,
  /** Who appeared for whom and for how long, whatever he did: the newest version of the best source. */
  appearances: `SELECT slate, game_id, season, season_type, player_id, player_name, player_lookup, team_abbr, played, minutes FROM nba_raw.player_box_scores
    WHERE ${READ} AND ${IS_COUNTED_TYPE}
    QUALIFY ROW_NUMBER() OVER (
      PARTITION BY player_id, game_id
      ORDER BY CASE WHEN source LIKE 'nba_%' THEN 0 ELSE 1 END, ingested_at DESC, source, row_id
    ) = 1`,
  /** Which player was listed by which team. */
  stays: `SELECT DISTINCT slate, game_id, player_id, team_abbr FROM nba_raw.player_box_scores WHERE ${READ}`,
  team_box: `SELECT * FROM nba_raw.team_box_scores WHERE ${READ}`,
  player_lines: `SELECT * FROM nba_raw.player_lines WHERE ${READ}`,
  game_lines: `SELECT * FROM nba_raw.game_lines WHERE ${READ}`,
  reports: `SELECT * FROM nba_raw.injury_reports WHERE ${READ}`,
  team_lists: `SELECT * FROM nba_raw.team_statements WHERE ${READ}`,
  /** Reports by the day on which they came out. */
  report_times: `SELECT fn.eastern_date(report_at) AS slate, source, report_at FROM nba_raw.availability_reports
    WHERE report_at >= fn.eastern_instant(CAST(@from AS DATE), 0) AND report_at < fn.eastern_instant(fn.add_days(CAST(@to AS DATE), 1), 0)`,
  /** Who was on whose roster, by the day on which it was read, with the player whom a name without an id means. */
  rosters: `SELECT fn.eastern_date(r.observed_at) AS slate, r.source, r.observed_at, r.team_abbr, COALESCE(r.player_id, p.player_id) AS player_id,
      r.player_lookup, r.is_on_roster
    FROM nba_raw.roster_players r
    LEFT JOIN nba_reference.player_aliases a ON a.alias_lookup = r.player_lookup
    LEFT JOIN (
      SELECT n.player_lookup, MIN(n.player_id) AS player_id FROM nba_reference.players n GROUP BY n.player_lookup HAVING COUNT(DISTINCT n.player_id) = 1
    ) p ON p.player_lookup = COALESCE(a.player_lookup, r.player_lookup)
    WHERE r.observed_at >= fn.eastern_instant(CAST(@from AS DATE), 0) AND r.observed_at < fn.eastern_instant(fn.add_days(CAST(@to AS DATE), 1), 0)`,
  shots: `SELECT * FROM nba_raw.shots WHERE ${READ}`,
  /**
   * For every name in lines and reports of a slate: the players it could mean by whole name, alias or last name. A new
   * player whose name nobody quotes disturbs nothing.
   */
  names: `WITH quoted AS (
      SELECT slate, player_lookup FROM nba_raw.player_lines WHERE ${READ}
      UNION DISTINCT SELECT slate, player_lookup FROM nba_raw.injury_reports WHERE ${READ}
    ),
    resolved AS (
      SELECT q.player_lookup, COALESCE(a.player_lookup, q.player_lookup) AS wanted
      FROM (SELECT DISTINCT player_lookup FROM quoted) q
      LEFT JOIN nba_reference.player_aliases a ON a.alias_lookup = q.player_lookup
    ),
    meant AS (
      SELECT r.player_lookup, p.player_id, p.player_lookup AS known_as, p.last_lookup
      FROM resolved r
      JOIN nba_reference.players p ON p.player_lookup = r.wanted OR ENDS_WITH(r.player_lookup, p.last_lookup)
    )
    SELECT q.slate, q.player_lookup, r.wanted, m.player_id, m.known_as, m.last_lookup
    FROM quoted q
    JOIN resolved r ON r.player_lookup = q.player_lookup
    LEFT JOIN meant m ON m.player_lookup = q.player_lookup`,
} as const satisfies Record<Part, string>;

export type IngestedInput = keyof typeof INGESTED_INPUTS;

/** Fingerprints of one input by slate. A slate without rows is absent. */
export type Fingerprints = ReadonlyMap<Slate, string>;

/** No row is older. */
const FIRST = '1946-11-01';

/** Fingerprints of an ingested input by slate; parameters `from` and `to`. */
export function fingerprints(input: IngestedInput): Statement {
  return statement({
    owner: 'guard/backfill/inputs',
    sql: `SELECT t.slate, BIT_XOR(fn.row_hash(t)) AS digest, COUNT(*) AS row_count
       FROM (${INGESTED_INPUTS[input]}) t
       GROUP BY t.slate`,
  });
}

/** Reads the fingerprints of inputs up to a slate (inclusive), one aggregate each. */
export async function readInputs(
  warehouse: Warehouse,
  inputs: readonly IngestedInput[],
  to: Slate,
): Promise<ReadonlyMap<IngestedInput, Fingerprints>> {
  const params: SqlParams = { from: FIRST, to };
  const read = new Map<IngestedInput, Fingerprints>();
  for (const input of inputs) {
    const rows = await warehouse.query<{ slate: Slate; digest: number; row_count: number }>(
      fingerprints(input).sql,
      params,
    );
    read.set(input, new Map(rows.map(({ slate, digest, row_count }) => [slate, `${digest}:${row_count}`])));
  }
  return read;
}
