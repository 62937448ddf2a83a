import { addDays, type Slate } from '#core/calendar.ts';
import type { Random } from '#core/random.ts';
import { wallClockOf } from './options.ts';
import type { TeamState } from './players.ts';
import { drawTipoff, type PlannedGame, type ScheduleChange } from './season.ts';

/** Days of a series' games, counted from the first; the finals take longer. */
const SERIES_DAYS = [0, 2, 4, 6, 8, 10, 12];
const FINALS_DAYS = [0, 3, 6, 8, 11, 14, 17];
/** Games that the better seed plays at home. */
const AT_HOME = [true, true, false, false, true, false, true];
/** Days of the play-in and first days of the rounds, counted from the last day of the regular season. */
const PLAY_IN_DAYS = [2, 4];
const ROUND_DAYS = [6, 21, 36, 51];
const ROUND_NAMES = ['First Round', 'Conference Semifinals', 'Conference Finals'];
const WINS_NEEDED = 4;

/**
 * Plays all games of a slate and yields its rows. Returns winners' team indices by game id; undefined when
 * the league stops here.
 */
type PlaySlate<Batch> = (
  slate: Slate,
  games: readonly PlannedGame[],
) => Generator<Batch, ReadonlyMap<string, number> | undefined>;

export interface PlayoffDeps<Batch> {
  readonly season: string;
  /** Last day of the regular season. */
  readonly regularEnd: Slate;
  readonly teams: readonly TeamState[];
  readonly random: Random;
  readonly playSlate: PlaySlate<Batch>;
  /** Announces a change to the schedule feed. */
  readonly announce: (change: ScheduleChange) => void;
}

interface Series {
  readonly better: number;
  readonly other: number;
  readonly games: readonly PlannedGame[];
  readonly wins: Map<number, number>;
}

/** Play-in and playoffs in two conferences (even and odd teams), best of seven. Ends early when `playSlate` does. */
export function* playPlayoffs<Batch>(deps: PlayoffDeps<Batch>): Generator<Batch, void> {
  const seeds = [0, 1].map((conference) => seedsOf(deps.teams, conference));
  const size = 2 ** Math.floor(Math.log2((Math.min(...seeds.map((list) => list.length)) * 8) / 15));
  const brackets = size >= 4 ? yield* playIn(deps, seeds, size) : seeds.map((list) => list.slice(0, size));
  if (brackets === undefined) return;
  let pairs = brackets.flatMap((list) => bracketOrder(list));
  let announceOn = addDays(deps.regularEnd, size >= 4 ? 5 : 1);
  for (let round = 1; ; round++) {
    if (size === 1 && round === 1) pairs = [[brackets[0]?.[0] ?? 0, brackets[1]?.[0] ?? 1]];
    const last = pairs.length === 1;
    const played = yield* playRound(deps, pairs, round, last, announceOn);
    if (played === undefined || last) return;
    announceOn = addDays(played.lastSlate, 1);
    pairs = pairUp(played.winners);
  }
}

function seedsOf(teams: readonly TeamState[], conference: number): number[] {
  const members = teams.filter(({ index }) => index % 2 === conference);
  return members.sort((a, b) => b.wins - a.wins || a.index - b.index).map(({ index }) => index);
}

/** First-round pairs: 1-8, 4-5, 2-7, 3-6; winners of neighbouring pairs meet next. */
function bracketOrder(seeds: readonly number[]): [number, number][] {
  let order = [0];
  while (order.length < seeds.length) order = order.flatMap((seed) => [seed, 2 * order.length - 1 - seed]);
  return pairUp(order.map((seed) => seeds[seed] ?? 0));
}

function pairUp(teams: readonly number[]): [number, number][] {
  return Array.from({ length: Math.floor(teams.length / 2) }, (_, i) => [
    teams[2 * i] ?? 0,
    teams[2 * i + 1] ?? 0,
  ]);
}

/**
 * Play-in for the last two places of each conference: 7-8 for seventh, 9-10, then the loser of the first game
 * against the winner of the second.
 */
function* playIn<Batch>(
  deps: PlayoffDeps<Batch>,
  seeds: readonly number[][],
  size: number,
): Generator<Batch, number[][] | undefined> {
  const [firstDay, secondDay] = PLAY_IN_DAYS.map((days) => addDays(deps.regularEnd, days));
  if (firstDay === undefined || secondDay === undefined) return undefined;
  const seed = (conference: number, place: number): number => seeds[conference]?.[size + place] ?? 0;
  const game = (slate: Slate, number: number, home: number, away: number): PlannedGame =>
    planGame(
      deps,
      `005${deps.season.slice(2, 4)}${String(100 + number).padStart(5, '0')}`,
      'play_in',
      slate,
      home,
      away,
      'Play-In',
    );
  const opening = [0, 1].flatMap((c) => [
    game(firstDay, 1 + 10 * c, seed(c, -2), seed(c, -1)),
    game(firstDay, 2 + 10 * c, seed(c, 0), seed(c, 1)),
  ]);
  announceAll(deps, opening, addDays(deps.regularEnd, 1));
  const first = yield* deps.playSlate(firstDay, opening);
  if (first === undefined) return undefined;
  const deciders = [0, 1].map((c) => {
    const [seventh, ninth] = [opening[2 * c], opening[2 * c + 1]];
    const winner = first.get(seventh?.gameId ?? '') ?? seed(c, -2);
    const loser = winner === seed(c, -2) ? seed(c, -1) : seed(c, -2);
    return { winner, game: game(secondDay, 3 + 10 * c, loser, first.get(ninth?.gameId ?? '') ?? seed(c, 0)) };
  });
  announceAll(
    deps,
    deciders.map((decider) => decider.game),
    addDays(firstDay, 1),
  );
  const second = yield* deps.playSlate(
    secondDay,
    deciders.map((decider) => decider.game),
  );
  if (second === undefined) return undefined;
  return deciders.map(({ winner, game: decider }, c) => {
    const through = (seeds[c] ?? []).slice(0, size - 2);
    return [...through, winner, second.get(decider.gameId) ?? decider.home];
  });
}

function* playRound<Batch>(
  deps: PlayoffDeps<Batch>,
  pairs: readonly (readonly [number, number])[],
  round: number,
  last: boolean,
  announceOn: Slate,
): Generator<Batch, { winners: number[]; lastSlate: Slate } | undefined> {
  const start = addDays(deps.regularEnd, ROUND_DAYS[round - 1] ?? 51);
  const wins = (team: number): number => deps.teams[team]?.wins ?? 0;
  const all = pairs.map(([a, b], number): Series => {
    const [better, other] = wins(b) > wins(a) ? [b, a] : [a, b];
    const games = (last ? FINALS_DAYS : SERIES_DAYS).map((day, i) => {
      const id = `004${deps.season.slice(2, 4)}00${round}${number}${i + 1}`;
      const [home, away] = AT_HOME[i] ? [better, other] : [other, better];
      const name = last ? 'Finals' : (ROUND_NAMES[round - 1] ?? 'Playoffs');
      return planGame(
        deps,
        id,
        'playoffs',
        addDays(start, day + (number % 2)),
        home,
        away,
        `${name} - Game ${i + 1}`,
      );
    });
    announceAll(deps, games, announceOn);
    return { better, other, games, wins: new Map() };
  });
  let lastSlate = start;
  for (const slate of [...new Set(all.flatMap(({ games }) => games.map((game) => game.slate)))].sort()) {
    const open = all.filter((series) => !isDecided(series));
    const tonight = open.flatMap(({ games }) => games.filter((game) => game.slate === slate));
    if (tonight.length === 0) continue;
    const winners = yield* deps.playSlate(slate, tonight);
    if (winners === undefined) return undefined;
    lastSlate = slate;
    for (const series of open) {
      for (const game of series.games) {
        const winner = winners.get(game.gameId);
        if (winner !== undefined) series.wins.set(winner, (series.wins.get(winner) ?? 0) + 1);
      }
      if (isDecided(series)) cancelRest(deps, series, slate);
    }
  }
  return {
    winners: all.map((series) =>
      series.wins.get(series.better) === WINS_NEEDED ? series.better : series.other,
    ),
    lastSlate,
  };
}

function isDecided(series: Series): boolean {
  return Math.max(0, ...series.wins.values()) === WINS_NEEDED;
}

/** Cancels unnecessary games of a decided series the morning after. */
function cancelRest<Batch>(deps: PlayoffDeps<Batch>, series: Series, decidedOn: Slate): void {
  const observedOn = addDays(decidedOn, 1);
  for (const game of series.games.filter(({ slate }) => slate > decidedOn)) {
    const observedAt = wallClockOf(observedOn)('10:00');
    deps.announce({
      observedAt,
      observedOn,
      game,
      time: game,
      status: 'cancelled',
      statusText: 'Not necessary',
    });
  }
}

function announceAll<Batch>(
  deps: PlayoffDeps<Batch>,
  games: readonly PlannedGame[],
  observedOn: Slate,
): void {
  const observedAt = wallClockOf(observedOn)('10:30');
  for (const [i, game] of games.entries()) {
    const statusText = game.seasonType === 'playoffs' && i >= WINS_NEEDED ? 'If necessary' : 'Scheduled';
    deps.announce({ observedAt, observedOn, game, time: game, status: 'scheduled', statusText });
  }
}

function planGame<Batch>(
  { teams, random }: PlayoffDeps<Batch>,
  gameId: string,
  seasonType: PlannedGame['seasonType'],
  slate: Slate,
  home: number,
  away: number,
  label: string,
): PlannedGame {
  const zone = teams[home]?.team.zone ?? 'eastern';
  const tipoff = wallClockOf(slate)(drawTipoff(slate, zone, random.fork('tipoff', gameId)));
  return { gameId, seasonType, home, away, label, published: null, slate, tipoff };
}
