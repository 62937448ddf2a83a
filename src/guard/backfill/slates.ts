import { parseSlate, type Slate, slateOf } from '#core/calendar.ts';
import { type TableContract, tableId } from '#core/contracts/define.ts';
import { buildPlayerReference, scheduleReference } from '#pipeline/analytics/reference.ts';
import {
  HISTORY_FROM,
  NO_AS_OF,
  type PhaseDeps,
  runProcessor,
  type SlateRange,
} from '#pipeline/processor.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

const WHOLE: SlateRange = { from: parseSlate(HISTORY_FROM), to: parseSlate('9999-12-31'), asOf: NO_AS_OF };

/** Brings the schedule and the bridge of names up to date: a plan is made with them. Cheap, and the same whenever repeated. */
export async function prepareReferences(deps: PhaseDeps): Promise<void> {
  await runProcessor(deps, scheduleReference, WHOLE);
  await buildPlayerReference(deps.warehouse);
}

/** Slates with counted games up to a date. */
export interface Slates {
  /** All games have begun, and the date is past. */
  readonly closed: readonly Slate[];
  /** Today's slate, with the present: what is known of it may still change. */
  readonly open: ReadonlyMap<Slate, string>;
}

/** The slates with counted games that stand, up to `to` and not after today. */
export async function readSlates(warehouse: Warehouse, to: Slate, now: Date): Promise<Slates> {
  const today = slateOf(now);
  const rows = await warehouse.query<{ slate: Slate }>(
    `SELECT DISTINCT slate FROM nba_reference.schedule
     WHERE is_counted AND status NOT IN ('postponed', 'cancelled') AND slate <= CAST(@to AS DATE) AND slate <= CAST(@today AS DATE)
     ORDER BY slate`,
    { to, today },
  );
  const slates = rows.map(({ slate }) => slate);
  return {
    closed: slates.filter((slate) => slate < today),
    open: new Map(slates.filter((slate) => slate === today).map((slate) => [slate, now.toISOString()])),
  };
}

/** Rows per slate that a table holds up to a date. */
export async function readActualRows(
  warehouse: Warehouse,
  table: TableContract,
  to: Slate,
): Promise<ReadonlyMap<Slate, number>> {
  const rows = await warehouse.query<{ slate: Slate; row_count: number }>(
    `SELECT slate, COUNT(*) AS row_count FROM ${tableId(table)}
     WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) GROUP BY slate`,
    { from: HISTORY_FROM, to },
  );
  return new Map(rows.map(({ slate, row_count }) => [slate, row_count]));
}
