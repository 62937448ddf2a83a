import type { LeagueRows } from '#simulate/league-rows.ts';

const COUNTS = [
  'points',
  'fgm',
  'fga',
  'fg3m',
  'fg3a',
  'ftm',
  'fta',
  'oreb',
  'dreb',
  'reb',
  'ast',
  'stl',
  'blk',
  'tov',
  'pf',
] as const;

/** Everything a box score of the league must not say, as sentences; none for a consistent league. */
export function boxViolations({ playerBoxScores, teamBoxScores, scheduleGames }: LeagueRows): string[] {
  const found: string[] = [];
  const players = groupBy(playerBoxScores, (row) => `${row.game_id} ${row.team_abbr}`);
  const teams = groupBy(teamBoxScores, (row) => row.game_id);
  for (const row of playerBoxScores) {
    const at = `${row.game_id} ${row.player_lookup}`;
    if (!row.played) {
      if (row.minutes !== null || row.points !== null || row.dnp_reason === null)
        found.push(`${at}: an absence with figures or no reason`);
      continue;
    }
    if (row.dnp_reason !== null) found.push(`${at}: played with a reason not to`);
    if (row.points !== 2 * (value(row.fgm) - value(row.fg3m)) + 3 * value(row.fg3m) + value(row.ftm))
      found.push(`${at}: points`);
    if (row.reb !== value(row.oreb) + value(row.dreb)) found.push(`${at}: rebounds`);
    if (
      value(row.fgm) > value(row.fga) ||
      value(row.fg3m) > value(row.fg3a) ||
      value(row.ftm) > value(row.fta)
    )
      found.push(`${at}: shots`);
    if (value(row.fg3a) > value(row.fga) || value(row.pf) > 6) found.push(`${at}: threes or fouls`);
  }
  for (const row of teamBoxScores) {
    const at = `${row.game_id} ${row.team_abbr}`;
    const own = players.get(at) ?? [];
    for (const count of COUNTS) {
      if (own.reduce((sum, player) => sum + value(player[count]), 0) !== row[count])
        found.push(`${at}: ${count} of players and team`);
    }
    const minutes = own.reduce((sum, player) => sum + value(player.minutes), 0);
    if (minutes !== row.minutes) found.push(`${at}: minutes of players and team`);
    const overtimes = (minutes - 240) / 25;
    if (overtimes < 0 || !Number.isInteger(overtimes)) found.push(`${at}: ${minutes} minutes`);
    if (own.some((player) => value(player.minutes) > minutes / 5))
      found.push(`${at}: a player longer than the game`);
    if (own.filter((player) => player.is_starter && player.played).length !== 5)
      found.push(`${at}: starters`);
  }
  for (const [game, sides] of teams) {
    const [a, b] = sides;
    if (a === undefined || b === undefined || sides.length !== 2) {
      found.push(`${game}: ${sides.length} teams`);
      continue;
    }
    if (a.is_home === b.is_home || a.opponent_abbr !== b.team_abbr) found.push(`${game}: home and away`);
    if (a.points === b.points) found.push(`${game}: a tie`);
    if (a.won !== value(a.points) > value(b.points) || a.won === b.won) found.push(`${game}: the winner`);
    if (a.plus_minus !== value(a.points) - value(b.points)) found.push(`${game}: the margin`);
  }
  for (const final of scheduleGames.filter((row) => row.statement === 'played')) {
    const sides = teams.get(final.game_id ?? '') ?? [];
    const points = (home: boolean): number | null =>
      sides.find((row) => row.is_home === home)?.points ?? null;
    if (points(true) !== final.home_score || points(false) !== final.away_score)
      found.push(`${final.game_id}: the result`);
    if (sides.some((row) => row.slate !== final.slate))
      found.push(`${final.game_id}: the date of the result`);
  }
  return found;
}

/** Quotes and reports that were not there before tip-off, or loaded before they were made. */
export function timeViolations(rows: LeagueRows): string[] {
  const tipoffs = tipoffTimes(rows);
  const found: string[] = [];
  const check = (what: string, slate: string, team: string, at: string | null, ingested: string): void => {
    const tipoff = tipoffs.get(`${slate} ${team}`);
    if (tipoff === undefined) found.push(`${what} of ${slate} ${team}: no such game`);
    else if (at === null || at >= tipoff)
      found.push(`${what} of ${slate} ${team}: at ${at}, tip-off ${tipoff}`);
    if (at !== null && ingested < at) found.push(`${what} of ${slate} ${team}: loaded before it was said`);
  };
  for (const row of rows.playerLines)
    check('line', row.slate, row.home_abbr, row.snapshot_at, row.ingested_at);
  for (const row of rows.gameLines)
    check('game line', row.slate, row.home_abbr, row.snapshot_at, row.ingested_at);
  for (const row of rows.injuryReports)
    check('report', row.slate, row.team_abbr, row.report_at, row.ingested_at);
  for (const row of [...rows.playerBoxScores, ...rows.teamBoxScores]) {
    if (row.ingested_at <= (tipoffs.get(`${row.slate} ${row.team_abbr}`) ?? '9'))
      found.push(`box score of ${row.game_id} before its game`);
  }
  return found;
}

/** The tip-off of every team and slate, by the newest statement about each game. */
export function tipoffTimes({ scheduleGames }: LeagueRows): Map<string, string> {
  const newest = new Map(scheduleGames.map((row) => [row.source_game_key, row]));
  const standing = [...newest.values()].filter((row) => row.status === 'scheduled' || row.status === 'final');
  return new Map(
    standing.flatMap((row) =>
      [row.home_abbr, row.away_abbr].map((team) => [`${row.slate} ${team}`, row.tipoff_at ?? ''] as const),
    ),
  );
}

export function groupBy<T>(rows: readonly T[], key: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(key(row));
    if (group === undefined) groups.set(key(row), [row]);
    else group.push(row);
  }
  return groups;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}

export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((x) => (x - centre) ** 2)));
}

function value(count: number | null): number {
  return count ?? 0;
}
