import { createHash } from 'node:crypto';
import { type Slate, seasonOf } from '#core/calendar.ts';
import type { SimulatedLeague } from '#simulate/league.ts';

/** Healthy things that a season brings, as changes of a simulated league: no check may take them for damage. */

type Rows = SimulatedLeague['rows'];
type SimulatedRow = Rows[number]['rows'][number];

function changed(
  league: SimulatedLeague,
  change: (table: string, rows: readonly SimulatedRow[]) => readonly SimulatedRow[],
): SimulatedLeague {
  const rows = league.rows.map((one) => ({ ...one, rows: change(one.table.name, one.rows) }));
  return { ...league, rows: rows as Rows };
}

/** The slate of a row; of a list of players, the day on which it was fetched. */
const slateOf = (row: SimulatedRow): string => String(row['slate'] ?? row['observed_at'] ?? '').slice(0, 10);

/** A tenth of the players gets no line any more from a slate on. */
export function withFewerLines(league: SimulatedLeague, from: Slate): SimulatedLeague {
  const isDropped = (row: SimulatedRow): boolean =>
    slateOf(row) >= from &&
    (createHash('sha1').update(String(row['player_lookup'])).digest()[0] ?? 255) % 10 === 0;
  return changed(league, (table, rows) =>
    table === 'player_lines' ? rows.filter((row) => !isDropped(row)) : rows,
  );
}

/** Every tenth player, of those who score least, is another one from a slate on, without a history: a wave of rookies. */
export function withRookies(league: SimulatedLeague, from: Slate): SimulatedLeague {
  const players = byScoring(league, from);
  const ids = players.slice(0, Math.floor(players.length / 10));
  return renamed(
    league,
    from,
    new Map(
      ids.map((player) => [
        player.id,
        { id: player.id + 500_000, name: `Rookie ${player.name}`, lookup: `rookie${player.lookup}` },
      ]),
    ),
  );
}

/**
 * Two of ten players change places from a slate on, each into the team of another one who scores as much: trades at the deadline.
 * A new team changes little of what a player scores.
 */
export function withTrades(league: SimulatedLeague, from: Slate): SimulatedLeague {
  const players = byScoring(league, from);
  const places = new Map<number, Person>();
  for (let i = 0; i + 1 < players.length; i += 10) {
    const one = players[i];
    const other = players.slice(i + 1, i + 10).find(({ team }) => team !== one?.team);
    if (one === undefined || other === undefined) continue;
    places.set(one.id, other);
    places.set(other.id, one);
  }
  return renamed(league, from, places);
}

/** The games of a slate begin half an hour later than was published; the schedule says so at noon of the day. */
export function withLaterTipoffs(league: SimulatedLeague, slate: Slate): SimulatedLeague {
  const at = `${slate}T16:00:00.000Z`;
  return changed(league, (table, rows) => {
    if (table !== 'schedule_games') return rows;
    const late = rows
      .filter((row) => slateOf(row) === slate && row['status'] === 'scheduled')
      .map((row) => ({
        ...row,
        row_id: `${row['row_id']}-later`,
        statement: 'current',
        tipoff_at: new Date(Date.parse(String(row['tipoff_at'])) + 1_800_000).toISOString(),
        observed_at: at,
        ingested_at: at,
      }));
    return [...rows, ...late];
  });
}

interface Person {
  readonly id: number;
  readonly name: string;
  readonly lookup: string;
}

interface Player extends Person {
  /** His last team. */
  readonly team: string;
}

function playersOf(boxes: readonly SimulatedRow[]): Player[] {
  const people = new Map<number, Player>();
  for (const row of boxes) {
    const id = Number(row['player_id']);
    people.set(id, {
      id,
      name: String(row['player_name']),
      lookup: String(row['player_lookup']),
      team: String(row['team_abbr']),
    });
  }
  return [...people.values()];
}

function boxesOf({ rows }: SimulatedLeague): readonly SimulatedRow[] {
  return rows.find(({ table }) => table.name === 'player_box_scores')?.rows ?? [];
}

/** Who played in the season before a slate, by the points a game, fewest first. */
function byScoring(league: SimulatedLeague, slate: Slate): Player[] {
  const season = seasonOf(slate);
  const boxes = boxesOf(league).filter((row) => row['season'] === season && slateOf(row) < slate);
  const points = Map.groupBy(boxes, (row) => Number(row['player_id']));
  const average = ({ id }: Player): number => {
    const own = points.get(id) ?? [];
    return own.reduce((sum, row) => sum + Number(row['points'] ?? 0), 0) / own.length;
  };
  return playersOf(boxes).sort((a, b) => average(a) - average(b));
}

/** The same rows with other people in them from a slate on. */
function renamed(league: SimulatedLeague, from: Slate, people: ReadonlyMap<number, Person>): SimulatedLeague {
  const byLookup = new Map(
    playersOf(boxesOf(league)).flatMap(({ id, lookup }) => {
      const other = people.get(id);
      return other === undefined ? [] : [[lookup, other] as const];
    }),
  );
  return changed(league, (_table, rows) =>
    rows.map((row) => {
      if (!('player_lookup' in row) || slateOf(row) < from) return row;
      const other = byLookup.get(String(row['player_lookup']));
      if (other === undefined) return row;
      return {
        ...row,
        player_name: other.name,
        player_lookup: other.lookup,
        ...(row['player_id'] == null ? {} : { player_id: other.id }),
      };
    }),
  );
}
