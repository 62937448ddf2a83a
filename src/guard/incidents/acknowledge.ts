import { parseSlate, type Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import type { StateStore } from '#platform/state/port.ts';
import { applyPolicy } from './apply-policy.ts';
import { failingSlates, INCIDENT_COLLECTIONS, type IncidentDoc } from './document.ts';
import { readHeads, saveIncidents } from './update.ts';

interface AcknowledgeDeps {
  readonly state: StateStore;
  readonly clock: Clock;
}

const MAX_SNOOZE_DAYS = 14;

/** Records that someone is working on an incident: no reminders until it ends, gets worse, or fails for another slate. */
export async function acknowledge(
  deps: AcknowledgeDeps,
  name: string,
  by: string,
  note: string | null = null,
): Promise<IncidentDoc> {
  return change(deps, name, (incident) => ({
    ...incident,
    ack: { by, at: deps.clock.now().toISOString(), note },
  }));
}

/** Quiet until an instant, unless it gets worse; it speaks again when the time is over and it still fails. TIPOFF_BAD_INPUT for no time, a past one or one too far away. */
export async function snooze(
  deps: AcknowledgeDeps,
  name: string,
  by: string,
  until: Date,
  why: string,
): Promise<IncidentDoc> {
  const ahead = until.getTime() - deps.clock.now().getTime();
  if (!(ahead > 0 && ahead <= MAX_SNOOZE_DAYS * 86_400_000)) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected an end of the snooze within ${MAX_SNOOZE_DAYS} days from now, saw ${Number.isNaN(ahead) ? 'no instant' : until.toISOString()}`,
      {
        hint: 'A snooze always ends; for something that is off on purpose, change the check or set a halt.',
      },
    );
  }
  return change(deps, name, (incident) => ({ ...incident, snooze: { by, until: until.toISOString(), why } }));
}

/** An incident by its id or its check, newest first; TIPOFF_NOT_FOUND when there is none. */
export async function findIncident(state: StateStore, name: string): Promise<IncidentDoc> {
  const heads = await readHeads(state);
  const head = heads.get(name) ?? [...heads.values()].find(({ incident_id }) => incident_id === name);
  const found = head ?? (await state.get<IncidentDoc>(INCIDENT_COLLECTIONS.history, name))?.data;
  if (found === undefined) throw unknown(name);
  return found;
}

/** Incidents that are open, or all that are kept, newest first. */
export async function listIncidents(state: StateStore, which: 'open' | 'all'): Promise<IncidentDoc[]> {
  const heads = [...(await readHeads(state)).values()];
  const old =
    which === 'all'
      ? (await state.list<IncidentDoc>(INCIDENT_COLLECTIONS.history)).map(({ data }) => data)
      : [];
  return [...heads, ...old]
    .filter(({ status }) => which === 'all' || status === 'open')
    .sort((a, b) => b.opened_at.localeCompare(a.opened_at) || a.fingerprint.localeCompare(b.fingerprint));
}

/** A check that fails on a slate, and when a run last looked. */
export interface PendingSlate {
  readonly check: string;
  readonly slate: Slate;
  readonly looked_at: string;
}

/** Failures that have not passed since, for the next run to repeat; those not checked for longest come first. */
export async function pendingSlates(state: StateStore): Promise<PendingSlate[]> {
  const open = await listIncidents(state, 'open');
  return open
    .flatMap((incident) =>
      failingSlates(incident).map(([slate, { looked_at }]) => ({
        check: incident.fingerprint,
        slate: parseSlate(slate),
        looked_at,
      })),
    )
    .sort((a, b) => a.looked_at.localeCompare(b.looked_at) || a.slate.localeCompare(b.slate));
}

/**
 * Accepts what will not be repaired: the failing slates of an incident up to a given one, or all. They are no longer checked and no
 * longer count; an incident without other failures is closed. A later failure of another slate is reported as usual.
 * TIPOFF_NOT_FOUND when nothing fails up to that slate.
 */
export async function accept(
  deps: AcknowledgeDeps,
  name: string,
  how: { readonly by: string; readonly reason: string; readonly through?: Slate | undefined },
): Promise<IncidentDoc> {
  const { by, reason, through } = how;
  const at = deps.clock.now().toISOString();
  return change(deps, name, (incident) => {
    const some = failingSlates(incident).filter(([slate]) => through === undefined || slate <= through);
    if (some.length === 0) {
      throw new TipoffError(
        'TIPOFF_NOT_FOUND',
        `${incident.incident_id} fails on no slate up to ${through}`,
        {
          hint: `\`tipoff incidents show ${incident.fingerprint}\` lists the slates on which it fails.`,
          details: { incident_id: incident.incident_id, through: through ?? null },
        },
      );
    }
    const accepted = some.map(([slate, state]) => [slate, { ...state, accepted: { by, at, reason } }]);
    const edited = { ...incident, slates: { ...incident.slates, ...Object.fromEntries(accepted) } };
    const { heads } = applyPolicy(
      new Map(),
      new Map([[incident.fingerprint, { ...edited, updated_at: at }]]),
      at,
    );
    return heads.get(incident.fingerprint) ?? edited;
  });
}

async function change(
  { state }: AcknowledgeDeps,
  name: string,
  edit: (incident: IncidentDoc) => IncidentDoc,
): Promise<IncidentDoc> {
  return state.transaction(async (tx) => {
    const before = await readHeads(tx);
    const head = before.get(name) ?? [...before.values()].find(({ incident_id }) => incident_id === name);
    if (head === undefined) throw unknown(name);
    if (head.status !== 'open') {
      throw new TipoffError(
        'TIPOFF_CONFLICT',
        `${head.incident_id} is ${head.status}: there is nothing to acknowledge or snooze`,
        {
          hint: '`tipoff incidents list` shows what is open.',
          details: { incident_id: head.incident_id, status: head.status },
        },
      );
    }
    const edited = edit(head);
    await saveIncidents(tx, before, {
      heads: new Map([...before, [head.fingerprint, edited]]),
      replies: [],
      replaced: [],
    });
    return edited;
  });
}

function unknown(name: string): TipoffError {
  return new TipoffError('TIPOFF_NOT_FOUND', `there is no incident ${name}`, {
    hint: 'Copy the id or the check from `tipoff incidents list --all`.',
    details: { incident: name },
  });
}
