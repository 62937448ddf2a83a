import { PLAYS_WHEN } from './availability.ts';
import type { Bookmaker } from './bookmakers.ts';
import { expectSide, type SideExpectation } from './expectation.ts';
import { type Matchday, type MatchdaySide, sidesOf } from './matchday.ts';
import type { Random } from './random.ts';
import { HOUR, MINUTE } from './slate-clock.ts';
import { statusAt } from './status-feed.ts';

/** A moment at which a bookmaker looks at a game, with what can be expected of both sides by then (home first). */
interface Snapshot {
  readonly at: number;
  readonly opening: boolean;
  readonly sides: readonly SideExpectation[];
}

/** Games before this time of day are quoted from the evening before, so that every opening precedes the later looks. */
const EARLY_TIPOFF = '15:30';

/** The game as seen by bookmakers: expectations change with the reports and with nothing else. */
export interface Information {
  /** Opening, an hour and a half before tip-off, and a few minutes before; all before tip-off. */
  snapshots(bookmaker: Bookmaker, random: Random): Snapshot[];
}

export function information(day: Matchday): Information {
  const known = new Map<number, SideExpectation[]>();
  const expectations = sidesOf(day).map(({ side }) => sideExpectations(day, side));
  const expected = (at: number): SideExpectation[] => {
    const reports = day.reportTimes.filter((report) => report <= at).length;
    const sides = known.get(reports) ?? expectations.map((expect) => expect(at));
    known.set(reports, sides);
    return sides;
  };
  const { tipoff } = day.game;
  const early = tipoff < day.clock.today(EARLY_TIPOFF);
  return {
    snapshots: ({ opens }, random) => {
      const first = (early ? day.clock.dayBefore(opens) + 8 * HOUR : day.clock.today(opens)) + random.int(0, 25) * MINUTE;
      const later = [tipoff - random.int(75, 115) * MINUTE, tipoff - random.int(4, 12) * MINUTE];
      return [first, ...later].map((at, index) => ({ at, opening: index === 0, sides: expected(at) }));
    },
  };
}

/** What can be expected of a side at an instant; worked out again only when a report has changed who will be there. */
function sideExpectations(day: Matchday, { state, histories, climate }: MatchdaySide): (at: number) => SideExpectation {
  const places = histories.map((history) => ({ history, place: state.roster.indexOf(history.availability.player) }));
  const known = new Map<string, SideExpectation>();
  return (at) => {
    const presence = new Array<number>(state.roster.length).fill(PLAYS_WHEN.available);
    for (const { history, place } of places) presence[place] = PLAYS_WHEN[statusAt(history, at) ?? 'available'];
    const key = presence.join();
    const side = known.get(key) ?? expectSide(state.roster, presence, climate, day.pace, day.playoffs);
    known.set(key, side);
    return side;
  };
}
