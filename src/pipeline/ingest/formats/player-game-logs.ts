import { gameKey, seasonIdAgrees } from '#pipeline/ingest/cells.ts';
import { hasColumns, readCsv } from '#pipeline/ingest/csv.ts';
import type { InputFormat } from '#pipeline/ingest/format.ts';
import { collectCsv, RowRejection } from '#pipeline/ingest/rejection.ts';
import { lookupMemory, PLAYER_BOX_COLUMNS, playerBoxRow } from './player-box-row.ts';

const COLUMNS = ['SEASON_ID', 'SEASON', ...PLAYER_BOX_COLUMNS] as const;

/** Player game logs of a season as NBA statistics list them: one row per player who was on court. */
export const playerGameLogs: InputFormat = {
  id: 'player_game_logs_csv',
  description: 'CSV of player game logs (LeagueGameLog of players): one row per player and game, regular season or later',
  recognise: (_path, head) => hasColumns(head, ['PLAYER_ID', 'GAME_ID', 'MATCHUP', 'SEASON_ID'], ['OPP_ABBREVIATION']),
  parse: (file) => {
    const lookup = lookupMemory();
    return collectCsv(readCsv(file, COLUMNS), (record) => {
      const game = gameKey('GAME_ID', record.text('GAME_ID'));
      seasonIdAgrees('SEASON_ID', record.text('SEASON_ID'), game);
      if (record.text('SEASON') !== game.season) {
        throw new RowRejection('SEASON', 'impossible_value', `expected ${game.season} as the game id says, saw "${record.text('SEASON')}"`);
      }
      return playerBoxRow(record, lookup, null);
    });
  },
};
