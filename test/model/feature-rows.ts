import { parseSlate, seasonOf } from '#core/calendar.ts';
import { type PlayerGameSummary, playerGameSummary } from '#core/contracts/nba_analytics.ts';
import { type MlFeatureStore, mlFeatureStore } from '#core/contracts/nba_predictions.ts';
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

/** Writes a training set into the feature store and the player summaries: one game per slate, players numbered within it. */
export async function storeSet(warehouse: Warehouse, set: TrainingSet): Promise<void> {
  const features: Partial<MlFeatureStore>[] = [];
  const summaries: Partial<PlayerGameSummary>[] = [];
  let [slate, game, player] = ['', 0, 0];
  for (let row = 0; row < set.rows; row++) {
    const next = set.slates[row] ?? '';
    if (next !== slate) [slate, game, player] = [next, game + 1, 0];
    player++;
    const key = { slate, player_id: player, game_id: String(game).padStart(10, '0') };
    const values = Object.fromEntries(set.features.map((name, j) => [name, known(set.columns[j]?.[row])]));
    const line = known(set.line?.[row]);
    features.push(featureRow({ ...key, line: line === null ? null : String(line) }, values));
    const played = (set.minutes[row] ?? 0) > 0;
    summaries.push(
      summaryRow({
        ...key,
        played,
        minutes: played ? known(set.minutes[row]) : null,
        points: played ? known(set.target[row]) : null,
      }),
    );
  }
  await warehouse.append(mlFeatureStore, features);
  await warehouse.append(playerGameSummary, summaries);
}

function known(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}
