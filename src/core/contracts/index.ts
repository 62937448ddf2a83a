import type { TableContract } from './define.ts';
import {
  playerGameSummary,
  playerPropLines,
  teamGameSummary,
  upcomingPlayerGameContext,
  upcomingTeamGameContext,
} from './nba_analytics.ts';
import { canaryResults, heartbeats, phaseRuns, qualityReports, schemaChanges } from './nba_orchestration.ts';
import {
  playerCompositeFactors,
  playerDailyCache,
  playerShotZoneAnalysis,
  teamDefenseZoneAnalysis,
} from './nba_precompute.ts';
import {
  mlFeatureStore,
  modelRegistry,
  playerPropPredictions,
  predictionGrades,
  publications,
  subsetPicks,
} from './nba_predictions.ts';
import {
  gameLines,
  ingestedFiles,
  injuryReports,
  playerBoxScores,
  playerLines,
  rejectedRows,
  scheduleGames,
  shots,
  teamBoxScores,
} from './nba_raw.ts';
import { playerAliases, players, schedule } from './nba_reference.ts';
/** Every table of the warehouse, in the order of the data. Staging tables are made from `stagedPredictions` under names of their own. */
export const CONTRACTS: readonly TableContract[] = [
  scheduleGames,
  playerBoxScores,
  teamBoxScores,
  playerLines,
  gameLines,
  injuryReports,
  shots,
  ingestedFiles,
  rejectedRows,
  schedule,
  players,
  playerAliases,
  playerGameSummary,
  teamGameSummary,
  upcomingTeamGameContext,
  playerPropLines,
  upcomingPlayerGameContext,
  teamDefenseZoneAnalysis,
  playerShotZoneAnalysis,
  playerDailyCache,
  playerCompositeFactors,
  mlFeatureStore,
  modelRegistry,
  playerPropPredictions,
  publications,
  subsetPicks,
  predictionGrades,
  phaseRuns,
  qualityReports,
  canaryResults,
  heartbeats,
  schemaChanges,
];
