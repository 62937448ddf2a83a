import { userInfo } from 'node:os';

/** The variables of this process. */
export function processEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** The person at this terminal; undefined in a container that runs under a user id without a name. */
export function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
