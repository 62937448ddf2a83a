import { hash } from 'node:crypto';
import type { Clock } from '#platform/clock.ts';
import type { Http, HttpAnswer } from './http.ts';

/** The validators of an earlier answer, for the next conditional request. */
export interface Validators {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** A recorded answer. */
export interface Exchange extends Validators {
  /** Address without keys. */
  readonly address: string;
  readonly status: number;
  readonly bytes: number;
  readonly contentHash: string;
  /** ISO UTC. */
  readonly answeredAt: string;
}

/** Http that spaces its requests, makes them conditional, and records the answers. */
export interface WatchedHttp {
  readonly http: Http;
  /** The answers since the last call, in order. */
  take(): readonly Exchange[];
}

export interface WatchedHttpOptions {
  readonly http: Http;
  readonly clock: Clock;
  /** The validators of earlier answers, by address without keys. */
  readonly known?: ReadonlyMap<string, Validators>;
  /** Milliseconds between the starts of two requests to one host. */
  readonly spacingMs?: number;
}

/** Eight requests a second triggered a provider's rate limit; just under three did not. */
const SPACING_MS = 400;
/** Query parameters that carry keys. */
const KEY_PARAMETERS = ['apiKey', 'key', 'token'];

/**
 * Wraps Http for one run: requests to one host start at least `spacingMs` apart, a request whose earlier answer is known
 * is conditional (304: still valid), and every answer is recorded as an exchange.
 */
export function watchedHttp({
  http,
  clock,
  known = new Map(),
  spacingMs = SPACING_MS,
}: WatchedHttpOptions): WatchedHttp {
  const startedAt = new Map<string, number>();
  let exchanges: Exchange[] = [];
  const wait = async (host: string, signal: AbortSignal | undefined): Promise<void> => {
    const last = startedAt.get(host);
    const left = last === undefined ? 0 : last + spacingMs - clock.now().getTime();
    if (left > 0) await clock.sleep(left, signal);
    startedAt.set(host, clock.now().getTime());
  };
  return {
    http: {
      get: async (url, request = {}) => {
        const address = withoutKeys(url);
        await wait(new URL(url).host, request.signal);
        const answer = await http.get(url, {
          ...request,
          headers: { ...request.headers, ...conditions(known.get(address)) },
        });
        exchanges.push(exchangeOf(address, answer, clock.now()));
        return answer;
      },
    },
    take: () => {
      const taken = exchanges;
      exchanges = [];
      return taken;
    },
  };
}

/** The address with its query but without the parameters that carry keys. */
export function withoutKeys(url: string): string {
  const address = new URL(url);
  for (const name of KEY_PARAMETERS) address.searchParams.delete(name);
  return address.toString();
}

function conditions(validators: Validators | undefined): Readonly<Record<string, string>> {
  return {
    ...(validators?.etag == null ? {} : { 'if-none-match': validators.etag }),
    ...(validators?.lastModified == null ? {} : { 'if-modified-since': validators.lastModified }),
  };
}

function exchangeOf(address: string, { status, headers, bytes }: HttpAnswer, now: Date): Exchange {
  return {
    address,
    status,
    bytes: bytes.length,
    contentHash: hash('sha256', bytes),
    etag: headers['etag'] ?? null,
    lastModified: headers['last-modified'] ?? null,
    answeredAt: now.toISOString(),
  };
}
