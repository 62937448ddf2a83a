import type { Processor } from '#pipeline/processor.ts';
import { mlFeatureStoreProcessor } from './ml-feature-store.ts';
import { playerCompositeFactorsProcessor } from './player-composite-factors.ts';
import { playerDailyCacheProcessor } from './player-daily-cache.ts';
import { playerShotZoneAnalysisProcessor } from './player-shot-zone-analysis.ts';
import { teamDefenseZoneAnalysisProcessor } from './team-defense-zone-analysis.ts';

/**
 * The declared graph of the phase, in an order that respects it: a processor reads tables of those before it only. The
 * daily run, the backfill, the canaries and the docs use this list.
 */
export const PRECOMPUTE_PROCESSORS: readonly Processor[] = [
  teamDefenseZoneAnalysisProcessor,
  playerShotZoneAnalysisProcessor,
  playerDailyCacheProcessor,
  playerCompositeFactorsProcessor,
  mlFeatureStoreProcessor,
];
