import { type SeasonType, seasonOf, slateOf } from '#core/calendar.ts';
import { availabilityReports, injuryReports } from '#core/contracts/nba_raw.ts';
import type { InputFile, InputFormat, ParsedRow } from '#pipeline/ingest/format.ts';
import { collectKeyed, type KeyedRow, RowRejection } from '#pipeline/ingest/rows.ts';
import {
  collectUnits,
  type JsonObject,
  jsonOf,
  listIn,
  objectIn,
  parsedRow,
  requiredCount,
  requiredInstant,
  requiredPlayer,
  requiredTeam,
  requiredText,
  textIn,
  unreadable,
} from './fields.ts';
import { joinLabels, type ScheduleStatement, scheduleRow } from './schedules-csv.ts';

/** What a status of the feed says about tonight, in the words of the league's report. Day-to-day means that nobody knows yet. */
const AVAILABILITY: Readonly<Record<string, string>> = {
  out: 'out',
  suspension: 'out',
  doubtful: 'doubtful',
  'day-to-day': 'questionable',
  questionable: 'questionable',
  probable: 'probable',
  available: 'available',
};

/**
 * ESPN's list of injuries: one statement per player, in groups by team. It speaks of players and not of games, and has
 * notes with dates but no time of a status: the clock of the answer is the time of knowledge, its ET date the slate. A
 * team that is absent is not said to be healthy. Units are the report and every statement.
 */
export const espnInjuries: InputFormat = {
  id: 'espn_injuries_json',
  description: 'ESPN injuries of all teams, answer of `/injuries`',
  recognise: (_path, head) =>
    /^\uFEFF?\s*\{\s*"timestamp"\s*:/.test(head) &&
    /"injuries"\s*:\s*\[/.test(head) &&
    !head.includes('"pages"') &&
    !head.includes('"athletes"'),
  parse: (file) => {
    const payload = objectIn(jsonOf(file));
    const groups = payload['injuries'];
    if (!Array.isArray(groups)) throw unreadable(file, 'a list under "injuries"', typeof groups);
    const statements = groups
      .map(objectIn)
      .flatMap((group) => listIn(group['injuries']).map((injury) => ({ group, injury: objectIn(injury) })));
    const clock = textIn(payload['timestamp']);
    const units = collectUnits();
    const summary = { timestamp: clock, statements: statements.length };
    units.unit(
      0,
      () => JSON.stringify(summary),
      () =>
        parsedRow(
          availabilityReports,
          {
            report_at: requiredInstant('timestamp', clock),
            label_at: null,
            made_at: null,
            pages: null,
            player_statements: statements.length,
            team_statements: 0,
          },
          0,
        ),
    );
    statements.forEach(({ group, injury }, index) => {
      units.unit(
        index + 1,
        () => JSON.stringify({ team: textIn(group['displayName']), ...injury }),
        () => statementRow(group, injury, clock, index + 1),
      );
    });
    return units.result();
  },
};

function statementRow(group: JsonObject, injury: JsonObject, clock: string, line: number): ParsedRow {
  const report_at = requiredInstant('timestamp', clock);
  const athlete = objectIn(injury['athlete']);
  const { player_name, player_lookup } = requiredPlayer('displayName', textIn(athlete['displayName']));
  const printed = textIn(injury['status']);
  const status = AVAILABILITY[printed.toLowerCase()];
  if (status === undefined) {
    throw new RowRejection(
      'status',
      'bad_status',
      `expected one of ${Object.keys(AVAILABILITY).join(', ')}, saw "${printed}"`,
    );
  }
  const noted = textIn(injury['date']);
  return parsedRow(
    injuryReports,
    {
      report_at,
      last_report_at: null,
      slate: slateOf(report_at),
      // After a trade the group is right before the athlete is.
      team_abbr: requiredTeam('team', textIn(group['displayName'])).abbr,
      opponent_abbr: null,
      player_id: null,
      player_name,
      player_lookup,
      status,
      reason: reasonOf(objectIn(injury['details'])),
      status_printed: printed,
      noted_at: noted === '' ? null : requiredInstant('date', noted),
      provider_player_id: playerCardId(athlete),
    },
    line,
  );
}

/** "Right Quadriceps; Bruise", or null when the feed names no injury. */
function reasonOf(details: JsonObject): string | null {
  const said = (field: string): string =>
    /^not specified$/i.test(textIn(details[field])) ? '' : textIn(details[field]);
  const where = [said('side'), said('type')].filter((text) => text !== '').join(' ');
  return [where, said('detail')].filter((text) => text !== '').join('; ') || null;
}

/** The athlete carries no id of his own; the link to his card does. */
function playerCardId(athlete: JsonObject): string | null {
  for (const link of listIn(athlete['links']).map(objectIn)) {
    const id = /\/id\/(\d+)(?:\/|$)/.exec(textIn(link['href']))?.[1];
    if (id !== undefined) return id;
  }
  return null;
}

const SEASON_TYPES: Readonly<Record<string, SeasonType>> = {
  '1': 'preseason',
  '2': 'regular',
  '3': 'playoffs',
  '5': 'play_in',
};

const GAME_STATUSES: Readonly<Record<string, ScheduleStatement['status']>> = {
  STATUS_SCHEDULED: 'scheduled',
  STATUS_DELAYED: 'scheduled',
  STATUS_IN_PROGRESS: 'live',
  STATUS_HALFTIME: 'live',
  STATUS_END_PERIOD: 'live',
  STATUS_FINAL: 'final',
  STATUS_POSTPONED: 'postponed',
  STATUS_CANCELED: 'cancelled',
};

/**
 * ESPN's scoreboard of an ET day: the second source for schedule and results. Games have no id of the league, so they are
 * told by slate and pair of teams. Scores are strings, times are UTC; a day without games is a sound answer with no unit.
 * The answer has no clock: the time of knowledge is that of the request.
 */
export const espnScoreboard: InputFormat = {
  id: 'espn_scoreboard_json',
  description: 'ESPN scoreboard of a day, with status and scores',
  recognise: (_path, head) => /^\uFEFF?\s*\{\s*"leagues"\s*:\s*\[/.test(head),
  parse: (file) => {
    const payload = objectIn(jsonOf(file));
    const events = payload['events'];
    if (!Array.isArray(events)) throw unreadable(file, 'a list under "events"', typeof events);
    const [league] = listIn(payload['leagues']).map(objectIn);
    if (textIn(league?.['abbreviation']) !== 'NBA')
      throw unreadable(file, 'the league NBA', `"${textIn(league?.['abbreviation'])}"`);
    const season = objectIn(payload['season']);
    const units = events.map((event, index) => ({ line: index + 1, event: objectIn(event) }));
    return collectKeyed(
      units,
      ({ line }) => line,
      ({ event }) => JSON.stringify(event),
      ({ line, event }) => gameRow(event, season, line, file),
    );
  },
};

function gameRow(event: JsonObject, season: JsonObject, line: number, { fetchedAt }: InputFile): KeyedRow {
  const [game = {}] = listIn(event['competitions']).map(objectIn);
  const type = objectIn(objectIn(game['status'] ?? event['status'])['type']);
  const instant = requiredInstant('date', textIn(game['date']) || textIn(event['date']));
  const slate = slateOf(instant);
  const label = listIn(game['notes'])
    .map(objectIn)
    .map((note) => textIn(note['headline']));
  const [home, away] = [sideOf(game, 'home'), sideOf(game, 'away')];
  const status = statusOf(type);
  const isOver = status === 'final';
  return scheduleRow({
    season: seasonOf(slate),
    seasonType: seasonTypeOf(objectIn(event['season'])['type'] ?? season['type'], label),
    line,
    dateField: 'date',
    key: requiredText('id', textIn(event['id'])),
    gameId: null,
    slate,
    tipoffAt: game['timeValid'] === false ? null : instant,
    home: requiredTeam('home', textIn(objectIn(home['team'])['displayName'])),
    away: requiredTeam('away', textIn(objectIn(away['team'])['displayName'])),
    status,
    statement: 'current',
    statusText: textIn(type['detail']) || textIn(type['description']) || null,
    label: joinLabels(label),
    homeScore: isOver ? requiredCount('home score', home['score']) : null,
    awayScore: isOver ? requiredCount('away score', away['score']) : null,
    observedAt: fetchedAt ?? null,
  });
}

function sideOf(game: JsonObject, side: 'home' | 'away'): JsonObject {
  const found = listIn(game['competitors'])
    .map(objectIn)
    .find((competitor) => textIn(competitor['homeAway']) === side);
  if (found === undefined)
    throw new RowRejection('competitors', 'missing_field', `expected a ${side} team, saw none`);
  return found;
}

function statusOf(type: JsonObject): ScheduleStatement['status'] {
  const status = GAME_STATUSES[textIn(type['name'])];
  if (status === undefined) {
    throw new RowRejection(
      'status',
      'bad_status',
      `expected one of ${Object.keys(GAME_STATUSES).join(', ')}, saw "${textIn(type['name'])}"`,
    );
  }
  return status;
}

function seasonTypeOf(code: unknown, labels: readonly string[]): SeasonType {
  // The final of the cup is listed among the games of the regular season and counts for nothing.
  if (labels.some((label) => /\bcup\b.*\bchampionship\b/i.test(label))) return 'cup_final';
  const type = SEASON_TYPES[textIn(code)];
  if (type === undefined)
    throw new RowRejection('season type', 'impossible_value', `expected 1, 2, 3 or 5, saw "${textIn(code)}"`);
  return type;
}
