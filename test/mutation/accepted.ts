/** A survivor that is known and stays, with the reason. */
interface Accepted {
  readonly operator: string;
  readonly place: string;
  readonly why: string;
}

/** Most survivors that may be accepted. */
export const MAX_ACCEPTED = 10;

/** Survivors that nobody mends, each with its reason. */
export const ACCEPTED: readonly Accepted[] = [
  {
    operator: 'drop 30 %',
    place: 'nba_raw.player_lines',
    why: 'Books quote that much less on one real slate in twenty: 69 % of the week before. Who has no line is shown without one.',
  },
  {
    operator: 'drop one group',
    place: 'nba_raw.player_lines.player_lookup',
    why: 'A player whom no book quotes is an everyday thing; he is shown without a line, and without a pick.',
  },
  {
    operator: 'swap two players',
    place: 'nba_raw.player_lines.player_name',
    why: 'Quotes of two players under each other’s names: one that is far from what he scores is skipped, the others are as books differ.',
  },
  {
    operator: 'swap two players',
    place: 'nba_raw.player_box_scores.player_id',
    why: 'Two players of one night with each other’s numbers contradict nothing that one feed says; the next correction replaces them.',
  },
];

/** The reason why a survivor is accepted; undefined when it is not. */
export function acceptedWhy({ operator, place }: Pick<Accepted, 'operator' | 'place'>): string | undefined {
  return ACCEPTED.find((one) => one.operator === operator && one.place === place)?.why;
}
