import { mainLinesSql } from '#core/main-lines.ts';
import type { MarketId } from '#core/markets.ts';
import { statement } from '#core/statement.ts';
import type { ColumnarResult, Warehouse } from '#platform/warehouse/port.ts';

/** Slates of an evaluation, both included. */
export interface EvaluatedSpan {
  readonly from: string;
  readonly to: string;
}

/** The quote behind a main line. */
export interface Quote {
  readonly bookmaker: string;
  /** American prices; null where the source has none. */
  readonly overPrice: number | null;
  readonly underPrice: number | null;
  /** Hours from the quote to tip-off; NaN where the quote has no time. */
  readonly leadHours: number;
}

/** Facts about a player's game beyond the features. */
interface Circumstances {
  /** Status at the cut-off from `player_availability`; `none` without a report. */
  readonly status: string;
  /** Quality of the feature row, 0 to 100. */
  readonly quality: number;
}

/** What the rows of an evaluation are grouped by, and the quotes that price bets on them. */
export interface Surroundings {
  circumstances(slate: string, player: number): Circumstances | undefined;
  quote(market: MarketId, slate: string, player: number): Quote | undefined;
}

/** A player's forecast probability of playing, and whether he played. */
export interface PresenceRow {
  readonly slate: string;
  readonly status: string;
  readonly pPlays: number;
  readonly played: boolean;
}

/** Status and feature quality of every feature row; parameters `from` and `to`. */
export const ROW_CIRCUMSTANCES = statement({
  owner: 'model/evaluation-rows',
  sql: `
SELECT f.slate, f.player_id, f.feature_quality_score AS quality, a.status_class AS status
FROM nba_predictions.ml_feature_store f
LEFT JOIN nba_precompute.player_availability a ON a.slate = f.slate AND a.player_id = f.player_id AND a.is_member
WHERE f.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
ORDER BY f.slate, f.player_id`,
});

/** The quote behind every main line, with the tip-off it was made for; parameters `from` and `to`. */
export const MAIN_QUOTES = statement({
  owner: 'model/evaluation-rows',
  sql: `
SELECT m.slate, m.player_id, m.market, m.bookmaker, m.over_price, m.under_price,
  CASE WHEN m.snapshot_quality = 'exact' THEN m.snapshot_at END AS quoted_at, s.tipoff_at
FROM (${mainLinesSql('l.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)')}) AS m
LEFT JOIN nba_reference.schedule s ON s.game_id = m.game_id
ORDER BY m.market, m.slate, m.player_id`,
});

/** Minimum eight-game average of minutes for a player to belong to the rotation. */
const ROTATION_MINUTES = 12;
/** Consecutive missed games after which a player is no longer expected. */
const LONG_ABSENCE = 12;

/** Common table expression: availability rows of teams that played, with `has_played` 1 or 0; parameters `from` and `to`. */
export const PRESENCE_SQL = `
appearances AS (
  SELECT slate, team_abbr, player_id FROM nba_analytics.player_game_summary
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND played
),
presence AS (
  SELECT a.*, CASE WHEN g.player_id IS NULL THEN 0 ELSE 1 END AS has_played
  FROM nba_precompute.player_availability a
  JOIN (SELECT DISTINCT slate, team_abbr FROM appearances) t ON t.slate = a.slate AND t.team_abbr = a.team_abbr
  LEFT JOIN appearances g ON g.slate = a.slate AND g.team_abbr = a.team_abbr AND g.player_id = a.player_id
  WHERE a.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
)`;

/** Forecast presence of rotation players; parameters `from` and `to`. */
export const ROTATION_PRESENCE = statement({
  owner: 'model/evaluation-rows',
  sql: `
WITH ${PRESENCE_SQL}
SELECT a.slate, COALESCE(a.status_class, 'none') AS status, a.p_plays, a.has_played
FROM presence a
WHERE a.is_member AND a.min_ewma8 >= ${ROTATION_MINUTES} AND a.games_missed < ${LONG_ABSENCE}
ORDER BY a.slate, a.team_abbr, a.player_id`,
});

/** Reads the circumstances and quotes of an evaluation's rows. */
export async function readSurroundings(warehouse: Warehouse, span: EvaluatedSpan): Promise<Surroundings> {
  const known = await warehouse.queryColumns(ROW_CIRCUMSTANCES.sql, { ...span });
  const quoted = await warehouse.queryColumns(MAIN_QUOTES.sql, { ...span });
  const players = known.numbers('player_id');
  const [quality, statuses] = [known.numbers('quality'), known.strings('status')];
  const circumstances = new Map(
    known
      .strings('slate')
      .map((slate, i) => [
        `${slate} ${players[i]}`,
        { status: statuses[i] ?? 'none', quality: quality[i] ?? 0 },
      ]),
  );
  const quotes = quotesOf(quoted);
  return {
    circumstances: (slate, player) => circumstances.get(`${slate} ${player}`),
    quote: (market, slate, player) => quotes.get(`${market} ${slate} ${player}`),
  };
}

function quotesOf(quoted: ColumnarResult): ReadonlyMap<string, Quote> {
  const [slates, players, markets] = [
    quoted.strings('slate'),
    quoted.numbers('player_id'),
    quoted.strings('market'),
  ];
  const [books, over, under] = [
    quoted.strings('bookmaker'),
    quoted.numbers('over_price'),
    quoted.numbers('under_price'),
  ];
  const [quotedAt, tipoffAt] = [quoted.strings('quoted_at'), quoted.strings('tipoff_at')];
  return new Map(
    markets.map((market, i) => [
      `${market} ${slates[i]} ${players[i]}`,
      {
        bookmaker: books[i] ?? 'unknown',
        overPrice: priceOf(over[i]),
        underPrice: priceOf(under[i]),
        leadHours: (Date.parse(tipoffAt[i] ?? '') - Date.parse(quotedAt[i] ?? '')) / 3_600_000,
      },
    ]),
  );
}

function priceOf(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}

/** Reads the forecast presence of rotation players, and who played. */
export async function readPresence(warehouse: Warehouse, span: EvaluatedSpan): Promise<PresenceRow[]> {
  const rows = await warehouse.queryColumns(ROTATION_PRESENCE.sql, { ...span });
  const [statuses, chances, played] = [
    rows.strings('status'),
    rows.numbers('p_plays'),
    rows.numbers('has_played'),
  ];
  return rows.strings('slate').map((slate, i) => ({
    slate: slate ?? '',
    status: statuses[i] ?? 'none',
    pPlays: chances[i] ?? Number.NaN,
    played: played[i] === 1,
  }));
}
