import { RowRejection } from '#pipeline/ingest/rejection.ts';

/** True for W, false for L. Throws RowRejection missing_field for an empty field and impossible_value for anything else. */
export function winOrLoss(field: string, text: string): boolean {
  if (text === 'W') return true;
  if (text === 'L') return false;
  throw new RowRejection(field, text === '' ? 'missing_field' : 'impossible_value', `expected W or L, saw "${text}"`);
}
