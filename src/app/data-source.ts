import { HISTORY_FROM } from '#pipeline/processor.ts';
import type { DataSource } from '#pipeline/publish/exports/document.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** Whether the box scores of a warehouse are real, simulated, or both: every export says it. */
export async function readDataSource(warehouse: Warehouse): Promise<DataSource> {
  const [counts] = await warehouse.query<{ simulated: number; all_rows: number }>(
    `SELECT COALESCE(SUM(CASE WHEN source = 'simulated' THEN 1 ELSE 0 END), 0) AS simulated, COUNT(*) AS all_rows
     FROM nba_raw.player_box_scores WHERE slate >= CAST(@from AS DATE)`,
    { from: HISTORY_FROM },
  );
  if (counts === undefined || counts.simulated === 0) return 'real';
  return counts.simulated === counts.all_rows ? 'simulated' : 'mixed';
}
