import { type Command, Option } from 'commander';
import { actor, type CliHost, contextOf, type VerbContext } from '#app/cli/context.ts';
import { bytesText } from '#core/billing.ts';
import type { Slate } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { count, duration } from '#core/format.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import type { RunDeps, RunReport, RunRequest } from '#guard/backfill/execute.ts';
import type { BackfillPlan } from '#guard/backfill/plan.ts';
import type { PlanReading, PricedPlan } from '#guard/backfill/priced-plan.ts';
import type { BackfillPhase } from '#guard/backfill/steps.ts';
import { HISTORY_FROM } from '#pipeline/processor.ts';
import { tableLines } from '#platform/report/console.ts';

/** A plan for people: how much it is, its steps, what it leaves out and why, bytes and cost. `--json` has every unit. */
export function planLines(plan: PricedPlan): string[] {
  const rows = [...Map.groupBy(plan.units, ({ step, reason }) => `${step} ${reason}`).values()].map((own) => {
    const [{ step, reason } = { step: '', reason: '' }] = own;
    const slates = own.flatMap((unit) => unit.slates).sort();
    const changed = [...new Set(own.flatMap((unit) => unit.changed))].sort();
    const cascade = own.every((unit) => unit.cascade) ? 'follows from ' : '';
    return [
      step,
      `${slates[0] ?? ''} to ${slates.at(-1) ?? ''}`,
      slates.length,
      reason,
      `${cascade}${changed.join(', ')}`,
      duration(own.reduce((sum, { seconds }) => sum + seconds, 0)),
    ];
  });
  return [
    extent(plan),
    ...(rows.length > 0 ? tableLines(['step', 'range', 'slates', 'reason', 'changed', 'time'], rows) : []),
    ...leftOut(plan),
    ...(plan.reading === null
      ? ['Reading is not billed on this engine: no bytes, no cost.']
      : readingLines(plan.reading, plan.bytes ?? 0, plan.cost_usd ?? 0)),
  ];
}

function extent({ units, slates, from, to, estimated_seconds }: BackfillPlan): string {
  if (slates === 0)
    return `Nothing to run: the schedule has no slate with counted games in ${from} to ${to} up to today.`;
  const range = `${count(slates, 'slate')} in ${from} to ${to}`;
  return units.length === 0
    ? `Nothing to run; ${range}.`
    : `${count(units.length, 'unit')} to run, about ${duration(estimated_seconds)}; ${range}.`;
}

/** What a run would read and cost, by step and in all, and where the budget would end it. */
function readingLines(reading: PlanReading, bytes: number, cost: number): string[] {
  const rows = reading.steps.map((one) => [
    one.step,
    one.statements,
    bytesText(one.bytes),
    dollarsText(one.cost_usd),
  ]);
  const { stops_before: stop, budget_bytes: budget } = reading;
  return [
    ...tableLines(['step', 'queries', 'reads', 'cost'], rows),
    `A run reads ${bytesText(bytes)} by dry runs and costs about ${dollarsText(cost)} at $${reading.dollars_per_tib} per TiB, 10 MiB a query at the least.`,
    stop === null
      ? `That is within the budget of ${bytesText(budget)} (TIPOFF_GCP_BACKFILL_BYTES).`
      : `The budget of ${bytesText(budget)} (TIPOFF_GCP_BACKFILL_BYTES) would stop it before ${stop.step} from ${stop.from}, at ${bytesText(stop.bytes)}.`,
    `Not estimated, and billed as well: ${reading.not_estimated.join('; ')}.`,
  ];
}

function dollarsText(dollars: number): string {
  return `$${dollars.toFixed(4)}`;
}

/** What a plan leaves out, one line per reason. */
function leftOut({ skipped }: Pick<BackfillPlan, 'skipped'>): string[] {
  // Slates that wait name the step and the slate that they wait for; the first of each step is enough.
  const kindOf = ({ step, reason }: BackfillPlan['skipped'][number]): string =>
    isWaiting(reason) ? `${step} ${reason.split(' of ')[0]}` : reason;
  return [...Map.groupBy(skipped, kindOf).values()].map((own) => {
    const [{ step, reason } = { step: '', reason: '' }] = own;
    const slates = own.reduce((sum, one) => sum + one.slates, 0);
    return `left out: ${count(own.length, 'unit')}, ${count(slates, 'slate')}: ${isWaiting(reason) ? `${step} ${reason}` : reason}`;
  });
}

function isWaiting(reason: string): boolean {
  return reason.startsWith('waits for ');
}

/** How a run ended, for people: first whether something is not done, then what failed, is held or waits, and how much was done. */
export function reportLines(report: RunReport): string[] {
  const { plan, failed, held, blocked, stopped } = report;
  if (plan.units.length === 0) return [...leftOut(plan), extent(plan)];
  // What is done already and what nobody asked for is left out rightly.
  const skipped = plan.skipped.filter(({ reason }) => isWaiting(reason) || reason.startsWith('held: '));
  const open = [
    [failed.length, 'failed'],
    [held.length, 'held'],
    [blocked.length, 'waiting'],
    [skipped.length, 'left out'],
  ] as const;
  const isWhole = open.every(([units]) => units === 0);
  return [
    ...(isWhole
      ? []
      : [
          `Not everything is done: ${open.flatMap(([units, what]) => (units === 0 ? [] : [`${count(units, 'unit')} ${what}`])).join(', ')}.`,
        ]),
    ...failed.map(
      ({ step, month, slates, reason }) => `failed: ${step} ${month}, ${count(slates, 'slate')}: ${reason}`,
    ),
    ...held.map(
      ({ step, month, slates, reason }) => `held: ${step} ${month}, ${count(slates, 'slate')}: ${reason}`,
    ),
    ...(blocked.length > 0
      ? [`Waiting for what failed: ${count(blocked.length, 'unit')}; \`tipoff backfill resume\` takes them.`]
      : []),
    ...leftOut({ skipped }),
    ...(stopped === null ? [] : [`Stopped: ${stopped}. \`tipoff backfill resume\` carries on.`]),
    executed(report),
  ];
}

function executed(report: RunReport): string {
  return `${report.done_units} of ${report.plan.units.length} units, ${report.rows} rows in ${duration(report.seconds)}.`;
}

interface RangeOptions {
  readonly from?: string;
  readonly to?: string;
  readonly phases?: string;
  readonly onlyFailed?: boolean;
  readonly onlyStale?: boolean;
  readonly force?: boolean;
  readonly chunk: 'season' | 'month';
}
interface LimitOptions {
  readonly minutes?: string;
}
type RunOptions = RangeOptions & LimitOptions & { readonly reason?: string };

/** `backfill plan|run|resume|status`. */
export function addBackfillVerbs(root: Command, host: CliHost): void {
  const backfill = root
    .command('backfill')
    .description('compute ranges of slates, remember what is done, recompute what is no longer up to date');

  ranged(
    backfill
      .command('plan')
      .description(
        'show what a run would do, what it would leave out and why, how long it would take, what it would read',
      ),
  ).action(async (options: RangeOptions, command: Command) => {
    const { terminal, withApp, clock, slate } = contextOf(host, command);
    const request = await requestOf(options, 'backfill plan', slate);
    const plan = await withApp(async (app) => {
      const [{ pricedPlan }, { backfillDeps }] = await Promise.all([
        import('#guard/backfill/priced-plan.ts'),
        import('#app/backfill.ts'),
      ]);
      return pricedPlan(await backfillDeps(app, request.by), { ...request, now: clock.now() });
    });
    terminal.json(plan);
    for (const line of planLines(plan)) terminal.line(line);
  });

  limited(
    ranged(
      backfill
        .command('run')
        .description('carry out the plan, oldest dates first; today’s slate before all others'),
    ),
  )
    .option('--reason <reason>', 'kept with the run')
    .action(async (options: RunOptions, command: Command) => {
      const request = {
        ...(await requestOf(options, 'backfill run', contextOf(host, command).slate)),
        by: actor('backfill run', options.reason),
      };
      const limit = { by: request.by, minutes: options.minutes };
      await runAndReport(contextOf(host, command), host, limit, async (deps, rest) => {
        const { runBackfill } = await import('#guard/backfill/run.ts');
        return runBackfill(deps, { ...request, ...rest });
      });
    });

  limited(backfill.command('resume').description('resume the newest run that did not finish')).action(
    async (options: LimitOptions, command: Command) => {
      const context = contextOf(host, command);
      const { readRuns, unfinishedRun } = await import('#guard/backfill/ledger.ts');
      const last = await context.withApp(async ({ state }) => unfinishedRun(await readRuns(state)));
      const { run_id, from, to, done_units, planned_units } = last;
      context.terminal.progress(
        `Resuming ${run_id}: ${from} to ${to}, ${done_units} of ${planned_units} units done.`,
      );
      const limit = { by: actor('backfill resume'), minutes: options.minutes };
      await runAndReport(context, host, limit, async (deps, rest) => {
        const { resumeBackfill } = await import('#guard/backfill/run.ts');
        return resumeBackfill(deps, last, rest);
      });
    },
  );

  backfill
    .command('status')
    .description('show runs, what each step has done, what failed and why')
    .action(async (_options: object, command: Command) => {
      const { terminal, withApp } = contextOf(host, command);
      const { backfillStatus, progressOf } = await import('#guard/backfill/ledger.ts');
      const status = await withApp(({ state }) => backfillStatus(state));
      terminal.json(status);
      if (status.runs.length === 0) {
        terminal.line(
          'No backfill has run here yet: `tipoff backfill plan --from <slate> --to <slate>` shows what one would do.',
        );
        return;
      }
      const runs = status.runs.map((one) => [
        one.started_at,
        progressOf(one).state,
        `${one.from} to ${one.to}`,
        progressOf(one).done,
        one.planned_units,
        one.reason ?? '',
      ]);
      for (const line of tableLines(['started', 'state', 'range', 'units done', 'planned', 'reason'], runs))
        terminal.line(line);
      terminal.line();
      const steps = status.steps.map((one) => [
        one.step,
        one.slates,
        one.held,
        one.failed,
        one.first ?? '',
        one.last ?? '',
        one.rows,
      ]);
      for (const line of tableLines(['step', 'slates', 'held', 'failed', 'first', 'last', 'rows'], steps))
        terminal.line(line);
      for (const { step, slate, reason } of status.failures)
        terminal.line(`failed: ${step} of ${slate}: ${reason}`);
    });
}

function ranged(command: Command): Command {
  return command
    .option('--from <slate>', 'first slate (required, except with --only-failed or --only-stale)')
    .option('--to <slate>', 'last slate (likewise; then today by default)')
    .option(
      '--phases <list>',
      'analytics,precompute,predict,grade,export',
      'analytics,precompute,predict,grade,export',
    )
    .option('--only-failed', 'only what failed last time, and what depends on it')
    .option('--only-stale', 'only what is no longer up to date, and what depends on it')
    .option('--force', 'everything in the range, regardless of the ledger')
    .addOption(
      new Option('--chunk <size>', 'slates per statement').choices(['season', 'month']).default('season'),
    );
}

function limited(command: Command): Command {
  return command.option('--minutes <n>', 'start nothing more after this many minutes; resume continues');
}

/** The instant at which a run has to end. Throws TIPOFF_BAD_INPUT for what is no number of minutes. */
function endOf(minutes: string | undefined, now: Date): Date | undefined {
  if (minutes === undefined) return undefined;
  const span = Number(minutes);
  if (Number.isFinite(span) && span > 0) return new Date(now.getTime() + span * 60_000);
  throw new TipoffError('TIPOFF_BAD_INPUT', `--minutes: expected a number above 0, saw "${minutes}"`, {
    hint: 'Leave it out to run to the end.',
  });
}

async function requestOf(
  options: RangeOptions,
  verb: string,
  readSlate: VerbContext['slate'],
): Promise<RunRequest> {
  const { BACKFILL_PHASES } = await import('#guard/backfill/steps.ts');
  const isLimited = options.onlyFailed === true || options.onlyStale === true;
  if (!isLimited && (options.from === undefined || options.to === undefined)) {
    throw new TipoffError('TIPOFF_BAD_INPUT', 'expected --from and --to, saw not both', {
      hint: 'Name first and last slate; only with --only-stale or --only-failed may they be left out.',
    });
  }
  const [from, to] = [readSlate(options.from ?? HISTORY_FROM), readSlate(options.to)];
  if (from > to) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected --from before --to, saw ${from} and ${to}`, {
      hint: 'Write the earlier date first.',
    });
  }
  if (options.force === true && (options.onlyFailed === true || options.onlyStale === true)) {
    const only = options.onlyFailed === true ? '--only-failed' : '--only-stale';
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected --force or ${only}, saw both`, {
      hint: `--force runs everything in the range, ${only} only some of it.`,
    });
  }
  const phases = (options.phases ?? BACKFILL_PHASES.join(',')).split(',').map((name): BackfillPhase => {
    const phase = BACKFILL_PHASES.find((one) => one === name.trim());
    if (phase !== undefined) return phase;
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `--phases: expected some of ${BACKFILL_PHASES.join(', ')}, saw "${name}"`,
      {
        hint: 'Separate them by commas.',
        details: { value: name },
      },
    );
  });
  return {
    from,
    to,
    phases,
    by: actor(verb),
    onlyFailed: options.onlyFailed === true,
    onlyStale: options.onlyStale === true,
    force: options.force === true,
    chunk: options.chunk,
  };
}

/** Signals that ask a run to stop. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

type StartRun = (
  deps: RunDeps,
  rest: Pick<RunRequest, 'by' | 'endsBy'> & Required<Pick<RunRequest, 'onProgress' | 'shouldStop'>>,
) => Promise<RunReport>;

async function runAndReport(
  { terminal, withApp, clock }: VerbContext,
  host: CliHost,
  { by, minutes }: { readonly by: string; readonly minutes: string | undefined },
  start: StartRun,
): Promise<void> {
  const endsBy = endOf(minutes, clock.now());
  let stop: string | undefined;
  const atSignal = (signal: string): void => {
    stop = `interrupted by ${signal}`;
    terminal.progress('Stopping after the current chunk; a second signal stops at once.');
  };
  for (const signal of SIGNALS) process.once(signal, atSignal);
  const { report, outdated } = await withApp(async (app) => {
    const [{ backfillDeps }, { outdatedLine }] = await Promise.all([
      import('#app/backfill.ts'),
      import('#app/day.ts'),
    ]);
    const done = await start(await backfillDeps(app, by), {
      by,
      ...omitUndefined({ endsBy }),
      shouldStop: () => stop,
      onProgress: ({ step, from, to, rows, seconds, done_slates, planned_slates, eta_seconds }) => {
        const share = `${done_slates}/${planned_slates}`;
        terminal.doing(
          `${span(from, to).padEnd(24)} ${step.padEnd(26)} ${String(rows).padStart(7)} rows ${duration(seconds).padStart(8)}  ${share}, ${duration(eta_seconds)} left`,
        );
      },
    });
    return { report: done, outdated: await outdatedLine(app) };
  });
  for (const signal of SIGNALS) process.off(signal, atSignal);
  terminal.json({ ...report, outdated: outdated ?? null });
  for (const line of reportLines(report)) terminal.line(line);
  if (outdated !== undefined) terminal.line(outdated);
  // A run of which everything was held has done nothing.
  const isHeld = report.rows === 0 && report.held.length > 0;
  if (report.failed.length > 0 || report.stopped !== null || isHeld) host.exit(1);
}

function span(from: Slate, to: Slate): string {
  return from === to ? from : `${from} to ${to}`;
}
