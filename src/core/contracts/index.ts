import type { TableContract, ViewContract } from './define.ts';
import {
  playerGameSummary,
  playerPropLines,
  teamGameSummary,
  upcomingPlayerGameContext,
  upcomingTeamGameContext,
} from './nba_analytics.ts';
import {
  canaryResults,
  heartbeats,
  phaseRuns,
  providerRequests,
  qualityReports,
  schemaChanges,
} from './nba_orchestration.ts';
import {
  playerAvailability,
  playerCompositeFactors,
  playerDailyCache,
  playerShotZoneAnalysis,
  teamDefenseZoneAnalysis,
} from './nba_precompute.ts';
import {
  CURRENT_PREDICTIONS,
  mlFeatureStore,
  modelRegistry,
  playerPropPredictions,
  predictionGrades,
  publications,
  subsetPicks,
  withdrawals,
} from './nba_predictions.ts';
import {
  availabilityReports,
  gameLines,
  ingestedFiles,
  injuryReports,
  playerBoxScores,
  playerLines,
  rejectedRows,
  rosterPlayers,
  scheduleGames,
  shots,
  teamBoxScores,
  teamStatements,
} from './nba_raw.ts';
import { COUNTED_GAMES, declaredSources, playerAliases, players, schedule } from './nba_reference.ts';
/** Every table of the warehouse, in the order of the data. Staging tables are made from `stagedPredictions` under names of their own. */
export const CONTRACTS: readonly TableContract[] = [
  scheduleGames,
  playerBoxScores,
  teamBoxScores,
  playerLines,
  gameLines,
  injuryReports,
  teamStatements,
  availabilityReports,
  rosterPlayers,
  shots,
  ingestedFiles,
  rejectedRows,
  schedule,
  players,
  playerAliases,
  declaredSources,
  playerGameSummary,
  teamGameSummary,
  upcomingTeamGameContext,
  playerPropLines,
  upcomingPlayerGameContext,
  teamDefenseZoneAnalysis,
  playerShotZoneAnalysis,
  playerDailyCache,
  playerAvailability,
  playerCompositeFactors,
  mlFeatureStore,
  modelRegistry,
  playerPropPredictions,
  publications,
  withdrawals,
  subsetPicks,
  predictionGrades,
  phaseRuns,
  qualityReports,
  canaryResults,
  heartbeats,
  providerRequests,
  schemaChanges,
];

/** Every view the code reads through. */
export const VIEWS: readonly ViewContract[] = [COUNTED_GAMES, CURRENT_PREDICTIONS];
