import { hashText } from '#core/random.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import { kindOf } from './mutants.ts';
import type { Judged } from './verdict.ts';

/** Plays a mutant again with some guards switched off. */
export type Replay = (without: readonly string[], id: string) => Promise<Judged>;

/** A mutant that survives without a guard, and what else has to be off for that. */
interface Chain {
  readonly mutant: string;
  /** The other guards that are off; with them off and the guard on, the mutant is noticed. */
  readonly others: readonly string[];
  /** What is wrong then, and nobody says. */
  readonly why: string;
}

/** What was found out about a guard. */
export interface Proof {
  /** The shortest chain found; absent where none was. */
  readonly chain?: Chain;
  /** Mutants that prove nothing of it, by id, with the reason. */
  readonly fruitless: Readonly<Record<string, string>>;
}

/** Guards that are switched off one after the other before a mutant counts as one that others notice. */
const MAX_STEPS = 8;
/** Mutants of a guard that are tried while none has proven anything, and once one has. */
const MAX_MUTANTS = 8;
const ENOUGH_MUTANTS = 3;
/** A chain of so many others is not looked at further. */
const SHORT = 1;

/** True for a guard that only says something. */
export function isCheck(guard: string): boolean {
  return CATALOGUE.some(({ id }) => id === guard);
}

/** The mutants that a guard noticed, those first that are the likeliest to have a short chain, one of each kind before a second of any. */
function candidates(guard: string, judged: readonly Judged[]): Judged[] {
  const own = judged
    .filter(({ verdict, guards }) => (verdict === 'blocked' || verdict === 'told') && guards.includes(guard))
    .sort(
      (a, b) => length(guard, a) - length(guard, b) || a.slates - b.slates || hashText(a.id) - hashText(b.id),
    );
  const kinds = [...Map.groupBy(own, kindOf).values()];
  return [...new Set([...kinds.flatMap(([first]) => first ?? []), ...own])];
}

/** Added where a chain is unlikely: told before anything was wrong, or of harm that the guard did not tell of or did not stop. */
const UNLIKELY = 20;

/**
 * How long the chain of a mutant will be: known of a check that told of harm, because what checks say changes nothing of what happens;
 * elsewhere the number of guards that noticed the mutant stands for it.
 */
function length(guard: string, mutant: Judged): number {
  const { verdict, telling = [], guards } = mutant;
  if (isKnown(guard, mutant)) return telling.length - 1;
  return guards.length + (verdict === 'told' ? UNLIKELY : 0);
}

function isKnown(guard: string, { verdict, harm, telling = [] }: Judged): boolean {
  return isCheck(guard) && verdict === 'told' && harm !== undefined && telling.includes(guard);
}

/** The shortest chain of a guard among some mutants that it noticed. */
export async function prove(guard: string, judged: readonly Judged[], replay: Replay): Promise<Proof> {
  const fruitless: Record<string, string> = {};
  let chain: Chain | undefined;
  let tried = 0;
  for (const mutant of candidates(guard, judged)) {
    if (tried >= (chain === undefined ? MAX_MUTANTS : ENOUGH_MUTANTS)) break;
    if (chain !== undefined && chain.others.length <= SHORT) break;
    if (chain !== undefined && isKnown(guard, mutant) && length(guard, mutant) >= chain.others.length)
      continue;
    tried += 1;
    const found = await chainOf(guard, mutant, replay);
    if (typeof found === 'string') fruitless[mutant.id] = found;
    else if (chain === undefined || found.others.length < chain.others.length) chain = found;
  }
  return { fruitless, ...(chain === undefined ? {} : { chain }) };
}

/**
 * Switches off, one after the other, whatever else notices a mutant, and the guard, until the mutant survives. What checks say changes
 * nothing of what happens: a check is switched off last, when it is among those that tell. A guard that stops something is switched off
 * first, because much of what notices the mutant with it follows from it. In words, why there is no such chain.
 */
async function chainOf(guard: string, mutant: Judged, replay: Replay): Promise<Chain | string> {
  const others: string[] = [];
  let isOff = !isCheck(guard);
  let now = isOff ? await replay([guard], mutant.id) : mutant;
  for (let step = 0; step < MAX_STEPS && now.verdict !== 'survivor'; step++) {
    if (now.verdict === 'harmless') return `harmless${without(others)}`;
    const standing = standingIn(now);
    const more = standing.filter((one) => one !== guard && !others.includes(one));
    const isTelling = standing.includes(guard);
    if (more.length === 0 && !isTelling) return `noticed by ${standing.join(', ')}${without(others)}`;
    others.push(...more);
    isOff ||= isTelling;
    now = await replay(isOff ? [...others, guard] : others, mutant.id);
  }
  if (now.verdict !== 'survivor') return `noticed by ${standingIn(now).join(', ')}${without(others)}`;
  if (now.why.startsWith('the world broke')) return now.why;
  if (!isOff) return `survives with it on${without(others)}`;
  // Others that stop something change what happens, and what is wrong although it was refused is noticed by nobody but checks: with the
  // others off, the guard must still notice the mutant.
  if (!isCheck(guard) && (mutant.verdict === 'told' || others.some((one) => !isCheck(one)))) {
    const held = await replay(others, mutant.id);
    if (held.verdict === 'survivor' || !held.guards.includes(guard)) return `not its own${without(others)}`;
  }
  return { mutant: mutant.id, others, why: now.why };
}

/** What stands between a mutant and survival: whoever refused it first, or every check that tells of it. */
function standingIn({ verdict, telling = [], guards, first }: Judged): readonly string[] {
  if (verdict === 'told') return telling;
  const refusing = first.filter((one) => !isCheck(one));
  return refusing.length > 0 ? refusing : guards.filter((one) => !isCheck(one));
}

function without(others: readonly string[]): string {
  return others.length === 0 ? '' : ` with ${others.join(', ')} off`;
}
