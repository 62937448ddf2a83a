import { addDays, easternInstant, type Slate, slateOf } from '#core/calendar.ts';
import { MAX_OFFENDERS, type Severity, type SeverityStep } from '#core/check.ts';
import { messageOf } from '#core/errors.ts';
import { count, outOf } from '#core/format.ts';
import type { AskedCanary, CanaryContext, CanaryResult, CheckedThing, Moment } from './definition.ts';
import { type Halt, isInForce } from './halt.ts';
import type { Findings, Statements } from './statements.ts';

/** The part of a result that is known before the check runs. */
export type Unasked = Omit<
  CanaryResult,
  'status' | 'seen' | 'offenders' | 'offender_count' | 'reason' | 'bytes' | 'ms'
>;

/** The outcome of one check, without the time it took. */
export type Answer = Pick<
  CanaryResult,
  'status' | 'severity' | 'seen' | 'expected' | 'offenders' | 'offender_count' | 'reason' | 'bytes'
>;

/** The slate that a check is about on a day: the day's own, or the previous one for last night. */
export function slateLookedAt(canary: Pick<AskedCanary, 'looksAt'>, today: Slate): Slate {
  return canary.looksAt === 'last_night' ? addDays(today, -1) : today;
}

/** The instant of a step of a severity schedule for a slate. */
function stepInstant(canary: Pick<AskedCanary, 'looksAt'>, step: SeverityStep, moment: Moment): Date {
  const day = canary.looksAt === 'last_night' ? addDays(moment.slate, 1) : moment.slate;
  const byClock = easternInstant(day, step.by);
  const firstTip = moment.calendar.day(moment.slate)?.first_tip;
  if (step.beforeTip === undefined || firstTip === undefined) return byClock;
  const byTip = new Date(Date.parse(firstTip) - step.beforeTip * 60_000);
  return byTip < byClock ? byTip : byClock;
}

/** The severity at the moment, and whether the check is due, with the instant from which it is. */
function severityAt(
  canary: AskedCanary,
  moment: Moment,
): { readonly severity: Severity; readonly due: boolean; readonly dueAt: Date } {
  const [first] = canary.severity;
  const dueAt = stepInstant(canary, first, moment);
  const passed = canary.severity.filter((step) => stepInstant(canary, step, moment) <= moment.asOf);
  return { severity: (passed.at(-1) ?? first).severity, due: passed.length > 0, dueAt };
}

/** Why a check is skipped at the moment; undefined = it runs. */
function skipReason(
  canary: AskedCanary,
  moment: Moment,
  halt: Halt | undefined,
  context: CanaryContext,
): string | undefined {
  if (canary.ignoresHalt !== true && isInForce(halt, moment.asOf))
    return `halted by ${halt.by} until ${halt.until}: ${halt.reason}`;
  if (canary.looksAt !== 'now' && canary.looksAt !== 'slate') {
    const idle = moment.calendar.whyNoGames(moment.slate);
    if (idle !== undefined) return idle;
  }
  const { due, dueAt } = severityAt(canary, moment);
  if (!due) return `too early: due at ${dueAt.toISOString()}`;
  return canary.skips?.(moment, context);
}

/** Commands that forecast for a slate whose games are still to come. */
const FOLLOWS_NEWS = /tipoff (?:predict|day) \S+ --mode (?:LINE_UPDATE|LAST_CALL)/g;
const FILLS_GAPS = /(tipoff (?:predict|day) \S+) --mode (?:FIRST|RETRY|FINAL_RETRY)/g;

/**
 * The command that repairs what a check finds on a slate. Once every game has begun no forecast follows the news any more, so what
 * was missed can only be accepted; and what is missing is forecast as a backfill.
 */
function repairAt({ id, repair }: AskedCanary, { slate, asOf, calendar }: Moment): string {
  const filled = repair.replaceAll('{slate}', slate);
  const last = calendar.day(slate)?.last_tip;
  const hasBegun = slate < slateOf(asOf) || (last !== undefined && Date.parse(last) <= asOf.getTime());
  if (!hasBegun) return filled;
  return filled
    .replaceAll(FOLLOWS_NEWS, `tipoff incidents accept ${id} --through ${slate} --reason after-tip-off`)
    .replaceAll(FILLS_GAPS, '$1 --mode BACKFILL');
}

/** The part of a result that is known before its canary runs. */
export function unaskedOf(canary: AskedCanary, moment: Moment): Unasked {
  return {
    check: canary.id,
    phase: canary.phase,
    severity: severityAt(canary, moment).severity,
    question: canary.question,
    expected: canary.expected,
    slate: moment.slate,
    repair: repairAt(canary, moment),
    runbook: canary.runbook,
    owner: canary.owner,
    depends_on: canary.dependsOn,
    explains: canary.explains ?? [],
  };
}

/** What the checks of a run share. */
export interface Asking {
  readonly context: CanaryContext;
  readonly halt: Halt | undefined;
  readonly statements: Statements;
}

/** Runs one check and judges what it finds. Never throws: a check that cannot run is ERROR. */
export async function ask(
  canary: AskedCanary,
  moment: Moment,
  { context, halt, statements }: Asking,
  unasked: Unasked,
): Promise<Answer> {
  const none = {
    severity: unasked.severity,
    seen: null,
    expected: unasked.expected,
    offenders: [],
    offender_count: 0,
    bytes: null,
  } as const;
  try {
    const skip = skipReason(canary, moment, halt, context);
    if (skip !== undefined) return { ...none, status: 'skip', reason: skip };
    const findings =
      'sql' in canary.look
        ? await statements.look(canary.look, moment)
        : collect(await canary.look.probe(context, moment));
    return judge(canary, findings, none);
  } catch (error) {
    return { ...none, status: 'error', reason: `could not run: ${messageOf(error)}` };
  }
}

function judge(
  canary: AskedCanary,
  { total, bad, offenders, bytes }: Findings,
  none: Pick<Answer, 'severity' | 'expected'>,
): Answer {
  const base = {
    ...none,
    seen: total - bad,
    expected: `${canary.expected} (${total})`,
    offenders: offenders.map(nameOf),
    offender_count: bad,
    bytes,
  };
  if (total === 0) {
    const { whenEmpty } = canary;
    if (whenEmpty === 'fail')
      return { ...base, status: 'fail', reason: `there was nothing to look at; expected ${canary.expected}` };
    return 'pass' in whenEmpty
      ? { ...base, status: 'pass', reason: whenEmpty.pass }
      : { ...base, seen: null, status: 'skip', reason: whenEmpty.skip };
  }
  const tolerated = Math.max(
    canary.tolerates?.count ?? 0,
    Math.floor((canary.tolerates?.share ?? 0) * total),
  );
  if (bad === 0) return { ...base, status: 'pass', reason: `${canary.expected}: ${outOf(total, total)}` };
  const usual = tolerated > 0 ? ` (usually up to ${tolerated})` : '';
  const reason = `${findingOf(canary.finding, { total, bad, offenders })}${usual}`;
  return { ...base, status: bad > tolerated ? 'fail' : 'pass', reason };
}

/** The finding of a canary with its numbers filled in. When only one thing was checked, it is named. */
export function findingOf(
  finding: string,
  { total, bad, offenders }: Pick<Findings, 'total' | 'bad' | 'offenders'>,
): string {
  const [first] = offenders;
  const filled = finding
    .replace(/\{of:([^|}]+)\|([^}]+)\}/g, (_token, one: string, many: string) =>
      total === 1 ? `1 ${one}` : `${outOf(bad, total)} ${many}`,
    )
    .replace(/\{n:([^|}]+)\|([^}]+)\}/g, (_token, one: string, many: string) => count(bad, one, many))
    .replace('{note}', () => first?.note ?? 'no details');
  return total === 1 && first !== undefined && finding.includes('{of:')
    ? `${filled}: ${nameOf(first)}`
    : filled;
}

function collect(things: readonly CheckedThing[]): Findings {
  const bad = things.filter(({ is_bad }) => is_bad !== false);
  return {
    total: things.length,
    bad: bad.length,
    offenders: bad.slice(0, MAX_OFFENDERS),
    bytes: null,
  };
}

function nameOf({ subject, note }: CheckedThing): string {
  return note === null || note === '' ? subject : `${subject}: ${note}`;
}
