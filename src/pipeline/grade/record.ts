import { addDays, parseSlate, type Slate } from '#core/calendar.ts';
import { statement } from '#core/statement.ts';
import { type Interval, wilson } from '#model/metrics.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { COUNTED_GRADES } from './grade.ts';

export type PeriodKind = 'season' | 'month' | 'week';
const PERIOD_KINDS: readonly PeriodKind[] = ['season', 'month', 'week'];

/** The ISO 8601 week of a date: weeks start on Monday and belong to the year of their Thursday ("2025-W01" holds 2024-12-30). */
export function isoWeek(date: Slate): string {
  const weekday = (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
  const thursday = addDays(date, 3 - weekday);
  const dayOfYear = Math.round(
    (Date.parse(`${thursday}T00:00:00Z`) - Date.parse(`${thursday.slice(0, 4)}-01-01T00:00:00Z`)) /
      86_400_000,
  );
  return `${thursday.slice(0, 4)}-W${String(Math.floor(dayOfYear / 7) + 1).padStart(2, '0')}`;
}

/** The label of the period of a slate: "2024-25", "2025-01", "2025-W02". */
export function periodOf(kind: PeriodKind, slate: Slate, season: string): string {
  if (kind === 'season') return season;
  return kind === 'month' ? slate.slice(0, 7) : isoWeek(slate);
}

/** Bets by how they ended, with their profit in units at the stored prices. */
export interface BetCounts {
  readonly wins: number;
  readonly losses: number;
  readonly pushes: number;
  readonly voids: number;
  readonly profit: number;
}

export interface Tally extends BetCounts {
  /** Wins and losses: what a rate is made of. */
  readonly decided: number;
  /** wins / decided; null when nothing was decided. */
  readonly hit_rate: number | null;
  /** Wilson's 95 % interval of the hit rate; null when nothing was decided. */
  readonly interval: Interval | null;
}

export const NO_BETS: BetCounts = { wins: 0, losses: 0, pushes: 0, voids: 0, profit: 0 };

/** Adds two counts of the same record class; records of different classes are never added. */
export function addBets(a: BetCounts, b: BetCounts): BetCounts {
  return {
    wins: a.wins + b.wins,
    losses: a.losses + b.losses,
    pushes: a.pushes + b.pushes,
    voids: a.voids + b.voids,
    profit: a.profit + b.profit,
  };
}

/** Completes counts to a record. Pushes and voids are in no rate. Profit is kept at six decimals. */
export function tally(counts: BetCounts): Tally {
  const decided = counts.wins + counts.losses;
  return {
    ...counts,
    profit: rounded(counts.profit, 6),
    decided,
    hit_rate: decided === 0 ? null : rounded(counts.wins / decided, 6),
    interval: decided === 0 ? null : roundedInterval(wilson(counts.wins, decided)),
  };
}

/** A number at some decimals, so that sums in another order print the same; never minus zero. */
function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals)) + 0;
}

function roundedInterval({ low, high }: Interval): Interval {
  return { low: rounded(low, 6), high: rounded(high, 6) };
}

/** Errors of the point forecasts of players who played, one row per player, market and system; null where there are none. */
interface ForecastErrors {
  readonly rows: number;
  readonly mae: number | null;
  /** Mean of predicted - actual. */
  readonly bias: number | null;
  readonly within_3: number | null;
  readonly within_5: number | null;
}

export interface RecordRow {
  /** live and backfill have rows of their own; nothing here sums over them. */
  readonly record_class: string;
  readonly market: string;
  readonly system_id: string;
  readonly kind: PeriodKind;
  readonly period: string;
  /** Actionable rows, whatever line they are about. */
  readonly picks: Tally;
  /** Every main-line row with a side, filtered ones included. */
  readonly all_sides: Tally;
  readonly errors: ForecastErrors;
}

const BETS = ['wins', 'losses', 'pushes', 'voids', 'profit'] as const;
type PerSlate = {
  record_class: string;
  market: string;
  system_id: string;
  season: string;
  slate: string;
  error_rows: number;
  absolute: number;
  signed: number;
  near_3: number;
  near_5: number;
} & Record<`${'pick' | 'side'}_${(typeof BETS)[number]}`, number>;

function betColumns(prefix: 'pick' | 'side', condition: string): string {
  const is = (outcome: string): string => `COUNTIF(${condition} AND g.outcome = '${outcome}')`;
  return `${is('win')} AS ${prefix}_wins, ${is('loss')} AS ${prefix}_losses, ${is('push')} AS ${prefix}_pushes, ${is('void')} AS ${prefix}_voids,
  COALESCE(SUM(CASE WHEN ${condition} THEN g.profit END), 0) AS ${prefix}_profit`;
}

const SIDE = "g.recommendation IN ('OVER', 'UNDER') AND g.line IS NOT NULL";
const POINT = "g.line_role <> 'second' AND g.absolute_error IS NOT NULL";
/** Counts of a slate by record class, market and system; parameters `from` and `to`. */
export const RECORD_PER_SLATE = statement({
  owner: 'pipeline/grade/record',
  sql: `
SELECT g.record_class, g.market, g.system_id, g.season, g.slate,
  ${betColumns('pick', `g.is_actionable AND ${SIDE}`)},
  ${betColumns('side', `g.line_role <> 'second' AND ${SIDE}`)},
  COUNTIF(${POINT}) AS error_rows,
  COALESCE(SUM(CASE WHEN ${POINT} THEN g.absolute_error END), 0) AS absolute,
  COALESCE(SUM(CASE WHEN ${POINT} THEN g.signed_error END), 0) AS signed,
  COUNTIF(${POINT} AND g.within_3) AS near_3, COUNTIF(${POINT} AND g.within_5) AS near_5
FROM (${COUNTED_GRADES}) g
GROUP BY g.record_class, g.market, g.system_id, g.season, g.slate
ORDER BY g.record_class, g.market, g.system_id, g.slate, g.season`,
});

/**
 * The record over slates [from, to]: per record class, market, system and period (season, month, ISO week) the wins, losses,
 * pushes, voids, profit and hit rate with Wilson's 95 % interval of the picks and of all sides, and the errors of the
 * point forecasts. Rows are ordered by class, market, system, kind and period. No grades: no rows.
 */
export async function readRecord(
  warehouse: Warehouse,
  range: { readonly from: string; readonly to: string },
): Promise<RecordRow[]> {
  return recordOf(await readPerSlate(warehouse, parseSlate(range.from), parseSlate(range.to)), PERIOD_KINDS);
}

/** Days whose records are read together: a day grades a week again. */
const DAYS_TOGETHER = 8;

/** The records of single slates, each over its slate alone, of kind `season`. */
export type SlateRecords = (slate: Slate) => Promise<RecordRow[]>;

/** Opens the records of some slates: those of neighbouring slates are read by one statement, when the first of them is asked for. */
export function slateRecords(warehouse: Warehouse, slates: readonly Slate[]): SlateRecords {
  const spans: { readonly from: Slate; to: Slate; read?: Promise<readonly PerSlate[]> | undefined }[] = [];
  for (const slate of slates.toSorted()) {
    const last = spans.at(-1);
    if (last !== undefined && slate < addDays(last.from, DAYS_TOGETHER)) last.to = slate;
    else spans.push({ from: slate, to: slate });
  }
  return async (slate) => {
    const span = spans.find(({ from, to }) => slate >= from && slate <= to) ?? { from: slate, to: slate };
    span.read ??= readPerSlate(warehouse, span.from, span.to);
    try {
      const rows = await span.read;
      return recordOf(
        rows.filter((row) => row.slate === slate),
        ['season'],
      );
    } catch (error) {
      span.read = undefined;
      throw error;
    }
  };
}

function readPerSlate(warehouse: Warehouse, from: Slate, to: Slate): Promise<PerSlate[]> {
  return warehouse.query<PerSlate>(RECORD_PER_SLATE.sql, { from, to });
}

function recordOf(slates: readonly PerSlate[], kinds: readonly PeriodKind[]): RecordRow[] {
  return kinds
    .flatMap((kind) => {
      const groups = Map.groupBy(slates, (row) =>
        [row.record_class, row.market, row.system_id, periodOf(kind, row.slate as Slate, row.season)].join(
          '\n',
        ),
      );
      return [...groups.values()].map((rows) => recordRow(kind, rows));
    })
    .sort((a, b) => compare(order(a), order(b)));
}

function recordRow(kind: PeriodKind, rows: readonly PerSlate[]): RecordRow {
  const first = rows[0];
  const sum = (key: 'error_rows' | 'absolute' | 'signed' | 'near_3' | 'near_5'): number =>
    rows.reduce((total, row) => total + row[key], 0);
  const n = sum('error_rows');
  const mean = (key: 'absolute' | 'signed' | 'near_3' | 'near_5'): number | null =>
    // The sum has few decimals and the noise of the order in which it was added up, which would decide a tie.
    n === 0 ? null : rounded(rounded(sum(key), 6) / n, 4);
  return {
    record_class: first?.record_class ?? '',
    market: first?.market ?? '',
    system_id: first?.system_id ?? '',
    kind,
    period: first === undefined ? '' : periodOf(kind, first.slate as Slate, first.season),
    picks: tally(rows.map((row) => betsOf(row, 'pick')).reduce(addBets, NO_BETS)),
    all_sides: tally(rows.map((row) => betsOf(row, 'side')).reduce(addBets, NO_BETS)),
    errors: {
      rows: n,
      mae: mean('absolute'),
      bias: mean('signed'),
      within_3: mean('near_3'),
      within_5: mean('near_5'),
    },
  };
}

function betsOf(row: PerSlate, prefix: 'pick' | 'side'): BetCounts {
  return {
    wins: row[`${prefix}_wins`],
    losses: row[`${prefix}_losses`],
    pushes: row[`${prefix}_pushes`],
    voids: row[`${prefix}_voids`],
    profit: row[`${prefix}_profit`],
  };
}

function order(row: RecordRow): string {
  return [row.record_class, row.market, row.system_id, PERIOD_KINDS.indexOf(row.kind), row.period].join('\n');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
