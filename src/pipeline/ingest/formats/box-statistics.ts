import type { CsvRecord } from '#pipeline/ingest/csv.ts';
import { RowRejection } from '#pipeline/ingest/rejection.ts';
import { optionalNumber, requiredCount } from './fields.ts';

/** The columns NBA statistics files use for the counting statistics of a player's or a team's game. */
export const BOX_COLUMNS = [
  'PTS',
  'FGM',
  'FGA',
  'FG3M',
  'FG3A',
  'FTM',
  'FTA',
  'OREB',
  'DREB',
  'REB',
  'AST',
  'STL',
  'BLK',
  'TOV',
  'PF',
  'PLUS_MINUS',
] as const;
type BoxColumn = (typeof BOX_COLUMNS)[number];

/** Most points a contract believes of one row, so that a shifted column does not pass as a score. */
const MOST_POINTS = 200;

/** Reads the counting statistics of a row and checks that they agree with each other. Percentages are not read: they follow from the counts. Throws RowRejection. */
export function boxStatistics(record: CsvRecord<BoxColumn>) {
  const value = (column: BoxColumn): number => requiredCount(column, record.text(column));
  const box = {
    points: value('PTS'),
    fgm: value('FGM'),
    fga: value('FGA'),
    fg3m: value('FG3M'),
    fg3a: value('FG3A'),
    ftm: value('FTM'),
    fta: value('FTA'),
    oreb: value('OREB'),
    dreb: value('DREB'),
    reb: value('REB'),
    ast: value('AST'),
    stl: value('STL'),
    blk: value('BLK'),
    tov: value('TOV'),
    pf: value('PF'),
    plus_minus: optionalNumber('PLUS_MINUS', record.text('PLUS_MINUS')),
  };
  atMost('FGM', box.fgm, 'FGA', box.fga);
  atMost('FG3M', box.fg3m, 'FG3A', box.fg3a);
  atMost('FG3M', box.fg3m, 'FGM', box.fgm);
  atMost('FTM', box.ftm, 'FTA', box.fta);
  if (box.oreb + box.dreb !== box.reb) {
    throw new RowRejection('REB', 'impossible_value', `expected OREB + DREB = ${box.oreb + box.dreb}, saw ${box.reb}`);
  }
  const points = 2 * box.fgm + box.fg3m + box.ftm;
  if (points !== box.points) {
    throw new RowRejection('PTS', 'impossible_value', `expected 2 FGM + FG3M + FTM = ${points}, saw ${box.points}`);
  }
  if (box.points > MOST_POINTS) {
    throw new RowRejection('PTS', 'impossible_value', `expected at most ${MOST_POINTS} points, saw ${box.points}`);
  }
  return box;
}

function atMost(field: string, value: number, limitField: string, limit: number): void {
  if (value > limit) throw new RowRejection(field, 'impossible_value', `expected at most ${limitField} = ${limit}, saw ${value}`);
}
