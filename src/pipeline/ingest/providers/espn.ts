import type { Slate } from '#core/calendar.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { InputFile } from '#pipeline/ingest/format.ts';
import { bytesOf, type Http } from './http.ts';

export interface EspnOptions {
  readonly http: Http;
  /** Replaces the host, for tests and mirrors. */
  readonly baseUrl?: string;
}

/** ESPN: the second source for availability, schedule, results and rosters. */
export interface EspnProvider {
  /** All teams' injuries. Throws TIPOFF_PROVIDER, TIPOFF_PROVIDER_DOWN. */
  injuries(signal?: AbortSignal): Promise<InputFile>;
  /** The games of an ET day with status and scores. Throws TIPOFF_PROVIDER, TIPOFF_PROVIDER_DOWN. */
  scoreboard(slate: Slate, signal?: AbortSignal): Promise<InputFile>;
  /** The roster of a team, by ESPN's number of it. Throws TIPOFF_PROVIDER, TIPOFF_PROVIDER_DOWN. */
  roster(team: number, signal?: AbortSignal): Promise<InputFile>;
}

const ESPN = 'https://site.api.espn.com';
const PROVIDER = 'ESPN';
const PATH = '/apis/site/v2/sports/basketball/nba';
/** ESPN numbers the teams of the league from 1 to 30. */
export const ESPN_TEAMS: readonly number[] = Array.from({ length: 30 }, (_, index) => index + 1);
const TIMEOUT_MS = 10_000;
const ATTEMPTS = 2;

/** ESPN's site API. The files are read by the formats that read recorded answers; their path is the address. */
export function espn({ http, baseUrl = ESPN }: EspnOptions): EspnProvider {
  const fetchFile = async (path: string, signal: AbortSignal | undefined): Promise<InputFile> => {
    const address = `${baseUrl}${PATH}${path}`;
    const headers = { accept: 'application/json' };
    const answer = await http.get(address, {
      headers,
      timeoutMs: TIMEOUT_MS,
      attempts: ATTEMPTS,
      ...omitUndefined({ signal }),
    });
    return { path: address, bytes: bytesOf(PROVIDER, address, answer) };
  };
  return {
    injuries: (signal) => fetchFile('/injuries', signal),
    scoreboard: (slate, signal) => fetchFile(`/scoreboard?dates=${slate.replaceAll('-', '')}`, signal),
    roster: (team, signal) => fetchFile(`/teams/${team}?enable=roster`, signal),
  };
}
