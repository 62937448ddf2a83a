import type { Shot } from '#core/contracts/nba_raw/shots.ts';
import type { TimedShot } from './game.ts';
import type { Matchday } from './matchday.ts';
import type { Random } from './random.ts';
import type { RowIds } from './row-id.ts';
import { iso } from './slate-clock.ts';

/** Share of twos taken in the paint, by archetype. */
const PAINT = { guard: 0.62, wing: 0.66, big: 0.84 };

/** Shots with a place and a clock, drawn from their own stream. Threes from 22 feet on, the paint within 14. */
export function shotRows(
  day: Matchday,
  shots: readonly TimedShot[],
  knownAt: number,
  random: Random,
  ids: RowIds,
  source_file: string,
): Shot[] {
  const ingested_at = iso(knownAt);
  const seen = new Map<string, number>();
  return shots.map(({ line, three, made, stretch, home }) => {
    const { player } = line;
    const paint = !three && random.chance(PAINT[player.archetype]);
    const angle = random.between(0, Math.PI);
    const distance = three ? random.between(22.2, 28) : paint ? random.between(0.5, 13) : random.between(9, 21.5);
    const period = stretch === 0 ? random.int(1, 3) : stretch + 3;
    const seconds = random.int(1, period > 4 ? 299 : 719);
    const key = `${player.id}/${period}/${seconds}/${Math.floor(distance)}`;
    const ordinal = seen.get(key) ?? 0;
    seen.set(key, ordinal + 1);
    const [side, opponent] = home ? [day.home, day.away] : [day.away, day.home];
    return {
      game_id: day.game.gameId,
      slate: day.slate,
      season: day.season,
      player_id: player.id,
      team_id: side.state.team.id,
      team_abbr: side.state.team.abbr,
      opponent_abbr: opponent.state.team.abbr,
      zone: three ? 'three' : paint ? 'paint' : 'mid_range',
      basic_zone: three ? 'Above the Break 3' : paint ? (distance < 4 ? 'Restricted Area' : 'In The Paint (Non-RA)') : 'Mid-Range',
      made,
      points_value: three ? 3 : 2,
      distance_feet: Math.floor(distance),
      loc_x: hundredths(Math.cos(angle) * distance),
      loc_y: hundredths(Math.sin(angle) * distance),
      period,
      seconds_left: seconds,
      shot_ordinal: ordinal,
      source: 'simulated',
      source_file,
      source_line: null,
      row_id: ids('shots', [day.game.gameId, key, ordinal, made ? 1 : 0]),
      ingested_at,
    };
  });
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
