import { tableId } from '#core/contracts/define.ts';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { FUNCTIONS, textDigest } from '#platform/sql/port.ts';
import type { StateStore } from '#platform/state/port.ts';

/** State document that records the definitions `schema apply` applied last. */
const APPLIED = { collection: 'operations', id: 'schema' };

interface Applied {
  /** Digest of each table, view and function, by name. */
  readonly definitions: Readonly<Record<string, string>>;
  readonly at: string;
  readonly code_version: string;
}

/** Fingerprint of this code's definitions: a digest of each table, view and function, by name. */
function definitions(): Readonly<Record<string, string>> {
  return Object.fromEntries([
    ...CONTRACTS.map((table) => [tableId(table), textDigest(JSON.stringify(table))]),
    ...VIEWS.map(({ ref, sql }) => [tableId(ref), textDigest(sql)]),
    ...FUNCTIONS.map(({ name, bigquery }) => [`fn.${name}`, textDigest(bigquery)]),
  ]);
}

/** Records that the definitions of this code have been applied to the warehouse. */
export async function rememberApplied(state: StateStore, at: string, codeVersion: string): Promise<void> {
  const { collection, id } = APPLIED;
  const data: Applied = { definitions: definitions(), at, code_version: codeVersion };
  await state.transaction(async (tx) => tx.put(collection, id, data));
}

/**
 * Notes for a starting process: nothing has been applied yet, or which applied definitions differ from this
 * code's. A difference alone is not an error: between `schema apply` and the end of a deployment, and after a
 * rollback, code runs on tables with columns it does not know.
 */
export async function appliedNotes(
  state: StateStore,
  wanted: Readonly<Record<string, string>> = definitions(),
): Promise<string[]> {
  const applied = (await state.get<Applied>(APPLIED.collection, APPLIED.id))?.data;
  if (applied === undefined) return ['No tables have been created here yet: run `tipoff schema apply`.'];
  const others = Object.keys(wanted).filter((name) => applied.definitions[name] !== wanted[name]);
  if (others.length === 0) return [];
  const named =
    others.length > MAX_NAMED ? [...others.slice(0, MAX_NAMED), `${others.length - MAX_NAMED} more`] : others;
  return [
    `This code defines ${named.join(', ')} differently from version ${applied.code_version}, whose definitions were applied ${applied.at}. ` +
      'If this code is newer, run `tipoff schema apply` with it; `tipoff schema check` shows the differences.',
  ];
}

const MAX_NAMED = 5;
