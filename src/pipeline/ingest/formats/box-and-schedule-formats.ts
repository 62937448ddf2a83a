import type { InputFormat } from '#pipeline/ingest/format.ts';
import { playerGameLogs } from './player-game-logs.ts';
import { playerPlayoffs } from './player-playoffs.ts';
import { scheduleMislabelledEastern } from './schedule-mislabelled-eastern.ts';
import { schedulePlayed } from './schedule-played.ts';
import { schedulePublishedJson } from './schedule-published-json.ts';
import { scheduleUtcList } from './schedule-utc-list.ts';
import { teamGames } from './team-games.ts';

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
