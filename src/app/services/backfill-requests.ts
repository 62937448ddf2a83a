import type { Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import type { BackfillPhase } from '#guard/backfill/steps.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';

/** Which units run: those that are missing or no longer stand, only failed ones, only stale ones, all of the range. */
export const BACKFILL_MODES = ['needed', 'failed', 'stale', 'all'] as const;
export type BackfillMode = (typeof BACKFILL_MODES)[number];

/** A range of slates that somebody wants computed. */
export interface BackfillAsk {
  readonly request_id: string;
  readonly from: Slate;
  readonly to: Slate;
  readonly phases: readonly BackfillPhase[];
  readonly mode: BackfillMode;
  readonly by: string;
}

export interface BackfillProgress {
  readonly step: string;
  readonly done_slates: number;
  readonly planned_slates: number;
  readonly eta_seconds: number;
}

/** A request as the state store keeps it. */
export interface BackfillDoc extends BackfillAsk {
  /** `failed`: some of its units failed, or it could not run at all. */
  readonly state: 'queued' | 'running' | 'finished' | 'failed';
  /** Times it was asked for after it had come to an end. */
  readonly round: number;
  /** Process that works on it, and when that was last heard of. */
  readonly holder: string | null;
  readonly beat_at: string | null;
  readonly progress: BackfillProgress | null;
  readonly asked_at: string;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  /** How it ended, in a sentence. */
  readonly reason: string | null;
}

type Deps = { readonly state: StateStore; readonly clock: Clock };

const REQUESTS = 'backfill_requests';
/** Seconds of silence after which the process that works on a request counts as dead. */
export const SILENT_SECONDS = 60;

/** All requests, in the order in which they were asked for. */
export async function listBackfills({ state }: Pick<Deps, 'state'>): Promise<BackfillDoc[]> {
  const docs = await state.list<BackfillDoc>(REQUESTS);
  return docs.map(({ data }) => data).sort((a, b) => a.asked_at.localeCompare(b.asked_at) || a.request_id.localeCompare(b.request_id));
}

/** One request. Throws TIPOFF_NOT_FOUND for an unknown id. */
export async function readBackfill({ state }: Pick<Deps, 'state'>, id: string): Promise<BackfillDoc> {
  const doc = await state.get<BackfillDoc>(REQUESTS, id);
  if (doc !== undefined) return doc.data;
  throw new TipoffError('TIPOFF_NOT_FOUND', `there is no backfill request ${id}`, {
    hint: 'GET /backfill lists the requests; `tipoff backfill status` shows the ledger.',
    details: { request_id: id },
  });
}

/**
 * Puts a request into the queue. One that waits or runs already is given back as it is, so that asking twice starts nothing
 * twice; one that has ended is queued again, because what it once computed may no longer stand.
 *
 * Throws TIPOFF_CONFLICT when the id waits or runs with another range, other phases or another mode.
 */
export async function askBackfill(
  { state, clock }: Deps,
  ask: BackfillAsk,
): Promise<{ readonly doc: BackfillDoc; readonly isNew: boolean }> {
  return state.transaction(async (tx) => {
    const known = (await tx.get<BackfillDoc>(REQUESTS, ask.request_id))?.data;
    if (known !== undefined && (known.state === 'queued' || known.state === 'running')) {
      if (isSameWork(known, ask)) return { doc: known, isNew: false };
      throw new TipoffError(
        'TIPOFF_CONFLICT',
        `the request ${ask.request_id} is ${known.state} with ${known.from} to ${known.to}, ${known.mode}`,
        {
          hint: 'Give another request another id.',
          details: { request_id: ask.request_id, from: known.from, to: known.to, mode: known.mode },
        },
      );
    }
    const doc: BackfillDoc = {
      ...ask,
      state: 'queued',
      round: (known?.round ?? 0) + 1,
      holder: null,
      beat_at: null,
      progress: null,
      asked_at: clock.now().toISOString(),
      started_at: null,
      finished_at: null,
      reason: null,
    };
    tx.put(REQUESTS, ask.request_id, doc);
    return { doc, isNew: true };
  });
}

function isSameWork(a: BackfillAsk, b: BackfillAsk): boolean {
  const work = ({ from, to, phases, mode }: BackfillAsk) => JSON.stringify([from, to, [...phases].sort(), mode]);
  return work(a) === work(b);
}

/**
 * Takes the next request for a process: one whose process fell silent, else the oldest that waits. Undefined while another
 * process is at work, or when nothing waits: one backfill runs at a time.
 */
export async function takeBackfill({ state, clock }: Deps, holder: string): Promise<BackfillDoc | undefined> {
  return state.transaction(async (tx) => {
    const all = (await tx.list<BackfillDoc>(REQUESTS)).map(({ data }) => data).sort((a, b) => a.asked_at.localeCompare(b.asked_at));
    const now = clock.now();
    const silence = ({ beat_at }: BackfillDoc): number => (now.getTime() - Date.parse(beat_at ?? '1970-01-01T00:00:00Z')) / 1000;
    const running = all.filter((doc) => doc.state === 'running');
    if (running.some((doc) => silence(doc) < SILENT_SECONDS)) return undefined;
    const next = running[0] ?? all.find((doc) => doc.state === 'queued');
    if (next === undefined) return undefined;
    const at = now.toISOString();
    const taken: BackfillDoc = { ...next, state: 'running', holder, beat_at: at, started_at: next.started_at ?? at };
    tx.put(REQUESTS, next.request_id, taken);
    return taken;
  });
}

/** Changes a request that a process works on; false when another process took it over meanwhile. */
export async function changeBackfill(
  { state, clock }: Deps,
  { request_id, holder }: Pick<BackfillDoc, 'request_id' | 'holder'>,
  change: Partial<Pick<BackfillDoc, 'state' | 'progress' | 'reason' | 'finished_at' | 'holder'>>,
): Promise<boolean> {
  return state.transaction(async (tx) => {
    const doc = (await tx.get<BackfillDoc>(REQUESTS, request_id))?.data;
    if (doc === undefined || doc.state !== 'running' || doc.holder !== holder) return false;
    tx.put(REQUESTS, request_id, { ...doc, beat_at: clock.now().toISOString(), ...change });
    return true;
  });
}
