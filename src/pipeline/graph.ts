import { playerGameSummary, upcomingPlayerGameContext } from '#core/contracts/nba_analytics.ts';
import { mlFeatureStore, playerPropPredictions, publications } from '#core/contracts/nba_predictions.ts';
import { injuryReports, playerBoxScores } from '#core/contracts/nba_raw.ts';
import { schedule } from '#core/contracts/nba_reference.ts';
import { playerGameSummaryProcessor, teamGameSummaryProcessor } from '#pipeline/analytics/game-summaries.ts';
import { playerPropLinesProcessor } from '#pipeline/analytics/player-prop-lines.ts';
import { scheduleReference } from '#pipeline/analytics/reference.ts';
import {
  upcomingPlayerGameContextProcessor,
  upcomingTeamGameContextProcessor,
} from '#pipeline/analytics/upcoming-context.ts';
import { mlFeatureStoreProcessor } from '#pipeline/precompute/ml-feature-store.ts';
import { playerAvailabilityProcessor } from '#pipeline/precompute/player-availability.ts';
import { playerCompositeFactorsProcessor } from '#pipeline/precompute/player-composite-factors.ts';
import { playerDailyCacheProcessor } from '#pipeline/precompute/player-daily-cache.ts';
import { playerShotZoneAnalysisProcessor } from '#pipeline/precompute/player-shot-zone-analysis.ts';
import { teamDefenseZoneAnalysisProcessor } from '#pipeline/precompute/team-defense-zone-analysis.ts';
import { type Input, outputOf, type Processor, type Readiness, tablesOf } from './processor.ts';

/** Processors of finished games: summaries. */
export const SUMMARY_PROCESSORS: readonly Processor[] = [
  playerGameSummaryProcessor,
  teamGameSummaryProcessor,
];

/** Processors of upcoming games: their context before the cut-off. */
export const CONTEXT_PROCESSORS: readonly Processor[] = [
  upcomingTeamGameContextProcessor,
  playerPropLinesProcessor,
  upcomingPlayerGameContextProcessor,
];

/** All processors of the phase in the order of the data. */
export const ANALYTICS_PROCESSORS: readonly Processor[] = [
  scheduleReference,
  ...SUMMARY_PROCESSORS,
  ...CONTEXT_PROCESSORS,
];

/**
 * The declared graph of the phase, in an order that respects it: a processor reads tables of those before it only. The
 * daily run, the backfill, the canaries and the docs use this list.
 */
export const PRECOMPUTE_PROCESSORS: readonly Processor[] = [
  teamDefenseZoneAnalysisProcessor,
  playerShotZoneAnalysisProcessor,
  playerDailyCacheProcessor,
  playerAvailabilityProcessor,
  playerCompositeFactorsProcessor,
  mlFeatureStoreProcessor,
];

/** Every processor that is a single statement, in dependency order. */
export const PROCESSORS: readonly Processor[] = [...ANALYTICS_PROCESSORS, ...PRECOMPUTE_PROCESSORS];

/**
 * What a processor waits for in the daily run: the readiness of its own inputs, and whatever the processors that it reads from
 * wait for.
 */
export function waitsFor(
  { inputs }: Pick<Processor, 'inputs'>,
  processors: readonly Processor[] = PRECOMPUTE_PROCESSORS,
): readonly Readiness[] {
  const tables = tablesOf(inputs);
  const above = processors.filter((other) => tables.includes(outputOf(other)));
  const own = inputs.flatMap(({ ready }) => (ready === undefined ? [] : [ready]));
  return [...new Set([...own, ...above.flatMap((other) => waitsFor(other, processors))])];
}

/** A phase implemented in code rather than as a single SELECT. */
export interface Stage {
  readonly name: string;
  readonly phase: string;
  /** Folder of its code in src. */
  readonly folder: string;
  readonly inputs: readonly Input[];
  /** Inputs that are not tables. */
  readonly others?: readonly string[];
  /** The verbs that run it. */
  readonly use: readonly string[];
}

/** Loads the names of players and their aliases. */
const PLAYER_REFERENCE: Stage = {
  name: 'PlayerReference',
  phase: '3 analytics',
  folder: 'pipeline/analytics',
  inputs: [
    { table: playerBoxScores, scope: 'up_to' },
    { table: injuryReports, scope: 'up_to' },
  ],
  use: ['day'],
};

/** Refits a model for a week. */
export const TRAINING: Stage = {
  name: 'train',
  phase: '5 train',
  folder: 'model',
  inputs: [
    { table: mlFeatureStore, scope: 'before_week' },
    { table: playerGameSummary, scope: 'before_week' },
  ],
  use: ['train'],
};

/** Predicts the players of a slate. */
export const PREDICTION: Stage = {
  name: 'PredictionWorker',
  phase: '5 predict',
  folder: 'pipeline/batch',
  inputs: [
    { table: mlFeatureStore, scope: 'slate' },
    { table: upcomingPlayerGameContext, scope: 'slate' },
  ],
  use: ['day', 'predict', 'batch'],
};

export const PUBLICATION: Stage = {
  name: 'Publication',
  phase: '6 publish',
  folder: 'pipeline/batch',
  inputs: [],
  others: ['staging tables of the batch'],
  use: ['publish', 'export'],
};

export const GRADING: Stage = {
  name: 'Grading',
  phase: '7 grade',
  folder: 'pipeline/grade',
  inputs: [
    { table: playerPropPredictions, scope: 'slate' },
    { table: publications, scope: 'slate' },
    { table: playerGameSummary, scope: 'slate' },
    { table: schedule, scope: 'slate', part: 'games' },
  ],
  use: ['grade'],
};

/** Every phase that is not one statement. */
export const STAGES: readonly Stage[] = [
  {
    name: 'ingest',
    phase: '2 ingest',
    folder: 'pipeline/ingest',
    inputs: [],
    others: ['files, providers'],
    use: ['ingest'],
  },
  PLAYER_REFERENCE,
  TRAINING,
  PREDICTION,
  PUBLICATION,
  GRADING,
];
