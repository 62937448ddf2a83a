import { userInfo } from 'node:os';

/** Who runs the command, for audit trails: `tipoff day by ann`, with the reason where one was given. */
export function actor(verb: string, why?: string): string {
  const user = userName();
  return `tipoff ${verb}${user === undefined ? '' : ` by ${user}`}${why === undefined ? '' : ` (${why})`}`;
}

/** The person at this terminal; undefined in a container that runs under a user id without a name. */
export function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
