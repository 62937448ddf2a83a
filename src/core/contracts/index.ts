import type { TableContract } from './define.ts';
import { playerGameSummary } from './nba_analytics/player-game-summary.ts';
import { playerPropLines } from './nba_analytics/player-prop-lines.ts';
import { teamGameSummary } from './nba_analytics/team-game-summary.ts';
import { upcomingPlayerGameContext } from './nba_analytics/upcoming-player-game-context.ts';
import { upcomingTeamGameContext } from './nba_analytics/upcoming-team-game-context.ts';
import { canaryResults } from './nba_orchestration/canary-results.ts';
import { heartbeats } from './nba_orchestration/heartbeats.ts';
import { phaseRuns } from './nba_orchestration/phase-runs.ts';
import { qualityReports } from './nba_orchestration/quality-reports.ts';
import { schemaChanges } from './nba_orchestration/schema-changes.ts';
import { playerCompositeFactors } from './nba_precompute/player-composite-factors.ts';
import { playerDailyCache } from './nba_precompute/player-daily-cache.ts';
import { playerShotZoneAnalysis } from './nba_precompute/player-shot-zone-analysis.ts';
import { teamDefenseZoneAnalysis } from './nba_precompute/team-defense-zone-analysis.ts';
import { mlFeatureStore } from './nba_predictions/ml-feature-store.ts';
import { modelRegistry } from './nba_predictions/model-registry.ts';
import { playerPropPredictions } from './nba_predictions/player-prop-predictions.ts';
import { predictionGrades } from './nba_predictions/prediction-grades.ts';
import { publications } from './nba_predictions/publications.ts';
import { subsetPicks } from './nba_predictions/subset-picks.ts';
import { gameLines } from './nba_raw/game-lines.ts';
import { ingestedFiles } from './nba_raw/ingested-files.ts';
import { injuryReports } from './nba_raw/injury-reports.ts';
import { playerBoxScores } from './nba_raw/player-box-scores.ts';
import { playerLines } from './nba_raw/player-lines.ts';
import { rejectedRows } from './nba_raw/rejected-rows.ts';
import { scheduleGames } from './nba_raw/schedule-games.ts';
import { shots } from './nba_raw/shots.ts';
import { teamBoxScores } from './nba_raw/team-box-scores.ts';
import { playerAliases } from './nba_reference/player-aliases.ts';
import { players } from './nba_reference/players.ts';
import { schedule } from './nba_reference/schedule.ts';

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
