import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type ActionDeps, defineAction, reportBody } from '#actions/lib/action.ts';
import { reasonWithRequester } from '#actions/lib/context.ts';
import { choice, date, flag, number, requiredText, text, words } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { askService } from '#actions/lib/service.ts';
import { answerOf } from '#actions/lib/tipoff.ts';
import { bytesText } from '#core/billing.ts';
import { TipoffError } from '#core/errors.ts';

const PHASES = ['analytics', 'precompute', 'predict', 'grade', 'export'];

/** Which units run: those that are missing or out of date, only failed ones, only stale ones, all of the range. */
const MODES = ['needed', 'failed', 'stale', 'all'] as const;
const MODE_OPTIONS: Readonly<Record<(typeof MODES)[number], readonly string[]>> = {
  needed: [],
  failed: ['--only-failed'],
  stale: ['--only-stale'],
  all: ['--force'],
};

const inputs = z.object({
  from: date(),
  to: date(),
  phases: words(PHASES, PHASES.join(',')),
  mode: choice(MODES, 'needed'),
  reason: requiredText('why the range is computed again, for the audit trail'),
  dry_run: flag(true),
  minutes: number(0, 0, 350),
  resume: flag(false),
  service_url: text(),
  service_token: text(),
});
type Inputs = z.output<typeof inputs>;

/** The totals of a plan. Bytes and cost are known where the engine can estimate them before a run. */
const plan = z.looseObject({
  units: z.array(
    z.looseObject({
      step: z.string(),
      month: z.string(),
      slates: z.array(z.string()),
      reason: z.string(),
      seconds: z.number(),
    }),
  ),
  skipped: z.array(z.looseObject({ slates: z.number(), reason: z.string() })),
  slates: z.number(),
  estimated_seconds: z.number(),
  bytes: z.number().nullable().optional(),
  cost_usd: z.number().nullable().optional(),
  reading: z
    .looseObject({
      stops_before: z.looseObject({ step: z.string(), from: z.string() }).nullable(),
      not_estimated: z.array(z.string()),
    })
    .nullish(),
});
type Plan = z.output<typeof plan>;

/** A request as the coordinator keeps it. */
const request = z.looseObject({
  state: z.string(),
  progress: z
    .looseObject({ done_slates: z.number(), planned_slates: z.number(), eta_seconds: z.number() })
    .nullish(),
});

/** Plans a backfill and, unless it is a dry run, queues it at the coordinator or runs it in the embedded home. */
export const action = defineAction({
  name: 'dispatch-backfill',
  title: 'Backfill',
  inputs,
  outputs: { request_id: '', units: 0, dispatched: false, left: false },
  about: (inputs, { actor }) => ({
    key: requestId(inputs),
    title: `Backfill ${inputs.from} to ${inputs.to} (asked by ${actor})`,
  }),
  run: async (given, deps) => {
    if (given.from > given.to) {
      throw new TipoffError('TIPOFF_BAD_INPUT', `expected from ≤ to, saw ${given.from} and ${given.to}`, {
        hint: 'Exchange the two dates.',
      });
    }
    const id = requestId(given);
    if (given.service_url === undefined && deps.profile !== 'embedded') {
      throw new TipoffError(
        'TIPOFF_BAD_INPUT',
        `service_url: expected the address of the coordinator with profile ${deps.profile}, saw nothing`,
        {
          hint: 'A runner asks and leaves: the service makes the plan, brings schedule and names up to date for it, and works for as long as it takes. Set TIPOFF_COORDINATOR_URL.',
        },
      );
    }
    const planned = await readPlan(given, deps);
    const units = planned.units.length;
    const outputs = { request_id: id, units, dispatched: false, left: false };
    const base = { runbook: 'docs/runbooks/actions/backfill.md', ...describe(planned) };
    if (units === 0) {
      return {
        report: reportBody({
          ...base,
          verdict: 'nothing',
          summary: 'Nothing to do: every unit of the range is up to date.',
        }),
        outputs,
      };
    }
    if (given.dry_run) {
      return {
        report: reportBody({
          ...base,
          verdict: 'ok',
          summary: `${units} units would run. Dry run: nothing was started.`,
        }),
        outputs,
      };
    }
    const { left = false, ...started } = await start(given, deps, id);
    return {
      // The result of the run replaces the plan in the report.
      report: reportBody({ ...base, ...started }),
      outputs: { ...outputs, dispatched: started.verdict === 'ok', left },
    };
  },
});

const rangeOf = ({ from, to, phases, mode }: Inputs) => [
  '--from',
  from,
  '--to',
  to,
  '--phases',
  phases.join(','),
  ...MODE_OPTIONS[mode],
];

async function readPlan(given: Inputs, deps: ActionDeps): Promise<Plan> {
  if (given.service_url === undefined)
    return answerOf(await deps.tipoff('backfill', 'plan', ...rangeOf(given)), plan, 'backfill plan');
  const { from, to, phases, mode } = given;
  const asked = await askService(deps, given, {
    method: 'POST',
    path: '/backfill/plan',
    body: { from, to, phases, mode },
  });
  return asked.read(plan);
}

interface Started {
  readonly verdict: 'ok' | 'nothing' | 'failed';
  readonly summary: string;
  /** True when it stopped at its time limit and another job must continue. */
  readonly left?: boolean;
  /** The report of what was done, which replaces that of the plan. */
  readonly facts?: readonly (readonly [string, string | number])[];
  readonly columns?: readonly string[];
  readonly rows?: readonly (readonly (string | number)[])[];
}

/** The totals of a run. */
const unit = z.looseObject({ step: z.string(), month: z.string(), slates: z.number(), reason: z.string() });
const ran = z.looseObject({
  executed: z.array(z.unknown()),
  held: z.array(unit),
  failed: z.array(unit),
  rows: z.number(),
  plan: z.looseObject({ units: z.array(z.unknown()) }),
  stopped: z.string().nullable(),
});

/** Runs the plan in the embedded home, or resumes a run that stopped at its time limit. */
async function startHere(given: Inputs, deps: ActionDeps): Promise<Started> {
  const limit = given.minutes === 0 ? [] : ['--minutes', String(given.minutes)];
  const why = ['--reason', reasonWithRequester(deps.context, given.reason)];
  const verb = given.resume ? ['resume', ...limit] : ['run', ...rangeOf(given), ...limit, ...why];
  const answer = await deps.tipoff('backfill', ...verb);
  const { executed, held, failed, rows, plan: own, stopped } = answerOf(answer, ran, `backfill ${verb[0]}`);
  const done = `${executed.length} of ${own.units.length} units ran in the embedded home`;
  const what = {
    facts: [
      ['rows written', rows],
      ['reason', given.reason],
    ] as const,
    columns: ['month', 'step', 'slates', 'what became of it'],
    rows: [
      ...failed.map((one) => [one.month, one.step, one.slates, `failed: ${one.reason}`]),
      ...held.map((one) => [one.month, one.step, one.slates, `held: ${one.reason}`]),
    ],
  };
  if (failed.length > 0)
    return {
      ...what,
      verdict: 'failed',
      summary: `${done}, some failed; \`tipoff backfill status\` names them.`,
    };
  if (stopped !== null)
    return {
      ...what,
      verdict: 'ok',
      summary: `${done}; ${stopped}, and another job carries on.`,
      left: true,
    };
  return answer.code === 0
    ? { ...what, verdict: 'ok', summary: `${done}.` }
    : { ...what, verdict: 'failed', summary: `${done}: everything was held.` };
}

async function start(given: Inputs, deps: ActionDeps, id: string): Promise<Started> {
  if (given.service_url === undefined) return startHere(given, deps);
  const { from, to, phases, mode, reason } = given;
  const asked = await askService(deps, given, {
    method: 'POST',
    path: '/backfill',
    requestId: id,
    body: {
      request_id: id,
      from,
      to,
      phases,
      mode,
      reason: reasonWithRequester(deps.context, reason),
      by: `dispatch-backfill by ${deps.context.actor}`,
    },
  });
  const { state, progress } = asked.read(request);
  if (asked.status === 202)
    return { verdict: 'ok', summary: `Request ${id} is queued; progress goes to Slack.` };
  const way =
    progress == null
      ? ''
      : `, ${progress.done_slates} of ${progress.planned_slates} slates, ${Math.round(progress.eta_seconds)} s left`;
  return {
    verdict: 'nothing',
    summary: `Request ${id} is ${state} already${way}: nothing was started again.`,
  };
}

function describe({ units, skipped, slates, estimated_seconds, bytes, cost_usd, reading }: Plan) {
  const facts: [string, string | number][] = [
    ['units to run', units.length],
    ['slates of the range', slates],
    ['ETA in seconds', Math.round(estimated_seconds)],
    [
      'bytes by dry runs',
      bytes == null ? 'reading is not billed on this engine' : `${bytes} (${bytesText(bytes)})`,
    ],
    ['cost in USD', cost_usd == null ? 'none for reading' : cost_usd.toFixed(4)],
  ];
  const stop = reading?.stops_before;
  if (stop != null) facts.push(['the budget would stop it', `before ${stop.step} from ${stop.from}`]);
  if (reading != null) facts.push(['billed as well, not estimated', reading.not_estimated.join('; ')]);
  for (const [reason, own] of Map.groupBy(skipped, (one) => one.reason))
    facts.push([`left out, ${reason}`, own.length]);
  return {
    facts,
    columns: ['month', 'step', 'slates', 'reason', 'seconds'],
    rows: units.map((unit) => [
      unit.month,
      unit.step,
      unit.slates.length,
      unit.reason,
      Math.round(unit.seconds * 100) / 100,
    ]),
  };
}

/** The same range, phases and mode have the same id: a second dispatch is recognised. */
function requestId({ from, to, phases, mode }: Inputs): string {
  return `bf-${createHash('sha256')
    .update(JSON.stringify([from, to, [...phases].sort(), mode]))
    .digest('hex')
    .slice(0, 12)}`;
}

await main(import.meta.main, action);
