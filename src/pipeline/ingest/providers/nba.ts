import { readGameId } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { InputFile } from '#pipeline/ingest/format.ts';
import { bytesOf, type Http } from './http.ts';

export interface NbaOptions {
  readonly http: Http;
  /** Replaces the host, for tests and mirrors. */
  readonly baseUrl?: string;
}

const NBA = 'https://cdn.nba.com/static/json';

/** Headers of the league's own pages: its site answers only requests that look like theirs. */
const HEADERS = {
  accept: 'application/json',
  referer: 'https://www.nba.com/',
  'user-agent': 'Mozilla/5.0 (compatible; tipoff)',
};

/** Box scores of NBA.com's live feed. */
export interface BoxScoreProvider {
  /** The box score of a game. Throws TIPOFF_BAD_INPUT for a text that is no game id, TIPOFF_PROVIDER, TIPOFF_PROVIDER_DOWN. */
  boxScore(gameId: string, signal?: AbortSignal): Promise<InputFile>;
}

/** What NBA.com says about games: the season's list, and today's with status and scores. */
export interface ScheduleProvider {
  /** The whole season. Throws TIPOFF_PROVIDER, TIPOFF_PROVIDER_DOWN. */
  season(signal?: AbortSignal): Promise<InputFile>;
  /** Today's games. Throws TIPOFF_PROVIDER, TIPOFF_PROVIDER_DOWN. */
  today(signal?: AbortSignal): Promise<InputFile>;
}

/** Box scores from NBA.com. The files are read by the formats that read recorded ones. */
export function nbaBoxScores({ http, baseUrl = NBA }: NbaOptions): BoxScoreProvider {
  return {
    boxScore: async (gameId, signal) => {
      if (readGameId(gameId) === undefined) {
        throw new TipoffError('TIPOFF_BAD_INPUT', `expected a game id of the league, saw "${gameId}"`, {
          hint: 'Write the ten digits, leading zeros included, for example 0022400517.',
        });
      }
      return fetchFile(http, `${baseUrl}/liveData/boxscore/boxscore_${gameId}.json`, signal);
    },
  };
}

/** Schedule and scoreboard from NBA.com. */
export function nbaSchedule({ http, baseUrl = NBA }: NbaOptions): ScheduleProvider {
  return {
    season: (signal) => fetchFile(http, `${baseUrl}/staticData/scheduleLeagueV2.json`, signal),
    today: (signal) => fetchFile(http, `${baseUrl}/liveData/scoreboard/todaysScoreboard_00.json`, signal),
  };
}

async function fetchFile(http: Http, path: string, signal: AbortSignal | undefined): Promise<InputFile> {
  const answer = await http.get(path, { headers: HEADERS, ...omitUndefined({ signal }) });
  return { path, bytes: bytesOf('NBA.com', path, answer) };
}

/** The league's lists of players, which know rookies, signings and trades before a first game. */
export interface PlayerListProvider {
  /** Who is on whose roster in a season. Throws TIPOFF_PROVIDER, TIPOFF_PROVIDER_DOWN. */
  players(season: string, signal?: AbortSignal): Promise<InputFile>;
  /** The same with positions and numbers. Throws TIPOFF_PROVIDER, TIPOFF_PROVIDER_DOWN. */
  index(season: string, signal?: AbortSignal): Promise<InputFile>;
}

const STATS = 'https://stats.nba.com';
const STATS_PROVIDER = 'NBA.com statistics';
/** The service lets requests from blocked machines hang instead of refusing them: two attempts of ten seconds are enough to tell. */
const STATS_TIMEOUT_MS = 10_000;
const STATS_ATTEMPTS = 2;

/** Lists of players from the league's statistics service. The files are read by the formats that read recorded answers. */
export function nbaPlayers({ http, baseUrl = STATS }: NbaOptions): PlayerListProvider {
  const fetchList = async (path: string, signal: AbortSignal | undefined): Promise<InputFile> => {
    const address = `${baseUrl}/stats/${path}`;
    const answer = await http.get(address, {
      headers: HEADERS,
      timeoutMs: STATS_TIMEOUT_MS,
      attempts: STATS_ATTEMPTS,
      ...omitUndefined({ signal }),
    });
    return { path: address, bytes: bytesOf(STATS_PROVIDER, address, answer) };
  };
  return {
    players: (season, signal) =>
      fetchList(`commonallplayers?IsOnlyCurrentSeason=1&LeagueID=00&Season=${season}`, signal),
    index: (season, signal) => fetchList(`playerindex?Historical=0&LeagueID=00&Season=${season}`, signal),
  };
}
