import type { RowOf, TableContract } from '#core/contracts/define.ts';
import { type GameLine, gameLines } from '#core/contracts/nba_raw/game-lines.ts';
import { type InjuryReport, injuryReports } from '#core/contracts/nba_raw/injury-reports.ts';
import { type PlayerBoxScore, playerBoxScores } from '#core/contracts/nba_raw/player-box-scores.ts';
import { type PlayerLine, playerLines } from '#core/contracts/nba_raw/player-lines.ts';
import { type ScheduleGame, scheduleGames } from '#core/contracts/nba_raw/schedule-games.ts';
import { type Shot, shots } from '#core/contracts/nba_raw/shots.ts';
import { type TeamBoxScore, teamBoxScores } from '#core/contracts/nba_raw/team-box-scores.ts';

/** Rows of the raw tables, by table. */
export interface LeagueRows {
  readonly scheduleGames: ScheduleGame[];
  readonly playerBoxScores: PlayerBoxScore[];
  readonly teamBoxScores: TeamBoxScore[];
  readonly playerLines: PlayerLine[];
  readonly gameLines: GameLine[];
  readonly injuryReports: InjuryReport[];
  readonly shots: Shot[];
}

/** A table and rows for it, ready for `Warehouse.append`. */
export interface TableRows {
  readonly table: TableContract;
  readonly rows: readonly RowOf<TableContract>[];
}

/** No rows at all. */
export function emptyRows(): LeagueRows {
  return { scheduleGames: [], playerBoxScores: [], teamBoxScores: [], playerLines: [], gameLines: [], injuryReports: [], shots: [] };
}

/** The rows with their contracts, in the order of the data. */
export function byTable(rows: LeagueRows): TableRows[] {
  return [
    { table: scheduleGames, rows: rows.scheduleGames },
    { table: injuryReports, rows: rows.injuryReports },
    { table: playerLines, rows: rows.playerLines },
    { table: gameLines, rows: rows.gameLines },
    { table: playerBoxScores, rows: rows.playerBoxScores },
    { table: teamBoxScores, rows: rows.teamBoxScores },
    { table: shots, rows: rows.shots },
  ];
}

/** Appends all rows of `more`. */
export function addRows(rows: LeagueRows, more: LeagueRows): void {
  addAll(rows.scheduleGames, more.scheduleGames);
  addAll(rows.playerBoxScores, more.playerBoxScores);
  addAll(rows.teamBoxScores, more.teamBoxScores);
  addAll(rows.playerLines, more.playerLines);
  addAll(rows.gameLines, more.gameLines);
  addAll(rows.injuryReports, more.injuryReports);
  addAll(rows.shots, more.shots);
}

function addAll<T>(list: T[], more: readonly T[]): void {
  for (const row of more) list.push(row);
}
