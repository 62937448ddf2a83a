import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
} from '@slack/web-api';
import { messageOf, TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { Clock } from '#platform/clock.ts';
import { backoff, retryBudget } from '#platform/retry.ts';

const MAX_ATTEMPTS = 4;
const FIRST_PAUSE_MS = 500;
/** Longest single pause in milliseconds. A 429 that asks for more is not waited for. */
const MAX_PAUSE_MS = 30_000;

interface Delivery {
  readonly clock: Clock;
  /** What is delivered, for the error. */
  readonly what: string;
  /** Attempts in all, the first included; 4 unless given. */
  readonly attempts: number | undefined;
  /** Texts that must not appear in an error. */
  readonly secrets: readonly string[];
}

/**
 * Calls until it succeeds, within the policy. After a failure that leaves it open whether the call took effect, `recover` is
 * tried first. TIPOFF_NOTIFY when the policy is exhausted, or at once when no retry can help (token, channel, scope).
 */
export async function withRetries<T>(
  delivery: Delivery,
  call: (doubt: string | undefined) => Promise<T>,
  recover?: () => Promise<T | undefined>,
): Promise<T> {
  const doubling = backoff({ first: FIRST_PAUSE_MS, max: MAX_PAUSE_MS });
  const budget = retryBudget(delivery.clock, {
    attempts: delivery.attempts ?? MAX_ATTEMPTS,
    isTransient: isWorthARepeat,
    pause: (failed, error) => {
      if (!(error instanceof WebAPIRateLimitedError)) return doubling(failed);
      const asked = error.retryAfter * 1000;
      return asked > MAX_PAUSE_MS ? undefined : asked;
    },
  });
  let isOpen = false;
  let doubt: string | undefined;
  for (;;) {
    try {
      if (isOpen && recover !== undefined) {
        const found = await recover().catch((error: unknown) => {
          doubt = whyBlind(error);
          if (doubt === undefined) throw error;
          return undefined;
        });
        if (found !== undefined) return found;
        isOpen = false;
      }
      return await call(doubt);
    } catch (error) {
      isOpen ||= mayHaveTakenEffect(error);
      if (!(await budget.next(error))) throw undelivered(delivery, error, budget.attempt, isOpen);
    }
  }
}

/** Slack's error codes for an app that may not search for its own messages. */
const BLIND: readonly string[] = ['missing_scope', 'not_in_channel', 'no_permission'];

/** Why a search cannot work until a person changes something; undefined for any other failure. */
function whyBlind(error: unknown): string | undefined {
  const isBlind = error instanceof TipoffError && error.details['cannot_search'] === true;
  return isBlind ? `${error.message}. ${error.hint}` : undefined;
}

/** The error for a search that the app is not permitted to make. `why` is Slack's error code or a description. */
export function cannotSearchError(why: string): TipoffError {
  return new TipoffError(
    'TIPOFF_NOTIFY',
    `Slack does not let the app look for its earlier messages (${why})`,
    {
      hint:
        why === 'not_in_channel'
          ? 'Invite the app to the channel (/invite).'
          : 'Give the app the scopes channels:read and channels:history (for a private channel groups:read and groups:history).',
      details: { cannot_search: true, slack_error: why },
    },
  );
}

/** Turns Slack's refusal to search into the error of the port; returns other errors unchanged. */
export function searchError(error: unknown): unknown {
  return error instanceof WebAPIPlatformError && BLIND.includes(error.data.error)
    ? cannotSearchError(error.data.error)
    : error;
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

/** Slack's answers to a message that is too long, or whose blocks it does not take. */
const TOO_MUCH: readonly string[] = [
  'msg_too_long',
  'msg_blocks_too_long',
  'invalid_blocks',
  'invalid_blocks_format',
];

/** True when Slack refused a message for what is in it: a shorter one may pass, the same one never will. */
export function isTooMuch(error: unknown): boolean {
  return error instanceof WebAPIPlatformError && TOO_MUCH.includes(error.data.error);
}

/** True after a lost answer or a server error: the message may exist. After a refusal it does not. */
function mayHaveTakenEffect(error: unknown): boolean {
  return !(error instanceof WebAPIRateLimitedError) && isWorthARepeat(error);
}

/** Slack's answers when the message or thread to change is not there any more. */
const GONE: readonly string[] = ['message_not_found', 'thread_not_found'];

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
        ...omitUndefined({ slack_error: answer, retry_after_seconds: retryAfter }),
        ...(isOpen ? { may_have_been_delivered: true } : {}),
        ...(GONE.includes(answer ?? '') ? { is_gone: true } : {}),
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
