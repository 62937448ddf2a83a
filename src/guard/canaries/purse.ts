import { TipoffError } from '#core/errors.ts';

/** Bytes that the checks of one run may read together. */
export interface Purse {
  /** Takes what a statement is to read. Throws TIPOFF_SQL when it is more than is left: then the statement is not run. */
  pay(bytes: number): void;
}

/** A purse with a number of bytes in it. */
export function purse(budgetBytes: number): Purse {
  let left = budgetBytes;
  return {
    pay: (bytes) => {
      if (bytes > left) {
        throw new TipoffError(
          'TIPOFF_SQL',
          `its statement would read ${bytes} bytes, and ${left} of the ${budgetBytes} of this run are left`,
          {
            hint: 'Find the check that reads too much in nba_orchestration.canary_results, and bound its statement by its partitions.',
            details: { bytes, left },
          },
        );
      }
      left -= bytes;
    },
  };
}
