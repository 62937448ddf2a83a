import type { Slate } from '#core/calendar.ts';
import { age, createPlayer, type SimulatedPlayer } from './player.ts';
import { NameMaker } from './player-names.ts';
import type { Random } from './random.ts';
import type { SimulatedTeam } from './teams.ts';

/** A team with everything that changes. */
export interface TeamState {
  readonly team: SimulatedTeam;
  readonly index: number;
  /** Ordered by standing, best first. */
  roster: SimulatedPlayer[];
  /** Possessions above or below the league. */
  pace: number;
  /** By how much opponents' shooting suffers, as a share. */
  defence: number;
  lastSlate: Slate | null;
  wins: number;
}

/** The first id of an invented player; real ids stay far below. */
const FIRST_PLAYER_ID = 9_000_001;
/** Share of a roster that leaves in summer; half of those find another team. */
const TURNOVER = 0.22;
const RETIRES = 0.4;

/** The players of the league: who they are, where they play, who comes and goes. */
export class Rosters {
  readonly teams: readonly TeamState[];
  /** Every player who ever had a team. */
  readonly players: SimulatedPlayer[] = [];
  private readonly names: NameMaker;
  private readonly random: Random;
  private readonly size: number;

  constructor(teams: readonly SimulatedTeam[], playersPerTeam: number, random: Random) {
    this.names = new NameMaker(random.fork('names'));
    this.random = random;
    this.size = playersPerTeam;
    this.teams = teams.map((team, index) => ({ team, index, roster: [], pace: 0, defence: 0, lastSlate: null, wins: 0 }));
    for (const state of this.teams) {
      const star = this.teams[0]?.roster[0];
      for (let place = 0; place < playersPerTeam; place++) {
        const twinOf = state.index === 1 && place === 1 ? star?.identity : undefined;
        state.roster.push(this.newPlayer(1.7 - (3.4 * place) / (playersPerTeam - 1), 22, 34, twinOf));
      }
      rank(state);
    }
  }

  /** Before a season: everybody a year older (except before the first), some leave, rookies come, teams change style. */
  newSeason(season: string, first: boolean): void {
    const random = this.random.fork('summer', season);
    const market: SimulatedPlayer[] = [];
    for (const state of this.teams) {
      state.wins = 0;
      state.lastSlate = null;
      state.pace = 0.5 * state.pace + random.normal(0, 1.3);
      state.defence = 0.5 * state.defence + random.normal(0, 0.034);
      if (first) continue;
      for (const player of state.roster) age(player, random);
      const leaving = state.roster.filter((player) => random.chance(player.age > 36 ? 0.8 : TURNOVER));
      state.roster = state.roster.filter((player) => !leaving.includes(player));
      market.push(...leaving.filter((player) => player.age <= 36 && !random.chance(RETIRES)));
    }
    const free = random.shuffled(market);
    for (let open = true; open; ) {
      open = false;
      for (const state of this.teams) {
        if (state.roster.length >= this.size) continue;
        open = true;
        state.roster.push(free.pop() ?? this.newPlayer(random.normal(-0.4, 0.8), 19, 23));
      }
    }
    for (const state of this.teams) rank(state);
  }

  /** Two players change teams; both miss a game or two while papers are signed. */
  trade(a: TeamState, b: TeamState, random: Random): void {
    const place = random.int(2, Math.min(9, this.size - 1));
    const [fromA, fromB] = [a.roster[place], b.roster[place]];
    if (fromA === undefined || fromB === undefined) return;
    a.roster[place] = fromB;
    b.roster[place] = fromA;
    for (const player of [fromA, fromB]) {
      const away = Math.max(player.absence?.gamesLeft ?? 0, random.int(1, 2));
      const injured = player.absence !== null && player.absence.gamesLeft > 2;
      player.absence = {
        gamesLeft: away,
        reason: injured ? (player.absence?.reason ?? '') : 'Trade Pending',
        length: player.absence?.length ?? 1,
      };
      player.minutesDrift = 0;
    }
    rank(a);
    rank(b);
  }

  /** The last man goes, a newcomer appears, now and then good enough for the rotation. */
  callUp(state: TeamState, random: Random): void {
    state.roster.pop();
    state.roster.push(this.newPlayer(random.normalWithin(-0.5, 0.9, -2, 1.4), 19, 25));
    rank(state);
  }

  private newPlayer(skill: number, youngest: number, oldest: number, twinOf?: SimulatedPlayer['identity']): SimulatedPlayer {
    const id = FIRST_PLAYER_ID + this.players.length;
    const random = this.random.fork('player', id);
    const player = createPlayer(id, this.names, skill + random.normal(0, 0.25), random.int(youngest, oldest), random, twinOf);
    this.players.push(player);
    return player;
  }
}

function rank(state: TeamState): void {
  state.roster.sort((a, b) => b.skill - a.skill || a.id - b.id);
}
