import { easternTime } from '#core/calendar.ts';
import type { SimulatedLeague } from './league.ts';

/**
 * What a simulated league holds, one fact a line, for people. The first line says that nothing of it is real.
 */
export function describeLeague(league: SimulatedLeague): string[] {
  const { options, tables, slates, tonight, teams } = league;
  const played = tables.playerBoxScores.filter((row) => row.played);
  const finals = tables.scheduleGames.filter((row) => row.statement === 'played');
  const players = new Set(tables.playerBoxScores.map((row) => row.player_id));
  const changed = (status: string): number =>
    tables.scheduleGames.filter((row) => row.statement === 'current' && row.status === status).length;
  const first = slates[0];
  const last = slates[slates.length - 1];
  const lines = [
    `A simulated league, seed ${options.seed}: teams, players, results, lines and injuries are invented.`,
    `${options.seasons.length === 1 ? 'Season' : 'Seasons'} ${options.seasons.join(', ')}: ${teams.length} teams, ${count(players.size, 'player')}.`,
    first === undefined || last === undefined
      ? 'No results yet.'
      : `${count(finals.length, 'game')} played on ${count(slates.length, 'slate')}, ${first} to ${last}; ${count(played.length, 'player game')}.`,
    `${count(changed('postponed'), 'game')} postponed, ${changed('cancelled')} not necessary, ${count(movedGames(league), 'game')} moved to another date.`,
    options.scenario.noLines
      ? 'No lines: the scenario leaves the odds feed out.'
      : `${count(tables.playerLines.length, 'player line')} and ${count(tables.gameLines.length, 'game line')} at three invented bookmakers.`,
    options.scenario.noStatusFeed
      ? 'No injury reports: the scenario leaves the status feed out.'
      : `${count(tables.injuryReports.length, 'injury statement')} in ${count(new Set(tables.injuryReports.map((row) => row.report_at)).size, 'report')}.`,
  ];
  if (options.withShots) lines.push(`${count(tables.shots.length, 'shot')}.`);
  if (tonight !== null) lines.push(tonightLine(league, tonight));
  return lines;
}

function tonightLine(league: SimulatedLeague, tonight: string): string {
  const events = new Set(league.tables.gameLines.filter((row) => row.slate === tonight).map((row) => row.event_id));
  const quoted = new Set(league.tables.playerLines.filter((row) => row.slate === tonight).map((row) => row.player_lookup));
  const starts = tipoffsOf(league, tonight);
  const [first, last] = [starts[0], starts[starts.length - 1]];
  const hours =
    first === undefined || last === undefined ? '' : `, tip-offs from ${easternTime(new Date(first))} to ${easternTime(new Date(last))} ET`;
  return `Tonight is ${tonight}: ${count(Math.max(starts.length, events.size), 'game')} without results${hours}; ${count(quoted.size, 'player')} quoted.`;
}

/** Tip-offs of a slate as the newest statement about each game has them. */
function tipoffsOf(league: SimulatedLeague, slate: string): string[] {
  const newest = new Map<string, { slate: string; status: string; tipoff: string }>();
  for (const row of league.tables.scheduleGames) {
    if (row.game_id !== null && row.tipoff_at !== null)
      newest.set(row.game_id, { slate: row.slate, status: row.status, tipoff: row.tipoff_at });
  }
  const tonight = [...newest.values()].filter((game) => game.slate === slate && game.status === 'scheduled');
  return tonight.map((game) => game.tipoff).sort();
}

/** Games that were played, or now stand, on another date than published. */
function movedGames({ tables }: SimulatedLeague): number {
  const published = new Map(tables.scheduleGames.filter((row) => row.statement === 'published').map((row) => [row.game_id, row.slate]));
  const later = tables.scheduleGames.filter((row) => row.statement === 'current' && row.status === 'scheduled');
  return new Set(later.filter((row) => published.has(row.game_id) && published.get(row.game_id) !== row.slate).map((row) => row.game_id))
    .size;
}

/** "1 game", "1,230 games". */
function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
}
