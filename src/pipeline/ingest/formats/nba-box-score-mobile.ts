import type { InputFormat } from '#pipeline/ingest/format.ts';
import { type JsonObject, leadsWith, listIn, objectIn, payloadUnder, textIn } from './json-payload.ts';
import { parseBoxScore } from './nba-box-score.ts';

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
    statistics: { ...spelledOut(player), minutes: seconds === '' ? '' : `${textIn(player['min'])}:${seconds.padStart(2, '0')}` },
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
