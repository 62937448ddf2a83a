import { expect } from 'vitest';
import type { InputFile, ParsedFile } from '#pipeline/ingest/format.ts';

/** A text file of these lines. */
export function textFile(path: string, lines: readonly string[]): InputFile {
  return { path, bytes: new TextEncoder().encode(`${lines.join('\n')}\n`) };
}

/** A JSON file of this value. */
export function jsonFile(path: string, value: unknown): InputFile {
  return { path, bytes: new TextEncoder().encode(JSON.stringify(value)) };
}

/** What became of the units of a file, rejections as "reason field". Every unit must have exactly one outcome. */
export function outcome({ read, rows, duplicates, rejected }: ParsedFile) {
  expect(rows.length + duplicates + rejected.length).toBe(read);
  return {
    read,
    rows: rows.length,
    duplicates,
    rejected: rejected.map(({ reasonCode, field }) => `${reasonCode} ${field}`),
  };
}

/** Counts of a live box score that add up: 2 × 4 + 2 + 3 = 13 points. */
export const STATISTICS = {
  minutes: 'PT27M30.00S',
  points: 13,
  fieldGoalsMade: 4,
  fieldGoalsAttempted: 9,
  threePointersMade: 2,
  threePointersAttempted: 5,
  freeThrowsMade: 3,
  freeThrowsAttempted: 4,
  reboundsOffensive: 1,
  reboundsDefensive: 6,
  reboundsTotal: 7,
  assists: 5,
  steals: 1,
  blocks: 0,
  turnovers: 2,
  foulsPersonal: 3,
  plusMinusPoints: -4,
};

/** A finished game of the live feed between Boston (home) and Utah, one player who played and one who did not on each side. */
export function liveGame(changes: Readonly<Record<string, unknown>> = {}) {
  const side = (teamId: number, first: number, points: number) => ({
    teamId,
    players: [
      {
        personId: first,
        name: 'Toven Obrand',
        starter: '1',
        played: '1',
        position: 'G',
        statistics: STATISTICS,
      },
      {
        personId: first + 1,
        name: 'Ilko Maren',
        starter: '0',
        played: '0',
        notPlayingReason: 'INACTIVE_INJURY',
        notPlayingDescription: 'Left Knee; Soreness',
        statistics: { ...STATISTICS, minutes: 'PT00M00.00S', points: 0 },
      },
    ],
    statistics: {
      ...STATISTICS,
      minutes: 'PT240M00.00S',
      points,
      freeThrowsMade: points - 10,
      freeThrowsAttempted: 20,
      reboundsTotal: 11,
    },
  });
  return {
    meta: { version: 1, time: '2025-01-11 03:00:00.000' },
    game: {
      gameId: '0022400517',
      gameTimeUTC: '2025-01-11T00:30:00Z',
      gameStatus: 3,
      gameStatusText: 'Final',
      homeTeam: side(1610612738, 100, 20),
      awayTeam: side(1610612762, 200, 17),
      ...changes,
    },
  };
}
