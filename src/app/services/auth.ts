import { createHash, timingSafeEqual } from 'node:crypto';
import { TipoffError } from '#core/errors.ts';

/** Who calls. `name` goes into logs and audit trails and is no secret. */
export interface Caller {
  readonly kind: 'api_key' | 'oidc';
  readonly name: string;
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
export const SHORTEST_KEY = 24;
const LONGEST_CREDENTIAL = 8192;

/**
 * Accepts the API key in `X-API-Key`, or an identity token in `Authorization: Bearer`. A request with a key is decided by
 * the key. Nothing is ever read from the address. Throws TIPOFF_BAD_INPUT when neither way is configured, or the key is
 * too short to be one: a service that lets nobody in, or everybody, is not started.
 */
export function authenticator({ apiKey, verifyToken }: AuthOptions): Authenticator {
  if (apiKey === undefined && verifyToken === undefined) {
    throw new TipoffError('TIPOFF_BAD_INPUT', 'expected an API key or an OIDC audience with its accounts, saw neither', {
      hint: 'Set TIPOFF_API_KEY, or TIPOFF_OIDC_AUDIENCE and TIPOFF_OIDC_ACCOUNTS.',
    });
  }
  if (apiKey !== undefined && apiKey.length < SHORTEST_KEY) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected an API key of ${SHORTEST_KEY} characters or more, saw ${apiKey.length}`, {
      hint: 'Make one with `openssl rand -hex 32`.',
    });
  }
  const expected = apiKey === undefined ? undefined : digest(apiKey);
  return async (header) => {
    const key = header('x-api-key');
    if (key !== undefined) {
      const isRight = expected !== undefined && key.length <= LONGEST_CREDENTIAL && timingSafeEqual(digest(key), expected);
      return isRight ? { kind: 'api_key', name: 'api-key' } : undefined;
    }
    const token = /^Bearer +(\S+)$/i.exec(header('authorization') ?? '')?.[1];
    if (token === undefined || token.length > LONGEST_CREDENTIAL || verifyToken === undefined) return undefined;
    return verifyToken(token);
  };
}

/** Equal lengths whatever is compared, so that the comparison takes equally long. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
