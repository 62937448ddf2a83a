import type { Slate } from '#core/calendar.ts';
import type { Team } from '#core/teams.ts';
import {
  calendarDate,
  type GameKey,
  gameKey,
  type Matchup,
  matchup,
  seasonIdAgrees,
  sideOf,
  withinSeason,
} from '#pipeline/ingest/cells.ts';
import { type CsvRecord, hasColumns, readCsv } from '#pipeline/ingest/csv.ts';
import type { InputFormat, ParsedRow, RejectedInput } from '#pipeline/ingest/format.ts';
import { rowOrRejection } from '#pipeline/ingest/rejection.ts';
import { requiredTeam } from './fields.ts';
import { scheduleRow } from './schedule-row.ts';
import { winOrLoss } from './win-or-loss.ts';

const COLUMNS = ['SEASON_ID', 'TEAM_ABBREVIATION', 'GAME_ID', 'GAME_DATE', 'MATCHUP', 'WL'] as const;
type Column = (typeof COLUMNS)[number];

interface TeamLine {
  readonly record: CsvRecord<Column>;
  readonly game: GameKey;
  readonly slate: Slate;
  readonly team: Team;
  readonly matchup: Matchup;
  readonly won: boolean;
}

/**
 * The games that were really played: two lines a game, one per team, dates only. The two lines make one row; the second
 * counts as a duplicate. A game with one line is loaded from it, since the line names both teams. Lines that contradict
 * each other are rejected together. On neutral ground both lines may say "@": the first line's home team is then kept as
 * the designated one.
 */
export const schedulePlayed: InputFormat = {
  id: 'schedule_played_csv',
  description: 'CSV of games played with one line per team, dates without times',
  recognise: (_path, head) =>
    hasColumns(head, ['SEASON_ID', 'TEAM_ABBREVIATION', 'GAME_ID', 'GAME_DATE', 'MATCHUP', 'WL'], ['PTS', 'PLAYER_ID']),
  parse: (file) => {
    const csv = readCsv(file, COLUMNS);
    const rejected: RejectedInput[] = [...csv.rejected];
    const games = new Map<string, TeamLine[]>();
    for (const record of csv.records) {
      const result = rowOrRejection(
        record.line,
        () => record.raw,
        () => teamLine(record),
      );
      if ('rejected' in result) rejected.push(result.rejected);
      else {
        const { gameId } = result.row.game;
        games.set(gameId, [...(games.get(gameId) ?? []), result.row]);
      }
    }
    const rows: ParsedRow[] = [];
    let duplicates = 0;
    for (const lines of games.values()) {
      const contradiction = contradictionOf(lines);
      if (contradiction === undefined) {
        const row = gameRow(lines);
        if (row !== undefined) rows.push(row);
        duplicates += lines.length - 1;
      } else {
        rejected.push(...lines.map(({ record }) => ({ line: record.line, ...contradiction, raw: record.raw })));
      }
    }
    return { read: csv.read, rows, duplicates, rejected };
  },
};

function teamLine(record: CsvRecord<Column>): TeamLine {
  const game = gameKey('GAME_ID', record.text('GAME_ID'));
  seasonIdAgrees('SEASON_ID', record.text('SEASON_ID'), game);
  const slate = calendarDate('GAME_DATE', record.text('GAME_DATE'));
  withinSeason('GAME_DATE', slate, game);
  const team = requiredTeam('TEAM_ABBREVIATION', record.text('TEAM_ABBREVIATION'));
  const sides = matchup('MATCHUP', record.text('MATCHUP'));
  sideOf('MATCHUP', team, sides);
  return { record, game, slate, team, matchup: sides, won: winOrLoss('WL', record.text('WL')) };
}

/** Why the lines of one game cannot all be true, or undefined when they can. */
function contradictionOf(lines: readonly TeamLine[]): Pick<RejectedInput, 'field' | 'reasonCode' | 'reason'> | undefined {
  const [first] = lines;
  if (first === undefined) return undefined;
  const say = (field: string, reason: string) => ({ field, reasonCode: 'impossible_value' as const, reason });
  const where = `the lines ${lines.map(({ record }) => record.line).join(' and ')} of game ${first.game.gameId}`;
  for (const line of lines) {
    if (line.slate !== first.slate) return say('GAME_DATE', `expected one date in ${where}, saw ${first.slate} and ${line.slate}`);
    const same = new Set([first.matchup.home, first.matchup.away, line.matchup.home, line.matchup.away]).size === 2;
    const swapped = line.matchup.home !== first.matchup.home;
    if (!same || (swapped && !(line.matchup.isAt && first.matchup.isAt))) {
      return say('MATCHUP', `expected one home team in ${where}, saw ${first.record.text('MATCHUP')} and ${line.record.text('MATCHUP')}`);
    }
    if ((line.team === first.team) !== (line.won === first.won)) return say('WL', `expected one winner in ${where}, saw two claims`);
  }
  return undefined;
}

function gameRow(lines: readonly TeamLine[]): ParsedRow | undefined {
  const [first] = lines;
  if (first === undefined) return undefined;
  return scheduleRow({
    ...first.game,
    line: first.record.line,
    dateField: 'GAME_DATE',
    key: first.game.gameId,
    slate: first.slate,
    tipoffAt: null,
    home: first.matchup.home,
    away: first.matchup.away,
    status: 'final',
    statement: 'played',
    label: lines.some(({ matchup: { home } }) => home !== first.matchup.home) ? 'Neutral Site' : null,
  }).row;
}
