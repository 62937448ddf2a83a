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

/** What a pick is chosen by, beyond its record class and what all picks of a slate have in common. */
const PICK = 'prediction_id, player_id, recommendation, edge, confidence, is_actionable';
const IS_PICK = `system_id = '${PICKING_SYSTEM}' AND line_role = 'main'`;
type Common = Pick<PickRow, 'publication_id' | 'slate' | 'system_id'>;

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
 * its own, so there is nothing to replace. Copies nothing once the slate has an event with this token or a larger one: whoever fenced
 * the attempt off has cleared up behind it, and it must leave nothing more. Rows are live when `at` is before their tip-off
 * and the mode is no backfill.
 */
export async function copyRows(warehouse: Warehouse, { slate, publicationId, token, units, at }: Copy): Promise<void> {
  await warehouse.execute(
    `INSERT INTO ${tableId(playerPropPredictions)} (publication_id, record_class, ${COLUMNS})
     SELECT @publication_id, ${RECORD_CLASS}, ${COLUMNS} FROM (${stagedSelect(units)}) AS staged
     WHERE NOT EXISTS (SELECT 1 FROM nba_predictions.publications q
       WHERE q.slate = CAST(@slate AS DATE) AND q.fencing_token >= CAST(@token AS INT64))`,
    { publication_id: publicationId, published_at: at, slate, token },
  );
}

/**
 * Chooses the subset picks of a slate from the rows of this publication, and from the visible ones of players it does not
 * have; `players` are those whom it has. Reads the staged rows, so that it need not wait for their copy.
 */
export async function choosePicks(warehouse: Warehouse, copy: Copy, players: ReadonlySet<number>): Promise<SubsetPick[]> {
  const [own, others] = await Promise.all([
    warehouse.query<Omit<PickRow, keyof Common>>(
      `SELECT ${RECORD_CLASS} AS record_class, ${PICK} FROM (${stagedSelect(copy.units, `${PICK}, run_mode, tipoff_at, system_id, line_role`)}) AS staged
       WHERE ${IS_PICK}`,
      { published_at: copy.at },
    ),
    othersOf(warehouse, copy.slate, players),
  ]);
  const common: Common = { publication_id: copy.publicationId, slate: copy.slate, system_id: PICKING_SYSTEM };
  // Most batches have everybody of the slate, and what is visible is dear to find out.
  const earlier =
    others.length === 0
      ? []
      : await warehouse.query<Omit<PickRow, keyof Common>>(
          `SELECT record_class, ${PICK} FROM nba_predictions.current_predictions
           WHERE slate = CAST(@slate AS DATE) AND ${IS_PICK} AND player_id IN UNNEST(@others)`,
          { slate: copy.slate, others },
        );
  return subsetPicksOf([...own, ...earlier].map((row) => ({ ...row, ...common })));
}

/** Players besides these who have rows of the slate, visible or not. */
async function othersOf(warehouse: Warehouse, slate: Slate, players: ReadonlySet<number>): Promise<number[]> {
  const all = await warehouse.query<{ player_id: number }>(
    `SELECT DISTINCT player_id FROM ${tableId(playerPropPredictions)} WHERE slate = CAST(@slate AS DATE)`,
    { slate },
  );
  return all.map(({ player_id }) => player_id).filter((id) => !players.has(id));
}
