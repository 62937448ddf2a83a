import { readGameId } from '#core/calendar.ts';
import { findTeam } from '#core/teams.ts';
import type { InputFormat, ParsedRow } from '#pipeline/ingest/format.ts';
import { RowRejection } from '#pipeline/ingest/rejection.ts';
import { optionalNumber, requiredDate } from './fields.ts';
import { isResource, type JsonObject, objectIn, resultSet, textIn } from './json-payload.ts';
import { shotRowMaker } from './shot-rows.ts';
import { collectUnits, jsonOf } from './units.ts';

/** Tenths of a foot, the unit of the league's shot charts. */
const TENTHS = 10;

/** The hoop stands this many feet from the baseline; the shot chart measures from the hoop, the archive from the baseline. */
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
  const gameId = textIn(row['GAME_ID']);
  if (readGameId(gameId) === undefined) {
    throw new RowRejection('GAME_ID', 'unknown_game', `expected a game id of the league, saw "${gameId}"`);
  }
  if (findTeam(textIn(row['TEAM_ID'])) === undefined) {
    throw new RowRejection('TEAM_ID', 'unknown_team', `expected a team of the league, saw "${textIn(row['TEAM_ID'])}"`);
  }
  throw new RowRejection(
    'GAME_DATE',
    'missing_field',
    'expected the date and the home team of the game, saw an answer that has neither; fetch the live box score',
  );
}
