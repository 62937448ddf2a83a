import { isFailing, type Outcome } from '#core/check.ts';
import type { Explanation } from '#guard/canaries/definition.ts';
import { enqueue, type Post, readPosts } from '#platform/notify/outbox.ts';
import type { Severity } from '#platform/notify/port.ts';
import type { StateStore, StateTransaction } from '#platform/state/port.ts';
import { applyPolicy, type PolicyResult } from './apply-policy.ts';
import {
  type FailingSlate,
  failingSlates,
  INCIDENT_COLLECTIONS,
  type IncidentDoc,
  incidentId,
  POLICY,
} from './document.ts';
import { incidentNotice, replyNotice } from './notice.ts';

/** What the incidents need of an outcome; the results of canaries have this shape. */
export interface CheckResult extends Outcome {
  readonly phase: string;
  readonly seen: number | null;
  readonly slate: string;
  readonly repair: string;
  readonly runbook: string;
  /** `now`: the answer is about the present and not about a slate, so that a pass ends what failed before. */
  readonly looks_at?: 'tonight' | 'last_night' | 'slate' | 'now';
  /** Phases whose failure would explain this one. */
  readonly depends_on: readonly string[];
  /** Failures that have the same cause; none when absent. */
  readonly explains?: readonly Explanation[];
}

/** All answers about one slate at one instant. */
export interface CheckRun {
  readonly run_id: string;
  readonly slate: string;
  readonly as_of: Date;
  readonly results: readonly CheckResult[];
}

/** Runs of the engine with what the definitions of the checks say about them. */
export function checkRuns(
  runs: readonly CheckRun[],
  definitions: readonly { readonly id: string; readonly looksAt: NonNullable<CheckResult['looks_at']> }[],
): CheckRun[] {
  const looksAt = new Map(definitions.map((definition) => [definition.id, definition.looksAt]));
  return runs.map((run) => ({
    ...run,
    results: run.results.map((result) => {
      const looks_at = looksAt.get(result.check);
      return looks_at === undefined ? result : { ...result, looks_at };
    }),
  }));
}

/**
 * Which failing check explains which, within one run: `effect -> cause`. A check that failed in a phase on which another one
 * depends is its cause, and so is one that declares that it explains the other; directly or through others. The cause that itself has
 * none is named. Checks that explain each other explain nothing. An informational check is no cause: nobody hears of it. `known`
 * are the results that say which phase depends on which, where the run has only some of the checks.
 */
export function causesOf(
  results: readonly CheckResult[],
  known: readonly CheckResult[] = results,
): Map<string, string> {
  const upstream = dependencies(known);
  const failing = results.filter(isFailing);
  const isAbove = (cause: CheckResult, effect: CheckResult): boolean =>
    cause.phase !== effect.phase &&
    reach(effect, upstream).has(cause.phase) &&
    !reach(cause, upstream).has(effect.phase) &&
    !declares(effect, cause);
  const explains = (cause: CheckResult, effect: CheckResult): boolean =>
    cause !== effect && cause.severity !== 'info' && (declares(cause, effect) || isAbove(cause, effect));
  const above = new Map(failing.map((effect) => [effect, failing.filter((one) => explains(one, effect))]));
  const roots = failing.filter((one) => above.get(one)?.length === 0).toSorted(worstFirst);
  const found = new Map<string, string>();
  for (const effect of failing) {
    const causes = new Set(above.get(effect));
    // A set is walked to its end while it grows.
    for (const one of causes) for (const further of above.get(one) ?? []) causes.add(further);
    const cause = roots.find((root) => causes.has(root));
    if (cause !== undefined) found.set(effect.check, cause.check);
  }
  return found;
}

/** True when a failure declares that it explains another one, and both are about the same. */
function declares(cause: CheckResult, effect: CheckResult): boolean {
  return (cause.explains ?? []).some(({ checks, phases, unasked, when, about }) => {
    const isMeant =
      (checks === undefined && phases === undefined) ||
      checks?.includes(effect.check) === true ||
      phases?.some((phase) => phase === effect.phase) === true;
    if (unasked === true && effect.status !== 'error') return false;
    if (!isMeant || (when !== undefined && !cause.offenders.some((one) => when.test(one)))) return false;
    return about === undefined || isCovered(effect, cause, about);
  });
}

/** True when all that one failure is about, by a pattern, is named by another one. One that does not name all is not. */
function isCovered(effect: CheckResult, cause: CheckResult, about: RegExp): boolean {
  const subject = (offender: string): string | undefined => about.exec(offender)?.[0];
  const named = new Set(cause.offenders.map(subject));
  return (
    effect.offenders.length > 0 &&
    effect.offender_count === effect.offenders.length &&
    effect.offenders.map(subject).every((one) => one !== undefined && named.has(one))
  );
}

/** Phases that each phase depends on, as all checks together say; health counts as much as failure. */
function dependencies(results: readonly CheckResult[]): Map<string, Set<string>> {
  const upstream = new Map<string, Set<string>>();
  for (const { phase, depends_on } of results)
    upstream.set(phase, new Set([...(upstream.get(phase) ?? []), ...depends_on]));
  return upstream;
}

/** Everything a check depends on, near and far. */
function reach(result: CheckResult, upstream: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const seen = new Set<string>();
  const open = [...result.depends_on];
  for (let phase = open.pop(); phase !== undefined; phase = open.pop()) {
    if (seen.has(phase)) continue;
    seen.add(phase);
    open.push(...(upstream.get(phase) ?? []));
  }
  return seen;
}

const ORDER = { critical: 0, warning: 1, info: 2 } as const;

function worstFirst(a: CheckResult, b: CheckResult): number {
  return ORDER[a.severity] - ORDER[b.severity] || a.check.localeCompare(b.check);
}

/** The run and the instant of a result. */
interface Sighting {
  /** Identifies the run and its slate. */
  readonly run: string;
  readonly at: string;
  /** The check that explains a failure. */
  readonly cause: string | null;
}

const MAX_RUNS = 50;
const MAX_PASSING_SLATES = 10;

/**
 * Takes one result into the incident of its check: opens, continues, or marks a slate as passing. Undefined when there is
 * neither a failure nor an incident. A run that was taken in before, and one that looked earlier than the last, change nothing.
 */
function applyResult(
  head: IncidentDoc | undefined,
  result: CheckResult,
  sighting: Sighting,
): IncidentDoc | undefined {
  const { run, at } = sighting;
  const known = head?.slates[result.slate];
  if (head?.runs.includes(run) === true || (known !== undefined && known.looked_at > at)) return head;
  if (isFailing(result) && known?.accepted === undefined && !isAcceptedNow(head, result))
    return fail(head, result, sighting);
  if (head?.status !== 'open' || head.updated_at > at) return head;
  const answers = (slate: string): boolean =>
    slate === result.slate || (result.looks_at === 'now' && slate < result.slate);
  const slates = Object.entries(head.slates).map(([slate, state]): [string, FailingSlate] => {
    if (!answers(slate)) return [slate, state];
    const isWell = result.status === 'pass' && state.well_at === null;
    return [slate, { ...state, looked_at: at, well_at: isWell ? at : state.well_at }];
  });
  return {
    ...head,
    ...looked(head, result, at),
    slates: Object.fromEntries(slates),
    runs: [run, ...head.runs].slice(0, MAX_RUNS),
  };
}

/** Whether a failure of the present is what a person has accepted of it on an earlier day, or a part of that. */
function isAcceptedNow(head: IncidentDoc | undefined, result: CheckResult): boolean {
  if (head === undefined || result.looks_at !== 'now') return false;
  return Object.values(head.slates).some(
    ({ accepted, offenders, offender_count }) =>
      accepted !== undefined &&
      result.offender_count <= offender_count &&
      result.offenders.every((name) => offenders.includes(name)),
  );
}

function looked(
  head: IncidentDoc,
  { slate }: CheckResult,
  at: string,
): Pick<IncidentDoc, 'last_look' | 'updated_at'> {
  const { last_look } = head;
  return {
    updated_at: at,
    last_look: last_look === null || last_look.slate <= slate ? { slate, at } : last_look,
  };
}

function fail(head: IncidentDoc | undefined, result: CheckResult, sighting: Sighting): IncidentDoc {
  const { run, at } = sighting;
  const isReturn =
    head?.status === 'resolved' && Date.parse(at) - Date.parse(head.closed_at ?? at) <= POLICY.flapWindow;
  const incident = head !== undefined && (head.status === 'open' || isReturn) ? head : opened(result, at);
  // A check of the present that still fails on the next day has one failure, not one a day.
  const isSame = ([slate, { well_at }]: [string, FailingSlate]): boolean =>
    slate === result.slate || (result.looks_at === 'now' && slate < result.slate && well_at === null);
  const same = Object.entries(incident.slates).filter(isSame);
  const others = Object.entries(incident.slates).filter((one) => !isSame(one));
  const since = same.flatMap(([, one]) => (one.well_at === null ? [one.since] : [])).sort()[0];
  const slate: FailingSlate = {
    status: result.status === 'error' ? 'error' : 'fail',
    severity: severityOf(result),
    seen: result.seen,
    expected: result.expected,
    reason: result.reason,
    offenders: result.offenders,
    offender_count: result.offender_count,
    repair: result.repair,
    since: since ?? at,
    last_at: at,
    looked_at: at,
    well_at: null,
    cause: sighting.cause,
  };
  const wasFailing = incident.status === 'open' && failingSlates(incident).length > 0;
  const isFlap = !wasFailing && incident.occurrences > 0;
  const inWindow =
    incident.flapping_since !== null &&
    Date.parse(at) - Date.parse(incident.flapping_since) <= POLICY.flapWindow;
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
    slates: keptSlates({ ...Object.fromEntries(others), [result.slate]: slate }),
    flaps: isFlap ? (inWindow ? incident.flaps + 1 : 1) : incident.flaps,
    flapping_since: isFlap && !inWindow ? at : incident.flapping_since,
    runs: [run, ...incident.runs].slice(0, MAX_RUNS),
  };
}

function opened(result: CheckResult, at: string): IncidentDoc {
  return {
    incident_id: incidentId(result.check, at),
    fingerprint: result.check,
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
  return status === 'error' && severity !== 'critical' ? 'error' : severity;
}

/** All failing slates and the newest of the others. */
function keptSlates(slates: Readonly<Record<string, FailingSlate>>): Record<string, FailingSlate> {
  const passing = Object.keys(slates)
    .filter((slate) => slates[slate]?.well_at !== null)
    .sort()
    .slice(0, -MAX_PASSING_SLATES);
  return Object.fromEntries(Object.entries(slates).filter(([slate]) => !passing.includes(slate)));
}

export interface AppliedRuns extends PolicyResult {
  /** Incidents that a new one of the same check replaced. */
  readonly replaced: readonly IncidentDoc[];
}

/**
 * The incidents after some runs. Pure: the same incidents and runs give the same answer, and a run that was taken in
 * before changes nothing. Runs count in the order of their instants, those of one instant by slate.
 */
export function applyRuns(before: ReadonlyMap<string, IncidentDoc>, runs: readonly CheckRun[]): AppliedRuns {
  let heads = before;
  const replaced: IncidentDoc[] = [];
  const replies: PolicyResult['replies'][number][] = [];
  const instants = Map.groupBy(runs, ({ as_of }) => as_of.toISOString());
  for (const [at, together] of [...instants].sort(([a], [b]) => a.localeCompare(b))) {
    const seen = new Map(heads);
    for (const run of together.toSorted((a, b) => a.slate.localeCompare(b.slate))) {
      const causes = causesOf(
        run.results,
        together.flatMap(({ results }) => results),
      );
      for (const result of run.results) {
        const head = seen.get(result.check);
        const sighting = {
          run: `${run.run_id}:${run.slate}`,
          at,
          cause: causes.get(result.check) ?? null,
        };
        const next = applyResult(head, result, sighting);
        if (next === undefined) continue;
        if (head !== undefined && next.incident_id !== head.incident_id) replaced.push(head);
        seen.set(result.check, next);
      }
    }
    const result = applyPolicy(heads, seen, at);
    heads = result.heads;
    replies.push(...result.replies);
  }
  return { heads, replies, replaced };
}

/** What some runs did to the incidents, by check. */
export interface IncidentChanges {
  readonly opened: readonly string[];
  readonly reopened: readonly string[];
  readonly resolved: readonly string[];
  readonly accepted: readonly string[];
  /** Open incidents that another one explains. */
  readonly hidden: readonly string[];
  readonly open: readonly string[];
}

/**
 * Takes the answers of some runs into the incidents and queues what people should see, in one transaction. Taking in a
 * run again changes nothing. Nothing is delivered here.
 */
export async function updateIncidents(
  state: StateStore,
  runs: readonly CheckRun[],
): Promise<IncidentChanges> {
  return state.transaction(async (tx) => {
    const before = await readHeads(tx);
    const applied = applyRuns(before, runs);
    await saveIncidents(tx, before, applied);
    return summary(before, applied.heads);
  });
}

/** The newest incident of every check. */
export async function readHeads(state: Pick<StateTransaction, 'list'>): Promise<Map<string, IncidentDoc>> {
  const docs = await state.list<IncidentDoc>(INCIDENT_COLLECTIONS.heads);
  return new Map(docs.map(({ id, data }) => [id, data]));
}

/** Writes changed incidents, the history, and the outbox. Reads first, as transactions want it. */
export async function saveIncidents(
  tx: StateTransaction,
  before: ReadonlyMap<string, IncidentDoc>,
  { heads, replies, replaced }: AppliedRuns,
): Promise<void> {
  const changed = [...heads.values()].filter(
    (head) => JSON.stringify(before.get(head.fingerprint)) !== JSON.stringify(head),
  );
  const writes: Post[] = changed.filter(({ told_at }) => told_at !== null).map(liveWrite);
  for (const old of replaced) if (old.told_at !== null) writes.push(liveWrite(old));
  for (const reply of replies) {
    const head = heads.get(reply.fingerprint);
    if (head === undefined) continue;
    const notice = replyNotice(head, reply);
    writes.push({ key: notice.key, kind: 'reply', parent: head.incident_id, notice });
  }
  const known = await readPosts(
    tx,
    writes.map(({ key }) => key),
  );
  // Where nobody has seen the message yet, it says everything when it arrives: a reply would say it twice.
  const needed = writes.filter(
    ({ kind, parent }) => kind !== 'reply' || (known.get(parent ?? '')?.delivered_version ?? 0) > 0,
  );
  for (const head of changed) tx.put(INCIDENT_COLLECTIONS.heads, head.fingerprint, head);
  for (const old of replaced) tx.put(INCIDENT_COLLECTIONS.history, old.incident_id, old);
  const at = [...heads.values()].reduce(
    (last, { updated_at }) => (updated_at > last ? updated_at : last),
    '',
  );
  enqueue(tx, known, needed, at);
}

function liveWrite(incident: IncidentDoc): Post {
  return { key: incident.incident_id, kind: 'live', parent: null, notice: incidentNotice(incident) };
}

function summary(
  before: ReadonlyMap<string, IncidentDoc>,
  after: ReadonlyMap<string, IncidentDoc>,
): IncidentChanges {
  const all = [...after.values()];
  const became = (status: IncidentDoc['status']): string[] =>
    all
      .filter((head) => head.status === status && before.get(head.fingerprint)?.status !== status)
      .map(({ fingerprint }) => fingerprint);
  const isSame = (head: IncidentDoc): boolean =>
    before.get(head.fingerprint)?.incident_id === head.incident_id;
  const open = all.filter(({ status }) => status === 'open');
  return {
    opened: open.filter((head) => !isSame(head)).map(({ fingerprint }) => fingerprint),
    reopened: open
      .filter((head) => isSame(head) && before.get(head.fingerprint)?.status !== 'open')
      .map(({ fingerprint }) => fingerprint),
    resolved: became('resolved'),
    accepted: became('accepted'),
    hidden: open.filter(({ hidden_by }) => hidden_by !== null).map(({ fingerprint }) => fingerprint),
    open: open.map(({ fingerprint }) => fingerprint),
  };
}
