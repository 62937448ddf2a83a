import type { Processor } from '#pipeline/processor.ts';
import { playerGameSummaryProcessor } from './player-game-summary.ts';
import { playerPropLinesProcessor } from './player-prop-lines.ts';
import { scheduleReference } from './schedule-reference.ts';
import { teamGameSummaryProcessor } from './team-game-summary.ts';
import { upcomingPlayerGameContextProcessor } from './upcoming-player-game-context.ts';
import { upcomingTeamGameContextProcessor } from './upcoming-team-game-context.ts';

/** What has been played: summaries of finished games. */
export const SUMMARY_PROCESSORS: readonly Processor[] = [playerGameSummaryProcessor, teamGameSummaryProcessor];

/** What is coming: the context of games before their cut-off. */
export const CONTEXT_PROCESSORS: readonly Processor[] = [
  upcomingTeamGameContextProcessor,
  playerPropLinesProcessor,
  upcomingPlayerGameContextProcessor,
];

/** All processors of the phase in the order of the data. */
export const ANALYTICS_PROCESSORS: readonly Processor[] = [scheduleReference, ...SUMMARY_PROCESSORS, ...CONTEXT_PROCESSORS];
