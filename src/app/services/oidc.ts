import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { messageOf, TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import type { TokenVerifier } from './auth.ts';

/** Issuers of Google identity tokens, as Google documents them. */
export const GOOGLE_ISSUERS = ['https://accounts.google.com', 'accounts.google.com'] as const;
/** Where Google publishes the keys its identity tokens are signed with. */
const GOOGLE_KEYS = 'https://www.googleapis.com/oauth2/v3/certs';
const TOLERANCE_SECONDS = 30;

export interface OidcOptions {
  /** What tokens must be made for: the address of the service. */
  readonly audience: string;
  /** E-mail addresses of the service accounts that may call. */
  readonly accounts: readonly string[];
  readonly clock: Clock;
  readonly issuers?: readonly string[];
  /** Public keys by key id; Google's, fetched and cached, when absent. */
  readonly keys?: JWTVerifyGetKey;
}

/**
 * Verifies identity tokens: RS256 signature by a published key, issuer, audience, expiry, and a verified e-mail address
 * among the allowed accounts. Whatever fails of that is "nobody". Keys that cannot be fetched are TIPOFF_PROVIDER_DOWN: not
 * being able to tell is neither yes nor no.
 */
export function oidcVerifier(options: OidcOptions): TokenVerifier {
  const { audience, clock } = options;
  if (audience === '' || options.accounts.length === 0) {
    throw new TipoffError('TIPOFF_BAD_INPUT', 'expected an OIDC audience with at least one account that may call', {
      hint: 'Set TIPOFF_OIDC_AUDIENCE and TIPOFF_OIDC_ACCOUNTS together.',
    });
  }
  const keys = options.keys ?? createRemoteJWKSet(new URL(GOOGLE_KEYS));
  const accounts = new Set(options.accounts);
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
      if (typeof email !== 'string' || payload['email_verified'] !== true || !accounts.has(email)) return undefined;
      return { kind: 'oidc', name: email };
    } catch (error) {
      if (isRefusal(error)) return undefined;
      throw new TipoffError('TIPOFF_PROVIDER_DOWN', `identity tokens cannot be checked: ${messageOf(error)}`, {
        hint: 'Try again; if it stays so, the keys of the issuer cannot be reached from here.',
        cause: error,
      });
    }
  };
}

/** True when the token is at fault, and not the way to the keys. */
function isRefusal(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false;
  // Names the generic failure too, with which jose reports an unexpected answer of the key server.
  return error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC';
}
