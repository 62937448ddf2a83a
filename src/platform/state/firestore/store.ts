import { randomUUID } from 'node:crypto';
import type { CollectionReference } from '@google-cloud/firestore';
import { TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import { applicationCredentials } from '#platform/google-cloud.ts';
import { jitterOf, retryBudget } from '#platform/retry.ts';
import type { Retention, StateStore, StateTransaction } from '#platform/state/port.ts';
import {
  type FirestoreClientOptions,
  firestoreError,
  GRPC,
  grpcCode,
  openFirestoreClient,
} from './client.ts';
import { commitJournal, isOvertaken } from './commit.ts';
import { carriesStamp, checkedJson, checkFirestoreName, newStamp, storedForm, toDoc } from './documents.ts';
import { type Journal, listQuery, startRun, toDocs } from './reads.ts';

export interface FirestoreStateOptions extends FirestoreClientOptions {
  /** Dates the documents, and waits between the tries of a transaction. */
  readonly clock: Clock;
  /** Path of a document under which all collections lie, for example `environments/production`; the top unless given. */
  readonly root?: string;
  /** How often a transaction is run before it gives up; 50 by default. */
  readonly tries?: number;
  /** What does not stay for ever; everything does unless given. */
  readonly retention?: Retention;
}

const FIRST_PAUSE_MS = 10;
const MAX_PAUSE_MS = 1000;

/**
 * The state store on Firestore. A body reads from one snapshot, without locks; its writes land only if what it read
 * is unchanged. Throws TIPOFF_PROVIDER_DOWN when Firestore does not answer and TIPOFF_PROVIDER when it refuses.
 */
export function openFirestoreState(options: FirestoreStateOptions): StateStore {
  const { clock, root, tries = 50, retention = {} } = options;
  const jitter = jitterOf(randomUUID());
  const client = openFirestoreClient(options);
  const credentials = applicationCredentials(options.emulator === undefined, 'Firestore');
  let closed = false;
  const collectionOf = (name: string): CollectionReference =>
    client.collection(root === undefined ? name : `${root}/${name}`);
  const calling = async <R>(call: () => Promise<R>): Promise<R> => {
    if (closed)
      throw new TipoffError('TIPOFF_STORAGE', 'the state store is closed', {
        hint: 'Open it again; whoever composed it called close.',
      });
    try {
      await credentials.demand();
      return await call();
    } catch (error) {
      throw firestoreError(error);
    }
  };
  const runOnce = async <R>(body: (tx: StateTransaction) => Promise<R>): Promise<Outcome<R>> =>
    client.runTransaction(
      async (snapshot): Promise<Outcome<R>> => {
        const { handle, journal, end } = startRun(snapshot, collectionOf);
        try {
          return { journal, result: await body(handle) };
        } catch (error) {
          return { journal, error };
        } finally {
          end();
        }
      },
      { readOnly: true },
    );

  return {
    get: async <T>(collection: string, id: string) => {
      checkFirestoreName('collection', collection);
      checkFirestoreName('id', id);
      return calling(async () => toDoc<T>(collection, await collectionOf(collection).doc(id).get()));
    },
    list: async <T>(collection: string, query = {}) => {
      checkFirestoreName('collection', collection);
      return calling(async () => {
        const asked = listQuery(collectionOf(collection), query);
        return asked === undefined ? [] : toDocs<T>(collection, (await asked.get()).docs);
      });
    },
    create: async (collection, id, data) => {
      checkFirestoreName('collection', collection);
      checkFirestoreName('id', id);
      const json = checkedJson(collection, id, data);
      const stamp = newStamp();
      const ref = collectionOf(collection).doc(id);
      return calling(async () => {
        try {
          await ref.create(
            storedForm(json, { at: clock.now().toISOString(), stamp, days: retention[collection] }),
          );
          return true;
        } catch (error) {
          if (grpcCode(error) !== GRPC.alreadyExists) throw error;
          // Our own first request may have landed with its answer lost.
          return carriesStamp(await ref.get(), stamp);
        }
      });
    },
    transaction: async (body) => {
      const budget = retryBudget(clock, {
        attempts: tries,
        isTransient: () => true,
        pause: (failed) => jitter() * Math.min(FIRST_PAUSE_MS * 2 ** failed, MAX_PAUSE_MS),
      });
      do {
        const outcome = await calling(() => runOnce(body));
        const finished = await calling(() => finish(outcome));
        if (finished) {
          if ('error' in outcome) throw outcome.error;
          return outcome.result;
        }
      } while (await budget.next('overtaken'));
      throw new TipoffError(
        'TIPOFF_STATE_CONFLICT',
        `a transaction lost its race ${tries} times: what it read kept changing`,
        {
          hint: 'Try again; if it stays so, let fewer writers share the document or split it.',
          details: { tries },
        },
      );
    },
    // The service removes them by their expiry, once provisioning has told it of the field.
    sweep: async () => 0,
    ping: () =>
      calling(async () => {
        return (await collectionOf('ping').doc('ping').get()).readTime.toDate().toISOString();
      }),
    close: async () => {
      if (closed) return;
      closed = true;
      await client.terminate();
    },
  };

  /** Lands what a run did; false when it worked on outdated documents and must run again. */
  async function finish({ journal, ...outcome }: Outcome<unknown>): Promise<boolean> {
    const reads = journal.documents.size + journal.lists.length;
    // A body that failed on outdated input may not fail on the current one.
    if ('error' in outcome) return reads === 0 || !(await isOvertaken(client, journal));
    if (journal.writes.size > 0) {
      const writing = { at: clock.now().toISOString(), stamp: newStamp() };
      return commitJournal(client, journal, writing, retention);
    }
    // A single read is right as of itself.
    return reads < 2 || !(await isOvertaken(client, journal));
  }
}

type Outcome<R> = { readonly journal: Journal } & ({ readonly result: R } | { readonly error: unknown });
