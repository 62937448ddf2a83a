import { LEAST_BILLED } from '#core/billing.ts';
import type { Slate } from '#core/calendar.ts';
import { requireTrainable } from '#guard/quality/training-gate.ts';
import { mondayBefore } from '#model/season-model-source.ts';
import { readTrainingSet } from '#model/training-set.ts';
import { readCandidates, slateGames } from '#pipeline/predict/candidates.ts';
import { seasonInputs } from '#pipeline/predict/inputs.ts';
import { type ExecuteDeps, executor } from './execute.ts';
import { inLanes } from './lanes.ts';
import { planBackfill } from './plan.ts';
import { visibleBackfills } from './redo.ts';
import { NOWHERE, rehearsal, type Statement } from './rehearsal.ts';
import type { PlanRequest } from './request.ts';
import type { ByteBudget, RunDeps } from './run-types.ts';
import { prepareReferences } from './standing.ts';
import type { Step } from './steps.ts';
import type { Work } from './works.ts';

/** What some statements would read. */
export interface Reading {
  readonly statements: number;
  /** Bytes by dry runs, of the tables as they are now. */
  readonly bytes: number;
  /** Bytes that are paid for at the least: a query is billed `LEAST_BILLED` whatever it reads. */
  readonly billed: number;
}

/** What no dry run beforehand can know; the bill has it nevertheless. */
export const NOT_ESTIMATED: readonly string[] = [
  'rows that the run adds: tables are read as they are now',
  'checking and moving the result of a step before it replaces rows',
  'what a batch reads of its own staging tables and receipts when it is audited and published',
];

/** Asks what pieces of work would read, with the statements that their execution sends. */
export interface Reader {
  /** What making the plan itself reads; a run makes it once more. */
  plan(request: PlanRequest, steps: readonly Step[]): Promise<Reading>;
  /** Throws what the engine refuses a dry run with: an unknown figure is never 0. */
  work(work: Work): Promise<Reading>;
}

/** Dry runs at the same time. */
const AT_ONCE = 8;

/** A reader for one run. `slates`: all slates with counted games; `open`: today's. */
export function workReader(
  deps: ExecuteDeps & Pick<RunDeps, 'state'>,
  budget: Pick<ByteBudget, 'estimate'>,
  { slates, open }: { readonly slates: readonly Slate[]; readonly open: ReadonlySet<Slate> },
): Reader {
  const { warehouse, take } = rehearsal(deps.warehouse.engine);
  const rehearsed = { ...deps, warehouse, exports: NOWHERE };
  const run = executor(rehearsed, slates, open, 'rehearsal');
  const measured = () => readingOf(take(), budget.estimate);
  return {
    plan: async (request, steps) => {
      await prepareReferences(rehearsed);
      await planBackfill(rehearsed, steps, request);
      return measured();
    },
    work: async (work) => {
      if (work.step.phase === 'predict') await rehearsePredictions(warehouse, work.slates);
      else await run.execute(work, async () => undefined);
      return measured();
    },
  };
}

/** What predicting slates reads: a batch that finds no players would not go on to the rest. */
async function rehearsePredictions(warehouse: ReturnType<typeof rehearsal>['warehouse'], slates: readonly Slate[]): Promise<void> {
  const [from, to] = [slates[0], slates.at(-1)];
  if (from === undefined || to === undefined) return;
  await visibleBackfills(warehouse, from, to);
  await readTrainingSet(warehouse, { before: mondayBefore(to) });
  for (const monday of new Set(slates.map(mondayBefore))) await requireTrainable(warehouse, { before: monday });
  const inputs = seasonInputs(warehouse, slates);
  for (const slate of slates) {
    await slateGames(warehouse, slate);
    await readCandidates(warehouse, slate);
    await inputs.ofPlayers(slate, []);
  }
}

/** Statements of the same text differ by their slate: the one in the middle is asked for and stands for all. */
async function readingOf(statements: readonly Statement[], estimate: ByteBudget['estimate']): Promise<Reading> {
  const groups = [...Map.groupBy(statements, ({ sql }) => sql).values()];
  let [bytes, billed] = [0, 0];
  await inLanes(groups, AT_ONCE, async (group) => {
    const one = group[group.length >> 1];
    if (one === undefined) return;
    const own = await estimate(one.sql, one.params);
    bytes += own * group.length;
    billed += Math.max(own, LEAST_BILLED) * group.length;
  });
  return { statements: statements.length, bytes, billed };
}

/** Readings taken together. */
export function sumOfReadings(readings: readonly Reading[]): Reading {
  return readings.reduce(
    (sum, one) => ({
      statements: sum.statements + one.statements,
      bytes: sum.bytes + one.bytes,
      billed: sum.billed + one.billed,
    }),
    { statements: 0, bytes: 0, billed: 0 },
  );
}
