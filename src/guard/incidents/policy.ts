import type { Severity } from '#platform/notify/port.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** When incidents speak, in milliseconds. */
export const POLICY = {
  /** First reminder after so long without news; every further one waits twice as long, at most a day. */
  reminders: { critical: 2 * HOUR, error: 4 * HOUR, warning: 24 * HOUR, info: undefined, resolved: undefined } satisfies Record<
    Severity,
    number | undefined
  >,
  longestReminder: 24 * HOUR,
  /** A check that fails again within this time after its recovery continues its old incident. */
  flapWindow: 24 * HOUR,
  /** From so many returns on, an incident is flapping: it stays open until it has been well for `calm`. */
  flapsToHold: 2,
  calm: 2 * HOUR,
  /** So long may an effect outlive its cause before it speaks for itself: one run of the checks, and a little. */
  effectGrace: 31 * MINUTE,
  /** A failing slate that no run looked at for so long is closed without proof of recovery. */
  lapse: 36 * HOUR,
  /** The same where the checks have moved on to a later slate. */
  lapseBehind: 6 * HOUR,
} as const;

/** Severities that are told at once; the rest waits for the digest. */
export function isTold(severity: Severity): boolean {
  return severity !== 'info';
}

const RANK: Readonly<Record<Severity, number>> = { resolved: 0, info: 1, warning: 2, error: 3, critical: 4 };

/** Positive when `a` is worse than `b`. */
export function compareSeverity(a: Severity, b: Severity): number {
  return RANK[a] - RANK[b];
}

export function worst(severities: readonly Severity[]): Severity {
  return severities.reduce<Severity>((most, severity) => (compareSeverity(severity, most) > 0 ? severity : most), 'resolved');
}
