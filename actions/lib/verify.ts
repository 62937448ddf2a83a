import { z } from 'zod';
import { messageOf } from '#core/errors.ts';
import type { ActionDeps } from './action.ts';
import { askService, type ServiceInputs } from './service.ts';

const version = z.looseObject({ version: z.string(), roles: z.array(z.string()) });
const ROLES = ['coordinator', 'worker'];
/** Pause between two attempts to reach a service that is starting. */
const PAUSE_MS = 5000;

/** What a service was expected to report, and what it reported. */
export interface Verified {
  readonly seenVersion: string;
  /** What is wrong; undefined when it is the expected version and healthy in depth. */
  readonly problem: string | undefined;
}

/** The expected version and service; the name of the service determines its role. */
interface Meant {
  readonly expected: string;
  readonly service: string;
}

/** Polls a service until its version and its deep health are right or the time is up. */
export async function verifyService(
  deps: ActionDeps,
  service: ServiceInputs,
  { expected, service: name, waitSeconds }: Meant & { readonly waitSeconds: number },
): Promise<Verified> {
  const until = deps.clock.now().getTime() + waitSeconds * 1000;
  for (;;) {
    const seen = await lookOnce(deps, service, { expected, service: name });
    const left = until - deps.clock.now().getTime();
    if (seen.problem === undefined || left <= 0) return seen;
    await deps.clock.sleep(Math.min(PAUSE_MS, left));
  }
}

/** Checks version, role and deep health once. */
async function lookOnce(
  deps: ActionDeps,
  service: ServiceInputs,
  { expected, service: name }: Meant,
): Promise<Verified> {
  let seenVersion = '';
  try {
    const seen = (await askService(deps, service, { method: 'GET', path: '/version' })).read(version);
    seenVersion = seen.version;
    if (seenVersion !== expected)
      return { seenVersion, problem: `expected version ${expected}, saw "${seenVersion}"` };
    // `tipoff-worker` must be a worker only; a service with another kind of name may be both.
    const role = ROLES.find((one) => name.endsWith(one));
    if (role !== undefined && seen.roles.join() !== role)
      return {
        seenVersion,
        problem: `expected a ${role} as ${name}, saw one as ${seen.roles.join(' and ')}`,
      };
    await askService(deps, service, { method: 'GET', path: '/health/deep' });
    return { seenVersion, problem: undefined };
  } catch (error) {
    return { seenVersion, problem: messageOf(error) };
  }
}
