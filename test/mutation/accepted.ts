/** A survivor that is known and stays, with the reason. */
interface Accepted {
  readonly operator: string;
  readonly place: string;
  readonly why: string;
}

/** Most survivors that may be accepted. */
export const MAX_ACCEPTED = 10;

/** Survivors that nobody mends, each with its reason. */
export const ACCEPTED: readonly Accepted[] = [];

/** The reason why a survivor is accepted; undefined when it is not. */
export function acceptedWhy({ operator, place }: Pick<Accepted, 'operator' | 'place'>): string | undefined {
  return ACCEPTED.find((one) => one.operator === operator && one.place === place)?.why;
}
