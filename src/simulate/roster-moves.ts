import type { Slate } from '#core/calendar.ts';
import type { Random } from './random.ts';
import type { Rosters } from './rosters.ts';

/** A trade or a call-up, done on the morning of a slate. */
export interface RosterMove {
  readonly slate: Slate;
  readonly apply: (rosters: Rosters) => void;
}

/** Trades before the deadline (the part of a season in which they happen) and newcomers, per team. */
const TRADES = { perTeam: 0.45, from: 0.25, to: 0.6 };
const CALL_UPS = { perTeam: 0.8, from: 0.15, to: 0.85 };

/** When trades and call-ups of a season happen; at least one of each. */
export function planMoves(slates: readonly Slate[], teams: number, random: Random): RosterMove[] {
  const day = (stream: Random, window: { from: number; to: number }): Slate | undefined =>
    slates[Math.floor(slates.length * stream.between(window.from, window.to))];
  const moves: RosterMove[] = [];
  for (let n = 0; n < Math.max(1, Math.round(teams * TRADES.perTeam)); n++) {
    const stream = random.fork('trade', n);
    const slate = day(stream, TRADES);
    const first = stream.int(0, teams - 1);
    const second = (first + stream.int(1, teams - 1)) % teams;
    if (slate === undefined) continue;
    moves.push({
      slate,
      apply: (rosters) => {
        const [a, b] = [rosters.teams[first], rosters.teams[second]];
        if (a !== undefined && b !== undefined) rosters.trade(a, b, stream);
      },
    });
  }
  for (let n = 0; n < Math.max(1, Math.round(teams * CALL_UPS.perTeam)); n++) {
    const stream = random.fork('call-up', n);
    const slate = day(stream, CALL_UPS);
    const team = stream.int(0, teams - 1);
    if (slate === undefined) continue;
    moves.push({
      slate,
      apply: (rosters) => {
        const state = rosters.teams[team];
        if (state !== undefined) rosters.callUp(state, stream);
      },
    });
  }
  return moves.sort((a, b) => (a.slate < b.slate ? -1 : a.slate > b.slate ? 1 : 0));
}
