/** Unpacks documents in the browser. This module must not import anything that reads a warehouse. */
import { unpack } from './packed.ts';
import type { PlayerReading, SeasonForecast } from './season-players.ts';
import type { SlateForecast, SlateReading } from './slate.ts';

/** The forecasts of a slate as they were packed. */
export function forecastsOf({ slate, players, forecasts }: SlateReading): SlateForecast[] {
  const byId = new Map(unpack<SlateForecast>(players).map((player) => [player.player_id, player]));
  return unpack<SlateForecast>(forecasts).map((row) => ({
    ...byId.get(row.player_id),
    ...row,
    slate,
    line_role: row.line_role ?? 'none',
    recommendation: row.recommendation ?? 'NO_LINE',
    filter_reason: row.line === null ? 'no_line' : row.filter_reason,
  }));
}

/** The forecasts of a player as they were packed, oldest first. */
export function historyOf({ evenings, forecasts }: PlayerReading): SeasonForecast[] {
  const known = unpack<SeasonForecast>(evenings);
  return unpack<SeasonForecast & { readonly evening: number }>(forecasts).map(({ evening, ...row }) => ({
    ...row,
    ...known[evening],
    line_role: row.line_role ?? 'none',
    recommendation: row.recommendation ?? 'NO_LINE',
  }));
}
