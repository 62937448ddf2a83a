import {
  FEATURES,
  type Feature,
  type FeatureOrigin,
  featureRange,
  featuresIn,
  HOME_MARGIN,
} from '#core/features.ts';
import { publishedRange } from '#core/markets.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import {
  type Column,
  columnNames,
  defineTable,
  nullable,
  type RowOf,
  type Rule,
  required,
  type ViewContract,
} from './define.ts';
import { AMERICAN_PRICES } from './nba_raw.ts';

/** Decimals kept of a stored feature: two computations of one feature are the same when they agree here. */
const FEATURE_DECIMALS = 6;

/** One nullable column per feature. Null means missing, never zero. */
export function featureColumns(
  features: readonly Feature[] = FEATURES,
): Record<string, Column<'FLOAT64', false>> {
  return Object.fromEntries(
    features.map((feature) => [
      feature.name,
      nullable.float(`${feature.description}${feature.required ? '' : ' (optional)'}`, {
        decimals: FEATURE_DECIMALS,
        ...omitUndefined({ range: featureRange(feature) }),
      }),
    ]),
  );
}

/** The columns of the features that a table computes. */
export function columnsComputedIn(
  origin: FeatureOrigin,
  features: readonly Feature[] = FEATURES,
): Record<string, Column<'FLOAT64', false>> {
  return featureColumns(featuresIn(origin, features));
}

/** Names of features, which are columns of the store that the compiler does not know. */
const EXPECTED_MARGIN: Rule = {
  kind: 'sum',
  column: 'expected_margin',
  of: { team_margin: 1, opp_margin: -1, is_home: 2 * HOME_MARGIN },
  plus: -HOME_MARGIN,
  within: 0.001,
};

export const mlFeatureStore = defineTable({
  dataset: 'nba_predictions',
  name: 'ml_feature_store',
  description:
    'One row per expected player and slate: the features of the model, the source of each, and what they are worth.',
  columns: {
    slate: required.date(
      'ET calendar date; nothing of this date or later was used, except what the schedule says',
    ),
    player_id: required.int('NBA player id'),
    game_id: required.string('Official 10-digit game id'),
    season: required.string('Season label'),
    season_type: required.string('regular, play_in or playoffs'),
    team_abbr: required.string('Three-letter team code'),
    opponent_abbr: required.string('Three-letter code of the opponent'),
    ...featureColumns(),
    feature_sources: required.string(
      'One letter per feature in the order of the feature contract: h, s, l, f, c, d or m',
    ),
    feature_quality_score: required.float('Mean quality of the required features, 0 to 100', {
      decimals: 3,
      range: [0, 100],
    }),
    matchup_quality_pct: required.float('Mean quality of the opponent features, 0 to 100', {
      decimals: 3,
      range: [0, 100],
    }),
    required_default_count: required.int(
      'Required features that are a default or missing; more than 0 blocks the prediction',
    ),
    default_feature_count: required.int('Features, optional ones included, that are a default or missing'),
    quality_alert_level: required.string(
      'green (85 and more), yellow (50 and more) or red (less, or a required feature is not there)',
    ),
    is_quality_ready: required.bool('No required default and a score of 85 or more'),
    line: nullable.numeric('Main points line known before the cut-off'),
    over_price: nullable.int(
      'American odds of OVER at the bookmaker of the main line; null for a fantasy book, whose payout is no price',
    ),
    under_price: nullable.int('American odds of UNDER there'),
  },
  key: ['slate', 'player_id'],
  partition: 'slate',
  cluster: ['player_id'],
  partitionFilterRequired: true,
  rules: [EXPECTED_MARGIN as Rule<never>],
  writer: 'MLFeatureStore',
});
export type MlFeatureStore = RowOf<typeof mlFeatureStore>;

export const modelRegistry = defineTable({
  dataset: 'nba_predictions',
  name: 'model_registry',
  description:
    'One row per trained model. Artefacts are immutable; promotion moves the status, a rollback moves it back.',
  columns: {
    market: required.string('all: a model forecasts every market'),
    model_id: required.string('Model'),
    family: required.string('ridge'),
    // A candidate may serve while it is young, a shadow (made by a backfill) never serves a daily run, a champion serves, a retired
    // one serves nothing.
    status: required.string('candidate, shadow, champion or retired', { writer: 'models promote' }),
    status_changed_at: required.timestamp('When the status was last set', { writer: 'models promote' }),
    status_changed_by: required.string('By whom', { writer: 'models promote' }),
    parent_model_id: nullable.string('Champion at the time of training'),
    artefact_path: required.string('Path in the object store'),
    artefact_hash: required.string('SHA-256 of the stored bytes'),
    code_version: required.string('Version of the code'),
    feature_contract_hash: required.string('Hash of the feature contract'),
    data_cutoff: required.date('Only rows of slates before this date were used'),
    training_from: required.date('Oldest row used'),
    training_rows: required.int('Rows of the fit'),
    calibration_rows: required.int('Out-of-fold rows behind spread and shape'),
    config: required.string('JSON: the training configuration'),
    metrics: required.string('JSON: out-of-fold errors per market and system, each with its number of rows'),
    created_at: required.timestamp('When it was trained'),
  },
  key: ['market', 'model_id'],
  rules: [{ kind: 'one_of', column: 'status', values: ['candidate', 'shadow', 'champion', 'retired'] }],
  writer: 'train',
});
export type ModelRegistryRow = RowOf<typeof modelRegistry>;

const staged = {
  prediction_id: required.string(
    'Hash of batch, player, game, market, system and exact line: a redelivered unit gives the same ids',
  ),
  batch_id: required.string('Batch that made the row'),
  unit_id: required.string('Shard of the batch'),
  slate: required.date('ET calendar date of tip-off'),
  game_id: required.string('Official 10-digit game id'),
  tipoff_at: required.timestamp('Tip-off as known when the row was made'),
  player_id: required.int('NBA player id'),
  player_name: required.string('Name as printed'),
  player_lookup: required.string('Normalised name'),
  team_abbr: required.string('Three-letter team code'),
  opponent_abbr: required.string('Three-letter code of the opponent'),
  is_home: required.bool('True for the home team'),
  market: required.string('What is counted: the id of a published market'),
  system_id: required.string('ewma8, minutes_rate, ridge or market'),
  model_id: required.string('Model of the registry that made the row'),
  model_hash: required.string('SHA-256 of its artefact'),
  run_mode: required.string('FIRST, RETRY, FINAL_RETRY, LAST_CALL or BACKFILL'),
  predicted_at: required.timestamp('When the row was made'),
  predicted: required.float('Median of the predictive distribution: the point forecast', {
    decimals: 3,
    range: publishedRange('max'),
  }),
  mean: required.float('Mean forecast of the system', { decimals: 3, range: publishedRange('max') }),
  sd: required.float('Standard deviation of the predictive distribution', {
    decimals: 3,
    range: publishedRange('maxSd'),
  }),
  p10: required.float('10 % quantile', { decimals: 3 }),
  p25: required.float('25 % quantile', { decimals: 3 }),
  p75: required.float('75 % quantile', { decimals: 3 }),
  p90: required.float('90 % quantile', { decimals: 3 }),
  fair_line: required.numeric('Half-point line at which OVER and UNDER are closest to even'),
  line_role: required.string('main, second or none'),
  line: nullable.numeric('The line the row is about, exact decimal'),
  bookmaker: nullable.string('Bookmaker of the line'),
  over_price: nullable.int('American odds of OVER'),
  under_price: nullable.int('American odds of UNDER'),
  line_snapshot_at: nullable.timestamp('When the line stood'),
  line_quality: nullable.string('exact, file_date or unknown'),
  p_over: nullable.float('P(outcome > line) as believed, with the line taken into account', {
    decimals: 6,
    range: [0, 1],
  }),
  p_push: nullable.float('P(outcome = line)', { decimals: 6, range: [0, 1] }),
  p_under: nullable.float('P(outcome < line)', { decimals: 6, range: [0, 1] }),
  model_p_over: nullable.float('P(outcome > line) of the model alone, without the line', {
    decimals: 6,
    range: [0, 1],
  }),
  edge: nullable.float('predicted - line', { decimals: 3 }),
  recommendation: required.string('OVER, UNDER, PASS or NO_LINE'),
  confidence: nullable.float('Probability of the better side given no push', { decimals: 6, range: [0, 1] }),
  expected_value: nullable.float(
    'Profit expected per unit staked on the better side at its price, -110 where the source has none',
    { decimals: 6 },
  ),
  is_actionable: required.bool('A real side and none of the filter reasons'),
  filter_reason: nullable.string('First reason why the row is not actionable'),
  feature_quality_score: required.float('Of the feature row', { decimals: 3 }),
  required_default_count: required.int('Of the feature row: 0 in every row'),
  quality_alert_level: required.string('green, yellow or red'),
  feature_sources: required.string('One letter per feature'),
  injury_status: nullable.string('Newest status before the cut-off'),
  p_plays: nullable.float(
    'Probability that he plays, which the forecast takes for granted; null for who did not share in his team’s games lately',
    { decimals: 6, range: [0, 1] },
  ),
  freed_min: nullable.float(
    'Minutes that teammates were expected to leave to others when the forecast was made, against their recent presence',
    { decimals: 3 },
  ),
  has_status_feed: required.bool('The list of the team was there before the cut-off'),
  cutoff_at: required.timestamp('Nothing said after this instant was used'),
  code_version: required.string('Version of the code that made the row'),
} as const;

/** The shape of a staging table: one per (batch, unit), written whole. Never created under this name. */
/** What holds of every row that is published. */
const PREDICTION_RULES = [
  { kind: 'sum', column: 'edge', of: { predicted: 1, line: -1 }, within: 0.002 },
  { kind: 'at_most', column: 'p10', limit: 'p25' },
  { kind: 'at_most', column: 'p25', limit: 'predicted' },
  { kind: 'at_most', column: 'predicted', limit: 'p75' },
  { kind: 'at_most', column: 'p75', limit: 'p90' },
  { kind: 'together', columns: ['line', 'p_over'] },
  { kind: 'one_of', column: 'recommendation', values: ['OVER', 'UNDER', 'PASS', 'NO_LINE'] },
  ...AMERICAN_PRICES,
] as const satisfies readonly Rule[];

export const stagedPredictions = defineTable({
  dataset: 'nba_predictions',
  name: 'staged_predictions',
  description: 'Shape of the staging tables of prediction batches.',
  columns: staged,
  key: ['market', 'prediction_id'],
  rules: PREDICTION_RULES,
  writer: 'PredictionWorker',
});
export type StagedPrediction = RowOf<typeof stagedPredictions>;

export const playerPropPredictions = defineTable({
  dataset: 'nba_predictions',
  name: 'player_prop_predictions',
  description:
    'Predictions of all publications, visible or not. Readers use nba_predictions.current_predictions.',
  columns: {
    publication_id: required.string('Publication the row belongs to'),
    record_class: required.string(
      'live (published before tip-off by a daily mode) or backfill (everything else)',
    ),
    ...staged,
  },
  key: ['publication_id', 'market', 'prediction_id'],
  partition: 'slate',
  cluster: ['player_id', 'market', 'system_id'],
  partitionFilterRequired: 'by_check',
  rules: PREDICTION_RULES,
  writer: 'Publication',
});
export type PlayerPropPrediction = RowOf<typeof playerPropPredictions>;

export const publications = defineTable({
  dataset: 'nba_predictions',
  name: 'publications',
  description:
    'Receipts of publishing and withdrawing, append-only: one row per event. A publication is visible from its published row on until a withdrawn row stands.',
  columns: {
    publication_id: required.string('Publication'),
    event: required.string('published or withdrawn'),
    event_at: required.timestamp('When'),
    event_by: required.string('Who: a command, a service or a person'),
    reason: nullable.string('Why, for a withdrawal'),
    batch_id: required.string('Batch'),
    slate: required.date('ET calendar date of tip-off'),
    run_mode: required.string('Run mode of the batch'),
    completeness: required.string('full or partial'),
    fencing_token: required.int(
      'Token of the lease under which it was published; never decreases for a slate',
    ),
    row_count: required.int('Rows of the publication'),
    players: required.int('Players with at least one row'),
    expected: required.int('Players expected by the batch'),
    missing: required.string('JSON list of expected players without a row, each with its outcome and reason'),
    audit: required.string('JSON: every check of the audit with expected and seen'),
    rows_digest: nullable.string(
      'Digest of the rows as the workers made them and the audit saw them; null where a worker gave none, and in events without rows',
    ),
    model_id: required.string('Model'),
    model_hash: required.string('SHA-256 of its artefact'),
    code_version: required.string('Version of the code'),
  },
  key: ['publication_id', 'event'],
  partition: 'slate',
  rules: [
    { kind: 'at_most', column: 'players', limit: 'expected' },
    { kind: 'at_most', column: 'players', limit: 'row_count' },
    { kind: 'one_of', column: 'event', values: ['published', 'withdrawn'] },
  ],
  writer: 'Publication',
});
export type Publication = RowOf<typeof publications>;

export const withdrawals = defineTable({
  dataset: 'nba_predictions',
  name: 'withdrawals',
  description:
    'Predictions that were taken back because they were no longer true, append-only: one row per player and market. What publications with a smaller token say about them is not visible any more.',
  columns: {
    publication_id: required.string('Publication of the batch that withdrew them'),
    slate: required.date('ET calendar date of tip-off'),
    player_id: required.int('NBA player id'),
    market: required.string('Market of the predictions'),
    reason: required.string('Why the batch skipped him: player_out, game_postponed and so on; or line_gone'),
    fencing_token: required.int('Token of the lease under which they were withdrawn'),
    withdrawn_at: required.timestamp('When'),
    withdrawn_by: required.string('Who: a command, a service or a person'),
    code_version: required.string('Version of the code'),
  },
  key: ['publication_id', 'market', 'player_id'],
  partition: 'slate',
  writer: 'Publication',
});

/**
 * The view through which predictions are read: per player, market and slate, the rows of the newest visible publication that
 * has them, unless they were withdrawn since.
 */
export const CURRENT_PREDICTIONS: ViewContract = {
  ref: { dataset: 'nba_predictions', name: 'current_predictions' },
  sql: `
SELECT p.*, v.event_at AS published_at
FROM nba_predictions.player_prop_predictions p
JOIN nba_predictions.publications v ON v.publication_id = p.publication_id AND v.event = 'published' AND v.slate = p.slate
LEFT JOIN (
  SELECT slate, player_id, market, MAX(fencing_token) AS token FROM nba_predictions.withdrawals GROUP BY slate, player_id, market
) x ON x.slate = p.slate AND x.player_id = p.player_id AND x.market = p.market
WHERE NOT EXISTS (SELECT 1 FROM nba_predictions.publications w WHERE w.publication_id = p.publication_id AND w.event = 'withdrawn')
  AND COALESCE(x.token, 0) <= v.fencing_token
QUALIFY RANK() OVER (PARTITION BY p.slate, p.player_id, p.market ORDER BY v.event_at DESC, v.publication_id DESC) = 1`,
  columns: [...columnNames(playerPropPredictions), 'published_at'],
};

export const subsetPicks = defineTable({
  dataset: 'nba_predictions',
  name: 'subset_picks',
  description: 'Picks of the named subsets, fixed with the publication: what is graded is what was shown.',
  columns: {
    publication_id: required.string('Publication'),
    subset_id: required.string(
      'top_pick, top_3, top_5, high_edge_over, high_edge_all, ultra_high_edge, green_light or all_picks',
    ),
    prediction_id: required.string('Prediction'),
    slate: required.date('ET calendar date of tip-off'),
    record_class: required.string('live or backfill'),
    market: required.string('Market of the pick'),
    system_id: required.string('System'),
    rank: required.int('1 is the first pick of the subset in its market'),
    player_id: required.int('NBA player id'),
    daily_signal: required.string('green, yellow or red: how lopsided the slate’s picks of the market are'),
  },
  key: ['publication_id', 'market', 'subset_id', 'prediction_id'],
  partition: 'slate',
  writer: 'Publication',
});
export type SubsetPick = RowOf<typeof subsetPicks>;

export const predictionGrades = defineTable({
  dataset: 'nba_predictions',
  name: 'prediction_grades',
  description:
    'One row per published prediction of a finished game. Push and void are neither win nor loss. A missing box score leaves a row ungraded.',
  columns: {
    prediction_id: required.string('Prediction'),
    publication_id: required.string('Publication'),
    record_class: required.string('live or backfill; never mixed in one figure'),
    slate: required.date('ET calendar date of tip-off'),
    season: required.string('Season label'),
    season_type: required.string('regular, play_in or playoffs'),
    game_id: required.string('Official 10-digit game id'),
    player_id: required.int('NBA player id'),
    player_name: required.string('Name as printed'),
    team_abbr: required.string('Three-letter team code'),
    opponent_abbr: required.string('Three-letter code of the opponent'),
    market: required.string('What was counted'),
    system_id: required.string('System'),
    model_id: required.string('Model'),
    line: nullable.numeric('Line'),
    line_role: required.string('main, second or none'),
    line_quality: nullable.string('exact, file_date or unknown'),
    bookmaker: nullable.string('Bookmaker'),
    recommendation: required.string('OVER, UNDER, PASS or NO_LINE'),
    is_actionable: required.bool('As published'),
    filter_reason: nullable.string('As published'),
    predicted: required.float('As published', { decimals: 3 }),
    edge: nullable.float('As published', { decimals: 3 }),
    confidence: nullable.float('As published', { decimals: 6 }),
    actual: nullable.int('What he did in the market; null when void'),
    actual_minutes: nullable.float('Minutes; null when void', { decimals: 3 }),
    outcome: required.string('win, loss, push, void or no_bet'),
    is_correct: nullable.bool('True for a win, false for a loss, null otherwise'),
    void_reason: nullable.string('dnp_injury_confirmed, dnp_late_scratch or dnp_unknown'),
    signed_error: nullable.float('predicted - actual', { decimals: 3 }),
    absolute_error: nullable.float('Absolute error', { decimals: 3 }),
    within_3: nullable.bool('Absolute error of at most 3'),
    within_5: nullable.bool('Absolute error of at most 5'),
    actual_margin: nullable.float('actual - line', { decimals: 3 }),
    price: nullable.int('American odds of the recommended side; -110 where the source has none'),
    profit: nullable.float('Per unit staked: win at the price, loss -1, push and void 0', { decimals: 6 }),
    graded_at: required.timestamp('When'),
  },
  key: ['publication_id', 'market', 'prediction_id'],
  partition: 'slate',
  cluster: ['market', 'system_id', 'player_id'],
  rules: [
    { kind: 'sum', column: 'signed_error', of: { predicted: 1, actual: -1 }, within: 0.002 },
    { kind: 'sum', column: 'actual_margin', of: { actual: 1, line: -1 }, within: 0.002 },
    { kind: 'one_of', column: 'outcome', values: ['win', 'loss', 'push', 'void', 'no_bet'] },
    { kind: 'between', column: 'confidence', range: [0, 1] },
    { kind: 'between', column: 'profit', range: [-1, 100] },
    { kind: 'between', column: 'actual', range: [0, 200] },
  ],
  writer: 'Grading',
});
export type PredictionGrade = RowOf<typeof predictionGrades>;
