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

/** One change of a schema: a commit and the version it goes on from, or the first and the last version of a series. */
export interface SchemaChange {
  readonly from: SchemaVersion;
  readonly to: SchemaVersion;
}

export interface SchemaHistory {
  /** Every change, oldest first. */
  readonly steps: readonly SchemaChange[];
  /** All of them at once: what somebody meets who jumps over the versions between. Absent when no version is known. */
  readonly sum?: SchemaChange;
}

export interface DiffStep extends Judgement {
  readonly from: string;
  readonly to: string;
}

export interface DiffReport {
  readonly ok: boolean;
  /** The steps that change anything. */
  readonly steps: readonly DiffStep[];
  readonly sum: DiffStep;
  /** What blocks in the sum and in no single step. */
  readonly onlyInSum: readonly JudgedFinding[];
}

/** Judges a history: every step, and the first version against the last. */
export function judgeHistory(
  { steps: changes, sum: whole }: SchemaHistory,
  approvals: readonly Approval[],
  today: string,
  usage: Usage = NO_USAGE,
): DiffReport {
  const judged = ({ from, to }: SchemaChange): DiffStep => ({
    from: from.name,
    to: to.name,
    ...judge(compare(from.schema, to.schema, usage), approvals, today, false),
  });
  const steps = changes.map(judged).filter(({ findings }) => findings.length > 0);
  const sum =
    whole === undefined ? { from: '', to: '', ...judge([], approvals, today, false) } : judged(whole);
  const inSteps = new Set(
    steps.flatMap(({ findings }) =>
      findings.filter(({ verdict }) => verdict === 'blocks').map(({ id }) => id),
    ),
  );
  const onlyInSum = sum.findings.filter(({ verdict, id }) => verdict === 'blocks' && !inSteps.has(id));
  const ok = sum.expired.length === 0 && inSteps.size === 0 && onlyInSum.length === 0;
  return { ok, steps, sum, onlyInSum };
}
