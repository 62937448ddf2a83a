import type { Severity } from '#platform/notify/port.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** When incidents speak, in milliseconds. */
export const POLICY = {
  /** First reminder after so long without news; every further one waits twice as long, at most a day. */
  reminders: {
    critical: 2 * HOUR,
    error: 4 * HOUR,
    warning: 24 * HOUR,
    info: undefined,
    success: undefined,
    resolved: undefined,
  } satisfies Record<Severity, number | undefined>,
  maxReminderPause: 24 * HOUR,
  /** A check that fails again within this time after its recovery continues its old incident. */
  flapWindow: 24 * HOUR,
  /** From so many returns on, an incident is flapping: it stays open until it has passed for `calm`. */
  flapsToHold: 2,
  calm: 2 * HOUR,
  /** So long may an effect outlive its cause before it speaks for itself: one run of the checks, and a little. */
  effectGrace: 31 * MINUTE,
} as const;

/** Severities that people hear of at once; the rest waits for the digest. */
export function isAlerting(severity: Severity): boolean {
  return severity !== 'info';
}

const RANK: Readonly<Record<Severity, number>> = {
  resolved: 0,
  success: 0,
  info: 1,
  warning: 2,
  error: 3,
  critical: 4,
};

/** Positive when `a` is worse than `b`. */
export function compareSeverity(a: Severity, b: Severity): number {
  return RANK[a] - RANK[b];
}

export function worst(severities: readonly Severity[]): Severity {
  return severities.reduce<Severity>(
    (most, severity) => (compareSeverity(severity, most) > 0 ? severity : most),
    'resolved',
  );
}

/** Collections of the state store. */
export const INCIDENT_COLLECTIONS = {
  /** The newest incident of every check, by check. */
  heads: 'incidents',
  /** Incidents that a later one of the same check has replaced, by incident id. */
  history: 'incident_history',
} as const;

/** `accepted`: some of its slates never passed again, and a person has accepted that. */
type IncidentStatus = 'open' | 'resolved' | 'accepted';

/** One slate on which the check fails. */
export interface FailingSlate {
  readonly status: 'fail' | 'error';
  readonly severity: Severity;
  readonly seen: number | null;
  readonly expected: string;
  readonly reason: string;
  readonly offenders: readonly string[];
  readonly offender_count: number;
  readonly repair: string;
  readonly since: string;
  /** Last run that saw it fail. */
  readonly last_at: string;
  /** Last run that looked, whatever it saw. */
  readonly looked_at: string;
  /** When it passed again; null while it fails. A SKIP proves nothing, nor does a newer slate or time. */
  readonly well_at: string | null;
  /** Who decided that this slate stays as it is; absent while nobody has. */
  readonly accepted?: { readonly by: string; readonly at: string; readonly reason: string };
  /** Check that explains it, when another phase failed first. */
  readonly cause: string | null;
}

/** An incident: one check that fails, from its first failure until every slate passes again. One per check at a time. */
export interface IncidentDoc {
  readonly incident_id: string;
  /** What makes failures the same incident: the check. */
  readonly fingerprint: string;
  readonly phase: string;
  readonly question: string;
  readonly runbook: string;
  readonly status: IncidentStatus;
  /** Worst of its slates, and of the effects it explains. */
  readonly severity: Severity;
  readonly opened_at: string;
  readonly updated_at: string;
  /** Since when it has been failing without a break; null when it passes. */
  readonly failing_since: string | null;
  readonly closed_at: string | null;
  /** Runs that saw it fail. */
  readonly occurrences: number;
  /** Slates on which it fails, and those that failed and pass again. */
  readonly slates: Readonly<Record<string, FailingSlate>>;
  /** The newest slate a run looked at, and when, whatever it saw. */
  readonly last_look: { readonly slate: string; readonly at: string } | null;
  /** Returns after a recovery, within the flap window. */
  readonly flaps: number;
  readonly flapping_since: string | null;
  /** Well since, while it is held open because it was flapping. */
  readonly calm_since: string | null;
  /** The check that explains it; while that one fails the incident has no message of its own. */
  readonly hidden_by: string | null;
  /** When the cause was last seen failing. */
  readonly hidden_at: string | null;
  /** Checks that it explains, and what each of them says of its newest failing slate; absent where it explains none. */
  readonly effects: readonly string[];
  readonly effect_reasons?: Readonly<Record<string, string>>;
  readonly ack: { readonly by: string; readonly at: string; readonly note: string | null } | null;
  readonly snooze: { readonly by: string; readonly until: string; readonly why: string } | null;
  /** Last message to people beyond an edit; null when there was none. */
  readonly told_at: string | null;
  /** Worst severity people have heard of. */
  readonly told_severity: Severity;
  readonly reminders: number;
  /** Replies written so far; numbers their keys. */
  readonly replies: number;
  /** Last runs that were taken in, newest first, so that a repeated run changes nothing. */
  readonly runs: readonly string[];
}

/** Why an incident replies in its own thread. */
export type ReplyKind = 'again' | 'another_slate' | 'worse' | 'reminder' | 'surfaced' | 'snooze_over';

export interface Reply {
  readonly fingerprint: string;
  readonly number: number;
  readonly kind: ReplyKind;
}

/** The slates on which an incident fails now, newest first: not those that pass again, nor those a person has accepted. */
export function failingSlates({
  slates,
}: Pick<IncidentDoc, 'slates'>): [slate: string, state: FailingSlate][] {
  return Object.entries(slates)
    .filter(([, { well_at, accepted }]) => well_at === null && accepted === undefined)
    .sort(([a], [b]) => b.localeCompare(a));
}

/** Failing slates before a date: holes that stay on the list until they are filled or accepted. */
export function holesBefore(
  incidents: readonly IncidentDoc[],
  today: string,
): { readonly check: string; readonly slate: string }[] {
  return incidents
    .filter(({ status }) => status === 'open')
    .flatMap((incident) =>
      failingSlates(incident)
        .filter(([slate]) => slate < today)
        .map(([slate]) => ({ check: incident.fingerprint, slate })),
    )
    .sort((a, b) => a.slate.localeCompare(b.slate) || a.check.localeCompare(b.check));
}

export function incidentId(fingerprint: string, openedAt: string): string {
  return `${fingerprint}@${openedAt.slice(0, 16).replaceAll(/[-:]/g, '')}`;
}
