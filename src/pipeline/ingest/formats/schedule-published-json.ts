import { z } from 'zod';
import { slateOf } from '#core/calendar.ts';
import { readInstant, readUtc } from '#core/instants.ts';
import { gameKey } from '#pipeline/ingest/cells.ts';
import type { InputFile, InputFormat } from '#pipeline/ingest/format.ts';
import { collectKeyed, type KeyedRow, RowRejection } from '#pipeline/ingest/rows.ts';
import { jsonOf, requiredInstant, requiredTeam, unreadable } from './fields.ts';
import { joinLabels, type ScheduleStatement, scheduleRow } from './schedules-csv.ts';

const side = z.object({ teamId: z.number(), score: z.number().nullish() });
const game = z.object({
  gameId: z.string(),
  gameStatus: z.number(),
  gameStatusText: z.string().nullish(),
  gameDateTimeUTC: z.string(),
  postponedStatus: z.string().nullish(),
  gameLabel: z.string().nullish(),
  gameSubLabel: z.string().nullish(),
  seriesText: z.string().nullish(),
  homeTeam: side,
  awayTeam: side,
});
type Game = z.infer<typeof game>;
const payload = z.object({
  meta: z.object({ time: z.string().nullish() }).nullish(),
  leagueSchedule: z.object({
    seasonYear: z.string(),
    gameDates: z.array(z.object({ games: z.array(z.unknown()) })),
  }),
});

const STATUS = new Map<number, ScheduleStatement['status']>([
  [1, 'scheduled'],
  [2, 'live'],
  [3, 'final'],
]);

/**
 * NBA.com's scheduleLeagueV2. Only `gameDateTimeUTC` is read: `gameDateTimeEst` carries a Z although it is Eastern time,
 * and the times alone have the year 1900. A document whose clock is before the first regular-season game is the
 * schedule as published, a later one (or one without a clock) is a current statement. Games whose teams are not yet
 * known are rejected as unknown_team: their teams follow in a later document.
 */
export const schedulePublishedJson: InputFormat = {
  id: 'schedule_league_v2_json',
  description: 'NBA.com scheduleLeagueV2 JSON: the schedule of a season, before or during it',
  recognise: (_path, head) => head.trimStart().startsWith('{') && head.includes('"leagueSchedule"'),
  parse: (file) => {
    const { games, observedAt } = readPayload(file);
    const statement = statementOf(games, observedAt);
    const units = games.map((unit, i) => ({ line: i + 1, unit }));
    return collectKeyed(
      units,
      ({ line }) => line,
      ({ unit }) => JSON.stringify(unit),
      ({ line, unit }) => gameRow(readGame(unit), line, statement, observedAt),
    );
  },
};

function readPayload(file: InputFile): { games: unknown[]; observedAt: string | null } {
  const read = payload.safeParse(jsonOf(file));
  if (!read.success)
    throw unreadable(
      file,
      'a scheduleLeagueV2 document',
      z.prettifyError(read.error).replace(/\s*\n\s*/g, ' '),
      read.error,
    );
  const time = read.data.meta?.time ?? '';
  const observed = readUtc(time);
  if (time !== '' && observed === undefined) throw unreadable(file, 'an instant in meta.time', `"${time}"`);
  return {
    games: read.data.leagueSchedule.gameDates.flatMap(({ games }) => games),
    observedAt: observed?.toISOString() ?? null,
  };
}

function readGame(unit: unknown): Game {
  const read = game.safeParse(unit);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new RowRejection(
    issue?.path.join('.') ?? 'game',
    'missing_field',
    `expected a game of scheduleLeagueV2, saw: ${issue?.message ?? ''}`,
  );
}

function statementOf(games: readonly unknown[], observedAt: string | null): 'published' | 'current' {
  let first = Number.POSITIVE_INFINITY;
  for (const unit of games) {
    const read = game.safeParse(unit);
    if (read.success && read.data.gameId.startsWith('002'))
      first = Math.min(first, readInstant(read.data.gameDateTimeUTC)?.getTime() ?? first);
  }
  return observedAt !== null && Date.parse(observedAt) < first ? 'published' : 'current';
}

function gameRow(
  said: Game,
  line: number,
  statement: 'published' | 'current',
  observedAt: string | null,
): KeyedRow {
  const key = gameKey('gameId', said.gameId);
  const instant = requiredInstant('gameDateTimeUTC', said.gameDateTimeUTC);
  const text = said.gameStatusText?.trim() ?? '';
  const status = statusOf(said, text);
  const series = said.seriesText ?? '';
  return scheduleRow({
    ...key,
    line,
    dateField: 'gameDateTimeUTC',
    key: key.gameId,
    slate: slateOf(instant),
    // "TBD" comes with midnight ET as a placeholder: the date is known, the time is not.
    tipoffAt: text.toUpperCase() === 'TBD' ? null : instant,
    home: requiredTeam('homeTeam.teamId', said.homeTeam.teamId),
    away: requiredTeam('awayTeam.teamId', said.awayTeam.teamId),
    status,
    statement,
    statusText: text === '' ? null : text,
    label: joinLabels([
      said.gameLabel ?? '',
      said.gameSubLabel ?? '',
      / leads | wins | tied /.test(` ${series} `) ? '' : series,
    ]),
    homeScore: status === 'final' ? (said.homeTeam.score ?? null) : null,
    awayScore: status === 'final' ? (said.awayTeam.score ?? null) : null,
    observedAt,
  });
}

function statusOf(said: Game, text: string): ScheduleStatement['status'] {
  if (said.postponedStatus === 'Y' || /^(?:ppd|postponed)/i.test(text)) return 'postponed';
  if (/^cancel/i.test(text)) return 'cancelled';
  const status = STATUS.get(said.gameStatus);
  if (status === undefined)
    throw new RowRejection('gameStatus', 'bad_status', `expected 1, 2 or 3, saw ${said.gameStatus}`);
  return status;
}
