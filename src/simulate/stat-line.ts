import type { SimulatedPlayer } from './player.ts';

/** What one player did in one game; points and rebounds follow from the parts. */
export interface StatLine {
  readonly player: SimulatedPlayer;
  readonly starter: boolean;
  /** Eighths of a minute. */
  units: number;
  fgm: number;
  fga: number;
  fg3m: number;
  fg3a: number;
  ftm: number;
  fta: number;
  oreb: number;
  dreb: number;
  ast: number;
  stl: number;
  blk: number;
  tov: number;
  pf: number;
  plusMinus: number;
}

/** A player's empty line. */
export function emptyLine(player: SimulatedPlayer, starter: boolean): StatLine {
  const zero = {
    units: 0,
    fgm: 0,
    fga: 0,
    fg3m: 0,
    fg3a: 0,
    ftm: 0,
    fta: 0,
    oreb: 0,
    dreb: 0,
    ast: 0,
    stl: 0,
    blk: 0,
    tov: 0,
    pf: 0,
    plusMinus: 0,
  };
  return { player, starter, ...zero };
}

/** Points of a line: two per field goal, one more per three, one per free throw. */
export function pointsOf(line: Pick<StatLine, 'fgm' | 'fg3m' | 'ftm'>): number {
  return 2 * line.fgm + line.fg3m + line.ftm;
}
