import { createHash } from 'node:crypto';

/** What tells two texts of SQL apart: 32 hexadecimal digits, the same for texts that differ in white space only. */
export function textDigest(sql: string): string {
  return createHash('sha256').update(sql.replace(/\s+/g, ' ').trim()).digest('hex').slice(0, 32);
}
