import { type Approval, isExpired } from './approvals.ts';
import type { Finding } from './finding.ts';

/**
 * blocks: must not be merged or deployed as things stand · approved: would block, but a file names it · notice: in order,
 * with something to do later or nothing at all · untouched: would block, but is none of the change that is judged.
 */
export type Verdict = 'blocks' | 'approved' | 'untouched' | 'notice';

export interface JudgedFinding extends Finding {
  readonly verdict: Verdict;
  readonly approval: Approval | null;
}

export interface Judgement {
  readonly findings: readonly JudgedFinding[];
  /** Approvals past their date; each fails until its file is removed or renewed. */
  readonly expired: readonly Approval[];
  /** Approvals that name nothing that was found. */
  readonly unused: readonly Approval[];
}

/**
 * Judges findings. `deployed` says what is compared: a warehouse with the code about to run on it, where a table that
 * should have gone first blocks as well and cannot be approved, because running the statement is all it takes; or two
 * revisions of the contracts, where only what no order makes safe blocks.
 */
export function judge(
  findings: readonly Finding[],
  approvals: readonly Approval[],
  today: string,
  deployed: boolean,
): Judgement {
  const standing = approvals.filter((approval) => !isExpired(approval, today));
  const judged = findings.map((finding): JudgedFinding => {
    const approval = standing.find((each) => each.finding === finding.id) ?? null;
    if (finding.class === 'breaking')
      return { ...finding, approval, verdict: approval === null ? 'blocks' : 'approved' };
    const tableIsLate = deployed && finding.class === 'needs_order' && finding.direction === 'table_first';
    return { ...finding, approval: null, verdict: tableIsLate ? 'blocks' : 'notice' };
  });
  return {
    findings: judged,
    expired: approvals.filter((approval) => isExpired(approval, today)),
    unused: standing.filter((approval) => !judged.some((finding) => finding.approval === approval)),
  };
}
