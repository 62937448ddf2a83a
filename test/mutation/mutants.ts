import { hashText, scramble } from '#core/random.ts';
import { feedsMutations } from './feed-mutations.ts';
import { installationMutations } from './installation-mutations.ts';
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
  return [
    ...feedsMutations(),
    ...tablesMutations(),
    ...storesMutations(),
    ...installationMutations(),
  ].flatMap((mutation) =>
    mutation.slates.map((length) => ({
      ...mutation,
      length,
      id: `${mutation.operator} | ${mutation.place} | ${length}`,
    })),
  );
}

/** Operator and place without the column: what mutants of one kind have in common. */
export function kindOf({ operator, place }: Pick<Mutant, 'operator' | 'place'>): string {
  return `${operator} | ${/^[a-z_]+\.[a-z_]+/.exec(place)?.[0] ?? place}`;
}

/** So many mutants by lot, one of each kind before a second of any. */
export function sampled(all: readonly Mutant[], size: number, seed: number): Mutant[] {
  const lot = ({ id }: Mutant): number => scramble(hashText(id) ^ scramble(seed));
  const drawn = all.toSorted((a, b) => lot(a) - lot(b));
  const turns = new Map<string, number>();
  return drawn
    .map((mutant) => {
      const turn = turns.get(kindOf(mutant)) ?? 0;
      turns.set(kindOf(mutant), turn + 1);
      return { mutant, turn };
    })
    .sort((a, b) => a.turn - b.turn)
    .slice(0, size)
    .map(({ mutant }) => mutant);
}
