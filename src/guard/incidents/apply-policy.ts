import type { Severity } from '#platform/notify/port.ts';
import {
  compareSeverity,
  failingSlates,
  type IncidentDoc,
  isAlerting,
  POLICY,
  type Reply,
  type ReplyKind,
  worst,
} from './document.ts';

export interface PolicyResult {
  readonly heads: ReadonlyMap<string, IncidentDoc>;
  readonly replies: readonly Reply[];
}

/**
 * Decides, as of an instant, which incidents are over, which are explained by others, how severe they are, and what people are
 * told. `before` are the incidents as they were before the run. Applying the policy
 * twice at one instant changes nothing.
 */
export function applyPolicy(
  before: ReadonlyMap<string, IncidentDoc>,
  seen: ReadonlyMap<string, IncidentDoc>,
  at: string,
): PolicyResult {
  const closed = new Map([...seen].map(([id, head]) => [id, closeIfOver(head, at)]));
  const ranked = new Map([...closed].map(([id, head]) => [id, hideEffect(head, closed, at)]));
  const heads = new Map<string, IncidentDoc>();
  const replies: Reply[] = [];
  for (const [id, head] of ranked) {
    const effects = [...ranked.values()].filter((other) => other.status === 'open' && other.hidden_by === id);
    const severities = [head, ...effects].flatMap((one) =>
      failingSlates(one).map(([, { severity }]) => severity),
    );
    const severity = head.failing_since === null ? head.severity : worst(severities);
    const { effect_reasons: _, ...bare } = head;
    const reasons = effects.map((one): [string, string] => [
      one.fingerprint,
      failingSlates(one)[0]?.[1].reason ?? '',
    ]);
    const weighed: IncidentDoc = {
      ...bare,
      severity,
      effects: reasons.map(([check]) => check).sort(),
      ...(reasons.length === 0 ? {} : { effect_reasons: Object.fromEntries(reasons) }),
    };
    const { incident, reply } = decideReply(before.get(id), weighed, at);
    heads.set(id, incident);
    if (reply !== undefined) replies.push({ fingerprint: id, number: incident.replies, kind: reply });
  }
  return { heads, replies };
}

/** Closes an incident whose slates all pass or are accepted. A flapping one must pass for a while first. */
function closeIfOver(head: IncidentDoc, at: string): IncidentDoc {
  if (head.status !== 'open' || head.updated_at > at) return head;
  const now = Date.parse(at);
  if (failingSlates(head).length > 0) return head;
  const isAccepted = Object.values(head.slates).some(
    ({ well_at, accepted }) => well_at === null && accepted !== undefined,
  );
  const wellAt = Object.values(head.slates).reduce(
    (last, { well_at }) => (well_at !== null && well_at > last ? well_at : last),
    head.opened_at,
  );
  const isHeld = !isAccepted && head.flaps >= POLICY.flapsToHold && now - Date.parse(wellAt) < POLICY.calm;
  if (isHeld) return { ...head, calm_since: wellAt, failing_since: null };
  return {
    ...head,
    status: isAccepted ? 'accepted' : 'resolved',
    closed_at: at,
    failing_since: null,
    calm_since: null,
    hidden_by: null,
    ack: null,
    snooze: null,
  };
}

/** Hides an incident that another one explains on all its slates, and lets it speak again some time after that one is over. */
function hideEffect(head: IncidentDoc, all: ReadonlyMap<string, IncidentDoc>, at: string): IncidentDoc {
  if (head.status !== 'open' || head.updated_at > at) return head;
  const failing = failingSlates(head);
  const causes = failing.map(([, { cause }]) => cause);
  const [cause] = causes;
  if (
    cause !== undefined &&
    cause !== null &&
    causes.every((one) => one !== null) &&
    isFailingNow(all.get(cause))
  ) {
    return { ...head, hidden_by: cause, hidden_at: at };
  }
  if (head.hidden_by === null) return head;
  const isCauseOver = !isFailingNow(all.get(head.hidden_by));
  const waited = Date.parse(at) - Date.parse(head.hidden_at ?? at);
  // A new failure of its own speaks at once; what the cause left behind gets one run to be repaired.
  return isCauseOver && waited <= POLICY.effectGrace ? head : { ...head, hidden_by: null, hidden_at: null };
}

function isFailingNow(cause: IncidentDoc | undefined): boolean {
  return cause?.status === 'open' && cause.failing_since !== null;
}

/** An incident after it was decided what people hear of it. */
interface Decision {
  readonly incident: IncidentDoc;
  readonly reply?: ReplyKind;
}

function decideReply(before: IncidentDoc | undefined, head: IncidentDoc, at: string): Decision {
  if (head.status !== 'open' || head.updated_at > at) return { incident: head };
  const isSnoozeOver = head.snooze !== null && head.snooze.until <= at;
  const incident = isSnoozeOver ? { ...head, snooze: null } : head;
  if (!isAlerting(incident.severity) || incident.hidden_by !== null || incident.failing_since === null)
    return { incident };
  if (incident.told_at === null)
    return { incident: { ...incident, told_at: at, told_severity: incident.severity } };
  const reply = replyFor(
    before?.incident_id === incident.incident_id ? before : undefined,
    incident,
    at,
    isSnoozeOver,
  );
  if (reply === undefined) return { incident };
  return {
    reply,
    incident: {
      ...incident,
      told_at: at,
      told_severity: worst([incident.told_severity, incident.severity]),
      replies: incident.replies + 1,
      reminders: reply === 'reminder' ? incident.reminders + 1 : reply === 'worse' ? 0 : incident.reminders,
      // Somebody knew of less than this.
      ack: reply === 'reminder' ? incident.ack : null,
      snooze: reply === 'worse' ? null : incident.snooze,
    },
  };
}

function replyFor(
  before: IncidentDoc | undefined,
  incident: IncidentDoc,
  at: string,
  isSnoozeOver: boolean,
): ReplyKind | undefined {
  if (compareSeverity(incident.severity, incident.told_severity) > 0) return 'worse';
  if (incident.snooze !== null) return undefined;
  if (isSnoozeOver) return 'snooze_over';
  if (before?.hidden_by !== null && before?.hidden_by !== undefined) return 'surfaced';
  if (incident.flaps === 1 && before?.flaps !== 1) return 'again';
  if (incident.ack !== null) return hasNewSlate(before, incident) ? 'another_slate' : undefined;
  return isReminderDue(incident, incident.severity, at) ? 'reminder' : undefined;
}

function hasNewSlate(before: IncidentDoc | undefined, incident: IncidentDoc): boolean {
  return (
    before !== undefined && failingSlates(incident).some(([slate]) => before.slates[slate] === undefined)
  );
}

/** Only what has failed without a break for the whole time is worth a reminder. */
function isReminderDue(
  { told_at, failing_since, reminders }: IncidentDoc,
  severity: Severity,
  at: string,
): boolean {
  const first = POLICY.reminders[severity];
  if (first === undefined || told_at === null || failing_since === null) return false;
  const wait = Math.min(first * 2 ** reminders, POLICY.maxReminderPause);
  const quietSince = told_at > failing_since ? told_at : failing_since;
  return Date.parse(at) - Date.parse(quietSince) >= wait;
}
