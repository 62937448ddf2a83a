import { mondayBefore, type Slate } from '#core/calendar.ts';
import type { Scope } from '#pipeline/processor.ts';
import type { Fingerprints, IngestedInput } from './inputs.ts';
import { monthOf, type PlanRequest, type UnitDoc, unitKey } from './ledger.ts';
import { changedParts, type Parts, partsReader } from './parts.ts';
import { HISTORY_STEPS, type Step } from './steps.ts';

/** Why a slate is run. */
export type Reason = 'new' | 'stale' | 'failed' | 'forced';

/** What the ledger says about one slate of one step. */
export interface UnitVerdict {
  readonly kind: 'current' | 'held' | Exclude<Reason, 'forced'>;
  readonly reason: Reason | undefined;
  readonly changed: readonly string[];
  readonly detail?: string;
  /** The run that computed it. */
  readonly run?: string | undefined;
}

/** The facts a plan is decided from. */
export interface PlanFacts {
  /** Every slate with counted games up to the end of the range, in order. */
  readonly slates: readonly Slate[];
  /** Today's slate with the present instant: its facts may still change. */
  readonly open: ReadonlyMap<Slate, string>;
  /** The ledger. */
  readonly units: ReadonlyMap<string, UnitDoc>;
  readonly inputs: ReadonlyMap<IngestedInput, Fingerprints>;
  /** Rows per slate, by step, where a step has a table. */
  readonly rows: ReadonlyMap<string, ReadonlyMap<Slate, number>>;
}

/** The slates of a step to run, with the parts they are computed from, and why the others in the range are left out. */
export interface StepDecision {
  readonly step: Step;
  readonly selected: ReadonlyMap<Slate, UnitVerdict>;
  readonly parts: ReadonlyMap<Slate, Parts>;
  readonly skipped: ReadonlyMap<Slate, string>;
}

/** Decisions so far, from the first step of the graph downwards. */
interface Decided {
  readonly request: PlanRequest;
  readonly facts: PlanFacts;
  /** True when the range has slates at all. */
  readonly hasSlates: boolean;
  readonly verdicts: Map<string, ReadonlyMap<Slate, UnitVerdict>>;
  readonly selected: Map<string, ReadonlySet<Slate>>;
}

/**
 * Decides for every requested step which slates to run and why. `steps` are the requested ones and everything
 * upstream of them, in graph order. Pure.
 */
export function decideSlates(
  steps: readonly Step[],
  request: PlanRequest,
  facts: PlanFacts,
): readonly StepDecision[] {
  const { slates, open } = facts;
  const reader = partsReader(steps, slates, facts.inputs, open);
  const hasSlates = slates.some((slate) => isInRange(slate, request));
  const decided: Decided = { request, facts, hasSlates, verdicts: new Map(), selected: new Map() };
  const decisions: StepDecision[] = [];
  for (const step of steps) {
    const parts = reader.parts(step);
    const verdicts = judgeSlates(step, parts, facts);
    decided.verdicts.set(step.name, verdicts);
    const isChosen = request.phases.includes(step.phase);
    const { selected, skipped } = isChosen ? selectSlates(step, decided) : NOTHING_SELECTED;
    decided.selected.set(step.name, new Set(selected.keys()));
    // Whether a slate is held follows from its inputs, which its parts cover, so when that was found out must
    // not matter. Models also learn from rows that were computed outside the ledger.
    const isAvailable = (slate: Slate): boolean => {
      const kind = verdicts.get(slate)?.kind;
      if (selected.has(slate) || kind === 'current' || kind === 'held') return true;
      return kind === 'new' && (facts.rows.get(step.name)?.get(slate) ?? 0) > 0;
    };
    reader.provide(step, parts, new Set(slates.filter(isAvailable)));
    if (!isChosen) continue;
    const own = new Map([...selected.keys()].map((slate) => [slate, parts.get(slate) ?? {}]));
    decisions.push({ step, selected, parts: own, skipped });
  }
  return decisions;
}

const NOTHING_SELECTED = { selected: new Map<Slate, UnitVerdict>(), skipped: new Map<Slate, string>() };

function isInRange(slate: Slate, { from, to }: PlanRequest): boolean {
  return slate >= from && slate <= to;
}

/**
 * The verdict on every slate of a step: its ledger entry against what would be computed now and against the stored rows.
 */
function judgeSlates(
  step: Step,
  parts: ReadonlyMap<Slate, Parts>,
  { slates, open, units, rows }: PlanFacts,
): ReadonlyMap<Slate, UnitVerdict> {
  const existing = rows.get(step.name);
  return new Map(
    slates.map((slate) => {
      // Others are still writing today's slate: its row count proves nothing.
      const rowCount = existing === undefined || open.has(slate) ? undefined : (existing.get(slate) ?? 0);
      const unit = units.get(unitKey(step.name, monthOf(slate)));
      return [slate, judgeSlate(slate, unit, parts.get(slate) ?? {}, rowCount)];
    }),
  );
}

function judgeSlate(
  slate: Slate,
  unit: UnitDoc | undefined,
  parts: Parts,
  rowCount: number | undefined,
): UnitVerdict {
  const failure = unit?.failed[slate];
  if (failure !== undefined) return { kind: 'failed', reason: 'failed', changed: [], detail: failure };
  const record = unit?.slates[slate];
  if (record === undefined) return { kind: 'new', reason: 'new', changed: [] };
  const changed = changedParts(record.parts, parts);
  // A held slate keeps the rows it had.
  if (record.held === undefined && rowCount !== undefined && rowCount !== record.rows) changed.push('rows');
  if (changed.length > 0) return { kind: 'stale', reason: 'stale', changed };
  const done = { reason: undefined, changed, run: record.run_id };
  return record.held === undefined
    ? { kind: 'current', ...done }
    : { kind: 'held', ...done, detail: record.held };
}

/** The slates of a step to run, and why the others in the range are left out. */
function selectSlates(step: Step, decided: Decided): Pick<StepDecision, 'selected' | 'skipped'> {
  const { request, hasSlates } = decided;
  const selected = new Map<Slate, UnitVerdict>();
  const skipped = new Map<Slate, string>();
  const whyLeft = reasonsToLeave(step, decided);
  for (const [slate, verdict] of decided.verdicts.get(step.name) ?? []) {
    // History before the range is computed only for slates in the range: without any it is not needed.
    const isHistory = slate < request.from && hasSlates && isHistoryStep(step, request);
    if (!isInRange(slate, request) && !isHistory) continue;
    const why = whyLeft(slate, verdict);
    if (why !== undefined) skipped.set(slate, why);
    else selected.set(slate, { ...verdict, reason: verdict.reason ?? 'forced' });
  }
  return { selected, skipped };
}

/**
 * Whether slates in the range need this step for all earlier slates: summaries always, and when predicting also whatever
 * models are trained on. `tipoff day` builds the same history, so a slate gets the same forecast from either verb.
 */
function isHistoryStep({ name, phase }: Step, { phases }: PlanRequest): boolean {
  if (HISTORY_STEPS.includes(name)) return true;
  return phases.includes('predict') && (phase === 'analytics' || phase === 'precompute');
}

/** Returns a function that says why a slate of the step is left out, first reason first; undefined when it is run. */
function reasonsToLeave(
  step: Step,
  decided: Decided,
): (slate: Slate, verdict: UnitVerdict) => string | undefined {
  const { request, facts } = decided;
  const changed = changedUpstream(step, decided);
  const blocked = blockedUpstream(step, decided);
  const predictsAhead = step.phase === 'analytics' || step.phase === 'precompute';
  return (slate, verdict) => {
    if (facts.open.has(slate) && !predictsAhead) return 'not played yet: `tipoff day` predicts and grades it';
    const isForced = request.force === true && isInRange(slate, request) && !isOfThisRun(verdict, request);
    if (!isForced) {
      if (verdict.kind === 'current') return 'done with the same code, contract and inputs';
      if (verdict.kind === 'held') return `held: ${verdict.detail}`;
      const isCascade = (): boolean => changed.some(({ reaches }) => reaches(slate) !== undefined);
      if (!isRequested(request, verdict) && !isCascade())
        return request.onlyFailed === true
          ? 'did not fail (--only-failed)'
          : 'was never computed (--only-stale)';
    }
    for (const { input, reaches } of blocked) {
      const pending = reaches(slate);
      if (pending !== undefined)
        return `waits for ${input} of ${pending}, which is not up to date and not part of this run`;
    }
    return undefined;
  };
}

/** Whether a request limited by `onlyFailed` or `onlyStale` includes a verdict. */
function isRequested({ onlyFailed, onlyStale }: PlanRequest, { kind }: UnitVerdict): boolean {
  if (onlyFailed !== true && onlyStale !== true) return true;
  return (onlyFailed === true && kind === 'failed') || (onlyStale === true && kind === 'stale');
}

/** Some slates of an upstream step, as seen from a step that depends on it. */
interface Upstream {
  readonly input: string;
  /** The first of them that a slate depends on. */
  readonly reaches: (slate: Slate) => Slate | undefined;
}

/** Upstream slates that run in this backfill, or ran in it before it was interrupted. */
function changedUpstream(step: Step, { selected, verdicts, request }: Decided): Upstream[] {
  return step.needs.flatMap(({ kind, input, scope }) => {
    if (kind !== 'step') return [];
    const ran = [...(verdicts.get(input) ?? [])].flatMap(([slate, verdict]) =>
      isOfThisRun(verdict, request) ? [slate] : [],
    );
    return [{ input, reaches: reachOf(scope, new Set([...(selected.get(input) ?? []), ...ran])) }];
  });
}

/** True for slates that this very run computed. */
function isOfThisRun({ run }: UnitVerdict, { runId }: PlanRequest): boolean {
  return run !== undefined && run === runId;
}

/**
 * Upstream slates that are neither up to date now nor will be after this run. Models learn from existing rows and wait for nothing.
 */
function blockedUpstream(step: Step, { verdicts, selected }: Decided): Upstream[] {
  return step.needs.flatMap(({ kind, input, scope }) => {
    if (kind !== 'step' || scope === 'before_week') return [];
    const pending = [...(verdicts.get(input) ?? [])].filter(
      ([slate, verdict]) =>
        verdict.kind !== 'current' && verdict.kind !== 'held' && selected.get(input)?.has(slate) !== true,
    );
    return [{ input, reaches: reachOf(scope, new Set(pending.map(([slate]) => slate))) }];
  });
}

/** Returns a function that finds the first of some slates within the scope of a slate. */
export function reachOf(scope: Scope, slates: ReadonlySet<Slate>): (slate: Slate) => Slate | undefined {
  const first = [...slates].reduce<Slate | undefined>(
    (least, slate) => (least === undefined || slate < least ? slate : least),
    undefined,
  );
  return (slate) => {
    if (scope === 'code' || first === undefined) return undefined;
    if (scope === 'slate') return slates.has(slate) ? slate : undefined;
    const end = scope === 'before_week' ? mondayBefore(slate) : slate;
    return first < end || (scope === 'up_to' && first === end) ? first : undefined;
  };
}
