import { parseSlate, seasonOf } from '#core/calendar.ts';
import {
  type PlayerGameSummary,
  type PlayerPropLine,
  playerGameSummary,
  playerPropLines,
} from '#core/contracts/nba_analytics.ts';
import { type MlFeatureStore, mlFeatureStore } from '#core/contracts/nba_predictions.ts';
import { MAIN_MARKET } from '#core/markets.ts';
import type { TrainingSet } from '#model/dataset.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** A feature row with the given features, all others missing. */
export function featureRow(
  given: { slate: string; player_id: number; game_id: string } & Partial<MlFeatureStore>,
  features: Readonly<Record<string, number | null>> = {},
): Partial<MlFeatureStore> {
  return {
    season: seasonOf(parseSlate(given.slate)),
    season_type: 'regular',
    team_abbr: 'AAA',
    opponent_abbr: 'BBB',
    feature_sources: 'h',
    feature_quality_score: 100,
    matchup_quality_pct: 100,
    required_default_count: 0,
    default_feature_count: 0,
    quality_alert_level: 'green',
    is_quality_ready: true,
    ...given,
    ...features,
  };
}

/** A box-score row of a player of the home team who played. */
export function summaryRow(
  given: { slate: string; player_id: number; game_id: string } & Partial<PlayerGameSummary>,
): Partial<PlayerGameSummary> {
  return {
    season: seasonOf(parseSlate(given.slate)),
    season_type: 'regular',
    player_name: `Player ${given.player_id}`,
    player_lookup: `player${given.player_id}`,
    team_abbr: 'AAA',
    opponent_abbr: 'BBB',
    is_home: true,
    played: true,
    minutes: 30,
    points: 20,
    source: 'test',
    raw_row_id: `${given.game_id}-${given.player_id}`,
    ...given,
  };
}

/** A usable quote of points on a player of the home team. */
export function lineRow(
  given: { slate: string; player_id: number; game_id: string; line: string } & Partial<PlayerPropLine>,
): Partial<PlayerPropLine> {
  return {
    home_abbr: 'AAA',
    away_abbr: 'BBB',
    market: MAIN_MARKET.id,
    bookmaker: 'book',
    player_lookup: `player${given.player_id}`,
    resolution: 'resolved',
    snapshot_quality: 'exact',
    cutoff_at: `${given.slate}T17:00:00.000Z`,
    ...given,
  };
}

/** Writes a training set of points into the feature store, the player summaries and the lines, with other counts that follow from the points: one game per slate, players numbered within it. */
export async function storeSet(warehouse: Warehouse, set: TrainingSet): Promise<void> {
  const features: Partial<MlFeatureStore>[] = [];
  const summaries: Partial<PlayerGameSummary>[] = [];
  const lines: Partial<PlayerPropLine>[] = [];
  let [slate, game, player] = ['', 0, 0];
  for (let row = 0; row < set.rows; row++) {
    const next = set.slates[row] ?? '';
    if (next !== slate) [slate, game, player] = [next, game + 1, 0];
    player++;
    // Levels are drawn row by row: nobody is met twice.
    const key = { slate, player_id: 1000 * game + player, game_id: String(game).padStart(10, '0') };
    const values = Object.fromEntries(set.features.map((name, j) => [name, known(set.columns[j]?.[row])]));
    const line = known(set.line?.[row]);
    features.push(featureRow(key, values));
    if (line !== null) lines.push(lineRow({ ...key, line: String(line) }));
    const played = (set.minutes[row] ?? 0) > 0;
    summaries.push(
      summaryRow({
        ...key,
        played,
        minutes: played ? known(set.minutes[row]) : null,
        points: played ? known(set.target[row]) : null,
        ...otherCounts(played ? (set.target[row] ?? 0) : null),
      }),
    );
  }
  await warehouse.append(mlFeatureStore, features);
  await warehouse.append(playerGameSummary, summaries);
  await warehouse.append(playerPropLines, lines);
}

function otherCounts(points: number | null) {
  const part = (of: number): number | null => (points === null ? null : Math.floor(points / of));
  return { reb: part(3), ast: part(4), fg3m: part(3), stl: part(4), blk: part(3), tov: part(4) };
}

function known(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}
