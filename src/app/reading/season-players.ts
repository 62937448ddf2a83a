import type { Slate } from '#core/calendar.ts';
import { FEATURES } from '#core/features.ts';
import { statement } from '#core/statement.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type Packed, pack } from './packed.ts';
import { documentValue, readForecasts, type SlateForecast, type SlateSpan } from './slate.ts';

/** One game of a player as its newest box score has it; counts are null when he did not play. */
export interface PlayerGame {
  readonly slate: string;
  readonly player_id: number;
  readonly player_name: string;
  readonly team_abbr: string;
  readonly opponent_abbr: string;
  readonly is_home: boolean;
  readonly played: boolean;
  readonly minutes: number | null;
  readonly points: number | null;
  readonly reb: number | null;
  readonly ast: number | null;
  readonly fg3m: number | null;
  readonly stl: number | null;
  readonly blk: number | null;
  readonly tov: number | null;
}

/** One feature of a player's newest row, with the letter of its source. */
export interface PlayerFeature {
  readonly name: string;
  readonly value: number | null;
  readonly source: string;
}

/** One player over a season, as shown on the site. */
export interface PlayerReading {
  readonly player_id: number;
  readonly player_name: string;
  readonly team_abbr: string;
  /** {@link PlayerGame} */
  readonly games: Packed;
  /** The evenings of his forecasts: slate, record_class, team_abbr, opponent_abbr, is_home. */
  readonly evenings: Packed;
  /** Forecasts, each with the place of its evening; see `unpacked.ts`. */
  readonly forecasts: Packed;
  /** The slate of the features, null where there is no row. */
  readonly features_of: string | null;
  /** {@link PlayerFeature} */
  readonly features: Packed;
}

const PLAYER_GAMES = `
SELECT slate, player_id, player_name, team_abbr, opponent_abbr, is_home, played, minutes, points, reb, ast, fg3m, stl, blk, tov
FROM nba_analytics.player_game_summary
WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND (@player IS NULL OR player_id = CAST(@player AS INT64))
ORDER BY player_id, slate, game_id`;

/** The newest feature row of every player in a span; parameters `from`, `to` and `player` (null for all). */
export const NEWEST_FEATURES = statement({
  owner: 'app/reading/season-players',
  sql: `SELECT slate, player_id, feature_sources, ${FEATURES.map(({ name }) => name).join(', ')}
FROM nba_predictions.ml_feature_store
WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND (@player IS NULL OR player_id = CAST(@player AS INT64))
QUALIFY ROW_NUMBER() OVER (PARTITION BY player_id ORDER BY slate DESC) = 1`,
});

const GAME_COLUMNS = [
  ...(['slate', 'team_abbr', 'opponent_abbr', 'is_home', 'played', 'minutes'] as const),
  ...(['points', 'reb', 'ast', 'fg3m', 'stl', 'blk', 'tov'] as const),
] satisfies (keyof PlayerGame)[];
const EVENING_COLUMNS = [
  ...(['slate', 'record_class', 'team_abbr', 'opponent_abbr', 'is_home', 'actual_minutes'] as const),
] satisfies (keyof SlateForecast)[];
const HISTORY_COLUMNS = [
  ...([
    'evening',
    'market',
    'predicted',
    'p10',
    'p90',
    'outcome',
    'actual',
    'line_role',
    'line',
    'p_over',
    'p_push',
  ] as const),
  ...(['recommendation', 'is_actionable', 'profit'] as const),
] as const;

/** A forecast among those of its player. */
export type SeasonForecast = Pick<
  SlateForecast,
  (typeof EVENING_COLUMNS)[number] | Exclude<(typeof HISTORY_COLUMNS)[number], 'evening'>
>;

type FeatureRow = {
  readonly slate: Slate;
  readonly player_id: number;
  readonly feature_sources: string;
} & Readonly<Record<string, number | string | null>>;

/** Every player with a visible forecast in a span; the one that is named, or none when he has neither a game nor a forecast. */
export async function readPlayers(
  warehouse: Warehouse,
  span: SlateSpan,
  player: number | null = null,
  known?: readonly SlateForecast[],
): Promise<PlayerReading[]> {
  const forecasts = Map.groupBy(
    known ?? (await readForecasts(warehouse, span, player)),
    ({ player_id }) => player_id,
  );
  const range = { from: span.from, to: span.to, player };
  const games = Map.groupBy(
    await warehouse.query<PlayerGame>(PLAYER_GAMES, range),
    ({ player_id }) => player_id,
  );
  const features = new Map(
    (await warehouse.query<FeatureRow>(NEWEST_FEATURES.sql, range)).map((row) => [row.player_id, row]),
  );
  const ids =
    player === null ? [...forecasts.keys()] : forecasts.has(player) || games.has(player) ? [player] : [];
  return ids.map((id) => {
    const history = (forecasts.get(id) ?? []).toSorted((a, b) => (a.slate < b.slate ? -1 : 1));
    const played = games.get(id) ?? [];
    const newest = history.at(-1) ?? played.at(-1);
    const row = features.get(id);
    const evenings = [...new Map(history.map((one) => [one.slate, one])).values()];
    const places = new Map(evenings.map(({ slate }, i) => [slate, i]));
    return {
      player_id: id,
      player_name: newest?.player_name ?? '',
      team_abbr: newest?.team_abbr ?? '',
      games: pack(played, GAME_COLUMNS),
      evenings: pack(evenings, EVENING_COLUMNS),
      forecasts: pack(history, HISTORY_COLUMNS, (forecast, column) =>
        column === 'evening' ? (places.get(forecast.slate) ?? 0) : documentValue(forecast, column),
      ),
      features_of: row?.slate ?? null,
      features: pack(row === undefined ? [] : featuresOf(row), ['name', 'value', 'source']),
    };
  });
}

function featuresOf(row: FeatureRow): PlayerFeature[] {
  return FEATURES.map(({ name }, i) => {
    const value = row[name];
    return { name, value: typeof value === 'number' ? value : null, source: row.feature_sources[i] ?? 'm' };
  });
}
