import { z } from 'zod';
import { messageOf } from '#core/errors.ts';
import type { ActionDeps } from './action.ts';
import { askService, type ServiceInputs } from './service.ts';

const version = z.looseObject({ version: z.string() });
/** Between two questions to a service that is starting. */
const PAUSE_MS = 5000;

/** What a service was expected to be, and what it said. */
export interface Verified {
  readonly seenVersion: string;
  /** What is not right; undefined when it is the version that was meant and healthy in depth. */
  readonly problem: string | undefined;
}

/** Asks a service for its version and its deep health until both are right or the time is over. */
export async function verifyService(
  deps: ActionDeps,
  service: ServiceInputs,
  { expected, waitSeconds }: { readonly expected: string; readonly waitSeconds: number },
): Promise<Verified> {
  const until = deps.clock.now().getTime() + waitSeconds * 1000;
  for (;;) {
    const seen = await lookOnce(deps, service, expected);
    const left = until - deps.clock.now().getTime();
    if (seen.problem === undefined || left <= 0) return seen;
    await deps.clock.sleep(Math.min(PAUSE_MS, left));
  }
}

/** One look at version and deep health. */
async function lookOnce(deps: ActionDeps, service: ServiceInputs, expected: string): Promise<Verified> {
  let seenVersion = '';
  try {
    seenVersion = (await askService(deps, service, { method: 'GET', path: '/version' })).read(
      version,
    ).version;
    if (seenVersion !== expected)
      return { seenVersion, problem: `expected version ${expected}, saw "${seenVersion}"` };
    await askService(deps, service, { method: 'GET', path: '/health/deep' });
    return { seenVersion, problem: undefined };
  } catch (error) {
    return { seenVersion, problem: messageOf(error) };
  }
}
