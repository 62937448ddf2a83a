import { isDate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { type Market, type MarketId, partsOf } from '#core/markets.ts';
import { type Statement, statement } from '#core/statement.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import type { TrainingSet } from './dataset.ts';
import { modelColumns } from './features.ts';
import type { Factor, ModelColumn } from './linear.ts';
import type { CountSums, SumFrame } from './summed-history.ts';
import { DEFAULT_CONFIG, type GiveWay, type TrainConfig } from './train-config.ts';
import { dateOf, dayNumber, FIRST_SEASON, mondayOf, readTrainingSets, weekOf } from './training-set.ts';

/**
 * Maximum rows of history to read individually, about six seasons; of a longer one only the newest are read,
 * and the engine sums all.
 */
const MAX_ROWS = 150_000;
/** Extra days of rows read before the calibration window: a twin of the model is trained a month earlier. */
const MARGIN_DAYS = 60;
/** Products are rounded to multiples of 2^-36: their sums are exact below 2^53, so the order does not matter. */
const RESOLUTION = 2 ** 36;
/** A power of two above any count in a game. */
const TARGET_SCALE = 128;

/** FROM and WHERE clauses of the rows a model learns from. */
function usable({ minCareerGames, minExpectedMinutes }: TrainConfig): string {
  return `FROM nba_predictions.ml_feature_store f
JOIN nba_analytics.player_game_summary g ON g.player_id = f.player_id AND g.game_id = f.game_id AND g.slate = f.slate
WHERE f.slate >= CAST(@from AS DATE) AND f.slate < CAST(@before AS DATE)
  AND g.slate >= CAST(@from AS DATE) AND g.slate < CAST(@before AS DATE)
  AND g.played AND g.minutes > 0 AND f.games_career >= ${minCareerGames} AND f.min_ewma4 >= ${minExpectedMinutes}`;
}

const WEEK = 'CAST(FLOOR((fn.epoch_day(f.slate) + 3) / 7) AS INT64)';

/** Number of usable rows per week. */
export function weekRows(config: TrainConfig): Statement {
  return statement({
    owner: 'model/week-sums',
    sql: `SELECT ${WEEK} AS week, COUNT(*) AS n, MIN(f.slate) AS first_slate ${usable(config)}
GROUP BY week ORDER BY week`,
  });
}

/** SQL of a model column: the product of its factors, null when one of them is null. */
function columnSql({ factors }: ModelColumn): string {
  return factors.map(factorSql).join(' * ');
}

function factorSql({ feature, over, from }: Factor): string {
  const x = `fn.safe_div(f.${feature}, ${over ?? 1})`;
  return from === undefined ? x : `CASE WHEN ${x} >= ${from} THEN 1.0 WHEN ${x} < ${from} THEN 0.0 END`;
}

/** Minimum and maximum of each column, and the number of rows that have it. */
export function columnRanges(columns: readonly ModelColumn[], config: TrainConfig): Statement {
  const each = columns.map((column, j) => {
    const x = columnSql(column);
    return `MIN(${x}) AS low_${j}, MAX(${x}) AS high_${j}, COUNT(${x}) AS known_${j}`;
  });
  return statement({
    owner: 'model/week-sums',
    sql: `SELECT COUNT(*) AS n,\n${each.join(',\n')}\n${usable(config)}`,
  });
}

/** A number literal that both engines read to the same bits. */
function literal(value: number): string {
  return value.toExponential();
}

/** Names of the factors in the sums of a count: the ones, its columns, their presence columns, and the count itself. */
function factorNames(part: Market, columns: readonly ModelColumn[], { missing }: SumFrame): string[] {
  const names = columns.map(({ name }) => name);
  return [
    '1',
    ...names,
    ...names.filter((_, j) => missing[j] === 1).map((name) => `${name}?`),
    `= ${part.id}`,
  ];
}

/** Two factors, by index and by name. */
interface Pair {
  readonly i: number;
  readonly j: number;
  readonly pair: string;
}

/** Every pair of factors, in the order of the sums. */
function pairsOf(
  names: readonly string[],
): { readonly i: number; readonly j: number; readonly pair: string }[] {
  return names.flatMap((a, i) => names.slice(i).map((b, k) => ({ i, j: i + k, pair: `${a} ${b}` })));
}

/** The sum that every statement includes, to check that all of them saw the same rows. */
const WEIGHTS = '1 1';
/** Maximum sums per statement: limits the engine's memory per week and the length of the statement. */
const SUMS_A_STATEMENT = 800;

/**
 * Sums of one count, one row per week, in one aggregate statement: of all pairs of factors, or of those
 * given. Every product is a multiple of 2^-36 and every column lies in [−1, 1], so sums of fewer than 2^17
 * rows a week are exact, and both engines give the same bits in any order.
 */
export function weekSums(
  part: Market,
  columns: readonly ModelColumn[],
  frame: SumFrame,
  config: TrainConfig,
  asked: readonly Pair[] = pairsOf(factorNames(part, columns, frame)),
): Statement {
  const target = part.counts.map((column) => `g.${column}`).join(' + ');
  const weights = Array.from(
    { length: 7 },
    (_, d) => `WHEN ${d} THEN ${literal(2 ** (d / config.halfLifeDays))}`,
  );
  const presence = columns.flatMap((_, j) =>
    frame.missing[j] === 1 ? [`CASE WHEN x${j} IS NULL THEN 0.0 ELSE 1.0 END`] : [],
  );
  const scaled = columns.map(
    (_, j) =>
      `COALESCE((x${j} - ${literal(frame.centres[j] ?? 0)}) * ${literal(1 / (frame.scales[j] ?? 1))}, 0.0)`,
  );
  const parts = ['1.0', ...scaled, ...presence, `y * ${literal(1 / TARGET_SCALE)}`];
  const pairs = asked.map(({ i, j }) => `SUM(ROUND(b${i} * a${j})) AS s_${i}_${j}`);
  return statement({
    owner: 'model/week-sums',
    sql: `SELECT week, ${pairs.join(', ')}
FROM (
  SELECT week, ${parts.map((_, i) => `a${i}, w * ${literal(RESOLUTION)} * a${i} AS b${i}`).join(', ')}
  FROM (
    SELECT week, w, ${parts.map((a, i) => `${a} AS a${i}`).join(', ')}
    FROM (
      SELECT ${WEEK} AS week,
        CASE fn.epoch_day(f.slate) + 3 - 7 * ${WEEK} ${weights.join(' ')} END AS w,
        fn.safe_div(${target}, 1) AS y,
        ${columns.map((column, j) => `${columnSql(column)} AS x${j}`).join(',\n        ')}
      ${usable(config)}
    ) rows_of_weeks
  ) scaled_rows
) weighted_rows
GROUP BY week ORDER BY week`,
  });
}

interface HistoryOptions {
  /** Maximum rows to read individually. */
  readonly maxRows?: number;
  readonly config?: TrainConfig;
  readonly giveWay?: GiveWay;
}

/**
 * Training history, one set per market: all rows, or of a long history the newest rows plus the sums of all,
 * so the memory of training is bounded. Throws what `readTrainingSets` throws.
 */
export async function readHistory(
  warehouse: Warehouse,
  before: string,
  markets: readonly Market[],
  { maxRows = MAX_ROWS, config = DEFAULT_CONFIG, giveWay }: HistoryOptions = {},
): Promise<readonly TrainingSet[]> {
  const bounds = { from: FIRST_SEASON, before };
  const weeks = isDate(before)
    ? await warehouse.query<{ week: number; n: number; first_slate: string }>(weekRows(config).sql, bounds)
    : [];
  const total = weeks.reduce((sum, { n }) => sum + n, 0);
  if (total <= maxRows) return readTrainingSets(warehouse, { before }, markets, giveWay);
  const oldest = weekOf(dayNumber(before) - config.calibrationDays - MARGIN_DAYS);
  let [kept, at] = [0, weeks.length];
  while (at > 0 && (weeks[at - 1]?.week ?? 0) >= oldest && kept + (weeks[at - 1]?.n ?? 0) <= maxRows)
    kept += weeks[--at]?.n ?? 0;
  const first = weeks[at]?.week ?? weekOf(dayNumber(before));
  const range = { from: dateOf(mondayOf(first)), before };
  const parts = [...new Map(markets.flatMap(partsOf).map((part) => [part.id, part])).values()];
  // The sums come before the rows: the engine needs the memory for them.
  const counts = await countSums(warehouse, bounds, parts, config, giveWay);
  const sets = await readTrainingSets(warehouse, range, markets, giveWay);
  const history = { rows: total - kept, from: weeks[0]?.first_slate ?? '', counts };
  return sets.map((set) => ({ ...set, history }));
}

/** The sums of some counts over all usable rows of a range, week by week. */
export async function countSums(
  warehouse: Warehouse,
  bounds: { readonly from: string; readonly before: string },
  parts: readonly Market[],
  config: TrainConfig,
  giveWay?: GiveWay,
): Promise<ReadonlyMap<MarketId, CountSums>> {
  const columnsOf = ({ features: [own] }: Market): readonly ModelColumn[] =>
    own === undefined ? [] : modelColumns(own);
  const all = [...new Map(parts.flatMap(columnsOf).map((column) => [column.name, column])).values()];
  const [ranges = {}] = await warehouse.query(columnRanges(all, config).sql, bounds);
  const counts = new Map<MarketId, CountSums>();
  const given = new Map<string, Float64Array>();
  for (const part of parts) {
    await giveWay?.(`adds up ${part.id}`);
    const columns = columnsOf(part);
    const places = columns.map(({ name }) => all.findIndex((column) => column.name === name));
    const frame = frameOf(ranges, places);
    const pairs = pairsOf(factorNames(part, columns, frame));
    const [weights, ...rest] = pairs;
    if (weights === undefined) continue;
    // Sums already computed for another count are reused.
    const open = rest.filter(({ pair }) => !given.has(pair));
    let weeks: Float64Array = new Float64Array();
    for (let at = 0; at < open.length; at += SUMS_A_STATEMENT) {
      const asked = [weights, ...open.slice(at, at + SUMS_A_STATEMENT)];
      const result = await warehouse.queryColumns(weekSums(part, columns, frame, config, asked).sql, bounds);
      weeks = result.numbers('week');
      requireSameRows(given.get(WEIGHTS), result.numbers('s_0_0'));
      for (const { i, j, pair } of asked) given.set(pair, result.numbers(`s_${i}_${j}`));
    }
    counts.set(part.id, { frame, weeks: weeksOf(weeks, pairs, frame, given) });
  }
  return counts;
}

/** Throws when two statements saw different rows: their sums would mix two states of the history. */
function requireSameRows(before: Float64Array | undefined, now: Float64Array): void {
  if (before === undefined || (before.length === now.length && before.every((sum, i) => sum === now[i])))
    return;
  throw new TipoffError(
    'TIPOFF_WAREHOUSE_BUSY',
    'expected the history to stay as it is while it is added up, saw it change',
    {
      hint: 'Run it again when nobody writes features or results.',
    },
  );
}

function weeksOf(
  numbers: Float64Array,
  pairs: ReturnType<typeof pairsOf>,
  frame: SumFrame,
  given: ReadonlyMap<string, Float64Array>,
): CountSums['weeks'] {
  const scales = scalesOf(frame);
  const weeks = Array.from(numbers, (week) => ({ week, sums: new Float64Array(pairs.length) }));
  for (const [k, { i, j, pair }] of pairs.entries()) {
    const column = given.get(pair);
    const unit = ((scales[i] ?? 1) * (scales[j] ?? 1)) / RESOLUTION;
    for (const [row, { sums }] of weeks.entries()) sums[k] = (column?.[row] ?? Number.NaN) * unit;
  }
  return weeks;
}

/** Scale of every summed factor: the ones, columns, presence columns, the target. */
function scalesOf({ scales, missing }: SumFrame): number[] {
  return [1, ...scales, ...missing.filter((flag) => flag === 1), TARGET_SCALE];
}

/** Centre and half-width of each column, on a grid of powers of two so that they seldom change as history grows. */
function frameOf(ranges: Readonly<Record<string, unknown>>, places: readonly number[]): SumFrame {
  const numberOf = (name: string): number => Number(ranges[name] ?? Number.NaN);
  const frame = {
    centres: new Float64Array(places.length),
    scales: new Float64Array(places.length).fill(1),
    missing: new Uint8Array(places.length),
  };
  for (const [j, place] of places.entries()) {
    frame.missing[j] = numberOf(`known_${place}`) < numberOf('n') ? 1 : 0;
    const [low, high] = [numberOf(`low_${place}`), numberOf(`high_${place}`)];
    const grid = high > low ? 2 ** (Math.ceil(Math.log2(high - low)) - 3) : 1;
    const centre = grid * Math.round((low + high) / 2 / grid);
    frame.centres[j] = Number.isFinite(centre) ? centre : 0;
    const reach = Math.max(high - centre, centre - low);
    frame.scales[j] = reach > 0 ? 2 ** Math.ceil(Math.log2(reach)) : 1;
  }
  return frame;
}
