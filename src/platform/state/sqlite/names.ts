import { TipoffError } from '#core/errors.ts';
import { toPlainJson } from '#platform/plain-json.ts';

const MAX_BYTES = 1500;

/**
 * Collections and ids must be usable on every state store: 1 to 1500 bytes of well-formed text, no slash, no NUL, and
 * neither `.` nor `..`. Anything else is TIPOFF_BAD_INPUT.
 */
export function checkName(what: 'collection' | 'id', name: string): void {
  const fine =
    name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name) && name.isWellFormed() && Buffer.byteLength(name) <= MAX_BYTES;
  if (fine) return;
  throw new TipoffError('TIPOFF_BAD_INPUT', `${JSON.stringify(name).slice(0, 80)} cannot be the ${what} of a document`, {
    hint: `Use 1 to ${MAX_BYTES} bytes of text without slashes, for example 2025-01-10:player.`,
    details: { what },
  });
}

/** The JSON text of a document's data, which must be an object of plain JSON; TIPOFF_BAD_INPUT otherwise. */
export function documentJson(collection: string, id: string, data: object): string {
  if (!Array.isArray(data)) return toPlainJson(data, `${collection}/${id}`);
  throw new TipoffError('TIPOFF_BAD_INPUT', `expected an object as document ${collection}/${id}, saw an array`, {
    hint: 'Put the array into a field.',
    details: { collection, id },
  });
}
