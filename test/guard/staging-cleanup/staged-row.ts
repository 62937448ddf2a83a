import type { RowOf } from '#core/contracts/define.ts';
import { stagedPredictions } from '#core/contracts/nba_predictions.ts';

const FILL = {
  STRING: 'x',
  INT64: 0,
  FLOAT64: 0,
  NUMERIC: '0',
  BOOL: false,
  DATE: '2025-01-10',
  TIMESTAMP: '2025-01-10T13:00:00.000Z',
} as const;

/** A staged row of which only the batch and the player matter. */
export function stagedRow(batch: string, player: number): Partial<RowOf<typeof stagedPredictions>> {
  const filled = Object.entries(stagedPredictions.columns).flatMap(([name, column]) =>
    column.required ? [[name, FILL[column.type]]] : [],
  );
  return {
    ...Object.fromEntries(filled),
    prediction_id: `${batch}:${player}`,
    batch_id: batch,
    player_id: player,
  };
}
