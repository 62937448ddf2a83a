import {
  type DocumentData,
  type DocumentReference,
  FieldPath,
  type Firestore,
  type Timestamp,
} from '@google-cloud/firestore';
import type { Retention } from '#platform/state/port.ts';
import { GRPC, grpcCode, outcomeUnknown } from './client.ts';
import { carriesStamp, storedForm, type Writing } from './documents.ts';
import { type Journal, type ReadDocument, stillStands, type Write } from './reads.ts';

const LOST_CODES: readonly (number | undefined)[] = [
  GRPC.failedPrecondition,
  GRPC.alreadyExists,
  GRPC.notFound,
  GRPC.aborted,
];

/**
 * Lands the writes of a journal if everything it read is unchanged; false when something has changed. What is both read
 * and written is checked by preconditions of the writes, in one request without locks; only lists and documents that are
 * read but not written need a transaction of Firestore, which holds locks for a moment. The body never runs under locks.
 */
export async function commitJournal(
  client: Firestore,
  journal: Journal,
  writing: Omit<Writing, 'days'>,
  retention: Retention,
): Promise<boolean> {
  const writes = [...journal.writes.values()];
  const { stamp } = writing;
  const writingOf = ({ ref }: Write): Writing => ({ ...writing, days: retention[ref.parent.id] });
  const unchecked = [...journal.documents.values()].filter((read) => !isCheckedByWrite(journal, read));
  try {
    if (unchecked.length === 0 && journal.lists.length === 0) {
      const batch = client.batch();
      for (const write of writes) addWrite(batch, write, journal, writingOf(write));
      await batch.commit();
      return true;
    }
    return await client.runTransaction(
      async (transaction) => {
        if (!(await stillStands(transaction, unchecked, journal.lists))) return false;
        for (const write of writes) addWrite(transaction, write, journal, writingOf(write));
        return true;
      },
      { maxAttempts: 1 },
    );
  } catch (error) {
    const lost = LOST_CODES.includes(grpcCode(error));
    if (!lost && !outcomeUnknown(error)) throw error;
    // The client repeats a request whose answer was lost: then the first one has landed, and the second fails against it.
    if (await hasLanded(client, writes, stamp)) return true;
    if (lost) return false;
    throw error;
  }
}

/** Something the body read has changed since. */
export async function isOvertaken(client: Firestore, journal: Journal): Promise<boolean> {
  return !(await client.runTransaction(
    (snapshot) => stillStands(snapshot, [...journal.documents.values()], journal.lists),
    {
      readOnly: true,
    },
  ));
}

/** A write checks what was seen by its precondition, but for a missing document that is deleted: that has none. */
function isCheckedByWrite(journal: Journal, { ref, seen }: ReadDocument): boolean {
  const write = journal.writes.get(ref.path);
  return write !== undefined && (seen.exists || write.json !== undefined);
}

/** What a batch and a transaction of Firestore have in common. */
interface Writer {
  create(ref: DocumentReference, data: DocumentData): unknown;
  set(ref: DocumentReference, data: DocumentData, options: { mergeFields: FieldPath[] }): unknown;
  update(ref: DocumentReference, data: DocumentData, precondition: { lastUpdateTime?: Timestamp }): unknown;
  delete(ref: DocumentReference, precondition?: { lastUpdateTime?: Timestamp }): unknown;
}

function addWrite(to: Writer, { ref, json }: Write, journal: Journal, writing: Writing): void {
  const seen = journal.documents.get(ref.path)?.seen;
  const lastUpdateTime = seen?.updateTime;
  const precondition = lastUpdateTime === undefined ? undefined : { lastUpdateTime };
  if (json === undefined) {
    if (precondition === undefined) to.delete(ref);
    else to.delete(ref, precondition);
    return;
  }
  const form = storedForm(json, writing, seen);
  if (precondition !== undefined) to.update(ref, form, precondition);
  else if (seen !== undefined) to.create(ref, form);
  else to.set(ref, form, { mergeFields: Object.keys(form).map((field) => new FieldPath(field)) });
}

/** True when one of the documents carries the stamp of this very commit: all writes of a commit land, or none. */
async function hasLanded(client: Firestore, writes: readonly Write[], stamp: string): Promise<boolean> {
  const [first, ...more] = writes.filter((write) => write.json !== undefined).map(({ ref }) => ref);
  if (first === undefined) return false;
  const now = await client.getAll(first, ...more, { fieldMask: ['stamps'] });
  return now.some((snapshot) => carriesStamp(snapshot, stamp));
}
