import { type Slate, slateOf } from '#core/calendar.ts';
import { scheduleGames } from '#core/contracts/nba_raw.ts';
import { readUtc } from '#core/instants.ts';
import { findTeam } from '#core/teams.ts';
import { leagueGame } from '#pipeline/ingest/cells.ts';
import type { InputFormat, ParsedRow } from '#pipeline/ingest/format.ts';
import { RowRejection } from '#pipeline/ingest/rows.ts';
import {
  collectUnits,
  isResource,
  type JsonObject,
  jsonOf,
  leadsWith,
  objectIn,
  optionalNumber,
  parsedRow,
  payloadUnder,
  requiredCount,
  requiredDate,
  requiredInstant,
  requiredSides,
  requiredText,
  resultSet,
  textIn,
  unreadable,
} from './fields.ts';
import { shotRowMaker } from './shots.ts';

/** Tenths of a foot, the unit of the league's shot charts. */
const TENTHS = 10;

/** The hoop is this many feet from the baseline; the shot chart measures from the hoop, the archive from the baseline. */
const HOOP_TO_BASELINE = 5.25;

/** The league's answer `shotchartdetail`. Coordinates come in tenths of a foot from the hoop and are stored as in the archives: feet from the hoop with the sign turned (x), feet from the baseline (y). A unit is a shot. */
export const nbaShotChart: InputFormat = {
  id: 'nba_shot_chart_json',
  description: 'NBA.com shot chart of a team and game, answer shotchartdetail',
  recognise: (_path, head) => isResource(head, 'shotchartdetail'),
  parse: (file) => {
    const units = collectUnits();
    const makeRow = shotRowMaker();
    resultSet(objectIn(jsonOf(file)), 'Shot_Chart_Detail').forEach((shot, index) => {
      units.unit(
        index + 1,
        () => JSON.stringify(shot),
        () => shotRow(makeRow, shot, index + 1),
      );
    });
    return units.result();
  },
};

function shotRow(makeRow: ReturnType<typeof shotRowMaker>, shot: JsonObject, line: number): ParsedRow {
  const text = (name: string) => textIn(shot[name]);
  const date = text('GAME_DATE');
  const x = optionalNumber('LOC_X', shot['LOC_X']);
  const y = optionalNumber('LOC_Y', shot['LOC_Y']);
  return makeRow(
    {
      gameId: text('GAME_ID'),
      slate: requiredDate('GAME_DATE', date.slice(0, 4), date.slice(4, 6), date.slice(6)),
      playerId: text('PLAYER_ID'),
      team: text('TEAM_ID'),
      home: text('HTM'),
      away: text('VTM'),
      shotType: text('SHOT_TYPE'),
      basicZone: text('SHOT_ZONE_BASIC'),
      made: text('SHOT_MADE_FLAG'),
      distance: text('SHOT_DISTANCE'),
      // The archives look from the other side of the court; 0 - x, because -x would make a negative zero.
      locX: x === null ? null : (0 - x) / TENTHS,
      locY: y === null ? null : Math.round((y / TENTHS + HOOP_TO_BASELINE) * 100) / 100,
      period: text('PERIOD'),
      minutesLeft: text('MINUTES_REMAINING'),
      secondsLeft: text('SECONDS_REMAINING'),
    },
    line,
  );
}

/**
 * The league's older box score (`boxscoretraditionalv2`). It says neither on which date nor where a game was played, and
 * may cover a part of the game only, so no row can be made of it: every unit (player or team) is kept as a rejection
 * that says so, instead of the file being unknown.
 */
export const nbaBoxScoreV2: InputFormat = {
  id: 'nba_box_score_v2_json',
  description: 'NBA.com box score, older answer boxscoretraditionalv2 (quarantined: no date, no home team)',
  recognise: (_path, head) => isResource(head, 'boxscore(?:traditional(?:v2)?)?'),
  parse: (file) => {
    const payload = objectIn(jsonOf(file));
    const units = collectUnits();
    [...resultSet(payload, 'PlayerStats'), ...resultSet(payload, 'TeamStats')].forEach((row, index) => {
      units.unit(
        index + 1,
        () => JSON.stringify(row),
        () => refuse(row),
      );
    });
    return units.result();
  },
};

function refuse(row: JsonObject): never {
  leagueGame('GAME_ID', textIn(row['GAME_ID']));
  if (findTeam(textIn(row['TEAM_ID'])) === undefined) {
    throw new RowRejection(
      'TEAM_ID',
      'unknown_team',
      `expected a team of the league, saw "${textIn(row['TEAM_ID'])}"`,
    );
  }
  throw new RowRejection(
    'GAME_DATE',
    'missing_field',
    'expected the date and the home team of the game, saw an answer that has neither; fetch the live box score',
  );
}

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
    const { games } = payloadUnder(file, 'scoreboard');
    if (!Array.isArray(games)) throw unreadable(file, 'a list under "games"', typeof games);
    games.map(objectIn).forEach((game, index) => {
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
    const scores = new Map(
      resultSet(payload, 'LineScore').map((row) => [textIn(row['TEAM_ID']), row['PTS']]),
    );
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
  const label = [textIn(game['gameLabel']), textIn(game['gameSubLabel'])]
    .filter((part) => part !== '')
    .join(' - ');
  return gameRow(
    {
      gameId: requiredText('gameId', textIn(game['gameId'])),
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
  const kind = leagueGame('gameId', game.gameId);
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

/** The feed has three numbers; that a game was called off is in the text only ("PPD", "Postponed", "Cancelled"). */
function readStatus({ status, statusText }: PrintedGame): string {
  if (/^(?:PPD|Postponed)\b/i.test(statusText)) return 'postponed';
  if (/^Cancel?led\b/i.test(statusText)) return 'cancelled';
  const known = STATUSES[status];
  if (known === undefined)
    throw new RowRejection('gameStatus', 'bad_status', `expected 1, 2 or 3, saw "${status}" (${statusText})`);
  return known;
}

/** When the league made the answer, from its `meta`. The clock has no zone in some answers; it is UTC in all of them. */
function observedAt(bytes: Uint8Array): string | null {
  const time = /"time"\s*:\s*"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})/.exec(
    new TextDecoder().decode(bytes.subarray(0, 1000)),
  );
  return (time === null ? undefined : readUtc(`${time[1]}T${time[2]}`))?.toISOString() ?? null;
}
