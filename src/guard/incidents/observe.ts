import type { StateStore, StateTransaction } from '#platform/state/port.ts';
import { INCIDENT_COLLECTIONS, type IncidentDoc } from './document.ts';
import type { CheckRun } from './input.ts';
import { incidentNotice, replyNotice } from './notice.ts';
import { type OutboxWrite, putOutbox, readOutbox } from './outbox.ts';
import { type Reduced, reduceRuns } from './reduce.ts';

/** What some runs did to the incidents, by check. */
export interface Observed {
  readonly opened: readonly string[];
  readonly reopened: readonly string[];
  readonly resolved: readonly string[];
  readonly lapsed: readonly string[];
  /** Open incidents that another one explains. */
  readonly hidden: readonly string[];
  readonly open: readonly string[];
}

/**
 * Takes the answers of some runs into the incidents and queues what people should see, in one transaction. Taking in a
 * run again changes nothing. Nothing is delivered here.
 */
export async function observe(state: StateStore, runs: readonly CheckRun[]): Promise<Observed> {
  return state.transaction(async (tx) => {
    const before = await readHeads(tx);
    const reduced = reduceRuns(before, runs);
    await queue(tx, before, reduced);
    return summary(before, reduced.heads);
  });
}

/** The newest incident of every check. */
export async function readHeads(state: Pick<StateTransaction, 'list'>): Promise<Map<string, IncidentDoc>> {
  const docs = await state.list<IncidentDoc>(INCIDENT_COLLECTIONS.heads);
  return new Map(docs.map(({ id, data }) => [id, data]));
}

/** Writes changed incidents, the history, and the outbox. Reads first, as transactions want it. */
export async function queue(
  tx: StateTransaction,
  before: ReadonlyMap<string, IncidentDoc>,
  { heads, replies, replaced }: Reduced,
): Promise<void> {
  const changed = [...heads.values()].filter((head) => JSON.stringify(before.get(head.fingerprint)) !== JSON.stringify(head));
  const writes: OutboxWrite[] = changed.filter(({ told_at }) => told_at !== null).map(liveWrite);
  for (const old of replaced) if (old.told_at !== null) writes.push(liveWrite(old));
  for (const reply of replies) {
    const head = heads.get(reply.fingerprint);
    if (head === undefined) continue;
    const notice = replyNotice(head, reply);
    writes.push({ key: notice.key, kind: 'reply', parent: head.incident_id, notice });
  }
  const known = await readOutbox(
    tx,
    writes.map(({ key }) => key),
  );
  // Where nobody has seen the message yet, it says everything when it arrives: a reply would say it twice.
  const needed = writes.filter(({ kind, parent }) => kind !== 'reply' || (known.get(parent ?? '')?.delivered_version ?? 0) > 0);
  for (const head of changed) tx.put(INCIDENT_COLLECTIONS.heads, head.fingerprint, head);
  for (const old of replaced) tx.put(INCIDENT_COLLECTIONS.history, old.incident_id, old);
  const at = [...heads.values()].reduce((last, { updated_at }) => (updated_at > last ? updated_at : last), '');
  putOutbox(tx, known, needed, at);
}

function liveWrite(incident: IncidentDoc): OutboxWrite {
  return { key: incident.incident_id, kind: 'live', parent: null, notice: incidentNotice(incident) };
}

function summary(before: ReadonlyMap<string, IncidentDoc>, after: ReadonlyMap<string, IncidentDoc>): Observed {
  const all = [...after.values()];
  const became = (status: IncidentDoc['status']): string[] =>
    all.filter((head) => head.status === status && before.get(head.fingerprint)?.status !== status).map(({ fingerprint }) => fingerprint);
  const isSame = (head: IncidentDoc): boolean => before.get(head.fingerprint)?.incident_id === head.incident_id;
  const open = all.filter(({ status }) => status === 'open');
  return {
    opened: open.filter((head) => !isSame(head)).map(({ fingerprint }) => fingerprint),
    reopened: open.filter((head) => isSame(head) && before.get(head.fingerprint)?.status !== 'open').map(({ fingerprint }) => fingerprint),
    resolved: became('resolved'),
    lapsed: became('lapsed'),
    hidden: open.filter(({ hidden_by }) => hidden_by !== null).map(({ fingerprint }) => fingerprint),
    open: open.map(({ fingerprint }) => fingerprint),
  };
}
