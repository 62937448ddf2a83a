import { TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';

const COLLECTION = 'operations';
const ID = 'halt';

/** The operator stopped the pipeline on purpose: checks of its phases are skipped until it ends. */
export interface Halt {
  readonly reason: string;
  readonly by: string;
  /** ISO instants. */
  readonly since: string;
  readonly until: string;
}

/** The halt on record, ended or not; undefined when there is none. */
export async function readHalt(state: StateStore): Promise<Halt | undefined> {
  return (await state.get<Halt>(COLLECTION, ID))?.data;
}

/** True while a halt is in force. */
export function isInForce(halt: Halt | undefined, asOf: Date): halt is Halt {
  return (
    halt !== undefined && Date.parse(halt.since) <= asOf.getTime() && asOf.getTime() < Date.parse(halt.until)
  );
}

/** Records a halt, or a longer one in the place of another. Throws TIPOFF_BAD_INPUT when it would end before it begins or says no reason. */
export async function halt(
  deps: { readonly state: StateStore; readonly clock: Clock },
  { until, reason, by }: { readonly until: Date; readonly reason: string; readonly by: string },
): Promise<Halt> {
  const now = deps.clock.now();
  if (reason.trim() === '' || !(until.getTime() > now.getTime())) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `a halt needs a reason and an end after ${now.toISOString()}, saw "${reason}" until ${Number.isNaN(until.getTime()) ? 'no instant' : until.toISOString()}`,
      {
        hint: 'Say why and until when: a halt without an end would hide every failure forever.',
      },
    );
  }
  const document: Halt = { reason, by, since: now.toISOString(), until: until.toISOString() };
  await deps.state.transaction(async (tx) => {
    const current = await tx.get<Halt>(COLLECTION, ID);
    const since = current !== undefined && isInForce(current.data, now) ? current.data.since : document.since;
    tx.put(COLLECTION, ID, { ...document, since });
  });
  return document;
}

/** Lifts the halt on record, in force or over. Returns it, or undefined when there was none. */
export async function liftHalt(state: StateStore): Promise<Halt | undefined> {
  return state.transaction(async (tx) => {
    const current = await tx.get<Halt>(COLLECTION, ID);
    if (current !== undefined) tx.delete(COLLECTION, ID);
    return current?.data;
  });
}
