import { randomUUID } from 'node:crypto';
import { addDays, easternInstant, type Slate, slateOf } from '#core/calendar.ts';
import { isFailing } from '#core/check.ts';
import { canaryResults } from '#core/contracts/nba_orchestration.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { pendingSlates } from '#guard/incidents/acknowledge.ts';
import { underReceipt } from '#pipeline/work.ts';
import { type Clock, systemClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type Answer, ask, slateLookedAt, unaskedOf } from './ask.ts';
import { calendarOf, readCalendar, type SeasonCalendarView } from './calendar.ts';
import type {
  AskedCanary,
  CanaryContext,
  CanaryReport,
  CanaryResult,
  CanaryRun,
  Moment,
} from './definition.ts';
import { type Halt, readHalt } from './halt.ts';
import { beat, CANARY_JOB, CANARY_SILENCE_SECONDS, lastCanaries } from './heartbeats.ts';
import { byteBudget, statementsWithin } from './statements.ts';

export interface CanaryDeps extends CanaryContext {
  readonly clock: Clock;
  /** Measures time budgets in real time; the system clock when absent. */
  readonly timer?: Clock;
  /** Bytes one run may read where the request names none. */
  readonly budgetBytes?: number;
}

export interface CanaryRequest {
  readonly canaries: readonly AskedCanary[];
  /** Run as of this instant instead of now: sends no heartbeat and covers no gap. */
  readonly asOf?: Date;
  /** True when only part of the catalogue runs: sends no heartbeat and covers no gap, or the next full run would assume that everything was watched. */
  readonly isPartial?: boolean;
  /** Seconds after which unanswered checks are ERROR; 120 when absent. */
  readonly budgetSeconds?: number;
  /** Bytes that one run may be billed for; a statement that would exceed it is ERROR and is not run. 20 GiB when absent. */
  readonly budgetBytes?: number;
  /** False to keep the results out of the warehouse. */
  readonly store?: boolean;
}

/** Maximum number of missed days that a run after a gap covers. */
const MAX_GAP_DAYS = 14;
/** A day whose last run was after this time counts as fully watched. */
const WATCHED_UNTIL = '23:00';
const BUDGET_SECONDS = 120;
const BUDGET_BYTES = 20 * 2 ** 30;

/**
 * Runs checks as of an instant and stores the results. A full run of the present sends the heartbeat of the job `canaries`; when
 * the last heartbeat is from an earlier day, the days in between are checked too, each as of its evening, oldest first. Checks
 * that failed on an earlier slate and have not passed since are repeated for that slate.
 *
 * Never throws: a check that cannot run is ERROR, and what cannot be stored is in `unstored`. A full run leaves a start receipt.
 */
export async function runCanaries(deps: CanaryDeps, request: CanaryRequest): Promise<CanaryReport> {
  if (request.asOf !== undefined || request.isPartial === true) return askAll(deps, request);
  const about = deps.clock.now().toISOString();
  return underReceipt(deps, { work: 'canaries', about }, () => askAll(deps, request));
}

async function askAll(deps: CanaryDeps, request: CanaryRequest): Promise<CanaryReport> {
  const started_at = deps.clock.now();
  const asOf = request.asOf ?? started_at;
  const isWatch = request.asOf === undefined && request.isPartial !== true;
  const instants = isWatch ? [...(await missedInstants(deps, asOf)), asOf] : [asOf];
  const again = isWatch ? await pendingQuestions(deps, request, asOf) : [];
  const asked = instants.map((instant) => ({
    instant,
    questions: request.canaries.map(
      (canary): Question => ({ canary, slate: slateLookedAt(canary, slateOf(instant)) }),
    ),
  }));
  const slates = [...asked.flatMap(({ questions }) => questions), ...again].map(({ slate }) => slate).sort();
  const calendar = calendarReader(deps.warehouse, slateOf(asOf), slates[0]);
  const runs: CanaryRun[] = [];
  for (const { instant, questions } of asked)
    runs.push(await runOnce(deps, request, { asOf: instant, questions, calendar }));
  for (const [slate, questions] of Map.groupBy(again, (question) => question.slate))
    runs.push({ ...(await runOnce(deps, request, { asOf, questions, calendar })), slate });
  const results = runs.flatMap((run) => run.results);
  const failed = results.filter(isFailing).length;
  const unstored = [
    ...(request.store === false ? [] : await unwritten(store(deps, runs), 'the answers of the checks')),
    ...(isWatch
      ? await unwritten(
          beat(deps, {
            job: CANARY_JOB,
            ok: true,
            maxSilenceSeconds: CANARY_SILENCE_SECONDS,
            detail: `${results.length} answers, ${failed} not well`,
          }),
          'the heartbeat of the checks',
        )
      : []),
  ];
  return { started_at, finished_at: deps.clock.now(), runs, results, unstored };
}

/** Describes a failure to store something. Results that could not be stored must still reach people. */
async function unwritten(writing: Promise<unknown>, what: string): Promise<string[]> {
  try {
    await writing;
    return [];
  } catch (error) {
    return [`${what} could not be stored: ${messageOf(error)}`];
  }
}

/** Throws TIPOFF_STORAGE when a run could not be stored. Called after people have been notified. */
export function checkStored({ unstored }: Pick<CanaryReport, 'unstored'>): void {
  if (unstored.length === 0) return;
  throw new TipoffError('TIPOFF_STORAGE', unstored.join('; '), {
    hint: 'The checks ran and people were notified. See contract_drift and the warehouse, then run tipoff canary run again.',
  });
}

/** The evenings of the days missed since the last run. None when the heartbeat cannot be read: the checks themselves will report why. */
async function missedInstants(deps: CanaryDeps, asOf: Date): Promise<Date[]> {
  const last = await lastCanaries(deps).catch(() => undefined);
  if (last === undefined) return [];
  const today = slateOf(asOf);
  const lastAt = new Date(last.beat_at);
  const lastDay = slateOf(lastAt);
  const watched = lastAt >= easternInstant(lastDay, WATCHED_UNTIL);
  const earliest = addDays(today, -MAX_GAP_DAYS);
  let day: Slate = watched ? addDays(lastDay, 1) : lastDay;
  if (day < earliest) day = earliest;
  const evenings: Date[] = [];
  for (; day < today; day = addDays(day, 1)) evenings.push(easternInstant(day, '23:30'));
  return evenings;
}

/** A check and the slate to run it for. */
interface Question {
  readonly canary: AskedCanary;
  readonly slate: Slate;
}

/** Maximum number of earlier failures that one run repeats; those not checked for longest come first. */
const MAX_PENDING = 60;

/** Failures on earlier slates that have not passed since. None when the state cannot be read: `alert` will report that. */
async function pendingQuestions(
  { state }: CanaryDeps,
  { canaries }: CanaryRequest,
  asOf: Date,
): Promise<Question[]> {
  const today = slateOf(asOf);
  const pending = await pendingSlates(state).catch(() => []);
  return pending
    .flatMap(({ check, slate }) => {
      const canary = canaries.find(({ id }) => id === check);
      if (canary === undefined || canary.looksAt === 'now') return [];
      return slate === slateLookedAt(canary, today) ? [] : [{ canary, slate }];
    })
    .slice(0, MAX_PENDING);
}

/** Reads the calendar for all runs of one call; once, unless that fails. */
function calendarReader(
  warehouse: Warehouse,
  slate: Slate,
  oldest: Slate | undefined,
): () => Promise<SeasonCalendarView> {
  let read: Promise<SeasonCalendarView> | undefined;
  return async () => {
    read ??= readCalendar(warehouse, slate, oldest);
    try {
      return await read;
    } catch (error) {
      read = undefined;
      throw error;
    }
  };
}

/** Checks asked at one instant. */
interface Round {
  readonly asOf: Date;
  readonly questions: readonly Question[];
  readonly calendar: () => Promise<SeasonCalendarView>;
}

async function runOnce(
  deps: CanaryDeps,
  request: CanaryRequest,
  { asOf, questions, calendar }: Round,
): Promise<CanaryRun> {
  const timer = deps.timer ?? systemClock;
  const slate = slateOf(asOf);
  const stop = new AbortController();
  const budgetMs = (request.budgetSeconds ?? BUDGET_SECONDS) * 1000;
  const outOfTime = timer.sleep(budgetMs, stop.signal).then(
    () => `no answer within ${budgetMs / 1000} s`,
    () => 'stopped',
  );
  try {
    const budget = byteBudget(request.budgetBytes ?? deps.budgetBytes ?? BUDGET_BYTES);
    const statements = statementsWithin(deps.warehouse, budget);
    const context = await Promise.race([
      readContext(deps, calendar),
      outOfTime.then((reason): Context => ({ error: reason })),
    ]);
    const results = await Promise.all(
      questions.map(async ({ canary, slate: about }): Promise<CanaryResult> => {
        const from = timer.now().getTime();
        const moment: Moment = {
          asOf,
          slate: about,
          calendar: context.calendar ?? calendarOf([]),
        };
        const unasked = unaskedOf(canary, moment);
        const error = (reason: string): Answer => ({
          ...unasked,
          status: 'error',
          seen: null,
          offenders: [],
          offender_count: 0,
          reason,
          bytes: null,
        });
        const answer =
          context.error !== undefined
            ? error(`could not run: ${context.error}`)
            : await Promise.race([
                ask(canary, moment, { context: deps, halt: context.halt, statements }, unasked),
                outOfTime.then((reason) => error(`could not run: ${reason}`)),
              ]);
        return { ...unasked, ...answer, ms: Math.round(timer.now().getTime() - from) };
      }),
    );
    return { run_id: randomUUID(), slate, as_of: asOf, results };
  } finally {
    stop.abort();
  }
}

/** What every check needs; `error` when it could not be read. */
interface Context {
  readonly calendar?: SeasonCalendarView;
  readonly halt?: Halt;
  readonly error?: string;
}

async function readContext(deps: CanaryDeps, read: Round['calendar']): Promise<Context> {
  try {
    const [calendar, halt] = await Promise.all([read(), readHalt(deps.state)]);
    return { calendar, ...omitUndefined({ halt }) };
  } catch (error) {
    return { error: `calendar or halt state could not be read: ${messageOf(error)}` };
  }
}

async function store(deps: CanaryDeps, runs: readonly CanaryRun[]): Promise<void> {
  const ran_at = deps.clock.now().toISOString();
  const rows = runs.flatMap(({ run_id, as_of, results }) =>
    results.map(
      ({
        check,
        status,
        question: _q,
        repair: _r,
        runbook: _b,
        owner: _o,
        depends_on: _d,
        explains: _e,
        offenders,
        ...result
      }) => ({
        ...result,
        canary_id: check,
        status: status.toUpperCase(),
        run_id,
        offenders: JSON.stringify(offenders),
        as_of: as_of.toISOString(),
        ran_at,
        code_version: deps.deployment.codeVersion,
      }),
    ),
  );
  await deps.warehouse.append(canaryResults, rows);
}
