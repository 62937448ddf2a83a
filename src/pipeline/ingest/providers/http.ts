import { messageOf, TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { unpacked } from '#pipeline/ingest/format.ts';
import type { Clock } from '#platform/clock.ts';
import { retryBudget } from '#platform/retry.ts';

interface HttpRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Time one attempt may take, from the request to the last byte; never longer than usual. */
  readonly timeoutMs?: number;
  /** Attempts in all; fewer than usual where another source can be asked instead. */
  readonly attempts?: number;
}

export interface HttpAnswer {
  readonly status: number;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

/** The only way providers reach the network. */
export interface Http {
  /**
   * Fetches an address and returns whatever answer came, also one of 4xx. Throws TIPOFF_PROVIDER_DOWN when there was no
   * answer, or none but 429 and 5xx. Neither messages nor details hold the query of the address, which contains keys.
   */
  get(url: string, request?: HttpRequest): Promise<HttpAnswer>;
}

export interface FetchHttpOptions {
  /** Waits between attempts. Timeouts of an attempt run on the machine's timers: they guard a socket, not a schedule. */
  readonly clock: Clock;
  /** Attempts in all, the first included; 4 by default. */
  readonly attempts?: number;
  readonly timeoutMs?: number;
}

const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 60_000;

/**
 * Http over the built-in fetch. 429, 5xx, timeouts and broken connections are tried again after 1, 2, 4… seconds, or
 * after what Retry-After asks for (seconds or a date, at most a minute). Other answers are returned at once.
 */
export function fetchHttp({
  clock,
  attempts: usualAttempts = 4,
  timeoutMs: usualTimeout = 20_000,
}: FetchHttpOptions): Http {
  return {
    get: async (url, { headers = {}, signal, timeoutMs = usualTimeout, attempts = usualAttempts } = {}) => {
      let failure: Failure;
      const budget = retryBudget(clock, {
        attempts,
        isTransient: () => true,
        pause: (failed) => waitBefore(failed, failure.retryAfter, clock.now()),
      });
      do {
        const outcome = await attemptGet(url, headers, Math.min(timeoutMs, usualTimeout), signal);
        if ('answer' in outcome) {
          const { status } = outcome.answer;
          if (status !== 429 && status < 500) return outcome.answer;
          failure = { seen: `status ${status}`, status, retryAfter: outcome.answer.headers['retry-after'] };
        } else failure = outcome;
      } while (await budget.next(failure, signal));
      throw new TipoffError(
        'TIPOFF_PROVIDER_DOWN',
        `${withoutQuery(url)}: expected an answer within ${attempts} attempts, saw ${failure.seen}`,
        {
          hint: 'Try again later; if it lasts, look at the status page of the provider.',
          details: { address: withoutQuery(url), attempts, ...omitUndefined({ status: failure.status }) },
        },
      );
    },
  };
}

/** The address without its query, which contains keys. */
export function withoutQuery(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? '';
}

interface Failure {
  readonly seen: string;
  /** HTTP status of an answer that counts as a failure, such as 503. */
  readonly status?: number;
  readonly retryAfter?: string | undefined;
}

async function attemptGet(
  url: string,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<{ answer: HttpAnswer } | Failure> {
  signal?.throwIfAborted();
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      headers,
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { answer: { status: response.status, headers: Object.fromEntries(response.headers), bytes } };
  } catch (error) {
    // The caller gave up, which is not a failure of the provider.
    if (signal?.aborted === true) throw signal.reason;
    if (timeout.aborted) return { seen: `nothing within ${timeoutMs} ms` };
    return { seen: networkFailure(error, url) };
  }
}

/** What failed below HTTP; fetch hides it in the cause, and may quote the address with its query. */
function networkFailure(error: unknown, url: string): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return messageOf(cause).replaceAll(url, withoutQuery(url));
}

function waitBefore(attempt: number, retryAfter: string | undefined, now: Date): number {
  const seconds = Number(retryAfter);
  const asked =
    retryAfter === undefined
      ? Number.NaN
      : Number.isFinite(seconds)
        ? seconds * 1000
        : Date.parse(retryAfter) - now.getTime();
  const wait = Number.isNaN(asked) ? FIRST_WAIT_MS * 2 ** (attempt - 1) : Math.max(0, asked);
  return Math.min(wait, MAX_WAIT_MS);
}

/** Thrown when a conditional request is answered with 304 because the earlier answer still holds. */
export class UnchangedAnswer extends Error {
  constructor(url: string) {
    super(`${withoutQuery(url)} is unchanged`);
    this.name = 'UnchangedAnswer';
  }
}

/**
 * The bytes of a 200, unpacked where they are packed and no header says so; UnchangedAnswer for a 304, TIPOFF_PROVIDER for any other
 * answer. The body is not quoted: some providers repeat the key in it.
 */
export function bytesOf(provider: string, url: string, answer: HttpAnswer): Uint8Array {
  if (answer.status === 200) return unpacked({ path: withoutQuery(url), bytes: answer.bytes }).bytes;
  if (answer.status === 304) throw new UnchangedAnswer(url);
  throw new TipoffError(
    'TIPOFF_PROVIDER',
    `${provider}: expected status 200 from ${withoutQuery(url)}, saw ${answer.status}`,
    {
      hint: HINTS[answer.status] ?? 'Look at the documentation of the provider for this status.',
      details: { address: withoutQuery(url), status: answer.status },
    },
  );
}

const HINTS: Readonly<Record<number, string>> = {
  401: 'Check the key, and whether its quota is used up.',
  403: 'The provider refuses this machine or key: check both.',
  404: 'There is nothing at this address, or not yet: check the id.',
  422: 'The provider does not know one of the parameters: check markets and regions.',
};
