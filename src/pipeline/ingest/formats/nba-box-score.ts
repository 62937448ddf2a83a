import type { Slate } from '#core/calendar.ts';
import { playerBoxScores, teamBoxScores } from '#core/contracts/nba_raw.ts';
import { findTeam, type Team } from '#core/teams.ts';
import { leagueGame } from '#pipeline/ingest/cells.ts';
import type { InputFile, InputFormat, ParsedFile, ParsedRow } from '#pipeline/ingest/format.ts';
import { RowRejection } from '#pipeline/ingest/rows.ts';
import {
  collectUnits,
  type JsonObject,
  leadsWith,
  listIn,
  objectIn,
  optionalNumber,
  parsedRow,
  payloadUnder,
  requiredCount,
  requiredMinutes,
  requiredPlayer,
  slateOfGame,
  textIn,
  unreadable,
} from './fields.ts';

/** Minutes of a payload; null where it has none. */
function minutesOrNull(text: string): number | null {
  return text === '' ? null : requiredMinutes('minutes', text);
}

const NAMES = {
  points: 'points',
  fgm: 'fieldGoalsMade',
  fga: 'fieldGoalsAttempted',
  fg3m: 'threePointersMade',
  fg3a: 'threePointersAttempted',
  ftm: 'freeThrowsMade',
  fta: 'freeThrowsAttempted',
  oreb: 'reboundsOffensive',
  dreb: 'reboundsDefensive',
  reb: 'reboundsTotal',
  ast: 'assists',
  stl: 'steals',
  blk: 'blocks',
  tov: 'turnovers',
  pf: 'foulsPersonal',
} as const;

type BoxCounts = Readonly<Record<keyof typeof NAMES, number>>;

/**
 * The counts of a player or a team, checked against each other. Rebounds are offensive plus defensive ones: the live
 * feed adds to a team's total those no player is credited with, which its box scores elsewhere leave out.
 * Throws RowRejection missing_field, bad_number, impossible_value.
 */
function readBoxCounts(statistics: JsonObject, whose: 'player' | 'team'): BoxCounts {
  const entries = Object.entries(NAMES).map(
    ([column, name]) => [column, requiredCount(name, statistics[name])] as const,
  );
  const counts = Object.fromEntries(entries) as unknown as BoxCounts;
  const limits = [
    ['fgm', 'fga'],
    ['fg3m', 'fg3a'],
    ['ftm', 'fta'],
    ['fg3m', 'fgm'],
  ] as const;
  for (const [part, whole] of limits) {
    if (counts[part] > counts[whole]) {
      throw new RowRejection(
        NAMES[part],
        'impossible_value',
        `expected at most ${NAMES[whole]} = ${counts[whole]}, saw ${counts[part]}`,
      );
    }
  }
  const points = 2 * counts.fgm + counts.fg3m + counts.ftm;
  if (points !== counts.points) {
    throw new RowRejection(
      'points',
      'impossible_value',
      `expected ${points} from the field goals and free throws, saw ${counts.points}`,
    );
  }
  const reb = counts.oreb + counts.dreb;
  if (whose === 'player' ? counts.reb !== reb : counts.reb < reb) {
    throw new RowRejection(
      'reboundsTotal',
      'impossible_value',
      `expected ${counts.oreb} + ${counts.dreb}, saw ${counts.reb}`,
    );
  }
  return { ...counts, reb };
}

/** Plus-minus; null where the payload has none. */
function readPlusMinus(statistics: JsonObject): number | null {
  return optionalNumber('plusMinusPoints', statistics['plusMinusPoints']);
}

/** The counts of somebody who did not play: not zero, but not there. */
const NO_COUNTS: Readonly<Record<keyof typeof NAMES | 'plus_minus', null>> = {
  points: null,
  fgm: null,
  fga: null,
  fg3m: null,
  fg3a: null,
  ftm: null,
  fta: null,
  oreb: null,
  dreb: null,
  reb: null,
  ast: null,
  stl: null,
  blk: null,
  tov: null,
  pf: null,
  plus_minus: null,
};

/** The league's statistics answer `boxscoretraditionalv3`. It has no date: see `slateOfGame` for where one may be. */
export const nbaBoxScoreV3: InputFormat = {
  id: 'nba_box_score_v3_json',
  description: 'NBA.com box score, answer boxscoretraditionalv3',
  recognise: (_path, head) => leadsWith(head, 'boxScoreTraditional'),
  parse: (file) => parseBoxScore(file, payloadUnder(file, 'boxScoreTraditional')),
};

/** The league's live box score, `liveData/boxscore/boxscore_<id>.json`. */
export const nbaBoxScoreLive: InputFormat = {
  id: 'nba_box_score_live_json',
  description: 'NBA.com live box score, boxscore_<game id>.json',
  recognise: (_path, head) =>
    leadsWith(head, 'game') && /"gameId"\s*:/.test(head) && !/"actions"\s*:/.test(head),
  parse: (file) => parseBoxScore(file, payloadUnder(file, 'game')),
};

interface GameFrame {
  readonly game_id: string;
  readonly slate: Slate;
  readonly season: string;
  readonly season_type: string;
}

/** One team of a payload. */
interface Side {
  readonly isHome: boolean;
  readonly payload: JsonObject;
  readonly opponent: JsonObject;
}

/**
 * Reads a box score: every player and every team total is a unit. Games of other leagues, games without a date and games
 * that are not over reject all their units, so that a half-time score is never taken for a result.
 */
function parseBoxScore(file: InputFile, game: JsonObject): ParsedFile {
  const [home, away] = ['homeTeam', 'awayTeam'].map((side) => {
    if (typeof game[side] !== 'object')
      throw unreadable(file, `an object under "${side}"`, typeof game[side]);
    return objectIn(game[side]);
  }) as [JsonObject, JsonObject];
  const sides: Side[] = [
    { isHome: true, payload: home, opponent: away },
    { isHome: false, payload: away, opponent: home },
  ];
  const units = collectUnits();
  let line = 0;
  for (const side of sides) {
    for (const player of listIn(side.payload['players']).map(objectIn)) {
      line += 1;
      const number = line;
      units.unit(
        number,
        () => JSON.stringify(player),
        () => playerRow(readFrame(game, file.path), side, player, number),
      );
    }
    line += 1;
    const number = line;
    units.unit(
      number,
      () => JSON.stringify({ ...side.payload, players: undefined }),
      () => teamRow(readFrame(game, file.path), side, number),
    );
  }
  return units.result();
}

function readFrame(game: JsonObject, path: string): GameFrame {
  const game_id = textIn(game['gameId']);
  const { season, seasonType } = leagueGame('gameId', game_id);
  const slate = slateOfGame(game, path);
  if (slate === undefined) {
    throw new RowRejection(
      'gameTimeUTC',
      'missing_field',
      'expected gameTimeUTC, gameEt, gameCode or a date in the path, saw none of them',
    );
  }
  const status = game['gameStatus'];
  if (status !== undefined && Number(textIn(status)) !== 3) {
    throw new RowRejection(
      'gameStatus',
      'bad_status',
      `expected a game that is over (3), saw "${textIn(status)}" (${textIn(game['gameStatusText'])})`,
    );
  }
  return { game_id, slate, season, season_type: seasonType };
}

function playerRow(frame: GameFrame, side: Side, player: JsonObject, line: number): ParsedRow {
  const printed = textIn(player['name']) || `${textIn(player['firstName'])} ${textIn(player['familyName'])}`;
  const { player_name, player_lookup } = requiredPlayer('name', printed);
  const statistics = objectIn(player['statistics']);
  const minutes = minutesOrNull(textIn(statistics['minutes']));
  const reason = didNotPlayReason(player);
  const played = hasPlayed(player, minutes, reason);
  if (played && (minutes === null || minutes > 70)) {
    throw new RowRejection(
      'minutes',
      'impossible_value',
      `expected 0 to 70 minutes of a player on court, saw "${textIn(statistics['minutes'])}"`,
    );
  }
  return parsedRow(
    playerBoxScores,
    {
      ...frame,
      ...teamsOf(side),
      player_id: requiredCount('personId', player['personId']),
      player_name,
      player_lookup,
      played,
      dnp_reason: played ? null : reason,
      minutes: played ? minutes : null,
      is_starter: isStarter(player),
      ...(played
        ? { ...readBoxCounts(statistics, 'player'), plus_minus: readPlusMinus(statistics) }
        : NO_COUNTS),
    },
    line,
  );
}

/** The live feed says who played; elsewhere it is whoever has time on court, or no reason for being absent and any count. */
function hasPlayed(player: JsonObject, minutes: number | null, reason: string | null): boolean {
  const flag = textIn(player['played']);
  if (flag === '1' || flag === '0') return flag === '1';
  return minutes !== null && (minutes > 0 || reason === null);
}

function didNotPlayReason(player: JsonObject): string | null {
  const parts = [
    textIn(player['comment']),
    textIn(player['notPlayingReason']),
    textIn(player['notPlayingDescription']),
  ];
  const reason = parts.filter((part) => part !== '').join(' - ');
  return reason === '' ? null : reason;
}

/** The live feed has a flag for everybody; the statistics answer prints a position for the five who started. */
function isStarter(player: JsonObject): boolean {
  const flag = textIn(player['starter']);
  return flag === '' ? textIn(player['position']) !== '' : flag === '1';
}

function teamRow(frame: GameFrame, side: Side, line: number): ParsedRow {
  const statistics = objectIn(side.payload['statistics']);
  const opposing = objectIn(side.opponent['statistics']);
  const counts = readBoxCounts(statistics, 'team');
  const opposingPoints = requiredCount('points', opposing['points']);
  return parsedRow(
    teamBoxScores,
    {
      ...frame,
      ...teamsOf(side),
      won: counts.points === opposingPoints ? null : counts.points > opposingPoints,
      minutes: minutesOrNull(textIn(statistics['minutes'])),
      ...counts,
      plus_minus: counts.points - opposingPoints,
    },
    line,
  );
}

function teamsOf({ isHome, payload, opponent }: Side) {
  const [own, other] = [readTeam(payload), readTeam(opponent)];
  if (own === other)
    throw new RowRejection(
      'teamId',
      'impossible_value',
      `expected two different teams, saw ${own.abbr} twice`,
    );
  return { team_id: own.id, team_abbr: own.abbr, opponent_abbr: other.abbr, is_home: isHome };
}

function readTeam(payload: JsonObject): Team {
  const team = findTeam(textIn(payload['teamId']));
  if (team === undefined)
    throw new RowRejection(
      'teamId',
      'unknown_team',
      `expected the id of a team of the league, saw "${textIn(payload['teamId'])}"`,
    );
  return team;
}

/** Short names of the mobile feed for what the live feed spells out. */
const STATISTICS: Readonly<Record<string, string>> = {
  fgm: 'fieldGoalsMade',
  fga: 'fieldGoalsAttempted',
  tpm: 'threePointersMade',
  tpa: 'threePointersAttempted',
  ftm: 'freeThrowsMade',
  fta: 'freeThrowsAttempted',
  oreb: 'reboundsOffensive',
  dreb: 'reboundsDefensive',
  reb: 'reboundsTotal',
  ast: 'assists',
  stl: 'steals',
  blk: 'blocks',
  tov: 'turnovers',
  pf: 'foulsPersonal',
  pts: 'points',
  pm: 'plusMinusPoints',
};

/**
 * The league's former mobile feed, `<game id>_gamedetail.json`, still found in archives. It is put into the words of the
 * live feed and read by the same rules.
 */
export const nbaBoxScoreMobile: InputFormat = {
  id: 'nba_box_score_mobile_json',
  description: 'NBA.com box score of the former mobile feed, <game id>_gamedetail.json',
  recognise: (_path, head) => leadsWith(head, 'g') && /"gid"\s*:/.test(head),
  parse: (file) => {
    const game = payloadUnder(file, 'g');
    return parseBoxScore(file, {
      gameId: game['gid'],
      gameEt: game['gdte'],
      gameStatus: game['st'],
      gameStatusText: game['stt'],
      homeTeam: side(objectIn(game['hls'])),
      awayTeam: side(objectIn(game['vls'])),
    });
  },
};

function side(team: JsonObject): JsonObject {
  return {
    teamId: team['tid'],
    players: listIn(team['pstsg']).map((player) => mobilePlayer(objectIn(player))),
    statistics: { ...spelledOut(objectIn(team['tstsg'])), points: team['s'] },
  };
}

function mobilePlayer(player: JsonObject): JsonObject {
  const seconds = textIn(player['sec']);
  return {
    personId: player['pid'],
    firstName: player['fn'],
    familyName: player['ln'],
    position: player['pos'],
    comment: player['memo'],
    statistics: {
      ...spelledOut(player),
      minutes: seconds === '' ? '' : `${textIn(player['min'])}:${seconds.padStart(2, '0')}`,
    },
  };
}

function spelledOut(statistics: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(statistics).flatMap(([name, value]) => {
      const spelled = STATISTICS[name];
      return spelled === undefined ? [] : [[spelled, value]];
    }),
  );
}
