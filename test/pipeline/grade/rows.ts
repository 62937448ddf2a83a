import { playerGameSummary } from '#core/contracts/nba_analytics.ts';
import {
  type PlayerPropPrediction,
  playerPropPredictions,
  publications,
} from '#core/contracts/nba_predictions.ts';
import { type ScheduledGame, schedule } from '#core/contracts/nba_reference.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { summaryRow } from '#test/model/feature-rows.ts';

export const SLATE = '2025-01-10';
export const GAME = '0022400517';
export const TIPOFF = '2025-01-11T00:00:00.000Z';
const BEFORE = '2025-01-10T17:00:00.000Z';

/** Puts a game on the schedule: AAA at home against BBB, final unless said otherwise. */
export async function addGame(warehouse: Warehouse, given: Partial<ScheduledGame> = {}): Promise<void> {
  await warehouse.append(schedule, [
    {
      game_id: GAME,
      season: '2024-25',
      season_type: 'regular',
      is_counted: true,
      slate: SLATE,
      published_slate: SLATE,
      was_moved: false,
      tipoff_at: TIPOFF,
      tipoff_source: 'current',
      home_abbr: 'AAA',
      away_abbr: 'BBB',
      status: 'final',
      ...given,
    },
  ]);
}

/** A box score with some players on court per side: 901… for the home team, 951… for the visitors. */
export async function addBoxScore(
  warehouse: Warehouse,
  {
    slate = SLATE,
    game_id = GAME,
    home = 5,
    away = 5,
  }: { slate?: string; game_id?: string; home?: number; away?: number } = {},
): Promise<void> {
  const side = (first: number, count: number, team_abbr: string, opponent_abbr: string) =>
    Array.from({ length: count }, (_, i) =>
      summaryRow({ slate, game_id, player_id: first + i, team_abbr, opponent_abbr, is_home: first === 901 }),
    );
  await warehouse.append(playerGameSummary, [
    ...side(901, home, 'AAA', 'BBB'),
    ...side(951, away, 'BBB', 'AAA'),
  ]);
}

export type GivenPrediction = Partial<PlayerPropPrediction>;

/** A prediction of 24 points against a line of 20.5 at -110: OVER, actionable. Ids follow from publication, player, system and line. */
export function predictionRow(given: GivenPrediction = {}): Partial<PlayerPropPrediction> {
  const player = given.player_id ?? 7;
  const publication = given.publication_id ?? 'pub-1';
  const system = given.system_id ?? 'ridge';
  return {
    publication_id: publication,
    record_class: 'live',
    prediction_id: `${publication}-${player}-${system}-${given.line ?? '20.5'}`,
    batch_id: `batch-of-${publication}`,
    unit_id: 'unit-0',
    slate: SLATE,
    game_id: GAME,
    tipoff_at: TIPOFF,
    player_id: player,
    player_name: `Player ${player}`,
    player_lookup: `player${player}`,
    team_abbr: 'AAA',
    opponent_abbr: 'BBB',
    is_home: true,
    market: 'points',
    system_id: system,
    model_id: 'ridge-2025-01-06-0123abcd',
    model_hash: 'hash',
    run_mode: 'FIRST',
    predicted_at: BEFORE,
    predicted: 24,
    mean: 24.2,
    sd: 6,
    p10: 16,
    p25: 20,
    p75: 28,
    p90: 32,
    fair_line: '23.5',
    line_role: 'main',
    line: '20.5',
    bookmaker: 'bookone',
    over_price: -110,
    under_price: -110,
    line_snapshot_at: BEFORE,
    line_quality: 'exact',
    p_over: 0.65,
    p_push: 0,
    p_under: 0.35,
    edge: 3.5,
    recommendation: 'OVER',
    confidence: 0.65,
    is_actionable: true,
    filter_reason: null,
    feature_quality_score: 97.5,
    required_default_count: 0,
    quality_alert_level: 'green',
    feature_sources: 'h',
    injury_status: null,
    has_status_feed: true,
    cutoff_at: BEFORE,
    code_version: 'abc1234',
    ...given,
  };
}

/** Publishes rows under one publication with its receipt. */
export async function publish(
  warehouse: Warehouse,
  rows: readonly GivenPrediction[],
  { id = 'pub-1', at = BEFORE, slate = SLATE }: { id?: string; at?: string; slate?: string } = {},
): Promise<void> {
  const made = rows.map((row) => predictionRow({ publication_id: id, slate, ...row }));
  await warehouse.append(playerPropPredictions, made);
  await addReceipt(warehouse, { id, at, slate, event: 'published' });
}

/** Withdraws a publication. */
export async function withdraw(warehouse: Warehouse, id: string, slate = SLATE): Promise<void> {
  await addReceipt(warehouse, { id, at: '2025-01-12T12:00:00.000Z', slate, event: 'withdrawn' });
}

async function addReceipt(
  warehouse: Warehouse,
  given: { id: string; at: string; slate: string; event: string },
): Promise<void> {
  await warehouse.append(publications, [
    {
      publication_id: given.id,
      event: given.event,
      event_at: given.at,
      event_by: 'test',
      reason: null,
      batch_id: `batch-of-${given.id}`,
      slate: given.slate,
      run_mode: 'FIRST',
      completeness: 'full',
      fencing_token: 1,
      row_count: 1,
      players: 1,
      expected: 1,
      missing: '[]',
      audit: '[]',
      model_id: 'ridge-2025-01-06-0123abcd',
      model_hash: 'hash',
      code_version: 'abc1234',
    },
  ]);
}
