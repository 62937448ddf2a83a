import { createHash, randomBytes } from 'node:crypto';
import { type DocumentData, type DocumentSnapshot, FieldValue, Timestamp } from '@google-cloud/firestore';
import { TipoffError } from '#core/errors.ts';
import type { Doc } from '#platform/state/port.ts';
import { checkName, documentJson } from '#platform/state/sqlite.ts';

const DAY_MS = 86_400_000;
const STAMP_BYTES = 9;
const MAX_JSON_BYTES = 900_000;
const MAX_INDEXED_LENGTH = 300;
const ASKABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * How a document is stored. `json` is its whole data: Firestore's own types know no array in an array and no deep nesting,
 * and would change numbers and odd text. `match` holds the top-level scalars for `where`. `stamps` names the transactions
 * that wrote last, newest at the end, so that a write whose answer was lost is known again even after others have written.
 * `expires_at` is what the service removes a document by, in collections that have a retention.
 */
interface StoredForm extends DocumentData {
  readonly json: string;
  readonly match: Readonly<Record<string, string>>;
  readonly version: FieldValue;
  readonly updated_at: string;
  readonly stamps: readonly string[];
  readonly expires_at?: Timestamp;
}

/** The field of a document's expiry: provisioning names it to the service. */
export const EXPIRY_FIELD = 'expires_at';

/** Who writes, when, and how many days what is written is kept. */
export interface Writing {
  readonly at: string;
  readonly stamp: string;
  readonly days: number | undefined;
}

/** How many stamps a document keeps: more writers than can write it while a client finds out whether its own write landed. */
const REMEMBERED_STAMPS = 50;

/** Refuses what another store or Firestore cannot keep as a name; TIPOFF_BAD_INPUT. */
export function checkFirestoreName(what: 'collection' | 'id', name: string): void {
  checkName(what, name);
  if (!/^__.*__$/s.test(name)) return;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `${JSON.stringify(name)} cannot be the ${what} of a document: Firestore reserves __…__`,
    {
      hint: 'Leave the underscores at one end away.',
      details: { what },
    },
  );
}

/** The JSON text of a document's data; TIPOFF_BAD_INPUT when it is not plain JSON, or larger than a document may be. */
export function checkedJson(collection: string, id: string, data: object): string {
  const json = documentJson(collection, id, data);
  const bytes = Buffer.byteLength(json);
  if (bytes <= MAX_JSON_BYTES) return json;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `expected at most ${MAX_JSON_BYTES} bytes as document ${collection}/${id}, saw ${bytes}`,
    {
      hint: 'Keep bulk data in the warehouse or in objects, and its name in the document.',
      details: { collection, id, bytes },
    },
  );
}

/** A unique stamp for one transaction, by which its writes are recognised. */
export function newStamp(): string {
  return randomBytes(STAMP_BYTES).toString('base64url');
}

/** The stored form of data written over what was seen; every write of it adds one to the version that is there. */
export function storedForm(json: string, { at, stamp, days }: Writing, seen?: DocumentSnapshot): StoredForm {
  const stamps = [...stampsOf(seen), stamp].slice(-REMEMBERED_STAMPS);
  return {
    json,
    match: matchFields(JSON.parse(json) as object),
    version: FieldValue.increment(1),
    updated_at: at,
    stamps,
    ...(days === undefined ? {} : { [EXPIRY_FIELD]: Timestamp.fromMillis(Date.parse(at) + days * DAY_MS) }),
  };
}

/** True when this very transaction is among the last that wrote the document. */
export function carriesStamp(snapshot: DocumentSnapshot, stamp: string): boolean {
  return stampsOf(snapshot).includes(stamp);
}

function stampsOf(snapshot: DocumentSnapshot | undefined): readonly string[] {
  const stamps: unknown = snapshot?.get('stamps');
  return Array.isArray(stamps) ? stamps : [];
}

/** The key of a field in `match`. The prefix keeps clear of Firestore's reserved names. */
export function matchKey(field: string): string {
  return `f_${short(field)}`;
}

/** The JSON text of a scalar, so that text equality is typed equality: true is not 1, '1' is not 1. */
export function matchText(value: string | number | boolean): string {
  return short(JSON.stringify(value));
}

/** A stored document as the port shows it, or undefined; the data is a fresh copy every time. */
export function toDoc<T>(collection: string, snapshot: DocumentSnapshot): Doc<T> | undefined {
  const stored = snapshot.data();
  if (stored === undefined) return undefined;
  if (typeof stored['json'] !== 'string') {
    throw new TipoffError(
      'TIPOFF_INTEGRITY',
      `document ${collection}/${snapshot.id} was not written by this store`,
      {
        hint: 'Give the store a root of its own, or delete the foreign document.',
        details: { collection, id: snapshot.id },
      },
    );
  }
  return {
    collection,
    id: snapshot.id,
    data: JSON.parse(stored['json']) as T,
    version: Number(stored['version']),
    updatedAt: String(stored['updated_at']),
  };
}

/** What tells one state of a document from every other: Firestore's update time never repeats for a document. */
export function signatureOf(snapshot: DocumentSnapshot): string {
  const at = snapshot.updateTime;
  return at === undefined ? '' : `${at.seconds}.${at.nanoseconds}`;
}

function matchFields(data: object): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(data)) {
    const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    if (isScalar && ASKABLE.test(name)) fields[matchKey(name)] = matchText(value);
  }
  return fields;
}

/** Firestore cuts what it indexes at 1500 bytes, so a long text is matched by its hash. */
function short(text: string): string {
  return text.length <= MAX_INDEXED_LENGTH
    ? text
    : `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
