import { z } from 'zod';
import { TipoffError } from '#core/errors.ts';
import { compare, NO_USAGE, type Usage } from './compare.ts';
import { fileNameOf, type SchemaFinding } from './finding.ts';
import type { Schema } from './model.ts';

/** Maximum lifetime of an approval, in days. */
const MAX_APPROVAL_DAYS = 90;
/** Lifetime of a suggested approval, in days. */
const SUGGESTED_DAYS = 14;

const approval = z.strictObject({
  finding: z.string().min(1),
  reason: z
    .string()
    .trim()
    .min(10, 'say in at least ten characters why this change may break what it breaks'),
  approved_by: z.string().trim().min(1),
  expires: z.iso.date(),
});

/** An exception for exactly one change: why, by whom and until which date (inclusive, UTC). */
export type Approval = z.infer<typeof approval> & { readonly path: string };

/** Reads an approval. Throws TIPOFF_BAD_INPUT naming the file and the field, also for one that would last too long. */
export function readApproval(path: string, text: string, today: string): Approval {
  const hint = 'schema/approvals/README.md shows the format.';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `${path}: expected an approval as JSON, saw text that does not parse`,
      { hint, cause },
    );
  }
  const result = approval.safeParse(value);
  if (!result.success) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `${path}: expected an approval: ${z.prettifyError(result.error)}`,
      {
        hint,
        details: { path },
      },
    );
  }
  if (result.data.expires > plusDays(today, MAX_APPROVAL_DAYS)) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `${path}: expires: expected a date within ${MAX_APPROVAL_DAYS} days, saw ${result.data.expires}`,
      {
        hint,
        details: { path },
      },
    );
  }
  return { ...result.data, path };
}

/** Whether an approval has expired on a date. */
function isExpired({ expires }: Approval, today: string): boolean {
  return expires < today;
}

/** The approval file that would let a change pass, ready to be committed. */
export function approvalFor(
  finding: SchemaFinding,
  today: string,
): { readonly path: string; readonly text: string } {
  const content = {
    finding: finding.id,
    reason: 'say why this change may break what it breaks, and what was done about it',
    approved_by: 'your name',
    expires: plusDays(today, SUGGESTED_DAYS),
  };
  return {
    path: `schema/approvals/${fileNameOf(finding.id)}.json`,
    text: `${JSON.stringify(content, null, 2)}\n`,
  };
}

function plusDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/**
 * blocks: must not be merged or deployed · approved: would block, but an approval names it · notice: fine now,
 * perhaps with something to do later · untouched: would block, but is not part of the change being judged.
 */
type ChangeVerdict = 'blocks' | 'approved' | 'untouched' | 'notice';

export interface JudgedFinding extends SchemaFinding {
  readonly verdict: ChangeVerdict;
  readonly approval: Approval | null;
}

export interface Judgement {
  readonly findings: readonly JudgedFinding[];
  /** Approvals past their date; each fails until its file is removed or renewed. */
  readonly expired: readonly Approval[];
  /** Approvals that match no finding. */
  readonly unused: readonly Approval[];
}

/**
 * Judges findings. `deployed` = true compares a warehouse with the code about to run on it: a table that
 * should have gone first also blocks and cannot be approved, because running the statement is all it takes.
 * False compares two revisions of the contracts: only breaking changes block.
 */
export function judge(
  findings: readonly SchemaFinding[],
  approvals: readonly Approval[],
  today: string,
  deployed: boolean,
): Judgement {
  const valid = approvals.filter((approval) => !isExpired(approval, today));
  const judged = findings.map((finding): JudgedFinding => {
    const approval = valid.find((each) => each.finding === finding.id) ?? null;
    if (finding.class === 'breaking')
      return { ...finding, approval, verdict: approval === null ? 'blocks' : 'approved' };
    const tableIsLate = deployed && finding.class === 'needs_order' && finding.direction === 'table_first';
    return { ...finding, approval: null, verdict: tableIsLate ? 'blocks' : 'notice' };
  });
  return {
    findings: judged,
    expired: approvals.filter((approval) => isExpired(approval, today)),
    unused: valid.filter((approval) => !judged.some((finding) => finding.approval === approval)),
  };
}

/** A schema as it stood at one revision. */
export interface SchemaVersion {
  /** Revision, or a label for uncommitted work. */
  readonly name: string;
  readonly schema: Schema;
}

/** One change of a schema: a commit and its predecessor, or the first and the last version of a series. */
export interface SchemaChange {
  readonly from: SchemaVersion;
  readonly to: SchemaVersion;
}

export interface SchemaHistory {
  /** Every change, oldest first. */
  readonly steps: readonly SchemaChange[];
  /** First version to last: what an upgrade that skips the versions between meets. Absent when no version is known. */
  readonly sum?: SchemaChange;
}

interface DiffStep extends Judgement {
  readonly from: string;
  readonly to: string;
}

export interface DiffReport {
  readonly ok: boolean;
  /** The steps that change anything. */
  readonly steps: readonly DiffStep[];
  readonly sum: DiffStep;
  /** Findings that block in the sum but in no single step. */
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
