import type { Approval } from './approvals.ts';
import { compare, NO_USAGE, type Usage } from './compare.ts';
import { type JudgedFinding, type Judgement, judge } from './judge.ts';
import type { Schema } from './model.ts';

/** A schema as it stood at one revision. */
export interface SchemaVersion {
  /** Revision, or a word for what is not committed. */
  readonly name: string;
  readonly schema: Schema;
}

export interface DiffStep extends Judgement {
  readonly from: string;
  readonly to: string;
}

export interface DiffReport {
  readonly ok: boolean;
  /** From version to version, those without a difference left out. */
  readonly steps: readonly DiffStep[];
  /** From the first version to the last at once: what somebody meets who jumps over the versions between. */
  readonly sum: DiffStep;
  /** What blocks in the sum and in no single step. */
  readonly onlyInSum: readonly JudgedFinding[];
}

/** Judges a series of versions, each against the one before and the last against the first. */
export function diffVersions(
  versions: readonly SchemaVersion[],
  approvals: readonly Approval[],
  today: string,
  usage: Usage = NO_USAGE,
): DiffReport {
  const [first, ...rest] = versions;
  const last = versions.at(-1);
  if (first === undefined || last === undefined) {
    const nothing: DiffStep = { from: '', to: '', ...judge([], approvals, today, false) };
    return { ok: nothing.expired.length === 0, steps: [], sum: nothing, onlyInSum: [] };
  }
  const between = (from: SchemaVersion, to: SchemaVersion): DiffStep => ({
    from: from.name,
    to: to.name,
    ...judge(compare(from.schema, to.schema, usage), approvals, today, false),
  });
  const steps = rest.map((version, i) => between(versions[i] ?? first, version)).filter(({ findings }) => findings.length > 0);
  const sum = between(first, last);
  const inSteps = new Set(steps.flatMap(({ findings }) => findings.filter(({ verdict }) => verdict === 'blocks').map(({ id }) => id)));
  const onlyInSum = sum.findings.filter(({ verdict, id }) => verdict === 'blocks' && !inSteps.has(id));
  const ok = sum.expired.length === 0 && inSteps.size === 0 && onlyInSum.length === 0;
  return { ok, steps, sum, onlyInSum };
}
