import { z } from 'zod';
import { TipoffError } from '#core/errors.ts';
import type { Finding } from './finding.ts';

/** Longest time an exception may stand. */
export const LONGEST_DAYS = 90;
/** Days the suggested file is good for. */
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

/** One exception: exactly one change, why, by whom and until which date (inclusive, UTC). */
export type Approval = z.infer<typeof approval> & { readonly path: string };

/** Reads an approval. Throws TIPOFF_BAD_INPUT naming the file and the field, also for one that would stand too long. */
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
  if (result.data.expires > plusDays(today, LONGEST_DAYS)) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `${path}: expires: expected a date within ${LONGEST_DAYS} days, saw ${result.data.expires}`,
      {
        hint,
        details: { path },
      },
    );
  }
  return { ...result.data, path };
}

/** Whether an approval no longer stands on a date. */
export function isExpired({ expires }: Approval, today: string): boolean {
  return expires < today;
}

/** The file that would let a change pass, ready to be added. */
export function approvalFor(
  finding: Finding,
  today: string,
): { readonly path: string; readonly text: string } {
  const name = finding.id
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 100);
  const content = {
    finding: finding.id,
    reason: 'say why this change may break what it breaks, and what was done about it',
    approved_by: 'your name',
    expires: plusDays(today, SUGGESTED_DAYS),
  };
  return { path: `schema/approvals/${name}.json`, text: `${JSON.stringify(content, null, 2)}\n` };
}

function plusDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
