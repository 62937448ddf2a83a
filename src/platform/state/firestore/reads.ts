import {
  type CollectionReference,
  type DocumentReference,
  type DocumentSnapshot,
  FieldPath,
  type Query,
  type Transaction,
} from '@google-cloud/firestore';
import { TipoffError } from '#core/errors.ts';
import type { Doc, StateQuery, StateTransaction } from '#platform/state/port.ts';
import { checkedField, checkedLimit, checkedScalar } from '#platform/state/sqlite.ts';
import { firestoreError } from './client.ts';
import { checkedJson, checkFirestoreName, matchKey, matchText, signatureOf, toDoc } from './documents.ts';

const MAX_ID_BYTES = 1500;

/** The query of a list, ordered by id; undefined when no document can match. TIPOFF_BAD_INPUT for what cannot be asked. */
export function listQuery(
  collection: CollectionReference,
  { where = {}, idPrefix = '', limit }: StateQuery,
): Query | undefined {
  let query: Query = collection.orderBy(FieldPath.documentId());
  for (const [field, value] of Object.entries(where)) {
    query = query.where(
      new FieldPath('match', matchKey(checkedField(field))),
      '==',
      matchText(checkedScalar(field, value)),
    );
  }
  if (limit !== undefined) query = query.limit(checkedLimit(limit));
  if (idPrefix === '') return query;
  // No id has a slash, a NUL or half a character in it, and none is longer: Firestore would refuse the bound.
  if (/[/\0]/.test(idPrefix) || !idPrefix.isWellFormed() || Buffer.byteLength(idPrefix) > MAX_ID_BYTES)
    return undefined;
  // The names . and .. are no ids, but there are ids that start with them.
  const start = idPrefix === '.' || idPrefix === '..' ? `${idPrefix}\u0001` : idPrefix;
  query = query.where(FieldPath.documentId(), '>=', start);
  const end = prefixEnd(idPrefix);
  return end === undefined ? query : query.where(FieldPath.documentId(), '<', end);
}

/** The first id after all ids with this prefix, in code point order; undefined when there is none. */
function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  return String.fromCodePoint(...points, following(last));
}

/** The next character an id may have: surrogates are none, and a slash (after the full stop) is refused. */
function following(point: number): number {
  if (point === 0xd7ff) return 0xe000;
  return point === 0x2e ? 0x30 : point + 1;
}

/** A document a body read, in the state it was seen in. */
export interface ReadDocument {
  readonly ref: DocumentReference;
  readonly seen: DocumentSnapshot;
}

/** A list a body read. */
export interface ReadList {
  readonly query: Query;
  readonly signature: string;
}

/** A write that waits for the end of the body. */
export interface Write {
  readonly ref: DocumentReference;
  readonly collection: string;
  readonly id: string;
  /** JSON text; undefined deletes. */
  readonly json: string | undefined;
}

/** What one run of a body did, by document path. */
export interface Journal {
  readonly documents: ReadonlyMap<string, ReadDocument>;
  readonly lists: readonly ReadList[];
  readonly writes: ReadonlyMap<string, Write>;
}

/** The handle a body works with. All its reads come from one snapshot, all its writes go to the journal. */
export function startRun(
  snapshot: Transaction,
  collectionOf: (name: string) => CollectionReference,
): { handle: StateTransaction; journal: Journal; end(): void } {
  const documents = new Map<string, ReadDocument>();
  const lists: ReadList[] = [];
  const writes = new Map<string, Write>();
  let phase: 'reading' | 'writing' | 'over' = 'reading';

  const reading = async <R>(read: () => Promise<R>): Promise<R> => {
    if (phase !== 'reading')
      throw misuse(
        phase === 'over'
          ? 'a transaction was used after its end'
          : 'a transaction read after its first write',
      );
    try {
      return await read();
    } catch (error) {
      throw firestoreError(error);
    }
  };
  const write = (collection: string, id: string, json: string | undefined): void => {
    if (phase === 'over') throw misuse('a transaction was used after its end');
    checkFirestoreName('collection', collection);
    checkFirestoreName('id', id);
    phase = 'writing';
    const ref = collectionOf(collection).doc(id);
    writes.set(ref.path, { ref, collection, id, json });
  };
  const handle: StateTransaction = {
    get: async <T>(collection: string, id: string) => {
      checkFirestoreName('collection', collection);
      checkFirestoreName('id', id);
      return reading(async () => {
        const ref = collectionOf(collection).doc(id);
        const seen = await snapshot.get(ref);
        documents.set(ref.path, { ref, seen });
        return toDoc<T>(collection, seen);
      });
    },
    list: async <T>(collection: string, asked: StateQuery = {}) => {
      checkFirestoreName('collection', collection);
      return reading(async () => {
        const query = listQuery(collectionOf(collection), asked);
        if (query === undefined) return [];
        const { docs } = await snapshot.get(query);
        lists.push({ query, signature: listSignature(docs) });
        return toDocs<T>(collection, docs);
      });
    },
    put: (collection, id, data) => {
      if (phase === 'over') throw misuse('a transaction was used after its end');
      write(collection, id, checkedJson(collection, id, data));
    },
    delete: (collection, id) => write(collection, id, undefined),
  };
  return {
    handle,
    journal: { documents, lists, writes },
    end: () => {
      phase = 'over';
    },
  };
}

/** Everything in the journal that the commit cannot check by a precondition of a write is unchanged. */
export async function stillStands(
  transaction: Transaction,
  documents: readonly ReadDocument[],
  lists: readonly ReadList[],
): Promise<boolean> {
  const [first, ...more] = documents.map(({ ref }) => ref);
  if (first !== undefined) {
    const now = await transaction.getAll(first, ...more);
    if (!documents.every(({ seen }, i) => sameState(seen, now[i]))) return false;
  }
  for (const { query, signature } of lists) {
    if (listSignature((await transaction.get(query)).docs) !== signature) return false;
  }
  return true;
}

/** Snapshots as documents of the port. */
export function toDocs<T>(collection: string, snapshots: readonly DocumentSnapshot[]): Doc<T>[] {
  return snapshots.flatMap((snapshot) => toDoc<T>(collection, snapshot) ?? []);
}

function sameState(before: DocumentSnapshot, now: DocumentSnapshot | undefined): boolean {
  return now !== undefined && signatureOf(before) === signatureOf(now);
}

function listSignature(docs: readonly DocumentSnapshot[]): string {
  return JSON.stringify(docs.map((doc) => [doc.id, signatureOf(doc)]));
}

function misuse(what: string): TipoffError {
  return new TipoffError('TIPOFF_BAD_INPUT', what, {
    hint: 'Read everything first, then write, and await every read inside the body.',
  });
}
