import { type TableContract, tableId } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { teamGameSummary } from '#core/contracts/nba_analytics.ts';
import { predictionGrades } from '#core/contracts/nba_predictions.ts';
import { schedule } from '#core/contracts/nba_reference.ts';
import { TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';

import {
  CONTEXT_PROCESSORS,
  GRADING,
  PRECOMPUTE_PROCESSORS,
  PREDICTION,
  PUBLICATION,
  SUMMARY_PROCESSORS,
  TRAINING,
  waitsFor,
} from '#pipeline/graph.ts';
import { type Input, outputOf, type Processor, type Scope } from '#pipeline/processor.ts';
import { codeHash, contractHash, hashOf } from './inputs.ts';

/** The phases of a backfill in data-flow order. */
export const BACKFILL_PHASES = ['analytics', 'precompute', 'predict', 'grade', 'export'] as const;
export type BackfillPhase = (typeof BACKFILL_PHASES)[number];

/** An input of a step: a facet of the ingested data or the output of an earlier step. */
export interface Need {
  readonly input: string;
  readonly kind: 'facet' | 'step';
  readonly scope: Scope;
}

/** A step of the backfill: a processor, or one of the phases after them. */
export interface Step {
  readonly name: string;
  readonly phase: BackfillPhase;
  readonly processor?: Processor;
  /** The table whose rows per slate the ledger records; absent for exports. */
  readonly table?: TableContract;
  readonly code: string;
  readonly contract: string;
  readonly needs: readonly Need[];
}

const step = (input: string, scope: Scope = 'slate'): Need => ({ input, kind: 'step', scope });

/** The processors that a backfill runs. To a backfill the schedule counts as ingested data. */
const STATEMENTS: readonly Processor[] = [
  ...SUMMARY_PROCESSORS,
  ...CONTEXT_PROCESSORS,
  ...PRECOMPUTE_PROCESSORS,
];
/** The step that makes a table. */
const STEP_OF: ReadonlyMap<string, string> = new Map([
  ...STATEMENTS.map((processor) => [outputOf(processor), processor.name] as const),
  ...CONTRACTS.filter(({ writer }) => writer === PUBLICATION.name).map(
    (table) => [tableId(table), 'Predictions'] as const,
  ),
]);

/**
 * The needs of a step, from its declared inputs: parts of the ingested data and outputs of earlier steps.
 * Throws TIPOFF_BAD_INPUT for an input that is neither, because its changes would go unnoticed.
 */
function needsOf(name: string, inputs: readonly Input[]): Need[] {
  const needs = inputs.map(({ table, scope, part }): Need => {
    if (part !== undefined) return { input: part, kind: 'facet', scope };
    const maker = STEP_OF.get(tableId(table));
    if (maker !== undefined) return step(maker, scope);
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `${name} reads ${tableId(table)}: expected a part of the ingested data or the table of a step, saw neither`,
      {
        hint: 'Say in the inputs of the processor which part of the ingested data it reads.',
        details: { step: name, table: tableId(table) },
      },
    );
  });
  return needs.filter((need, i) => !isAmong(needs.slice(0, i), need));
}

/** Steps whose output is history for all later slates: they also run for all slates before a range. */
export const HISTORY_STEPS: readonly string[] = SUMMARY_PROCESSORS.map(({ name }) => name);

/** Extra needs of steps that wait for results: a late result makes a held slate ready. */
const READINESS: readonly Need[] = needsOf('readiness', [
  { table: teamGameSummary, scope: 'before' },
  { table: schedule, scope: 'up_to', part: 'calendar' },
]);

function isAmong(needs: readonly Need[], { input, scope }: Need): boolean {
  return needs.some((need) => need.input === input && need.scope === scope);
}

function processorStep(processor: Processor, { functionLibrary }: CodeIdentity): Step {
  const needs = needsOf(processor.name, processor.inputs);
  return {
    name: processor.name,
    phase: processor.phase,
    processor,
    table: processor.table,
    code: codeHash(processor.select, functionLibrary),
    contract: contractHash(processor.table),
    needs: waitsFor(processor).includes('results')
      ? [...needs, ...READINESS.filter((ready) => !isAmong(needs, ready))]
      : needs,
  };
}

/** Identity of the code outside the processors' own statements. */
export interface CodeIdentity {
  /** Version of the program; phases that are not a single statement depend on it. */
  readonly codeVersion: string;
  /** Text of the function library that statements call. */
  readonly functionLibrary: string;
}

/**
 * All steps in topological order. Throws TIPOFF_BAD_INPUT for a processor with an input that nothing covers.
 */
export function backfillSteps(
  code: CodeIdentity,
  processors: readonly Processor[] = STATEMENTS,
): readonly Step[] {
  const after = (
    name: string,
    phase: BackfillPhase,
    needs: readonly Need[],
    table?: TableContract,
  ): Step => ({
    name,
    phase,
    code: hashOf(name, code.codeVersion),
    contract: table === undefined ? '' : contractHash(table),
    needs,
    ...omitUndefined({ table }),
  });
  return [
    ...processors.map((processor) => processorStep(processor, code)),
    after('Predictions', 'predict', needsOf('Predictions', [...PREDICTION.inputs, ...TRAINING.inputs])),
    after('Grades', 'grade', needsOf('Grades', GRADING.inputs), predictionGrades),
    after('Exports', 'export', [step('Grades'), step('Predictions')]),
  ];
}
