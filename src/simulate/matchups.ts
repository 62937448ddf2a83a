import type { Random } from './random.ts';

/** A game without a date: indices of the two teams. */
export interface Matchup {
  readonly home: number;
  readonly away: number;
}

/**
 * Every team's opponents for a season, in rounds in which each team plays once (the circle method), with exactly half
 * of each team's games at home.
 */
export function drawMatchups(teams: number, gamesPerTeam: number, random: Random): Matchup[] {
  const pairs: [number, number][] = [];
  while (pairs.length < (teams * gamesPerTeam) / 2) {
    const labels = random.shuffled(Array.from({ length: teams }, (_, i) => i));
    for (const round of random.shuffled(Array.from({ length: teams - 1 }, (_, i) => i))) {
      if (pairs.length >= (teams * gamesPerTeam) / 2) break;
      for (const [a, b] of roundOf(round, teams)) pairs.push([labels[a] ?? 0, labels[b] ?? 0]);
    }
  }
  return orient(pairs, teams);
}

function roundOf(round: number, teams: number): [number, number][] {
  const rotating = teams - 1;
  const pairs: [number, number][] = [[round, rotating]];
  for (let i = 1; i < teams / 2; i++) pairs.push([(round + i) % rotating, (round - i + rotating) % rotating]);
  return pairs;
}

/**
 * Chooses the home team of each pair. Every team has an even number of games, so the pairs split into closed walks;
 * following each walk in one direction leaves every team as often as it enters it: half at home, half away.
 */
function orient(pairs: readonly (readonly [number, number])[], teams: number): Matchup[] {
  const open: number[][] = Array.from({ length: teams }, () => []);
  pairs.forEach(([a, b], index) => {
    open[a]?.push(index);
    open[b]?.push(index);
  });
  const homeOf = new Array<number>(pairs.length).fill(-1);
  for (let start = 0; start < teams; start++) {
    let at = start;
    for (;;) {
      const edges = open[at] ?? [];
      while (edges.length > 0 && homeOf[edges[edges.length - 1] ?? 0] !== -1) edges.pop();
      const edge = edges.pop();
      if (edge === undefined) {
        if (at === start) break;
        at = start;
        continue;
      }
      homeOf[edge] = at;
      const [a, b] = pairs[edge] ?? [at, at];
      at = at === a ? b : a;
    }
  }
  return pairs.map(([a, b], index) => (homeOf[index] === a ? { home: a, away: b } : { home: b, away: a }));
}
