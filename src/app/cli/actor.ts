import { userInfo } from 'node:os';

/** Who runs the command, for audit trails: `tipoff day by ann`. */
export function actor(verb: string): string {
  try {
    return `tipoff ${verb} by ${userInfo().username}`;
  } catch {
    // A container may run under a user id without a name.
    return `tipoff ${verb}`;
  }
}
