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
import type { Processor } from './processor.ts';

/** What has been played: summaries of finished games. */
export const SUMMARY_PROCESSORS: readonly Processor[] = [
  playerGameSummaryProcessor,
  teamGameSummaryProcessor,
];

/** What is coming: the context of games before their cut-off. */
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
