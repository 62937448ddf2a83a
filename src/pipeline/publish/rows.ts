import type { Slate } from '#core/calendar.ts';
import { columnNames, tableId } from '#core/contracts/define.ts';
import { playerPropPredictions, stagedPredictions } from '#core/contracts/nba_predictions/player-prop-predictions.ts';
import type { SubsetPick } from '#core/contracts/nba_predictions/subset-picks.ts';
import type { UnitDoc } from '#pipeline/predict/documents.ts';
import { CHAMPION_SYSTEM } from '#pipeline/predict/rows.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type PickRow, subsetPicksOf } from './subsets.ts';

const COLUMNS = columnNames(stagedPredictions).join(', ');
/** The system whose rows make the picks; the market-aware view stands beside it. */
const PICKING_SYSTEM = CHAMPION_SYSTEM;

/** Live before the tip-off when a daily mode publishes it, else backfill. */
const RECORD_CLASS = `CASE WHEN run_mode <> 'BACKFILL' AND tipoff_at > CAST(@published_at AS TIMESTAMP) THEN 'live' ELSE 'backfill' END`;

/** What a pick is chosen by, beyond its publication and record class. */
const PICK = 'prediction_id, slate, system_id, player_id, recommendation, edge, confidence, is_actionable';

/** Reads columns of the staging tables of finished units by name: all of them unless told otherwise. */
export function stagedSelect(units: readonly UnitDoc[], columns: string = COLUMNS): string {
  const tables = units.flatMap(({ staging_table }) => (staging_table === null ? [] : [staging_table]));
  return tables.map((table) => `SELECT ${columns} FROM nba_predictions.${table}`).join(' UNION ALL ');
}

/** An attempt to publish the staged rows of a batch. */
export interface Copy {
  readonly slate: Slate;
  readonly publicationId: string;
  /** Fencing token of the attempt. */
  readonly token: number;
  readonly units: readonly UnitDoc[];
  /** ISO instant. */
  readonly at: string;
}

/**
 * Copies staged rows into the predictions table under a publication id, in one atomic statement. Every attempt has an id of
 * its own, so there is nothing to replace. Copies nothing once the slate has an event with a larger token: whoever fenced
 * the attempt off has cleared up behind it, and it must leave nothing more. Rows are live when `at` is before their tip-off
 * and the mode is no backfill.
 */
export async function copyRows(warehouse: Warehouse, { slate, publicationId, token, units, at }: Copy): Promise<void> {
  await warehouse.execute(
    `INSERT INTO ${tableId(playerPropPredictions)} (publication_id, record_class, ${COLUMNS})
     SELECT @publication_id, ${RECORD_CLASS}, ${COLUMNS} FROM (${stagedSelect(units)}) AS staged
     WHERE NOT EXISTS (SELECT 1 FROM nba_predictions.publications q
       WHERE q.slate = CAST(@slate AS DATE) AND q.fencing_token > CAST(@token AS INT64))`,
    { publication_id: publicationId, published_at: at, slate, token },
  );
}

/**
 * Chooses the subset picks of a slate from the rows of this publication, and from the visible ones of players it does not
 * have. Reads the staged rows, so that it need not wait for their copy.
 */
export async function choosePicks(warehouse: Warehouse, copy: Copy): Promise<SubsetPick[]> {
  const isPick = `system_id = @system AND line_role = 'main'`;
  const [own, isAlone] = await Promise.all([
    warehouse.query<PickRow>(
      `SELECT @publication_id AS publication_id, ${RECORD_CLASS} AS record_class, ${PICK}
       FROM (${stagedSelect(copy.units, `${PICK}, run_mode, tipoff_at, line_role`)}) AS staged WHERE ${isPick}`,
      { publication_id: copy.publicationId, published_at: copy.at, system: PICKING_SYSTEM },
    ),
    hasNobodyElse(warehouse, copy),
  ]);
  if (isAlone) return subsetPicksOf(own);
  const earlier = await warehouse.query<PickRow>(
    `SELECT @publication_id AS publication_id, record_class, ${PICK} FROM nba_predictions.current_predictions c
     WHERE slate = CAST(@slate AS DATE) AND ${isPick}
       AND NOT EXISTS (SELECT 1 FROM (${stagedSelect(copy.units, 'player_id')}) AS o WHERE o.player_id = c.player_id)`,
    { slate: copy.slate, publication_id: copy.publicationId, system: PICKING_SYSTEM },
  );
  return subsetPicksOf([...own, ...earlier]);
}

/** True when every row of the slate, visible or not, is of a player that was staged: a cheap answer for most batches. */
async function hasNobodyElse(warehouse: Warehouse, { slate, units }: Copy): Promise<boolean> {
  const [others] = await warehouse.query<{ n: number }>(
    `SELECT COUNT(*) AS n FROM ${tableId(playerPropPredictions)} p WHERE slate = CAST(@slate AS DATE)
       AND NOT EXISTS (SELECT 1 FROM (${stagedSelect(units, 'player_id')}) AS o WHERE o.player_id = p.player_id)`,
    { slate },
  );
  return others?.n === 0;
}
