import { z } from 'zod';
import { messageOf } from '#core/errors.ts';
import type { ActionDeps } from './action.ts';
import { askService, type ServiceInputs } from './service.ts';

const version = z.looseObject({ version: z.string(), roles: z.array(z.string()) });
const ROLES = ['coordinator', 'worker'];
/** Between two questions to a service that is starting. */
const PAUSE_MS = 5000;

/** What a service was expected to be, and what it said. */
export interface Verified {
  readonly seenVersion: string;
  /** What is not right; undefined when it is the version that was meant and healthy in depth. */
  readonly problem: string | undefined;
}

/** What should answer: a version, under the name of a service that says its role. */
interface Meant {
  readonly expected: string;
  readonly service: string;
}

/** Asks a service for its version and its deep health until both are right or the time is over. */
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

/** One look at version, role and deep health. */
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
    // `tipoff-worker` is a worker and nothing else; a service of another kind of name may be both.
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
