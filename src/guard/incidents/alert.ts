import { addDays, easternInstant, easternTime, slateOf } from '#core/calendar.ts';
import { clause, count, span } from '#core/format.ts';
import type { Clock } from '#platform/clock.ts';
import { type Delivered, enqueue, type Outbox, readPosts } from '#platform/notify/outbox.ts';
import type { Notice } from '#platform/notify/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import {
  compareSeverity,
  failingSlates,
  holesBefore,
  INCIDENT_COLLECTIONS,
  type IncidentDoc,
} from './document.ts';
import { type CheckRun, type IncidentChanges, readHeads, updateIncidents } from './update.ts';

/** New York time from which the daily digest is due. */
const DUE = '09:00';

/**
 * Queues the digest of the day, once, from nine in New York on: what opened, ended and is still open since yesterday's.
 * It comes on quiet days too, as the daily proof that alerts arrive. True when it was queued now.
 */
async function enqueueDigest(state: StateStore, clock: Clock): Promise<boolean> {
  const now = clock.now();
  const day = slateOf(now);
  if (easternTime(now) < DUE) return false;
  const key = `digest:${day}`;
  const from = easternInstant(addDays(day, -1), DUE).toISOString();
  return state.transaction(async (tx) => {
    const heads = await readHeads(tx);
    const history = await tx.list<IncidentDoc>(INCIDENT_COLLECTIONS.history);
    const known = await readPosts(tx, [key]);
    const incidents = [...heads.values(), ...history.map(({ data }) => data)];
    const notice = digestNotice(key, incidents, from, now.toISOString());
    return enqueue(tx, known, [{ key, kind: 'once', parent: null, notice }], now.toISOString()) > 0;
  });
}

/** The digest of a span: open incidents, worst first, then what opened, recovered and was accepted in it. */
function digestNotice(key: string, incidents: readonly IncidentDoc[], from: string, to: string): Notice {
  const within = (instant: string | null): boolean => instant !== null && instant > from && instant <= to;
  const open = incidents
    .filter(({ status }) => status === 'open')
    .toSorted((a, b) => compareSeverity(b.severity, a.severity) || a.opened_at.localeCompare(b.opened_at));
  const ended = incidents.filter(({ status, closed_at }) => status !== 'open' && within(closed_at));
  const opened = incidents.filter(({ opened_at }) => within(opened_at));
  const holes = holesBefore(open, slateOf(new Date(to)));
  const visible = open.filter(({ hidden_by }) => hidden_by === null);
  return {
    key,
    severity: 'info',
    phase: 'operations',
    title:
      open.length === 0
        ? `Daily digest: nothing is failing; ${count(ended.length, 'incident')} ended since yesterday`
        : `Daily digest: ${count(open.length, 'open incident')}, ${opened.length} new since yesterday${holes.length === 0 ? '' : `; ${count(holes.length, 'hole')} in past slates`}`,
    lines: [
      ...visible.map((incident) => openLine(incident, to)),
      ...holeLines(holes),
      ...ended.map(
        (incident) =>
          `${incident.status === 'resolved' ? 'Recovered' : 'Accepted as it is'}: ${incident.fingerprint} after ${span(incident.opened_at, incident.closed_at ?? to)}${incident.told_at === null ? ' (not announced: explained by another check, or informational)' : ''}`,
      ),
      ...(open.length + ended.length === 0 ? ['No incident was open since the last digest.'] : []),
    ],
  };
}

/** Unrepaired failures of past slates, by check: listed every day until they are repaired or accepted. */
function holeLines(holes: ReturnType<typeof holesBefore>): string[] {
  return [...Map.groupBy(holes, ({ check }) => check)].map(([check, some]) => {
    const [first, last] = [some[0]?.slate, some.at(-1)?.slate];
    const span = first === last ? first : `${first} to ${last}`;
    return `Not repaired: ${check}, ${count(some.length, 'slate')} (${span}); repair, or \`tipoff incidents accept ${check} --reason <reason>\``;
  });
}

function openLine(incident: IncidentDoc, now: string): string {
  const [newest] = failingSlates(incident);
  const notes = [
    incident.ack === null ? undefined : `acknowledged by ${incident.ack.by}`,
    incident.snooze === null ? undefined : `snoozed until ${incident.snooze.until}`,
    incident.effects.length === 0 ? undefined : `explains ${incident.effects.join(', ')}`,
  ].filter((text) => text !== undefined);
  const reason = newest === undefined ? 'passing for now, after flapping' : clause(newest[1].reason);
  return `${incident.severity.toUpperCase()} ${incident.fingerprint}, open ${span(incident.opened_at, now)}: ${reason}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
}

/** The result of alerting: what happened to the incidents, and what was delivered. */
export interface Alerted {
  readonly changes: IncidentChanges;
  readonly delivered: Delivered;
  /** The digest of the day was made by this call. */
  readonly digest: boolean;
}

export interface AlertDeps {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly outbox: Outbox;
}

/**
 * Updates incidents with the results of some runs, queues the digest when it is due, and delivers everything queued, including
 * earlier messages. What could not be delivered is in the result, and is kept for the next call; see `checkDelivered`.
 */
export async function alert(
  deps: AlertDeps,
  runs: readonly CheckRun[],
  options: { readonly digest?: boolean } = {},
): Promise<Alerted> {
  const changes = await updateIncidents(deps.state, runs);
  const digest = options.digest !== false && (await enqueueDigest(deps.state, deps.clock));
  return { changes, digest, delivered: await deps.outbox.deliver() };
}
