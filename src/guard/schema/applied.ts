import { tableId } from '#core/contracts/define.ts';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { FUNCTIONS, textDigest } from '#platform/sql/port.ts';
import type { StateStore } from '#platform/state/port.ts';

/** State document with the definitions that `schema apply` made last. */
const APPLIED = { collection: 'operations', id: 'schema' };

interface Applied {
  /** Digests of tables, views and functions by name. */
  readonly definitions: Readonly<Record<string, string>>;
  readonly at: string;
  readonly code_version: string;
}

/** What tells the definitions of this code from those of another: a digest for each table, view and function. */
function definitions(): Readonly<Record<string, string>> {
  return Object.fromEntries([
    ...CONTRACTS.map((table) => [tableId(table), textDigest(JSON.stringify(table))]),
    ...VIEWS.map(({ ref, sql }) => [tableId(ref), textDigest(sql)]),
    ...FUNCTIONS.map(({ name, bigquery }) => [`fn.${name}`, textDigest(bigquery)]),
  ]);
}

/** Writes down that the warehouse has what this code wants. */
export async function rememberApplied(state: StateStore, at: string, codeVersion: string): Promise<void> {
  const { collection, id } = APPLIED;
  const data: Applied = { definitions: definitions(), at, code_version: codeVersion };
  await state.transaction(async (tx) => tx.put(collection, id, data));
}

/**
 * Notes for a process that starts: that nothing was applied yet, or what was applied otherwise than this code has it. Other
 * definitions are no error by themselves: between `schema apply` and the end of a deployment, and after a way back, code runs
 * on tables that have more than it knows.
 */
export async function appliedNotes(
  state: StateStore,
  wanted: Readonly<Record<string, string>> = definitions(),
): Promise<string[]> {
  const applied = (await state.get<Applied>(APPLIED.collection, APPLIED.id))?.data;
  if (applied === undefined) return ['No tables were made here yet: run `tipoff schema apply`.'];
  const others = Object.keys(wanted).filter((name) => applied.definitions[name] !== wanted[name]);
  if (others.length === 0) return [];
  const named =
    others.length > MAX_NAMED ? [...others.slice(0, MAX_NAMED), `${others.length - MAX_NAMED} more`] : others;
  return [
    `This code defines ${named.join(', ')} otherwise than version ${applied.code_version}, whose definitions were applied ${applied.at}. ` +
      'When this code is the newer one, run `tipoff schema apply` with it; `tipoff schema check` says what differs.',
  ];
}

const MAX_NAMED = 5;
