import { easternInstant, isDate, parseSlate, type Slate, seasonOf, slateOf } from '#core/calendar.ts';
import { scheduleGames } from '#core/contracts/nba_raw.ts';
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
import { collectCsv, type KeyedRow, RowRejection, rowOrRejection } from '#pipeline/ingest/rows.ts';
import { parsedRow, requiredCount, requiredTeam, requiredText, winOrLoss } from './fields.ts';

/** What a schedule source says about one game. Everything left out is not known to it. */
export interface ScheduleStatement extends Pick<GameKey, 'season' | 'seasonType'> {
  readonly line: number;
  /** Field that carries the date, named when the date does not fit the season. */
  readonly dateField: string;
  /** Game id, or the stable key of a source without ids. */
  readonly key: string;
  readonly gameId: string | null;
  readonly slate: Slate;
  readonly tipoffAt: string | null;
  readonly home: Team;
  readonly away: Team;
  readonly status: 'scheduled' | 'live' | 'final' | 'postponed' | 'cancelled';
  readonly statement: 'published' | 'current' | 'played';
  readonly statusText?: string | null;
  readonly label?: string | null;
  readonly homeScore?: number | null;
  readonly awayScore?: number | null;
  readonly observedAt?: string | null;
}

/** The row of nba_raw.schedule_games for a statement. Throws RowRejection when a team meets itself or the date lies outside the season. */
export function scheduleRow(game: ScheduleStatement): KeyedRow {
  withinSeason(game.dateField, game.slate, game);
  if (game.home === game.away)
    throw new RowRejection('teams', 'impossible_value', `expected two teams, saw ${game.home.abbr} twice`);
  const record = {
    source_game_key: game.key,
    game_id: game.gameId,
    season: game.season,
    season_type: game.seasonType,
    slate: game.slate,
    tipoff_at: game.tipoffAt,
    home_abbr: game.home.abbr,
    away_abbr: game.away.abbr,
    status: game.status,
    status_text: game.statusText ?? null,
    statement: game.statement,
    label: game.label ?? null,
    home_score: game.homeScore ?? null,
    away_score: game.awayScore ?? null,
    observed_at: game.observedAt ?? null,
  };
  return { key: game.key, row: parsedRow(scheduleGames, record, game.line) };
}

/** The labels a provider prints for a game as one text, or null when it prints none. */
export function joinLabels(labels: readonly string[]): string | null {
  const said = labels.map((label) => label.trim()).filter((label) => label !== '');
  return said.length === 0 ? null : said.join(', ');
}

const PLAYED_COLUMNS = ['SEASON_ID', 'TEAM_ABBREVIATION', 'GAME_ID', 'GAME_DATE', 'MATCHUP', 'WL'] as const;
type Column = (typeof PLAYED_COLUMNS)[number];

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
    hasColumns(
      head,
      ['SEASON_ID', 'TEAM_ABBREVIATION', 'GAME_ID', 'GAME_DATE', 'MATCHUP', 'WL'],
      ['PTS', 'PLAYER_ID'],
    ),
  parse: (file) => {
    const csv = readCsv(file, PLAYED_COLUMNS);
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
        rejected.push(
          ...lines.map(({ record }) => ({ line: record.line, ...contradiction, raw: record.raw })),
        );
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
function contradictionOf(
  lines: readonly TeamLine[],
): Pick<RejectedInput, 'field' | 'reasonCode' | 'reason'> | undefined {
  const [first] = lines;
  if (first === undefined) return undefined;
  const say = (field: string, reason: string) => ({ field, reasonCode: 'impossible_value' as const, reason });
  const where = `the lines ${lines.map(({ record }) => record.line).join(' and ')} of game ${first.game.gameId}`;
  for (const line of lines) {
    if (line.slate !== first.slate)
      return say('GAME_DATE', `expected one date in ${where}, saw ${first.slate} and ${line.slate}`);
    const same =
      new Set([first.matchup.home, first.matchup.away, line.matchup.home, line.matchup.away]).size === 2;
    const swapped = line.matchup.home !== first.matchup.home;
    if (!same || (swapped && !(line.matchup.isAt && first.matchup.isAt))) {
      return say(
        'MATCHUP',
        `expected one home team in ${where}, saw ${first.record.text('MATCHUP')} and ${line.record.text('MATCHUP')}`,
      );
    }
    if ((line.team === first.team) !== (line.won === first.won))
      return say('WL', `expected one winner in ${where}, saw two claims`);
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

const UTC_LIST_COLUMNS = ['Match Number', 'Date', 'Home Team', 'Away Team'] as const;
const DAY_FIRST = /^(\d{2})\/(\d{2})\/(\d{4}) ((?:[01]\d|2[0-3]):[0-5]\d)$/;

/** A published list of a regular season with UTC times, day first, and full team names. It has no game ids: the key is the season and the match number. */
export const scheduleUtcList: InputFormat = {
  id: 'schedule_utc_csv',
  description: 'CSV list of a regular season with match numbers and UTC times written dd/mm/yyyy HH:MM',
  recognise: (_path, head) => hasColumns(head, UTC_LIST_COLUMNS),
  parse: (file) =>
    collectCsv(readCsv(file, UTC_LIST_COLUMNS), (record) => {
      const tipoffAt = utcInstant(record.text('Date'));
      const slate = slateOf(tipoffAt);
      const season = seasonOf(slate);
      return scheduleRow({
        line: record.line,
        dateField: 'Date',
        key: `${season} match ${requiredCount('Match Number', record.text('Match Number'))}`,
        gameId: null,
        season,
        seasonType: 'regular',
        slate,
        tipoffAt,
        home: requiredTeam('Home Team', record.text('Home Team')),
        away: requiredTeam('Away Team', record.text('Away Team')),
        status: 'scheduled',
        statement: 'published',
      });
    }),
};

function utcInstant(text: string): string {
  const [, day, month, year, time] = DAY_FIRST.exec(requiredText('Date', text)) ?? [];
  const date = `${year}-${month}-${day}`;
  if (!isDate(date))
    throw new RowRejection(
      'Date',
      'impossible_date',
      `expected an existing time as 24/10/2023 23:30, saw "${text}"`,
    );
  return `${date}T${time}:00.000Z`;
}

const MISLABELLED_EASTERN_COLUMNS = [
  'gameId',
  'gameDateTimeEst',
  'gameLabel',
  'gameSubLabel',
  'seriesText',
  'hometeamId',
  'awayteamId',
] as const;
const LABELLED_UTC = /^(\d{4}-\d{2}-\d{2})[ T]((?:[01]\d|2[0-3]):[0-5]\d):00(?:\+00:00|Z)$/;
/** The only series text that is known before a game; the others tell the score of a playoff series. */
const NEUTRAL_SITE = 'Neutral Site';

/**
 * A season's published schedule as CSV. Its times are Eastern wall-clock times that carry a UTC label (evening games
 * are at 19:00+00:00), so the label is dropped and the time read on a New York clock. It has no status and no result.
 */
export const scheduleMislabelledEastern: InputFormat = {
  id: 'schedule_eastern_csv',
  description: 'CSV schedule with game ids whose Eastern times are labelled as UTC (column gameDateTimeEst)',
  recognise: (_path, head) => hasColumns(head, ['gameId', 'gameDateTimeEst', 'hometeamId', 'awayteamId']),
  parse: (file) =>
    collectCsv(readCsv(file, MISLABELLED_EASTERN_COLUMNS), (record) => {
      const game = gameKey('gameId', record.text('gameId'));
      const { slate, tipoff } = eastern(record.text('gameDateTimeEst'));
      const series = record.text('seriesText');
      return scheduleRow({
        ...game,
        line: record.line,
        dateField: 'gameDateTimeEst',
        key: game.gameId,
        slate,
        tipoffAt: tipoff.toISOString(),
        home: requiredTeam('hometeamId', record.text('hometeamId')),
        away: requiredTeam('awayteamId', record.text('awayteamId')),
        status: 'scheduled',
        statement: 'published',
        label: joinLabels([
          record.text('gameLabel'),
          record.text('gameSubLabel'),
          series === NEUTRAL_SITE ? series : '',
        ]),
      });
    }),
};

function eastern(text: string) {
  const [, date = '', time = ''] = LABELLED_UTC.exec(requiredText('gameDateTimeEst', text)) ?? [];
  if (!isDate(date)) {
    throw new RowRejection(
      'gameDateTimeEst',
      'impossible_date',
      `expected a time as 2024-10-22 19:30:00+00:00, saw "${text}"`,
    );
  }
  const slate = parseSlate(date);
  return { slate, tipoff: easternInstant(slate, time) };
}
