import type { InputFormat } from '#pipeline/ingest/format.ts';
import { gameLinesParquet } from './game-lines-parquet.ts';
import { officialInjuryReports } from './injury-reports.ts';
import { linesDfs } from './lines-dfs.ts';
import { linesPra } from './lines-pra.ts';
import { linesThrees } from './lines-threes.ts';
import { nbaBoxScoreLive, nbaBoxScoreV3 } from './nba-box-score.ts';
import { nbaBoxScoreMobile } from './nba-box-score-mobile.ts';
import { nbaGameSummary, nbaScoreboard } from './nba-games.ts';
import { nbaBoxScoreV2, nbaShotChart } from './nba-stats-tables.ts';
import { oddsApiEvents } from './odds-api-events.ts';
import { shotsZip } from './shots-zip.ts';

/** Formats of markets, shots, injuries and provider payloads. No two of them recognise one file. */
export const MARKET_AND_PAYLOAD_FORMATS: readonly InputFormat[] = [
  linesDfs,
  linesPra,
  linesThrees,
  oddsApiEvents,
  gameLinesParquet,
  shotsZip,
  officialInjuryReports,
  nbaBoxScoreV3,
  nbaBoxScoreLive,
  nbaBoxScoreMobile,
  nbaBoxScoreV2,
  nbaScoreboard,
  nbaGameSummary,
  nbaShotChart,
];
