import { matchup } from '#pipeline/ingest/cells.ts';
import { type CsvRecord, hasColumns, readCsv } from '#pipeline/ingest/csv.ts';
import type { InputFormat } from '#pipeline/ingest/format.ts';
import { collectCsv, RowRejection } from '#pipeline/ingest/rejection.ts';
import { requiredTeam } from './fields.ts';
import { lookupMemory, PLAYER_BOX_COLUMNS, playerBoxRow } from './player-box-row.ts';

const COLUMNS = ['OPP_ABBREVIATION', 'HOME_GAME', 'START_POSITION', ...PLAYER_BOX_COLUMNS] as const;
type Column = (typeof COLUMNS)[number];

/**
 * Player box scores widened with ratings and totals of both teams. Only the box score and the starting position are
 * loaded: the other columns are outcomes of the same game and can be computed again from the box scores.
 */
export const playerPlayoffs: InputFormat = {
  id: 'player_playoffs_csv',
  description: 'CSV of playoff box scores of players with opponent, starting position and ratings',
  recognise: (_path, head) => hasColumns(head, ['PLAYER_ID', 'GAME_ID', 'MATCHUP', 'OPP_ABBREVIATION', 'START_POSITION']),
  parse: (file) => {
    const lookup = lookupMemory();
    return collectCsv(readCsv(file, COLUMNS), (record) => {
      const isStarter = starts(record.text('START_POSITION'));
      const keyed = playerBoxRow(record, lookup, isStarter);
      opponentAgrees(record);
      return keyed;
    });
  },
};

/** G, F and C (also G-F and the like) start; an empty position is the bench. */
function starts(position: string): boolean {
  if (position === '') return false;
  if (/^[GFC](?:-[GFC])?$/.test(position)) return true;
  throw new RowRejection('START_POSITION', 'impossible_value', `expected G, F, C or nothing, saw "${position}"`);
}

function opponentAgrees(record: CsvRecord<Column>): void {
  const { home, away } = matchup('MATCHUP', record.text('MATCHUP'));
  const opponent = requiredTeam('OPP_ABBREVIATION', record.text('OPP_ABBREVIATION'));
  const own = requiredTeam('TEAM_ABBREVIATION', record.text('TEAM_ABBREVIATION'));
  const isHome = own === home;
  if (opponent !== (isHome ? away : home)) {
    throw new RowRejection(
      'OPP_ABBREVIATION',
      'impossible_value',
      `expected the opponent of ${record.text('MATCHUP')}, saw ${opponent.abbr}`,
    );
  }
  if (record.text('HOME_GAME') !== (isHome ? '1' : '0')) {
    throw new RowRejection(
      'HOME_GAME',
      'impossible_value',
      `expected ${isHome ? 1 : 0} for ${record.text('MATCHUP')}, saw "${record.text('HOME_GAME')}"`,
    );
  }
}
