import type { Canary } from '#guard/canaries/definition.ts';
import { batchEnded } from './batch-ended.ts';
import { batchStuck } from './batch-stuck.ts';
import { biasAgainstLine } from './bias-against-line.ts';
import { boxRowsPlausible } from './box-rows-plausible.ts';
import { boxScoresMissing } from './box-scores-missing.ts';
import { byteBudget } from './byte-budget.ts';
import { cacheMisses } from './cache-misses.ts';
import { configComplete } from './config-complete.ts';
import { contextBuilt } from './context-built.ts';
import { contractDrift } from './contract-drift.ts';
import { deployedVersion } from './deployed-version.ts';
import { directionImbalance } from './direction-imbalance.ts';
import { edgeCollapse } from './edge-collapse.ts';
import { exportEqualsTable } from './export-equals-table.ts';
import { exportFresh } from './export-fresh.ts';
import { exportNotEmpty } from './export-not-empty.ts';
import { featuresConstant } from './features-constant.ts';
import { featuresPresent } from './features-present.ts';
import { featuresShifted } from './features-shifted.ts';
import { gamesSummarised } from './games-summarised.ts';
import { gradableShare } from './gradable-share.ts';
import { gradesMatch } from './grades-match.ts';
import { injuryFeedFresh } from './injury-feed-fresh.ts';
import { jobHeartbeats } from './job-heartbeats.ts';
import { ledgerFailed } from './ledger-failed.ts';
import { linesPresent } from './lines-present.ts';
import { linesResolved } from './lines-resolved.ts';
import { neverSucceeds } from './never-succeeds.ts';
import { nullMinutesPoints } from './null-minutes-points.ts';
import { operatorHalt } from './operator-halt.ts';
import { partialGap } from './partial-gap.ts';
import { playersMissing } from './players-missing.ts';
import { precomputeHeld } from './precompute-held.ts';
import { predictionGap } from './prediction-gap.ts';
import { predictionValues } from './prediction-values.ts';
import { predictionsConstant } from './predictions-constant.ts';
import { publicationsAudited } from './publications-audited.ts';
import { qualityReady } from './quality-ready.ts';
import { rejectedShare } from './rejected-share.ts';
import { requiredDefaults } from './required-defaults.ts';
import { resultsExported } from './results-exported.ts';
import { rowsWithoutReceipt } from './rows-without-receipt.ts';
import { runRate } from './run-rate.ts';
import { runsFailed } from './runs-failed.ts';
import { scheduleAhead } from './schedule-ahead.ts';
import { scheduleStatusStale } from './schedule-status-stale.ts';
import { stagingOrphans } from './staging-orphans.ts';
import { staleInputs } from './stale-inputs.ts';
import { summaryDuplicates } from './summary-duplicates.ts';
import { systemsPresent } from './systems-present.ts';
import { teamMinutes } from './team-minutes.ts';
import { teamTotals } from './team-totals.ts';
import { voidsPlausible } from './voids-plausible.ts';
import { yesterdayGraded } from './yesterday-graded.ts';

/** Every check, in the order of the data. */
export const CATALOGUE: readonly Canary[] = [
  scheduleAhead,
  scheduleStatusStale,
  boxScoresMissing,
  boxRowsPlausible,
  linesPresent,
  linesResolved,
  injuryFeedFresh,
  rejectedShare,
  gamesSummarised,
  nullMinutesPoints,
  teamTotals,
  teamMinutes,
  summaryDuplicates,
  contextBuilt,
  featuresPresent,
  precomputeHeld,
  qualityReady,
  requiredDefaults,
  cacheMisses,
  staleInputs,
  featuresConstant,
  featuresShifted,
  predictionGap,
  partialGap,
  playersMissing,
  predictionValues,
  predictionsConstant,
  directionImbalance,
  biasAgainstLine,
  edgeCollapse,
  systemsPresent,
  batchStuck,
  batchEnded,
  publicationsAudited,
  rowsWithoutReceipt,
  stagingOrphans,
  exportFresh,
  exportNotEmpty,
  exportEqualsTable,
  resultsExported,
  yesterdayGraded,
  gradableShare,
  voidsPlausible,
  gradesMatch,
  jobHeartbeats,
  contractDrift,
  deployedVersion,
  configComplete,
  runsFailed,
  ledgerFailed,
  neverSucceeds,
  runRate,
  byteBudget,
  operatorHalt,
];
