import type { InjuryReport } from '#core/contracts/nba_raw/injury-reports.ts';
import { type Matchday, sidesOf } from './matchday.ts';
import type { RowIds } from './row-id.ts';
import { iso, MINUTE } from './slate-clock.ts';

/** The reports about a game as rows: every report names every player in doubt again. */
export function statusRows(day: Matchday, ids: RowIds, source_file: string): InjuryReport[] {
  const rows: InjuryReport[] = [];
  const times = new Map(day.reportTimes.map((at) => [at, { report_at: iso(at), ingested_at: iso(at + 3 * MINUTE) }]));
  for (const { side, opponent } of sidesOf(day)) {
    for (const { availability, statements } of side.histories) {
      const { player, reason } = availability;
      for (const { reportAt, status } of statements) {
        const time = times.get(reportAt);
        if (time === undefined) continue;
        rows.push({
          report_at: time.report_at,
          slate: day.slate,
          team_abbr: side.state.team.abbr,
          opponent_abbr: opponent.state.team.abbr,
          player_id: player.id,
          player_name: player.identity.name,
          player_lookup: player.identity.lookup,
          status,
          reason,
          source: 'simulated',
          source_file,
          source_line: null,
          row_id: ids('injury_reports', [day.game.gameId, reportAt, player.id, status]),
          ingested_at: time.ingested_at,
        });
      }
    }
  }
  return rows;
}
