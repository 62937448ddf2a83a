import { parquetReadObjects } from 'hyparquet';
import { gameLines } from '#core/contracts/nba_raw.ts';
import { messageOf } from '#core/errors.ts';
import { type Line, readLine } from '#core/line.ts';
import type { InputFile, InputFormat, ParsedFile } from '#pipeline/ingest/format.ts';
import { RowRejection } from '#pipeline/ingest/rows.ts';
import { collectUnits, parsedRow, requiredSides, requiredStart, requiredText, unreadable } from './fields.ts';

const COLUMNS = [
  'event_id',
  'home_team',
  'away_team',
  'commence_time',
  'spread_point',
  'total_point',
] as const;

/** Last slate the file is taken for; what it says about later games has not been checked by anybody. */
const LAST_SLATE = '2025-06-30';

/**
 * Averaged game lines. Only spread and total are read: prices were averaged as American odds, which has no meaning.
 * `spread_point` is the home team's handicap, negative when it is the favourite, as in the contract. Where the file
 * lists one game of a slate twice, the entry with a total wins, then the earlier start (the later ones are quotes from
 * minutes after tip-off); the others count as duplicates.
 */
export const gameLinesParquet: InputFormat = {
  id: 'game_lines_parquet',
  description: 'Spread and total per game, averaged over books, closing_lines.parquet',
  recognise: (path) => path.toLowerCase().endsWith('.parquet'),
  parse: async (file) => {
    const records = await readRecords(file);
    const kept = new Map<string, number>();
    records.forEach((record, index) => {
      const game = gameKey(record);
      if (game === undefined) return;
      const rival = kept.get(game);
      const best = rival === undefined ? undefined : records[rival];
      if (best === undefined || isBetter(record, best)) kept.set(game, index);
    });
    return collect(records, kept);
  },
};

type GameRecord = Readonly<Record<(typeof COLUMNS)[number], unknown>>;

function collect(records: readonly GameRecord[], kept: ReadonlyMap<string, number>): ParsedFile {
  const units = collectUnits();
  records.forEach((record, index) => {
    const game = gameKey(record);
    if (game !== undefined && kept.get(game) !== index) {
      units.duplicate();
      return;
    }
    units.unit(
      index + 1,
      () => JSON.stringify(record),
      () => {
        const start = readStart(record);
        const spread_home = readPoint('spread_point', record.spread_point);
        const total = readPoint('total_point', record.total_point);
        if (spread_home === null && total === null)
          throw new RowRejection(
            'spread_point',
            'missing_field',
            'expected a spread or a total, saw neither',
          );
        return parsedRow(
          gameLines,
          {
            ...readSides(record),
            ...start,
            event_id: requiredText('event_id', textOrNothing(record.event_id)),
            bookmaker: 'consensus',
            spread_home,
            total,
            snapshot_at: null,
            snapshot_quality: 'unknown',
          },
          index + 1,
        );
      },
    );
  });
  return units.result();
}

function readStart(record: GameRecord): { commence_at: string; slate: string } {
  const start = requiredStart('commence_time', textOrNothing(record.commence_time));
  if (start.slate > LAST_SLATE) {
    throw new RowRejection(
      'commence_time',
      'out_of_span',
      `expected a game up to ${LAST_SLATE}, saw one of ${start.slate}`,
    );
  }
  return start;
}

function readSides(record: GameRecord): { home_abbr: string; away_abbr: string } {
  return requiredSides(textOrNothing(record.home_team), textOrNothing(record.away_team));
}

/** What makes two records statements about one game; undefined for a record that will be rejected anyway. */
function gameKey(record: GameRecord): string | undefined {
  try {
    const { home_abbr, away_abbr } = readSides(record);
    return `${readStart(record).slate} ${away_abbr}@${home_abbr}`;
  } catch (error) {
    if (error instanceof RowRejection) return undefined;
    throw error;
  }
}

function isBetter(a: GameRecord, b: GameRecord): boolean {
  const aHasTotal = typeof a.total_point === 'number';
  if (aHasTotal !== (typeof b.total_point === 'number')) return aHasTotal;
  return String(a.commence_time) < String(b.commence_time);
}

function readPoint(field: string, value: unknown): Line | null {
  if (value === null || value === undefined) return null;
  const line = typeof value === 'number' ? readLine(value) : undefined;
  if (line === undefined)
    throw new RowRejection(field, 'bad_line', `expected a decimal in ${field}, saw "${String(value)}"`);
  return line;
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

async function readRecords(file: InputFile): Promise<readonly GameRecord[]> {
  if (file.bytes.length === 0) throw unreadable(file, 'a parquet file', 'an empty file');
  const copy = new Uint8Array(file.bytes).buffer;
  try {
    return (await parquetReadObjects({ file: copy, columns: [...COLUMNS] })) as unknown as GameRecord[];
  } catch (cause) {
    throw unreadable(file, `a parquet file with the columns ${COLUMNS.join(', ')}`, messageOf(cause), cause);
  }
}
