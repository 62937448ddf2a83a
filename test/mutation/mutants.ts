import { feedsMutations } from './feed-mutations.ts';
import type { Mutation } from './mutation.ts';
import { storesMutations } from './store-mutations.ts';
import { tablesMutations } from './table-mutations.ts';

/** A mutation for a number of slates in a row. */
export interface Mutant extends Mutation {
  readonly id: string;
  readonly length: number;
}

/** Every mutant there is, in the order of the data. */
export function mutants(): Mutant[] {
  return [...feedsMutations(), ...tablesMutations(), ...storesMutations()].flatMap((mutation) =>
    mutation.slates.map((length) => ({
      ...mutation,
      length,
      id: `${mutation.operator} | ${mutation.place} | ${length}`,
    })),
  );
}
