import { z } from 'zod';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';

interface Call {
  readonly method?: 'GET' | 'POST';
  readonly url: string;
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  /** The parsed body; undefined when there is none or it is not JSON. */
  readonly body: unknown;
  readonly headers?: Headers;
}

export type Http = (call: Call) => Promise<Answer>;

/** Attempts per call, and the longest wait between them: a workflow step must not wait for hours. */
const TRIES = 4;
const MAX_WAIT_MS = 60_000;
const TIMEOUT_MS = 30_000;

/**
 * `fetch` with retries. Network failures, 502, 503, 504 and rate limits are retried, up to four attempts in all, after the wait
 * the server asks for if that is a minute or less; then the call throws TIPOFF_PROVIDER_DOWN naming `who`. Other statuses are
 * answers. Calls that create something are retried too, so their callers check for it first or send an id.
 */
export function retryingFetch(who: string, clock: Clock): typeof fetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    let problem = '';
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      const answer = await once(url, init).catch((error: unknown) => reasonOf(error));
      if (typeof answer !== 'string' && !isWorthARetry(answer)) return answer;
      problem =
        typeof answer === 'string'
          ? answer
          : `it answered ${answer.status}${wordsOf(parse(await answer.text()))}`;
      const wait = typeof answer === 'string' ? undefined : askedWait(answer, clock);
      if (wait !== undefined && wait > MAX_WAIT_MS) {
        problem += ` and asks to wait ${Math.ceil(wait / 1000)} s`;
        break;
      }
      if (attempt < TRIES) await clock.sleep(wait ?? 250 * 2 ** (attempt - 1));
    }
    throw new TipoffError(
      'TIPOFF_PROVIDER_DOWN',
      `expected an answer from ${who} (${init?.method ?? 'GET'} ${pathOf(url)}): ${problem}`,
      {
        hint: 'Start the workflow again later; a second run changes nothing that is done.',
        details: { who, path: pathOf(url) },
      },
    );
  };
}

const once = (url: string, init: RequestInit | undefined): Promise<Response> =>
  fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });

/** JSON over HTTP, with the retries of {@link retryingFetch}. */
export function jsonHttp(who: string, clock: Clock): Http {
  const patient = retryingFetch(who, clock);
  return async ({ method = 'GET', url, token, body, headers }) => {
    const response = await patient(url, {
      method,
      headers: {
        accept: 'application/json',
        'user-agent': 'tipoff',
        ...headers,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return {
      status: response.status,
      body: parse(await response.text()),
      headers: response.headers,
    };
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // An error page of a proxy: the status is enough.
    return undefined;
  }
}

const refusal = z.object({ message: z.string().min(1) });
const health = z.object({
  checks: z.array(
    z.object({ check: z.string(), status: z.string(), expected: z.string(), seen: z.string() }),
  ),
});

/** A server's explanation of a failure: its message, or its failed health checks. */
function wordsOf(body: unknown): string {
  const message = refusal.safeParse(body).data?.message;
  if (message !== undefined) return `, ${message}`;
  const failed = health.safeParse(body).data?.checks.filter(({ status }) => status !== 'pass') ?? [];
  return failed.map(({ check, expected, seen }) => `, ${check}: expected ${expected}, saw ${seen}`).join('');
}

function isWorthARetry({ status, headers }: Response): boolean {
  const isLimited =
    status === 429 ||
    (status === 403 && (headers.has('retry-after') || headers.get('x-ratelimit-remaining') === '0'));
  return isLimited || [502, 503, 504].includes(status);
}

/** Milliseconds the server wants us to wait. */
function askedWait({ headers }: Response, clock: Clock): number | undefined {
  const after = headers.get('retry-after');
  if (after !== null && /^\d+$/.test(after)) return Number(after) * 1000;
  const reset = headers.get('x-ratelimit-remaining') === '0' ? headers.get('x-ratelimit-reset') : null;
  return reset === null ? undefined : Math.max(0, Number(reset) * 1000 - clock.now().getTime());
}

function reasonOf(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return `no answer within ${TIMEOUT_MS / 1000} s`;
  return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
}

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : url;
}
