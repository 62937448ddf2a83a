import { columnNames, tableId } from '#core/contracts/define.ts';
import { playerPropPredictions, stagedPredictions } from '#core/contracts/nba_predictions/player-prop-predictions.ts';
import { subsetPicks } from '#core/contracts/nba_predictions/subset-picks.ts';
import type { BatchDoc, UnitDoc } from '#pipeline/predict/documents.ts';
import { CHAMPION_SYSTEM } from '#pipeline/predict/rows.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type PickRow, subsetPicksOf } from './subsets.ts';

const COLUMNS = columnNames(stagedPredictions).join(', ');
/** The system whose rows make the picks; the market-aware view stands beside it. */
const PICKING_SYSTEM = CHAMPION_SYSTEM;

/** Rows the subsets of a slate choose from: those of this publication, and the visible ones of players it does not have. */
const SLATE_PICKS = `
WITH own AS (
  SELECT prediction_id, slate, record_class, system_id, player_id, recommendation, edge, confidence, is_actionable, line_role
  FROM nba_predictions.player_prop_predictions
  WHERE slate = CAST(@slate AS DATE) AND publication_id = @publication_id
),
earlier AS (
  SELECT c.prediction_id, c.slate, c.record_class, c.system_id, c.player_id, c.recommendation, c.edge, c.confidence, c.is_actionable, c.line_role
  FROM nba_predictions.current_predictions c
  WHERE c.slate = CAST(@slate AS DATE) AND NOT EXISTS (SELECT 1 FROM own o WHERE o.player_id = c.player_id)
)
SELECT @publication_id AS publication_id, prediction_id, slate, record_class, system_id, player_id, recommendation, edge, confidence, is_actionable
FROM (SELECT * FROM own UNION ALL SELECT * FROM earlier) AS standing
WHERE system_id = @system AND line_role = 'main'`;

/** Reads the staging tables of finished units, columns by name. */
export function stagedSelect(units: readonly UnitDoc[]): string {
  const tables = units.flatMap(({ staging_table }) => (staging_table === null ? [] : [staging_table]));
  return tables.map((table) => `SELECT ${COLUMNS} FROM nba_predictions.${table}`).join(' UNION ALL ');
}

/**
 * Copies staged rows into the predictions table under a publication id, in one atomic statement. Every attempt has an id of
 * its own, so there is nothing to replace. Rows are live when `at` is before their tip-off and the mode is no backfill.
 */
export async function copyRows(
  warehouse: Warehouse,
  copy: { readonly publicationId: string; readonly staged: string; readonly at: string },
): Promise<void> {
  await warehouse.execute(
    `INSERT INTO ${tableId(playerPropPredictions)} (publication_id, record_class, ${COLUMNS})
     SELECT @publication_id,
       CASE WHEN run_mode <> 'BACKFILL' AND tipoff_at > CAST(@published_at AS TIMESTAMP) THEN 'live' ELSE 'backfill' END,
       ${COLUMNS} FROM (${copy.staged}) AS staged`,
    { publication_id: copy.publicationId, published_at: copy.at },
  );
}

/** Chooses the subset picks of the slate and stores them with the publication. */
export async function copySubsets(warehouse: Warehouse, copy: { readonly batch: BatchDoc; readonly publicationId: string }): Promise<void> {
  const picks = await warehouse.query<PickRow>(SLATE_PICKS, {
    slate: copy.batch.slate,
    publication_id: copy.publicationId,
    system: PICKING_SYSTEM,
  });
  await warehouse.append(subsetPicks, subsetPicksOf(picks));
}
