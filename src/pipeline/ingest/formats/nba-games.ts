import { readGameId, type SeasonType, type Slate, slateOf } from '#core/calendar.ts';
import { scheduleGames } from '#core/contracts/nba_raw/schedule-games.ts';
import type { InputFormat, ParsedRow } from '#pipeline/ingest/format.ts';
import { RowRejection } from '#pipeline/ingest/rejection.ts';
import { requiredCount, requiredDate, requiredInstant, requiredSides } from './fields.ts';
import { isResource, type JsonObject, leadsWith, listIn, objectIn, payloadUnder, resultSet, textIn } from './json-payload.ts';
import { collectUnits, jsonOf, parsedRow } from './units.ts';

const STATUSES: Readonly<Record<string, string>> = { '1': 'scheduled', '2': 'live', '3': 'final' };

/**
 * The scoreboard of a day (`scoreboardV3` of the statistics service, `todaysScoreboard_00.json` of the live feed): what
 * the league says now about the games of a date. A unit is a game.
 */
export const nbaScoreboard: InputFormat = {
  id: 'nba_scoreboard_json',
  description: 'NBA.com scoreboard of a day, with status and scores',
  recognise: (_path, head) => leadsWith(head, 'scoreboard'),
  parse: (file) => {
    const observed_at = observedAt(file.bytes);
    const units = collectUnits();
    listIn(payloadUnder(file, 'scoreboard')['games'])
      .map(objectIn)
      .forEach((game, index) => {
        units.unit(
          index + 1,
          () => JSON.stringify(game),
          () => scoreboardRow(game, observed_at, index + 1),
        );
      });
    return units.result();
  },
};

/** The league's answer `boxscoresummary` (`boxscoresummaryv2`): date, status and score of one game. It has no tip-off time. A unit is a game. */
export const nbaGameSummary: InputFormat = {
  id: 'nba_game_summary_json',
  description: 'NBA.com game summary, answer boxscoresummaryv2',
  recognise: (_path, head) => isResource(head, 'boxscoresummary(?:v2)?'),
  parse: (file) => {
    const payload = objectIn(jsonOf(file));
    const scores = new Map(resultSet(payload, 'LineScore').map((row) => [textIn(row['TEAM_ID']), row['PTS']]));
    const units = collectUnits();
    resultSet(payload, 'GameSummary').forEach((game, index) => {
      units.unit(
        index + 1,
        () => JSON.stringify(game),
        () => summaryRow(game, scores, index + 1),
      );
    });
    return units.result();
  },
};

function scoreboardRow(game: JsonObject, observed_at: string | null, line: number): ParsedRow {
  const [home, away] = [objectIn(game['homeTeam']), objectIn(game['awayTeam'])];
  const tipoff_at = requiredInstant('gameTimeUTC', textIn(game['gameTimeUTC']));
  const label = [textIn(game['gameLabel']), textIn(game['gameSubLabel'])].filter((part) => part !== '').join(' - ');
  return gameRow(
    {
      gameId: textIn(game['gameId']),
      slate: slateOf(tipoff_at),
      tipoff_at,
      home: textIn(home['teamId']),
      away: textIn(away['teamId']),
      status: textIn(game['gameStatus']),
      statusText: textIn(game['gameStatusText']),
      label,
      homeScore: home['score'],
      awayScore: away['score'],
      observed_at,
    },
    line,
  );
}

function summaryRow(game: JsonObject, scores: ReadonlyMap<string, unknown>, line: number): ParsedRow {
  const [year = '', month = '', day = ''] = textIn(game['GAME_DATE_EST']).slice(0, 10).split('-');
  const [home, away] = [textIn(game['HOME_TEAM_ID']), textIn(game['VISITOR_TEAM_ID'])];
  return gameRow(
    {
      gameId: textIn(game['GAME_ID']),
      slate: requiredDate('GAME_DATE_EST', year, month, day),
      tipoff_at: null,
      home,
      away,
      status: textIn(game['GAME_STATUS_ID']),
      statusText: textIn(game['GAME_STATUS_TEXT']),
      label: '',
      homeScore: scores.get(home),
      awayScore: scores.get(away),
      observed_at: null,
    },
    line,
  );
}

interface PrintedGame {
  readonly gameId: string;
  readonly slate: Slate;
  readonly tipoff_at: string | null;
  readonly home: string;
  readonly away: string;
  readonly status: string;
  readonly statusText: string;
  readonly label: string;
  readonly homeScore: unknown;
  readonly awayScore: unknown;
  readonly observed_at: string | null;
}

function gameRow(game: PrintedGame, line: number): ParsedRow {
  const kind: { season: string; seasonType: SeasonType } | undefined = readGameId(game.gameId);
  if (kind === undefined) throw new RowRejection('gameId', 'unknown_game', `expected a game id of the league, saw "${game.gameId}"`);
  const status = readStatus(game);
  const isOver = status === 'final';
  return parsedRow(
    scheduleGames,
    {
      source_game_key: game.gameId,
      game_id: game.gameId,
      season: kind.season,
      season_type: kind.seasonType,
      slate: game.slate,
      tipoff_at: game.tipoff_at,
      ...requiredSides(game.home, game.away),
      status,
      status_text: game.statusText || null,
      statement: 'current',
      label: game.label || null,
      home_score: isOver ? requiredCount('home_score', game.homeScore) : null,
      away_score: isOver ? requiredCount('away_score', game.awayScore) : null,
      observed_at: game.observed_at,
    },
    line,
  );
}

/** The feed has three numbers; that a game was called off stands in the text only ("PPD", "Postponed", "Cancelled"). */
function readStatus({ status, statusText }: PrintedGame): string {
  if (/^(?:PPD|Postponed)\b/i.test(statusText)) return 'postponed';
  if (/^Cancel?led\b/i.test(statusText)) return 'cancelled';
  const known = STATUSES[status];
  if (known === undefined) throw new RowRejection('gameStatus', 'bad_status', `expected 1, 2 or 3, saw "${status}" (${statusText})`);
  return known;
}

/** When the league made the answer, from its `meta`. The clock has no zone in some answers; it is UTC in all of them. */
function observedAt(bytes: Uint8Array): string | null {
  const time = /"time"\s*:\s*"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})/.exec(new TextDecoder().decode(bytes.subarray(0, 1000)));
  const instant = new Date(time === null ? Number.NaN : `${time[1]}T${time[2]}Z`);
  return Number.isNaN(instant.getTime()) ? null : instant.toISOString();
}
