import type { PlayerLine } from '#core/contracts/nba_raw.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import type { ParsedRow, RejectedInput } from './format.ts';

/**
 * Minutes from the published tip-off to the real start of a game. Odds providers move an event's start to about ten
 * minutes after the published tip-off in 78 to 87 % of events, and books quote up to that moment; later quotes are
 * in-play (counted on two seasons of events, data reference §4).
 */
const MINUTES_TO_REAL_START = 10;

/** Published tip-offs by slate and pair of teams, whichever is at home. */
export type TipoffTimes = ReadonlyMap<string, number>;

type Quote = Pick<
  PlayerLine,
  'slate' | 'home_abbr' | 'away_abbr' | 'commence_at' | 'snapshot_at' | 'snapshot_quality'
>;

/**
 * Reads every published tip-off from nba_raw.schedule_games. A current statement outranks one from before the season,
 * a newer one an older one; where equal statements disagree the earliest counts, so that doubt rejects a quote rather
 * than lets it pass.
 */
export async function publishedTipoffs(warehouse: Pick<Warehouse, 'query'>): Promise<TipoffTimes> {
  const rows = await warehouse.query<{
    slate: string;
    home_abbr: string;
    away_abbr: string;
    tipoff_at: string;
  }>(
    `SELECT slate, home_abbr, away_abbr, tipoff_at
     FROM nba_raw.schedule_games
     WHERE tipoff_at IS NOT NULL AND statement IN ('published', 'current') AND status NOT IN ('postponed', 'cancelled')
     ORDER BY CASE WHEN statement = 'current' THEN 1 ELSE 0 END, observed_at, tipoff_at DESC`,
  );
  return new Map(
    rows.map((row) => [pairKey(row.slate, row.home_abbr, row.away_abbr), Date.parse(row.tipoff_at)]),
  );
}

/**
 * The instant from which a quote counts as in-play, in milliseconds, or undefined when no tip-off is known. A start the
 * odds provider states is the real start and counts as it is, unless it merely repeats the published tip-off; then,
 * and where the provider states none, play starts MINUTES_TO_REAL_START after the published tip-off.
 */
function startOfPlay(quote: Quote, tipoffs: TipoffTimes): number | undefined {
  const published = tipoffs.get(pairKey(quote.slate, quote.home_abbr, quote.away_abbr));
  const stated = quote.commence_at === null ? undefined : Date.parse(quote.commence_at);
  if (stated !== undefined && stated !== published) return stated;
  return published === undefined ? undefined : published + MINUTES_TO_REAL_START * 60_000;
}

/** Splits rows of nba_raw.player_lines into those taken before play and in_play_snapshot rejections. Only snapshots with an exact time can be judged; the others stay as they are. */
export function screenInPlay(
  rows: readonly ParsedRow[],
  tipoffs: TipoffTimes,
): { kept: ParsedRow[]; rejected: RejectedInput[] } {
  const kept: ParsedRow[] = [];
  const rejected: RejectedInput[] = [];
  for (const row of rows) {
    const start = isTimedQuote(row) ? startOfPlay(row.record, tipoffs) : undefined;
    const taken = isTimedQuote(row) ? Date.parse(row.record.snapshot_at) : Number.NaN;
    if (start === undefined || taken <= start) {
      kept.push(row);
    } else {
      rejected.push({
        line: row.line,
        field: 'snapshot_at',
        reasonCode: 'in_play_snapshot',
        reason: `expected a quote from before play started at ${new Date(start).toISOString()}, saw one of ${new Date(taken).toISOString()}`,
        raw: JSON.stringify(row.record),
      });
    }
  }
  return { kept, rejected };
}

/** True for a row of nba_raw.player_lines whose snapshot time is exact. */
export function isTimedQuote(
  row: ParsedRow,
): row is ParsedRow & { readonly record: Quote & { snapshot_at: string } } {
  const { snapshot_quality: quality, snapshot_at: at } = row.record as Partial<Quote>;
  return row.table.name === 'player_lines' && quality === 'exact' && typeof at === 'string';
}

function pairKey(slate: string, one: string, other: string): string {
  return one < other ? `${slate} ${one} ${other}` : `${slate} ${other} ${one}`;
}
