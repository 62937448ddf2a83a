import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TipoffError } from '#core/errors.ts';

/** File that marks the home of a demonstration. */
export const DEMONSTRATION_MARKER = 'simulated-league.json';

/** True for a home with the invented league of the demonstration. */
export function isDemonstration(home: string): boolean {
  return existsSync(join(home, DEMONSTRATION_MARKER));
}

/** Throws TIPOFF_BAD_INPUT for the home of a demonstration: real rows could never be separated from the invented ones again. */
export function refuseDemonstration(home: string): void {
  if (!isDemonstration(home)) return;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `expected a home for real data, saw ${home}, which holds the demonstration`,
    {
      hint: 'Name another one with --home, or `unset TIPOFF_HOME`.',
      details: { home },
    },
  );
}
