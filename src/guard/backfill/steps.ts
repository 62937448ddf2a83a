import type { TableContract } from '#core/contracts/define.ts';
import { predictionGrades } from '#core/contracts/nba_predictions.ts';
import { TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { CONTEXT_PROCESSORS, PRECOMPUTE_PROCESSORS, SUMMARY_PROCESSORS } from '#pipeline/graph.ts';
import { INPUTS } from '#pipeline/precompute/readiness.ts';
import type { Processor } from '#pipeline/processor.ts';
import { codeHash, contractHash, hashOf, type IngestedInput } from './inputs.ts';
/** The phases of a backfill in the order of the data. */
export const BACKFILL_PHASES = ['analytics', 'precompute', 'predict', 'grade', 'export'] as const;
export type BackfillPhase = (typeof BACKFILL_PHASES)[number];

/**
 * Which slates of an input a slate depends on: its own, all before it, all up to and including it, or all before its week's
 * Monday. `code`: on how the input is computed, its data being covered by a facet.
 */
export type Scope = 'slate' | 'before' | 'up_to' | 'before_week' | 'code';

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
  /** The table whose rows per slate the ledger remembers; absent for exports. */
  readonly table?: TableContract;
  readonly code: string;
  readonly contract: string;
  readonly needs: readonly Need[];
}

const facet = (input: IngestedInput, scope: Scope = 'slate'): Need => ({ input, kind: 'facet', scope });
const step = (input: string, scope: Scope = 'slate'): Need => ({ input, kind: 'step', scope });

/**
 * What each processor uses of what it reads, and of which slates. Wider than the truth costs time, narrower would miss a
 * change; the tests compare it with a recomputation of everything.
 */
const NEEDS: Readonly<Record<string, readonly Need[]>> = {
  PlayerGameSummary: [facet('player_box'), facet('homes')],
  TeamGameSummary: [facet('team_box'), step('PlayerGameSummary')],
  UpcomingTeamGameContext: [facet('games'), facet('calendar', 'up_to'), facet('game_lines')],
  PlayerPropLines: [facet('games'), facet('player_lines'), facet('names'), facet('stays', 'before')],
  UpcomingPlayerGameContext: [
    step('UpcomingTeamGameContext'),
    step('PlayerPropLines'),
    facet('calendar', 'up_to'),
    facet('appearances', 'before'),
    step('PlayerGameSummary', 'code'),
    facet('reports'),
    facet('names'),
  ],
  TeamDefenseZoneAnalysis: [
    step('UpcomingTeamGameContext'),
    step('PlayerGameSummary', 'before'),
    step('TeamGameSummary', 'before'),
    facet('shots', 'before'),
  ],
  PlayerShotZoneAnalysis: [step('UpcomingPlayerGameContext'), facet('shots', 'before')],
  PlayerDailyCache: [
    step('UpcomingPlayerGameContext'),
    step('TeamDefenseZoneAnalysis'),
    step('PlayerGameSummary', 'before'),
  ],
  PlayerAvailability: [
    step('UpcomingTeamGameContext'),
    step('PlayerGameSummary', 'before'),
    facet('calendar', 'up_to'),
    facet('games'),
    facet('reports', 'up_to'),
    facet('names'),
  ],
  PlayerCompositeFactors: [
    step('UpcomingPlayerGameContext'),
    step('UpcomingTeamGameContext'),
    step('TeamDefenseZoneAnalysis'),
    step('PlayerShotZoneAnalysis'),
    step('PlayerDailyCache'),
    step('PlayerAvailability'),
  ],
  MLFeatureStore: [
    step('UpcomingPlayerGameContext'),
    step('UpcomingTeamGameContext'),
    step('TeamDefenseZoneAnalysis'),
    step('PlayerShotZoneAnalysis'),
    step('PlayerDailyCache'),
    step('PlayerCompositeFactors'),
  ],
};

/** Steps whose output is history of everything later: they run for all slates before a range as well. */
export const HISTORY_STEPS: readonly string[] = SUMMARY_PROCESSORS.map(({ name }) => name);

/** What steps that wait for results also depend on: one that arrives late makes a held slate ready. */
const READINESS: readonly Need[] = [step('TeamGameSummary', 'before'), facet('calendar', 'up_to')];

function isAmong(needs: readonly Need[], { input, scope }: Need): boolean {
  return needs.some((need) => need.input === input && need.scope === scope);
}

function processorStep(processor: Processor, { functionLibrary }: CodeIdentity): Step {
  const needs = NEEDS[processor.name];
  if (needs === undefined) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `${processor.name}: the backfill does not know what it needs`, {
      hint: 'Declare the inputs of the processor in the list of needs of the backfill.',
      details: { processor: processor.name, reads: processor.reads },
    });
  }
  return {
    name: processor.name,
    phase: processor.phase,
    processor,
    table: processor.table,
    code: codeHash(processor.select, functionLibrary),
    contract: contractHash(processor.table),
    needs:
      INPUTS[processor.name]?.includes('results') === true
        ? [...needs, ...READINESS.filter((ready) => !isAmong(needs, ready))]
        : needs,
  };
}

/** What identifies the code that is not the statement of a processor. */
export interface CodeIdentity {
  /** Version of the program: the phases that are not one statement change with it. */
  readonly codeVersion: string;
  /** Text of the function library that statements call. */
  readonly functionLibrary: string;
}

/**
 * All steps in an order that respects the graph. Throws TIPOFF_BAD_INPUT for a processor whose needs nobody declared.
 */
export function backfillSteps(
  code: CodeIdentity,
  processors: readonly Processor[] = [...SUMMARY_PROCESSORS, ...CONTEXT_PROCESSORS, ...PRECOMPUTE_PROCESSORS],
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
    after('Predictions', 'predict', [
      step('MLFeatureStore'),
      step('UpcomingPlayerGameContext'),
      step('PlayerPropLines'),
      step('MLFeatureStore', 'before_week'),
      step('PlayerGameSummary', 'before_week'),
    ]),
    after(
      'Grades',
      'grade',
      [step('Predictions'), step('PlayerGameSummary'), facet('games')],
      predictionGrades,
    ),
    after('Exports', 'export', [step('Grades'), step('Predictions')]),
  ];
}
