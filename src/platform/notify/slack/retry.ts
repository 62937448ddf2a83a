import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
} from '@slack/web-api';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';

/** How long a delivery is tried. All waiting together is bounded by `longestWait` times `tries`. */
export interface RetryPolicy {
  readonly tries: number;
  /** First pause in milliseconds; doubles. */
  readonly firstPause: number;
  /** Longest single pause in milliseconds. A 429 that asks for more is not waited for. */
  readonly longestWait: number;
}

const POLICY: RetryPolicy = { tries: 4, firstPause: 500, longestWait: 30_000 };

interface Delivery {
  readonly clock: Clock;
  /** What is delivered, for the error. */
  readonly what: string;
  readonly policy: Partial<RetryPolicy>;
  /** Texts that must not appear in an error. */
  readonly secrets: readonly string[];
}

/**
 * Calls until it works, within the policy. After a failure that leaves open whether the call took effect, `recover` is
 * asked first. TIPOFF_NOTIFY when the policy is used up, or at once for what no repeat can help (token, channel, scope).
 */
export async function withRetries<T>(
  delivery: Delivery,
  call: () => Promise<T>,
  recover?: () => Promise<T | undefined>,
): Promise<T> {
  const policy = { ...POLICY, ...delivery.policy };
  let isOpen = false;
  for (let attempt = 1; ; attempt++) {
    try {
      if (isOpen && recover !== undefined) {
        const found = await recover();
        if (found !== undefined) return found;
        isOpen = false;
      }
      return await call();
    } catch (error) {
      const pause =
        error instanceof WebAPIRateLimitedError
          ? error.retryAfter * 1000
          : policy.firstPause * 2 ** (attempt - 1);
      isOpen ||= mayHaveTakenEffect(error);
      if (!isWorthARepeat(error) || attempt >= policy.tries || pause > policy.longestWait)
        throw undelivered(delivery, error, attempt, isOpen);
      await delivery.clock.sleep(pause);
    }
  }
}

function isWorthARepeat(error: unknown): boolean {
  if (error instanceof WebAPIRateLimitedError || error instanceof WebAPIRequestError) return true;
  if (error instanceof WebAPIHTTPError) return error.statusCode >= 500;
  return error instanceof WebAPIPlatformError && TRANSIENT_ANSWERS.includes(error.data.error);
}

const TRANSIENT_ANSWERS: readonly string[] = [
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'ratelimited',
  'rate_limited',
];

/** A lost answer or a broken server: the message may be there. A refusal proves that it is not. */
function mayHaveTakenEffect(error: unknown): boolean {
  return !(error instanceof WebAPIRateLimitedError) && isWorthARepeat(error);
}

const HINTS: Readonly<Record<string, string>> = {
  invalid_auth: 'Check TIPOFF_SLACK_TOKEN: Slack does not know the token.',
  not_authed: 'Set TIPOFF_SLACK_TOKEN.',
  token_revoked: 'The token was revoked: make a new one and set TIPOFF_SLACK_TOKEN.',
  account_inactive: 'The account of the token is inactive: make a new one and set TIPOFF_SLACK_TOKEN.',
  channel_not_found:
    'Check TIPOFF_SLACK_CHANNEL and TIPOFF_SLACK_CHANNELS: the channel does not exist or the app cannot see it.',
  not_in_channel: 'Invite the app to the channel (/invite), or give it chat:write.public.',
  is_archived: 'The channel is archived: choose another one in TIPOFF_SLACK_CHANNEL.',
  missing_scope: 'Give the app chat:write; channels:read and channels:history help it to find lost messages.',
};

function undelivered(
  { what, secrets }: Delivery,
  error: unknown,
  attempts: number,
  isOpen: boolean,
): TipoffError {
  if (error instanceof TipoffError) return error;
  const answer = error instanceof WebAPIPlatformError ? error.data.error : undefined;
  const retryAfter = error instanceof WebAPIRateLimitedError ? error.retryAfter : undefined;
  const text = secrets.reduce(
    (hidden, secret) => (secret === '' ? hidden : hidden.replaceAll(secret, '[secret]')),
    messageOf(error),
  );
  return new TipoffError(
    'TIPOFF_NOTIFY',
    `${what} could not be delivered to Slack in ${attempts} ${attempts === 1 ? 'try' : 'tries'}: ${text}`,
    {
      hint:
        HINTS[answer ?? ''] ??
        'It is kept and sent with the next run; look at status.slack.com if this lasts.',
      details: {
        attempts,
        ...(answer === undefined ? {} : { slack_error: answer }),
        ...(retryAfter === undefined ? {} : { retry_after_seconds: retryAfter }),
        ...(isOpen ? { may_have_been_delivered: true } : {}),
      },
    },
  );
}

const nothing = (): void => undefined;

/** The client's own log says what our errors say already. */
export const silentLogger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  setLevel: nothing,
  getLevel: () => 'error' as never,
  setName: nothing,
};
