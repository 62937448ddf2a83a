import type { InputFormat } from '#pipeline/ingest/format.ts';
import { playerGameLogs, playerPlayoffs, teamGames } from './box-scores-csv.ts';
import { espnInjuries, espnScoreboard } from './espn.ts';
import { gameLinesParquet } from './game-lines-parquet.ts';
import { injuryReportJson, injuryReportList, injuryReportPdf, injuryReportSpans } from './injury-reports.ts';
import { linesDfs, linesPra, linesThrees } from './lines-csv.ts';
import { nbaBoxScoreLive, nbaBoxScoreMobile, nbaBoxScoreV3 } from './nba-box-score.ts';
import { nbaBoxScoreV2, nbaGameSummary, nbaScoreboard, nbaShotChart } from './nba-games.ts';
import { oddsApiEvents } from './odds-api.ts';
import { espnRoster, nbaAllPlayers, nbaPlayerIndex } from './player-lists.ts';
import { schedulePublishedJson } from './schedule-published-json.ts';
import { scheduleMislabelledEastern, schedulePlayed, scheduleUtcList } from './schedules-csv.ts';
import { shotsZip } from './shots.ts';

/** Formats of schedules and of box scores as NBA statistics list them. */
export const BOX_AND_SCHEDULE_FORMATS: readonly InputFormat[] = [
  schedulePublishedJson,
  scheduleMislabelledEastern,
  scheduleUtcList,
  schedulePlayed,
  playerGameLogs,
  playerPlayoffs,
  teamGames,
];

/** Formats of markets, shots and provider payloads. No two of them recognise one file. */
export const MARKET_AND_PAYLOAD_FORMATS: readonly InputFormat[] = [
  linesDfs,
  linesPra,
  linesThrees,
  oddsApiEvents,
  gameLinesParquet,
  shotsZip,
  nbaBoxScoreV3,
  nbaBoxScoreLive,
  nbaBoxScoreMobile,
  nbaBoxScoreV2,
  nbaScoreboard,
  nbaGameSummary,
  nbaShotChart,
];

/** Formats of availability feeds with their history, of rosters, and of the second source for schedule and results. */
export const FEED_FORMATS: readonly InputFormat[] = [
  injuryReportPdf,
  injuryReportJson,
  injuryReportSpans,
  injuryReportList,
  espnInjuries,
  espnScoreboard,
  nbaAllPlayers,
  nbaPlayerIndex,
  espnRoster,
];

/** Every format that ingest recognises. No two of them accept one file. */
export const FORMATS: readonly InputFormat[] = [
  ...BOX_AND_SCHEDULE_FORMATS,
  ...MARKET_AND_PAYLOAD_FORMATS,
  ...FEED_FORMATS,
];
