import { createHash, timingSafeEqual } from 'node:crypto';
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { addDays, parseSlate, type Slate, slateOf } from '#core/calendar.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';

/** Who did it, for audit trails: `POST /reset by api-key`. */
export function callerName(endpoint: string, caller: Caller | undefined, reason?: string): string {
  return `/${endpoint} by ${caller?.name ?? 'nobody'}${reason === undefined ? '' : ` (${reason})`}`;
}

/** The slate a request means. Today and tomorrow are those of New York, where the slates are. */
export function slateFrom(date: string, now: Date): Slate {
  const today = slateOf(now);
  if (date === 'TODAY') return today;
  return date === 'TOMORROW' ? addDays(today, 1) : parseSlate(date);
}

/** Issuers of Google identity tokens, as Google documents them. */
const GOOGLE_ISSUERS = ['https://accounts.google.com', 'accounts.google.com'] as const;
/** Where Google publishes the keys its identity tokens are signed with. */
const GOOGLE_KEYS = 'https://www.googleapis.com/oauth2/v3/certs';
const TOLERANCE_SECONDS = 30;

export interface OidcOptions {
  /** What tokens must be made for: the address of the service. */
  readonly audience: string;
  /** E-mail addresses of the service accounts that may call. */
  readonly accounts: readonly string[];
  /** Those of them with read-only access. */
  readonly readers?: readonly string[];
  readonly clock: Clock;
  readonly issuers?: readonly string[];
  /** Public keys by key id; Google's, fetched and cached, when absent. */
  readonly keys?: JWTVerifyGetKey;
}

/**
 * Verifies identity tokens: RS256 signature by a published key, issuer, audience, expiry, and a verified e-mail address
 * among the allowed accounts. A token that fails any of these identifies nobody. When the keys cannot be fetched the result is
 * unknown, which is TIPOFF_PROVIDER_DOWN.
 */
export function oidcVerifier(options: OidcOptions): TokenVerifier {
  const { audience, clock } = options;
  if (audience === '' || options.accounts.length === 0) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      'expected an OIDC audience with at least one account that may call',
      {
        hint: 'Set TIPOFF_OIDC_AUDIENCE and TIPOFF_OIDC_ACCOUNTS together.',
      },
    );
  }
  const keys = options.keys ?? createRemoteJWKSet(new URL(GOOGLE_KEYS));
  const accounts = new Set(options.accounts);
  const readers = new Set(options.readers);
  const strangers = [...readers].filter((account) => !accounts.has(account));
  if (strangers.length > 0) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected every account that may only look among those that may call, saw ${strangers.join(', ')}`,
      { hint: 'Name each of TIPOFF_OIDC_READERS in TIPOFF_OIDC_ACCOUNTS too.' },
    );
  }
  const issuer = [...(options.issuers ?? GOOGLE_ISSUERS)];
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        audience,
        issuer,
        algorithms: ['RS256'],
        requiredClaims: ['exp', 'sub'],
        clockTolerance: TOLERANCE_SECONDS,
        currentDate: clock.now(),
      });
      const email = payload['email'];
      if (typeof email !== 'string' || payload['email_verified'] !== true || !accounts.has(email))
        return undefined;
      return { kind: 'oidc', name: email, ...(readers.has(email) ? { isReader: true } : {}) };
    } catch (error) {
      if (isRefusal(error)) return undefined;
      throw new TipoffError(
        'TIPOFF_PROVIDER_DOWN',
        `identity tokens cannot be checked: ${messageOf(error)}`,
        {
          hint: 'Try again; if it stays so, the keys of the issuer cannot be reached from here.',
          cause: error,
        },
      );
    }
  };
}

/** True when the token is invalid, false when the keys could not be fetched. */
function isRefusal(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false;
  // Names the generic failure too, with which jose reports an unexpected answer of the key server.
  return error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC';
}

/** The caller of a request. `name` appears in logs and audit trails and is not secret. */
export interface Caller {
  readonly kind: 'api_key' | 'oidc';
  readonly name: string;
  /** Read-only: routes that change something refuse this caller. */
  readonly isReader?: true;
}

/** Checks an identity token: signature, issuer, audience, expiry, account. Undefined for a token that proves nothing. */
export type TokenVerifier = (token: string) => Promise<Caller | undefined>;

/** Decides who a request is from by its headers alone; undefined when they prove nothing. */
export type Authenticator = (header: (name: string) => string | undefined) => Promise<Caller | undefined>;

export interface AuthOptions {
  readonly apiKey?: string;
  readonly verifyToken?: TokenVerifier;
}

/** Characters an API key has at least. */
const SHORTEST_KEY = 24;
const MAX_CREDENTIAL_LENGTH = 8192;

/**
 * Accepts the API key in `X-API-Key` or as `Authorization: Bearer`, or an identity token in the latter. When `X-API-Key`
 * is present it alone decides. Credentials in the address are ignored. Throws TIPOFF_BAD_INPUT when neither way is configured or
 * the key is too short: a service that admits nobody, or anybody, does not start.
 */
export function authenticator({ apiKey, verifyToken }: AuthOptions): Authenticator {
  if (apiKey === undefined && verifyToken === undefined) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      'expected an API key or an OIDC audience with its accounts, saw neither',
      {
        hint: 'Set TIPOFF_API_KEY, or TIPOFF_OIDC_AUDIENCE and TIPOFF_OIDC_ACCOUNTS.',
      },
    );
  }
  if (apiKey !== undefined && apiKey.length < SHORTEST_KEY) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected an API key of ${SHORTEST_KEY} characters or more, saw ${apiKey.length}`,
      {
        hint: 'Make one with `openssl rand -hex 32`.',
      },
    );
  }
  const expected = apiKey === undefined ? undefined : digest(apiKey);
  return async (header) => {
    const isKey = (text: string): boolean =>
      expected !== undefined &&
      text.length <= MAX_CREDENTIAL_LENGTH &&
      timingSafeEqual(digest(text), expected);
    const byKey: Caller = { kind: 'api_key', name: 'api-key' };
    const key = header('x-api-key');
    if (key !== undefined) return isKey(key) ? byKey : undefined;
    const token = /^Bearer +(\S+)$/i.exec(header('authorization') ?? '')?.[1];
    if (token === undefined || token.length > MAX_CREDENTIAL_LENGTH) return undefined;
    if (isKey(token)) return byKey;
    return verifyToken?.(token);
  };
}

/** A digest of fixed length, so that the comparison takes constant time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
