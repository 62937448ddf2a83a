import type { Slate } from '#core/calendar.ts';
import { mondayBefore } from '#model/model-source.ts';
import { changedParts, type Parts } from './fingerprints.ts';
import { monthOf, type PlanRequest, type UnitDoc, unitKey } from './ledger.ts';
import { HISTORY_STEPS, type Scope, type Step } from './steps.ts';

export type Reason = 'new' | 'stale' | 'failed' | 'forced';

/** What the ledger says of one slate of one step. */
export interface Verdict {
  readonly kind: 'current' | 'held' | Exclude<Reason, 'forced'>;
  readonly reason: Reason | undefined;
  readonly changed: readonly string[];
  readonly detail?: string;
  /** The run that computed it. */
  readonly run?: string;
}

/** What is known while a plan is made, step by step. */
export interface Selection {
  readonly request: PlanRequest;
  readonly inRange: ReadonlySet<Slate>;
  readonly open: ReadonlyMap<Slate, string>;
  readonly verdicts: Map<string, ReadonlyMap<Slate, Verdict>>;
  readonly selected: Map<string, ReadonlySet<Slate>>;
}

/** The verdict on every slate of a step: what is in the ledger against what would be computed now, and against the rows that are there. */
export function candidatesOf(
  step: Step,
  slates: readonly Slate[],
  wanted: ReadonlyMap<Slate, Parts>,
  units: ReadonlyMap<string, UnitDoc>,
  actual: ReadonlyMap<Slate, number> | undefined,
  open: ReadonlyMap<Slate, string>,
): ReadonlyMap<Slate, Verdict> {
  const verdicts = new Map<Slate, Verdict>();
  for (const slate of slates) {
    const unit = units.get(unitKey(step.name, monthOf(slate)));
    const failure = unit?.failed[slate];
    const record = unit?.slates[slate];
    if (failure !== undefined)
      verdicts.set(slate, { kind: 'failed', reason: 'failed', changed: [], detail: failure });
    else if (record === undefined) verdicts.set(slate, { kind: 'new', reason: 'new', changed: [] });
    else {
      const changed = changedParts(record.parts, wanted.get(slate) ?? {});
      // A held slate keeps what it had, and today's slate is still being written by others: their rows prove nothing.
      if (
        actual !== undefined &&
        record.held === undefined &&
        !open.has(slate) &&
        (actual.get(slate) ?? 0) !== record.rows
      )
        changed.push('rows');
      if (changed.length > 0) verdicts.set(slate, { kind: 'stale', reason: 'stale', changed });
      else {
        const stands = {
          reason: undefined,
          changed: [],
          ...(record.run_id === undefined ? {} : { run: record.run_id }),
        };
        verdicts.set(
          slate,
          record.held === undefined
            ? { kind: 'current', ...stands }
            : { kind: 'held', ...stands, detail: record.held },
        );
      }
    }
  }
  return verdicts;
}

/** The slates of a step that are run, and why the others of the range are left. */
export function selectSlates(
  selection: Selection,
  step: Step,
): { selected: Map<Slate, Verdict>; left: Map<Slate, string> } {
  const { request, inRange, open } = selection;
  const selected = new Map<Slate, Verdict>();
  const left = new Map<Slate, string>();
  const causes = causesAbove(selection, step);
  const obstacles = obstaclesAbove(selection, step);
  for (const [slate, verdict] of selection.verdicts.get(step.name) ?? []) {
    const isAsked = inRange.has(slate);
    // History is there for the slates that are asked for: where there are none, there is nothing to do.
    if (!isAsked && !(HISTORY_STEPS.includes(step.name) && slate < request.from && inRange.size > 0))
      continue;
    const isForced = request.force === true && isAsked && !isOwn(verdict, request);
    if (open.has(slate) && step.phase !== 'analytics' && step.phase !== 'precompute') {
      left.set(slate, 'not played yet: `tipoff day` predicts and grades it');
      continue;
    }
    if (!isForced && verdict.kind === 'current') {
      left.set(slate, 'done with the same code, contract and inputs');
      continue;
    }
    if (!isForced && verdict.kind === 'held') {
      left.set(slate, `held: ${verdict.detail}`);
      continue;
    }
    if (
      !isForced &&
      !isWanted(request, verdict, () => causes.some((cause) => cause.reaches(slate) !== undefined))
    ) {
      left.set(
        slate,
        request.onlyFailed === true ? 'did not fail (--only-failed)' : 'was never computed (--only-stale)',
      );
      continue;
    }
    const obstacle = obstacles.find(({ reaches }) => reaches(slate) !== undefined);
    if (obstacle !== undefined) {
      left.set(
        slate,
        `waits for ${obstacle.input} of ${obstacle.reaches(slate)}, which is not up to date and not part of this run`,
      );
      continue;
    }
    selected.set(
      slate,
      verdict.kind === 'current' || verdict.kind === 'held' ? { ...verdict, reason: 'forced' } : verdict,
    );
  }
  return { selected, left };
}

function isWanted(request: PlanRequest, { kind }: Verdict, isCascade: () => boolean): boolean {
  if (request.onlyFailed !== true && request.onlyStale !== true) return true;
  if (request.onlyFailed === true && kind === 'failed') return true;
  if (request.onlyStale === true && kind === 'stale') return true;
  return isCascade();
}

/** Some slates of a step above, as seen from below. */
interface Above {
  readonly input: string;
  /** The first of them that a slate depends on. */
  readonly reaches: (slate: Slate) => Slate | undefined;
}

/** Slates above that run in this backfill, or ran in it before it was interrupted. */
function causesAbove({ selected, verdicts, request }: Selection, step: Step): Above[] {
  return step.needs.flatMap(({ kind, input, scope }) => {
    if (kind !== 'step') return [];
    const ran = [...(verdicts.get(input) ?? [])].flatMap(([slate, verdict]) =>
      isOwn(verdict, request) ? [slate] : [],
    );
    return [{ input, reaches: reachOf(scope, new Set([...(selected.get(input) ?? []), ...ran])) }];
  });
}

/** True for what this very run computed. */
function isOwn({ run }: Verdict, { runId }: PlanRequest): boolean {
  return run !== undefined && run === runId;
}

/** Slates above that stand neither now nor after this run. A model learns from what there is, so nothing keeps it waiting. */
function obstaclesAbove({ verdicts, selected }: Selection, step: Step): Above[] {
  return step.needs.flatMap(({ kind, input, scope }) => {
    if (kind !== 'step' || scope === 'before_week') return [];
    const run = selected.get(input) ?? new Set();
    const pending = [...(verdicts.get(input) ?? [])].filter(
      ([slate, verdict]) => !STANDS.has(verdict.kind) && !run.has(slate),
    );
    return [{ input, reaches: reachOf(scope, new Set(pending.map(([slate]) => slate))) }];
  });
}

const STANDS: ReadonlySet<Verdict['kind']> = new Set(['current', 'held']);

/** Asks for the first of some slates that lies in the scope of a slate. */
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
