import { type Slate, slateOf } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { readInstant } from '#core/instants.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { findTeam } from '#core/teams.ts';
import type { InputFile } from '#pipeline/ingest/format.ts';
import { listIn, objectIn, textIn } from '#pipeline/ingest/formats/fields.ts';
import { ODDS_API_MARKETS } from '#pipeline/ingest/formats/lines-csv.ts';
import type { Clock } from '#platform/clock.ts';
import { bytesOf, type Http, type HttpAnswer, withoutQuery } from './http.ts';

export interface OddsApiOptions {
  readonly http: Http;
  /** The account's key. It appears in requests and nowhere else. */
  readonly key: string;
  readonly clock: Clock;
  readonly baseUrl?: string;
  readonly regions?: readonly string[];
  readonly markets?: readonly string[];
}

/** What is left of the account's quota, as the provider last reported it; null before the first answer. */
export interface Quota {
  readonly remaining: number | null;
  readonly used: number | null;
  /** What the requests of this call cost: markets times regions of each event that has any. */
  readonly spent: number;
}

export interface FetchedProps {
  /** The teams of every event of the slate that is one of the league, started or not; none where the list names none. */
  readonly listed: readonly (readonly string[])[];
  /** One file per event whose odds came. */
  readonly files: readonly InputFile[];
  /** Events of the slate that had started when they were asked for, whose quotes would be in-play. */
  readonly startedEvents: readonly string[];
  /** Events whose odds did not come, with the reason; what came before stays, for it was paid for. */
  readonly failedEvents: readonly { readonly id: string; readonly error: TipoffError }[];
  readonly quota: Quota;
}

export interface PropsProvider {
  /**
   * The player props of a slate, one request per event of the league that has not started: an All-Star game is none. After a refusal
   * other than "no such event" no further request is made and the remaining events fail with it; nor is an event requested that
   * exceeds the remaining quota.
   * Throws TIPOFF_PROVIDER when the list of events is refused (key, quota, parameters) or unreadable, TIPOFF_PROVIDER_DOWN when it
   * cannot be fetched, and the first failure of an event when no file was fetched at all.
   */
  props(slate: Slate, signal?: AbortSignal): Promise<FetchedProps>;
}

const ODDS_API = 'https://api.the-odds-api.com';
const PROVIDER = 'The Odds API';

/** Player props of The Odds API, version 4, with American prices. The files are read by the format that reads recorded payloads; their path is the address without key. */
export function oddsApiProps({
  http,
  key,
  clock,
  baseUrl = ODDS_API,
  regions = ['us', 'us_dfs'],
  markets = ODDS_API_MARKETS,
}: OddsApiOptions): PropsProvider {
  if (key.trim() === '') {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected a key for ${PROVIDER}, saw an empty one`, {
      hint: 'Set the key of the account.',
    });
  }
  const get = async (
    address: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ) => {
    const url = `${address}?${new URLSearchParams({ apiKey: key, ...query })}`;
    return http.get(url, {
      headers: { accept: 'application/json' },
      ...omitUndefined({ signal }),
    });
  };
  return {
    props: async (slate, signal) => {
      const eventsAddress = `${baseUrl}/v4/sports/basketball_nba/events`;
      const list = await get(eventsAddress, {}, signal);
      const events = eventsOn(slate, readEvents(bytesOf(PROVIDER, eventsAddress, list), eventsAddress));
      let quota = quotaAfter(list, { remaining: null, used: null, spent: 0 });
      const files: InputFile[] = [];
      const startedEvents: string[] = [];
      const failedEvents: { id: string; error: TipoffError }[] = [];
      const cost = regions.length * markets.length;
      let refusal: TipoffError | undefined;
      for (const { id, startsAt } of events) {
        if (startsAt.getTime() <= clock.now().getTime()) {
          startedEvents.push(id);
          continue;
        }
        if (quota.remaining !== null && quota.remaining < cost)
          refusal ??= quotaUsedUp(quota.remaining, cost);
        if (refusal !== undefined) failedEvents.push({ id, error: refusal });
        else {
          const address = `${eventsAddress}/${encodeURIComponent(id)}/odds`;
          try {
            const answer = await get(
              address,
              { regions: regions.join(','), markets: markets.join(','), oddsFormat: 'american' },
              signal,
            );
            quota = quotaAfter(answer, quota);
            files.push({ path: address, bytes: bytesOf(PROVIDER, address, answer) });
          } catch (error) {
            if (!(error instanceof TipoffError)) throw error;
            failedEvents.push({ id, error });
            if (error.details['status'] !== 404) refusal = error;
          }
        }
      }
      const [first] = failedEvents;
      if (files.length === 0 && first !== undefined) throw first.error;
      return { listed: events.map(({ teams }) => teams), files, startedEvents, failedEvents, quota };
    },
  };
}

interface OddsEvent {
  readonly id: string;
  readonly startsAt: Date;
  /** Codes of its teams of the league. */
  readonly teams: readonly string[];
}

function eventsOn(slate: Slate, events: readonly OddsEvent[]): readonly OddsEvent[] {
  return events
    .filter(({ startsAt }) => slateOf(startsAt) === slate)
    .sort((a, b) => a.startsAt.getTime() - b.startsAt.getTime() || (a.id < b.id ? -1 : 1));
}

/** The events that are not between strangers to the league. */
function readEvents(bytes: Uint8Array, address: string): readonly OddsEvent[] {
  const events = parseJson(bytes, address);
  if (!Array.isArray(events)) throw unreadable(address, 'a list of events', typeof events);
  return listIn(events)
    .map(objectIn)
    .flatMap((event) => {
      const [id, start] = [textIn(event['id']), textIn(event['commence_time'])];
      const startsAt = readInstant(start);
      if (id === '' || startsAt === undefined)
        throw unreadable(address, 'events with id and commence_time', JSON.stringify({ id, start }));
      const names = [textIn(event['home_team']), textIn(event['away_team'])].filter((name) => name !== '');
      const teams = names.flatMap((name) => findTeam(name)?.abbr ?? []);
      return names.length > 0 && teams.length === 0 ? [] : [{ id, startsAt, teams }];
    });
}

function parseJson(bytes: Uint8Array, address: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // The parser's message quotes the body, and a refusal's body may quote the key.
    throw unreadable(address, 'a JSON document', `${bytes.length} bytes that are none`);
  }
}

function unreadable(address: string, expected: string, seen: string): TipoffError {
  return new TipoffError(
    'TIPOFF_PROVIDER',
    `${PROVIDER}: expected ${expected} from ${withoutQuery(address)}, saw ${seen}`,
    {
      hint: 'The provider may have changed its answers: compare with its documentation.',
      details: { address: withoutQuery(address) },
    },
  );
}

function quotaUsedUp(remaining: number, cost: number): TipoffError {
  return new TipoffError(
    'TIPOFF_PROVIDER',
    `${PROVIDER}: expected ${cost} requests left for an event, saw ${remaining}`,
    {
      hint: 'Wait for the next period of the account, or ask for fewer markets or regions.',
      details: { remaining, cost },
    },
  );
}

function quotaAfter({ headers }: HttpAnswer, before: Quota): Quota {
  return {
    remaining: readCount(headers['x-requests-remaining']) ?? before.remaining,
    used: readCount(headers['x-requests-used']) ?? before.used,
    spent: before.spent + (readCount(headers['x-requests-last']) ?? 0),
  };
}

function readCount(text: string | undefined): number | null {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}
