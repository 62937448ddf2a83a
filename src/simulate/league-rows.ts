import type { RowOf, TableContract } from '#core/contracts/define.ts';
import {
  type AvailabilityReport,
  availabilityReports,
  type GameLine,
  gameLines,
  type InjuryReport,
  injuryReports,
  type PlayerBoxScore,
  type PlayerLine,
  playerBoxScores,
  playerLines,
  type RosterPlayer,
  rosterPlayers,
  type ScheduleGame,
  type Shot,
  scheduleGames,
  shots,
  type TeamBoxScore,
  type TeamStatement,
  teamBoxScores,
  teamStatements,
} from '#core/contracts/nba_raw.ts';
import { hashText, scramble } from '#core/random.ts';
/** Row id: 64-bit hash over the seed, the table, the natural key and business values, in hex. */
export type RowIds = (table: string, parts: readonly (string | number | null)[]) => string;

/** Row ids of a league. A row has the same id in every run with the same seed, whatever else was generated. */
export function rowIds(seed: number): RowIds {
  const tables = new Map<string, number>();
  const seedHash = scramble(seed | 0);
  return (table, parts) => {
    let tableHash = tables.get(table);
    if (tableHash === undefined) {
      tableHash = hashText(table);
      tables.set(table, tableHash);
    }
    let low = seedHash ^ tableHash;
    let high = Math.imul(tableHash, 31) + seedHash;
    for (const part of parts) {
      if (typeof part === 'number' && Number.isInteger(part)) {
        low = mix(low, part | 0);
        // Instants exceed 32 bits: their upper part goes into the second half.
        high = mix(high, (part / 4294967296) ^ Math.imul(part, 0x27d4eb2f));
      } else {
        const hash = hashText(String(part));
        low = mix(low, hash);
        high = mix(high, Math.imul(hash, 0x27d4eb2f) + 1);
      }
    }
    return hex(scramble(low), scramble(high ^ low));
  };
}

function mix(state: number, value: number): number {
  const k = Math.imul(value, 0xcc9e2d51);
  const h = state ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/**
 * Sixteen hexadecimal digits, built by one call as a flat string for speed: a league has hundreds of thousands of ids.
 */
function hex(high: number, low: number): string {
  return String.fromCharCode(
    digit(high, 28),
    digit(high, 24),
    digit(high, 20),
    digit(high, 16),
    digit(high, 12),
    digit(high, 8),
    digit(high, 4),
    digit(high, 0),
    digit(low, 28),
    digit(low, 24),
    digit(low, 20),
    digit(low, 16),
    digit(low, 12),
    digit(low, 8),
    digit(low, 4),
    digit(low, 0),
  );
}

/** Character code of the hexadecimal digit at a bit position. */
function digit(word: number, shift: number): number {
  const nibble = (word >>> shift) & 15;
  return nibble + (nibble < 10 ? 48 : 87);
}

/** Rows of the raw tables, by table. */
export interface LeagueRows {
  readonly scheduleGames: ScheduleGame[];
  readonly playerBoxScores: PlayerBoxScore[];
  readonly teamBoxScores: TeamBoxScore[];
  readonly playerLines: PlayerLine[];
  readonly gameLines: GameLine[];
  readonly availabilityReports: AvailabilityReport[];
  readonly injuryReports: InjuryReport[];
  readonly teamStatements: TeamStatement[];
  readonly rosterPlayers: RosterPlayer[];
  readonly shots: Shot[];
}

/** A table and rows for it, ready for `Warehouse.append`. */
export interface TableRows {
  readonly table: TableContract;
  readonly rows: readonly RowOf<TableContract>[];
}

/** No rows at all. */
export function emptyRows(): LeagueRows {
  return {
    scheduleGames: [],
    playerBoxScores: [],
    teamBoxScores: [],
    playerLines: [],
    gameLines: [],
    availabilityReports: [],
    injuryReports: [],
    teamStatements: [],
    rosterPlayers: [],
    shots: [],
  };
}

/** The rows with their contracts, in data-flow order. */
export function byTable(rows: LeagueRows): TableRows[] {
  return [
    { table: scheduleGames, rows: rows.scheduleGames },
    { table: availabilityReports, rows: rows.availabilityReports },
    { table: injuryReports, rows: rows.injuryReports },
    { table: teamStatements, rows: rows.teamStatements },
    { table: rosterPlayers, rows: rows.rosterPlayers },
    { table: playerLines, rows: rows.playerLines },
    { table: gameLines, rows: rows.gameLines },
    { table: playerBoxScores, rows: rows.playerBoxScores },
    { table: teamBoxScores, rows: rows.teamBoxScores },
    { table: shots, rows: rows.shots },
  ];
}

/** Appends all rows of `more` to `rows`, in place. */
export function addRows(rows: LeagueRows, more: LeagueRows): void {
  addAll(rows.scheduleGames, more.scheduleGames);
  addAll(rows.playerBoxScores, more.playerBoxScores);
  addAll(rows.teamBoxScores, more.teamBoxScores);
  addAll(rows.playerLines, more.playerLines);
  addAll(rows.gameLines, more.gameLines);
  addAll(rows.availabilityReports, more.availabilityReports);
  addAll(rows.injuryReports, more.injuryReports);
  addAll(rows.teamStatements, more.teamStatements);
  addAll(rows.rosterPlayers, more.rosterPlayers);
  addAll(rows.shots, more.shots);
}

function addAll<T>(list: T[], more: readonly T[]): void {
  for (const row of more) list.push(row);
}
