import { afterEach } from 'vitest';
import { addDays, parseSlate, type Slate } from '#core/calendar.ts';
import {
  playerPropLines,
  type UpcomingPlayerGameContext,
  upcomingPlayerGameContext,
} from '#core/contracts/nba_analytics.ts';
import { playerCompositeFactors } from '#core/contracts/nba_precompute.ts';
import { type MlFeatureStore, mlFeatureStore } from '#core/contracts/nba_predictions.ts';
import { schedule } from '#core/contracts/nba_reference.ts';
import { FEATURE_NAMES } from '#core/features.ts';
import { MAIN_MARKET } from '#core/markets.ts';
import { type CountDistribution, MAX_POINTS, median, pOverDecided } from '#model/distribution.ts';
import type { Forecast, ForecastSystem, ModelSource, SystemId } from '#model/systems.ts';
import { DEFAULT_RULES, type PickRules } from '#pipeline/batch/prediction-rows.ts';
import type { BatchDeps } from '#pipeline/batch/run.ts';
import type { OutcomeDoc } from '#pipeline/batch/state.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import { openSqliteQueue } from '#platform/queue/sqlite.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

export const SLATE = parseSlate('2025-01-10');
/** 08:00 in New York on the day of the slate; tip-off is at 19:00. */
export const MORNING = '2025-01-10T13:00:00.000Z';

/** One player of the slate, as a test wants him. */
export interface FakePlayer {
  readonly id: number;
  readonly context?: Partial<UpcomingPlayerGameContext>;
  /** Null: there is no feature row. */
  readonly features?: (Partial<MlFeatureStore> & Readonly<Record<string, unknown>>) | null;
  /** Mean of the forecast; by default different for every player and near his line. */
  readonly points?: number;
}

export interface PredictionWorld {
  readonly deps: BatchDeps;
  readonly warehouse: Warehouse;
  readonly clock: VirtualClock;
  /** Names of the visible rows of the slate, or another one: player, system, line. */
  visible(slate?: Slate): Promise<string[]>;
  /** Outcomes of a batch by player. */
  outcomes(batchId: string): Promise<Map<number, OutcomeDoc>>;
  /** Adds another slate with one game per twenty players. */
  addSlate(slate: Slate, players: readonly FakePlayer[]): Promise<void>;
  /** Adds players to the slate, or another one. */
  add(players: readonly FakePlayer[], slate?: string): Promise<void>;
  close(): Promise<void>;
}

/** Players 1 to `count`, each with a line half a point or more from his forecast. */
export function players(count: number): FakePlayer[] {
  return Array.from({ length: count }, (_, i) => ({ id: i + 1 }));
}

/** A maker of worlds that are closed after each test; call it once in a test file. */
export function predictionWorlds(): typeof predictionWorld {
  const open: PredictionWorld[] = [];
  afterEach(async () => {
    for (const world of open.splice(0)) await world.close();
  });
  return async (slatePlayers, options) => {
    const world = await predictionWorld(slatePlayers, options);
    open.push(world);
    return world;
  };
}

/** As many picks as there are: what is told apart in a test is not the number of them. */
const EVERY_PICK: PickRules = { ...DEFAULT_RULES, maxPicks: 1000 };

/** A slate with one game per twenty players, real engines in memory, and simple systems. */
async function predictionWorld(
  slatePlayers: readonly FakePlayer[],
  options: { readonly at?: string; readonly games?: number; readonly models?: ModelSource } = {},
): Promise<PredictionWorld> {
  const clock = virtualClock(options.at ?? MORNING);
  const warehouse = await openWarehouse();
  const state = openSqliteState(':memory:', { clock });
  const queue = openSqliteQueue(':memory:', { clock });
  const games = options.games ?? Math.ceil(slatePlayers.length / 20);
  await warehouse.append(
    schedule,
    Array.from({ length: games }, (_, i) => gameRow(SLATE, i)),
  );
  const models = options.models ?? modelOf(simpleSystems());
  const deps: BatchDeps = { warehouse, state, queue, clock, models, codeVersion: 'test', rules: EVERY_PICK };
  const add = async (more: readonly FakePlayer[], slate: string = SLATE): Promise<void> => {
    const contexts = more.map((player) => contextRow(player, slate));
    await warehouse.append(upcomingPlayerGameContext, contexts);
    await warehouse.append(playerPropLines, contexts.flatMap(quoteRows));
    await warehouse.append(
      playerCompositeFactors,
      more.map(({ id }) => ({ slate, player_id: id, season: '2024-25', p_plays: 0.9 })),
    );
    const rows = more.flatMap((player) => (player.features === null ? [] : [featureRow(player, slate)]));
    await warehouse.append(mlFeatureStore, rows);
  };
  await add(slatePlayers);
  return {
    deps,
    warehouse,
    clock,
    add,
    addSlate: async (slate, more) => {
      const count = Math.ceil(more.length / 20);
      await warehouse.append(
        schedule,
        Array.from({ length: count }, (_, i) => gameRow(slate, i)),
      );
      await add(more, slate);
    },
    visible: async (slate = SLATE) => {
      const rows = await warehouse.query<{ player_id: number; system_id: string; line: string | null }>(
        'SELECT player_id, system_id, line FROM nba_predictions.current_predictions WHERE slate = CAST(@slate AS DATE) ORDER BY player_id, system_id, line',
        { slate },
      );
      return rows.map(({ player_id, system_id, line }) => `${player_id} ${system_id} ${line ?? 'none'}`);
    },
    outcomes: async (batchId) => {
      const docs = await state.list<OutcomeDoc>('outcomes', { idPrefix: `${batchId}:` });
      return new Map(docs.map(({ data }) => [data.player_id, data]));
    },
    close: async () => {
      await warehouse.close();
      await state.close();
      await queue.close();
    },
  };
}

export function gameRow(slate: string, index: number, tipoff: string = tipoffOf(slate)) {
  return {
    game_id: gameId(index),
    season: '2024-25',
    season_type: 'regular',
    is_counted: true,
    slate,
    published_slate: slate,
    was_moved: false,
    tipoff_at: tipoff,
    tipoff_source: 'current',
    home_abbr: 'AAA',
    away_abbr: 'BBB',
    status: 'scheduled',
  };
}

/** Tip-off of all games of a slate: 19:00 in New York, in winter. */
function tipoffOf(slate: string): string {
  return `${addDays(parseSlate(slate), 1)}T00:00:00.000Z`;
}

function gameId(index: number): string {
  return `00224${String(index + 1).padStart(5, '0')}`;
}

/** The line of a player unless the test says otherwise: whole or half points between 5 and 25. */
function lineOf(id: number): string {
  return String(5 + (id % 40) / 2);
}

function contextRow({ id, context = {} }: FakePlayer, slate: string): Partial<UpcomingPlayerGameContext> {
  return {
    player_id: id,
    game_id: gameId(Math.floor((id - 1) / 20)),
    slate,
    season: '2024-25',
    season_type: 'regular',
    player_name: `Player ${id}`,
    player_lookup: `player${id}`,
    team_abbr: 'AAA',
    opponent_abbr: 'BBB',
    is_home: true,
    tipoff_at: tipoffOf(slate),
    cutoff_at: MORNING,
    roster_source: 'history_stand_in',
    has_status_feed: true,
    has_prop_line: true,
    line_count: 2,
    line: lineOf(id),
    line_bookmaker: 'draftkings',
    over_price: -110,
    under_price: -110,
    line_snapshot_at: MORNING,
    line_quality: 'exact',
    ...context,
  };
}

/** Quotes of which the main line, and the second one, of a context follow. */
function quoteRows(context: Partial<UpcomingPlayerGameContext>): Readonly<Record<string, unknown>>[] {
  const { line, second_line } = context;
  if (line === null || line === undefined) return [];
  const quote = {
    slate: context.slate,
    home_abbr: 'AAA',
    away_abbr: 'BBB',
    market: MAIN_MARKET.id,
    player_lookup: context.player_lookup,
    player_id: context.player_id,
    game_id: context.game_id,
    resolution: 'resolved',
    snapshot_quality: context.line_quality ?? 'exact',
    cutoff_at: context.cutoff_at,
  };
  const main = {
    ...quote,
    line,
    bookmaker: context.line_bookmaker ?? 'draftkings',
    over_price: context.over_price,
    under_price: context.under_price,
    snapshot_at: context.line_snapshot_at,
  };
  if (second_line === null || second_line === undefined) return [main];
  const second = { ...quote, line: second_line, bookmaker: context.second_line_bookmaker ?? 'fanduel' };
  // The median of two is the lower one: a second line below needs another quote at the main one.
  return Number(second_line) > Number(line) ? [main, second] : [main, second, { ...main, bookmaker: 'zz' }];
}

function featureRow({ id, features, points, context }: FakePlayer, slate: string): Partial<MlFeatureStore> {
  return {
    slate,
    player_id: id,
    game_id: context?.game_id ?? gameId(Math.floor((id - 1) / 20)),
    season: '2024-25',
    season_type: 'regular',
    team_abbr: 'AAA',
    opponent_abbr: 'BBB',
    feature_sources: 'h'.repeat(FEATURE_NAMES.length),
    feature_quality_score: 95,
    matchup_quality_pct: 90,
    required_default_count: 0,
    default_feature_count: 0,
    quality_alert_level: 'green',
    is_quality_ready: true,
    ...{
      pts_ewma8: points ?? usualPoints(id),
      minutes_rate: points ?? usualPoints(id),
      pts_season: 15,
      freed_min: 2.5,
    },
    ...features,
  };
}

/** A forecast on both sides of the usual line, no two players alike. */
function usualPoints(id: number): number {
  return Number(lineOf(id)) + (id % 2 === 0 ? 4 : -4) + id / 1000;
}

/** A logistic distribution cut into whole points: enough of a forecast for everything around the model. */
function distributionAt(mean: number, sd: number): CountDistribution {
  const scale = (sd * Math.sqrt(3)) / Math.PI;
  const cumulative = Float64Array.from({ length: MAX_POINTS + 1 }, (_, k) =>
    k === MAX_POINTS ? 1 : 1 / (1 + Math.exp(-(k + 0.5 - mean) / scale)),
  );
  return { cumulative, mass: cumulative.map((below, k) => below - (k === 0 ? 0 : (cumulative[k - 1] ?? 0))) };
}

/** A system that forecasts a feature, or what `change` makes of it and of the line. */
export function simpleSystem(
  id: SystemId,
  change: (points: number, line: number | undefined) => number = (points) => points,
): ForecastSystem {
  return {
    id,
    forecast: ({ features, line }): Forecast => {
      const own = features['pts_ewma8'];
      if (own === null || own === undefined) return { cannot: 'missing_features', missing: ['pts_ewma8'] };
      if (id === 'market' && line == null) return { cannot: 'no_line', missing: [] };
      const mean = change(own, line == null ? undefined : Number(line));
      const distribution = distributionAt(mean, 6);
      const believedOver = line == null ? null : pOverDecided(distribution, line);
      return { mean, sd: 6, median: median(distribution), distribution, believedOver };
    },
  };
}

/** The four systems of the model, all alike but for a shift; the one that hears the line lies between forecast and line. */
export function simpleSystems(): ForecastSystem[] {
  return [
    simpleSystem('ewma8', (points) => points + 0.25),
    simpleSystem('minutes_rate', (points) => points + 0.5),
    simpleSystem('ridge'),
    simpleSystem('market', (points, line = points) => (points + line) / 2),
  ];
}

/** A model source that always has these systems. */
export function modelOf(systems: readonly ForecastSystem[]): ModelSource {
  return {
    forSlate: async () => ({
      modelId: 'test-model',
      modelHash: 'a'.repeat(64),
      dataCutoff: '2025-01-01',
      markets: [{ market: MAIN_MARKET, systems }],
    }),
  };
}
