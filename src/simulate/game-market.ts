import type { GameLine } from '#core/contracts/nba_raw/game-lines.ts';
import { BOOKMAKERS } from './bookmakers.ts';
import type { Information } from './information.ts';
import type { Matchday } from './matchday.ts';
import type { Random } from './random.ts';
import type { RowIds } from './row-id.ts';
import { iso, MINUTE } from './slate-clock.ts';

/** Errors of the market about margin and total, in points, common to all bookmakers and their own. */
const COMMON = { margin: 1.6, total: 2.5 };
const OWN = { margin: 0.3, total: 0.4 };

/** Spread and total: the first bookmaker from opening to close, the others once. */
export function gameLineRows(day: Matchday, known: Information, random: Random, ids: RowIds, source_file: string): GameLine[] {
  const commence_at = iso(day.game.tipoff + 10 * MINUTE);
  const event_id = ids('event', [day.game.gameId]);
  const [marginError, totalError] = [random.normal(0, COMMON.margin), random.normal(0, COMMON.total)];
  return BOOKMAKERS.flatMap((bookmaker, index) => {
    const snapshots = known.snapshots(bookmaker, random.fork('times', bookmaker.key));
    return (index === 0 ? snapshots : snapshots.slice(0, 1)).map(({ at, sides }): GameLine => {
      const [home, away] = [sides[0]?.points ?? 0, sides[1]?.points ?? 0];
      const spread_home = halves(-(home - away + marginError + random.normal(0, OWN.margin)));
      const total = halves(home + away + totalError + random.normal(0, OWN.total));
      return {
        event_id,
        slate: day.slate,
        home_abbr: day.home.state.team.abbr,
        away_abbr: day.away.state.team.abbr,
        commence_at,
        bookmaker: bookmaker.key,
        spread_home,
        total,
        snapshot_at: iso(at),
        snapshot_quality: 'exact',
        source: 'simulated',
        source_file,
        source_line: null,
        row_id: ids('game_lines', [day.game.gameId, bookmaker.key, at, spread_home, total]),
        ingested_at: iso(at + MINUTE),
      };
    });
  });
}

/** Rounded to halves, as exact decimal text; never "-0". */
function halves(value: number): string {
  return String(Math.round(value * 2) / 2 || 0);
}
