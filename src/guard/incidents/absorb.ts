import type { Severity } from '#platform/notify/port.ts';
import { type FailingSlate, failingSlates, type IncidentDoc, incidentId } from './document.ts';
import { type CheckResult, isFailing } from './input.ts';
import { POLICY } from './policy.ts';

/** Where in time a result stands. */
export interface Sighting {
  /** Identifies the run and its slate. */
  readonly run: string;
  readonly at: string;
  /** The check that explains a failure. */
  readonly cause: string | null;
}

const RUNS_KEPT = 50;
const WELL_SLATES_KEPT = 10;

/**
 * Takes one result into the incident of its check: opens, continues, or marks a slate well. Undefined when there is
 * neither a failure nor an incident. A run that was taken in before, and one that looked earlier than the last, change nothing.
 */
export function absorb(head: IncidentDoc | undefined, result: CheckResult, sighting: Sighting): IncidentDoc | undefined {
  const { run, at } = sighting;
  const known = head?.slates[result.slate];
  if (head?.runs.includes(run) === true || (known !== undefined && known.looked_at > at)) return head;
  if (isFailing(result)) return fail(head, result, sighting);
  if (head?.status !== 'open' || head.updated_at > at) return head;
  const answers = (slate: string): boolean => slate === result.slate || (result.looks_at === 'now' && slate < result.slate);
  const slates = Object.entries(head.slates).map(([slate, state]): [string, FailingSlate] => {
    if (!answers(slate)) return [slate, state];
    const isWell = result.status === 'PASS' && state.well_at === null;
    return [slate, { ...state, looked_at: at, well_at: isWell ? at : state.well_at }];
  });
  return { ...head, ...looked(head, result, at), slates: Object.fromEntries(slates), runs: [run, ...head.runs].slice(0, RUNS_KEPT) };
}

function looked(head: IncidentDoc, { slate }: CheckResult, at: string): Pick<IncidentDoc, 'last_look' | 'updated_at'> {
  const { last_look } = head;
  return { updated_at: at, last_look: last_look === null || last_look.slate <= slate ? { slate, at } : last_look };
}

function fail(head: IncidentDoc | undefined, result: CheckResult, sighting: Sighting): IncidentDoc {
  const { run, at } = sighting;
  const isReturn = head?.status === 'resolved' && Date.parse(at) - Date.parse(head.closed_at ?? at) <= POLICY.flapWindow;
  const incident = head !== undefined && (head.status === 'open' || isReturn) ? head : opened(result, at);
  const known = incident.slates[result.slate];
  const slate: FailingSlate = {
    status: result.status === 'ERROR' ? 'ERROR' : 'FAIL',
    severity: severityOf(result),
    seen: result.seen,
    expected: result.expected,
    reason: result.reason,
    offenders: result.offenders,
    offender_count: result.offender_count,
    repair: result.repair,
    since: known !== undefined && known.well_at === null ? known.since : at,
    last_at: at,
    looked_at: at,
    well_at: null,
    cause: sighting.cause,
  };
  const wasFailing = incident.status === 'open' && failingSlates(incident).length > 0;
  const isFlap = !wasFailing && incident.occurrences > 0;
  const inWindow = incident.flapping_since !== null && Date.parse(at) - Date.parse(incident.flapping_since) <= POLICY.flapWindow;
  return {
    ...incident,
    status: 'open',
    phase: result.phase,
    question: result.question,
    runbook: result.runbook,
    ...looked(incident, result, at),
    closed_at: null,
    calm_since: null,
    failing_since: wasFailing ? incident.failing_since : at,
    occurrences: incident.occurrences + 1,
    slates: keptSlates({ ...incident.slates, [result.slate]: slate }),
    flaps: isFlap ? (inWindow ? incident.flaps + 1 : 1) : incident.flaps,
    flapping_since: isFlap && !inWindow ? at : incident.flapping_since,
    runs: [run, ...incident.runs].slice(0, RUNS_KEPT),
  };
}

function opened(result: CheckResult, at: string): IncidentDoc {
  return {
    incident_id: incidentId(result.canary_id, at),
    fingerprint: result.canary_id,
    phase: result.phase,
    question: result.question,
    runbook: result.runbook,
    status: 'open',
    severity: 'info',
    opened_at: at,
    updated_at: at,
    failing_since: at,
    closed_at: null,
    occurrences: 0,
    slates: {},
    last_look: null,
    flaps: 0,
    flapping_since: null,
    calm_since: null,
    hidden_by: null,
    hidden_at: null,
    effects: [],
    ack: null,
    snooze: null,
    told_at: null,
    told_severity: 'resolved',
    reminders: 0,
    replies: 0,
    runs: [],
  };
}

/** A check that could not run is at least an error: a blind guard is not a warning. */
function severityOf({ status, severity }: CheckResult): Severity {
  return status === 'ERROR' && severity !== 'critical' ? 'error' : severity;
}

/** All failing slates and the newest of the others. */
function keptSlates(slates: Readonly<Record<string, FailingSlate>>): Record<string, FailingSlate> {
  const well = Object.keys(slates)
    .filter((slate) => slates[slate]?.well_at !== null)
    .sort()
    .slice(0, -WELL_SLATES_KEPT);
  return Object.fromEntries(Object.entries(slates).filter(([slate]) => !well.includes(slate)));
}
