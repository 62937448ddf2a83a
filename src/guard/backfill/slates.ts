import { parseSlate, type Slate, seasonOf, slateOf } from '#core/calendar.ts';
import { type TableContract, tableId } from '#core/contracts/define.ts';
import { type Statement, statement } from '#core/statement.ts';
import { buildPlayerReference, scheduleReference } from '#pipeline/analytics/reference.ts';
import {
  HISTORY_FROM,
  NO_AS_OF,
  type PhaseDeps,
  runProcessor,
  type SlateRange,
} from '#pipeline/processor.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type ChunkSize, monthOf } from './ledger.ts';
import { HISTORY_STEPS, type Step } from './steps.ts';

const WHOLE: SlateRange = { from: parseSlate(HISTORY_FROM), to: parseSlate('9999-12-31'), asOf: NO_AS_OF };

/** Updates the schedule and the player-name bridge that planning relies on. Cheap and idempotent. */
export async function prepareReferences(deps: PhaseDeps): Promise<void> {
  await runProcessor(deps, scheduleReference, WHOLE);
  await buildPlayerReference(deps.warehouse);
}

/** Slates with counted games up to a date. */
export interface Slates {
  /** Slates of past dates whose games have all begun. */
  readonly closed: readonly Slate[];
  /** Today's slate with the present instant: its facts may still change. */
  readonly open: ReadonlyMap<Slate, string>;
}

/** The slates with counted games that were not called off, up to `to` and not after today. */
export async function readSlates(warehouse: Warehouse, to: Slate, now: Date): Promise<Slates> {
  const today = slateOf(now);
  const rows = await warehouse.query<{ slate: Slate }>(
    `SELECT DISTINCT slate FROM nba_reference.counted_games
     WHERE slate <= CAST(@to AS DATE) AND slate <= CAST(@today AS DATE)
     ORDER BY slate`,
    { to, today },
  );
  const slates = rows.map(({ slate }) => slate);
  return {
    closed: slates.filter((slate) => slate < today),
    open: new Map(slates.filter((slate) => slate === today).map((slate) => [slate, now.toISOString()])),
  };
}

/** Rows of a table by slate; parameters `from` and `to`. */
export function rowsPerSlate(table: TableContract): Statement {
  return statement({
    owner: 'guard/backfill/slates',
    sql: `SELECT slate, COUNT(*) AS row_count FROM ${tableId(table)}
     WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) GROUP BY slate`,
  });
}

/** Rows per slate that a table holds up to a slate (inclusive). */
export async function readActualRows(
  warehouse: Warehouse,
  table: TableContract,
  to: Slate,
): Promise<ReadonlyMap<Slate, number>> {
  const rows = await warehouse.query<{ slate: Slate; row_count: number }>(rowsPerSlate(table).sql, {
    from: HISTORY_FROM,
    to,
  });
  return new Map(rows.map(({ slate, row_count }) => [slate, row_count]));
}

/** Slates of one step within a season or month, computed and entered in the ledger as a whole. */
export interface Chunk {
  readonly step: Step;
  readonly slates: readonly Slate[];
}

/**
 * The planned units as chunks, in order of execution. Date-major: all steps of the oldest season or month
 * come first, so finished dates are usable while the rest runs. Today's slate, when planned, comes before
 * everything but the history it needs.
 */
export function chunksOf(
  units: readonly { readonly step: string; readonly slates: readonly Slate[] }[],
  steps: readonly Step[],
  open: ReadonlySet<Slate>,
  size: ChunkSize,
): Chunk[] {
  const periodOf = size === 'season' ? seasonOf : monthOf;
  const planned = new Map<Step, Slate[]>();
  for (const step of steps) {
    const slates = units.filter((unit) => unit.step === step.name).flatMap((unit) => unit.slates);
    if (slates.length > 0) planned.set(step, slates.sort());
  }
  const isHistory = (step: Step): boolean => HISTORY_STEPS.includes(step.name);
  const chunked = (wanted: (step: Step, slate: Slate) => boolean): Chunk[] => {
    const periods = new Map<string, Map<Step, Slate[]>>();
    for (const [step, slates] of planned) {
      for (const slate of slates.filter((one) => wanted(step, one))) {
        const period = periods.get(periodOf(slate)) ?? new Map<Step, Slate[]>();
        periods.set(periodOf(slate), period);
        period.set(step, [...(period.get(step) ?? []), slate]);
      }
    }
    const inOrder = [...periods].sort(([a], [b]) => (a < b ? -1 : 1));
    return inOrder.flatMap(([, period]) =>
      steps.flatMap((step) => (period.has(step) ? [{ step, slates: period.get(step) ?? [] }] : [])),
    );
  };
  const isTodayPlanned = [...planned.values()].some((slates) => slates.some((slate) => open.has(slate)));
  if (!isTodayPlanned) return chunked(() => true);
  return [
    ...chunked((step) => isHistory(step)),
    ...chunked((step, slate) => !isHistory(step) && open.has(slate)),
    ...chunked((step, slate) => !isHistory(step) && !open.has(slate)),
  ];
}

/** A chunk split by calendar month. */
export function byMonth({ step, slates }: Chunk): Chunk[] {
  return [...Map.groupBy(slates, monthOf).values()].map((own) => ({ step, slates: own }));
}
