import { marketPriceSql } from '#core/bookmakers.ts';
import { isDate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { FEATURE_NAMES } from '#core/features.ts';
import { mainLinesSql } from '#core/main-lines.ts';
import { type CountedColumn, MARKETS, type Market } from '#core/markets.ts';
import { fairOverProbability } from '#core/odds.ts';
import { statement } from '#core/statement.ts';
import type { ColumnarResult, Warehouse } from '#platform/warehouse/port.ts';
import type { TrainingSet } from './dataset.ts';
import { type GiveWay, runStepsYielding, type Steps } from './train-config.ts';

const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday: three days after a Monday. */
const AFTER_MONDAY = 3;

/** Days since 1970-01-01 of a calendar date. */
export function dayNumber(date: string): number {
  return Math.round(Date.parse(`${date}T00:00:00Z`) / DAY_MS);
}

/** The calendar date of a day since 1970-01-01. */
export function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** Number of the calendar week (from Monday) of a day since 1970-01-01. */
export function weekOf(day: number): number {
  return Math.floor((day + AFTER_MONDAY) / 7);
}

/** The Monday of a week, as a day since 1970-01-01. */
export function mondayOf(week: number): number {
  return week * 7 - AFTER_MONDAY;
}

/** No game is older; bounds the scan of partitioned tables when no start is given. */
export const FIRST_SEASON = '1946-11-01';

/** Which slates to learn from: `from` (inclusive, all history when absent) to `before` (exclusive). */
export interface TrainingRange {
  readonly from?: string;
  readonly before: string;
}

const COUNTED_COLUMNS: readonly CountedColumn[] = [...new Set(MARKETS.flatMap(({ counts }) => counts))];

/**
 * The slate is joined as well as the game: a game that was moved leaves feature rows on the date where it was not
 * played, and those are no history of anything. NUMERIC passes through `fn.safe_div` to become a float on both engines.
 */
export const TRAINING_ROWS = statement({
  owner: 'model/training-set',
  sql: `
SELECT f.slate, g.minutes, f.player_id,
  ${COUNTED_COLUMNS.map((column) => `g.${column} AS counted_${column}`).join(', ')},
  ${FEATURE_NAMES.map((name) => `f.${name}`).join(', ')}
FROM nba_predictions.ml_feature_store f
JOIN nba_analytics.player_game_summary g ON g.player_id = f.player_id AND g.game_id = f.game_id AND g.slate = f.slate
WHERE f.slate >= CAST(@from AS DATE) AND f.slate < CAST(@before AS DATE)
  AND g.slate >= CAST(@from AS DATE) AND g.slate < CAST(@before AS DATE)
  AND g.played
ORDER BY f.slate, f.player_id, f.game_id`,
});

/** The main line of every player and market; its prices where they are those of a market. */
export const MARKET_LINES = statement({
  owner: 'model/training-set',
  sql: `
SELECT slate, player_id, market, fn.safe_div(line, 1) AS line, ${marketPriceSql('over_price', 'bookmaker')} AS over_price,
  ${marketPriceSql('under_price', 'bookmaker')} AS under_price
FROM (${mainLinesSql('l.slate >= CAST(@from AS DATE) AND l.slate < CAST(@before AS DATE)')}) AS main_lines
ORDER BY market, slate, player_id`,
});

/**
 * Reads graded history, one set per market: features of the feature store (in the order of the feature contract) and minutes of
 * those who played, which the sets share, and what the market counted, its main line known before the cut-off and the de-vigged
 * P(over) there. Rows are ordered by slate and player and lie strictly before `before`; a shorter range is a prefix of a
 * longer one. Nulls are NaN.
 *
 * Between columns everything else has its turn (`giveWay`). An empty range gives empty sets; a read that failed throws. Throws TIPOFF_BAD_INPUT for a bound that is no date.
 */
export async function readTrainingSets(
  warehouse: Warehouse,
  range: TrainingRange,
  markets: readonly Market[],
  giveWay?: GiveWay,
): Promise<readonly TrainingSet[]> {
  const bounds = { from: range.from ?? FIRST_SEASON, before: range.before };
  for (const bound of Object.values(bounds)) {
    if (!isDate(bound)) {
      throw new TipoffError(
        'TIPOFF_BAD_INPUT',
        `expected a bound of the training set as YYYY-MM-DD, saw "${bound}"`,
        {
          hint: 'Write ET calendar dates, for example 2024-10-21.',
          details: { ...range },
        },
      );
    }
  }
  const result = await warehouse.queryColumns(TRAINING_ROWS.sql, bounds);
  const lines = await warehouse.queryColumns(MARKET_LINES.sql, bounds);
  return runStepsYielding(setSteps(result, lines, markets), giveWay);
}

/** The sets of what was read; a step is a column or a market. */
function* setSteps(
  result: ColumnarResult,
  lines: ColumnarResult,
  markets: readonly Market[],
): Steps<readonly TrainingSet[]> {
  const players = result.numbers('player_id');
  const columns: Float64Array[] = [];
  for (const name of FEATURE_NAMES) {
    yield `reads ${name}`;
    columns.push(result.numbers(name));
  }
  const counts = new Map<CountedColumn, Float64Array>();
  for (const column of COUNTED_COLUMNS) {
    yield;
    counts.set(column, result.numbers(`counted_${column}`));
  }
  const shared = {
    players,
    features: FEATURE_NAMES,
    columns,
    minutes: result.numbers('minutes'),
    slates: result.strings('slate').map((slate) => slate ?? ''),
    rows: result.rowCount,
    counts,
  };
  const places = new Map(shared.slates.map((slate, row) => [`${slate} ${players[row]}`, row]));
  const [slates, linePlayers] = [lines.strings('slate'), lines.numbers('player_id')];
  const [lineMarkets, values, over] = [lines.strings('market'), lines.numbers('line'), marketOver(lines)];
  const sets: TrainingSet[] = [];
  for (const market of markets) {
    yield;
    const line = new Float64Array(shared.rows).fill(Number.NaN);
    const price = new Float64Array(shared.rows).fill(Number.NaN);
    lineMarkets.forEach((id, i) => {
      const row = id === market.id ? places.get(`${slates[i]} ${linePlayers[i]}`) : undefined;
      if (row === undefined) return;
      line[row] = values[i] ?? Number.NaN;
      price[row] = over[i] ?? Number.NaN;
    });
    const target = new Float64Array(shared.rows);
    for (const column of market.counts) {
      const own = shared.counts.get(column);
      for (let row = 0; row < shared.rows; row++)
        target[row] = (target[row] ?? 0) + (own?.[row] ?? Number.NaN);
    }
    sets.push({ ...shared, market, target, line, marketOver: price });
  }
  return sets;
}

/** De-vigged P(over) where both prices exist and are American prices; NaN elsewhere. */
function marketOver(result: ColumnarResult): Float64Array {
  const under = result.numbers('under_price');
  return result
    .numbers('over_price')
    .map((over, i) => fairOverProbability(price(over), price(under[i])) ?? Number.NaN);
}

function price(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}
