import { type BatchDoc, isActive } from '#pipeline/predict/documents.ts';
import type { TableInfo } from '#platform/warehouse/port.ts';

/** What becomes of a staging table. Everything but `drop` stays where it is. */
export type StagingVerdict =
  /** Old, and its rows are published or given up. */
  | 'drop'
  /** Younger than the age limit. */
  | 'young'
  /** Its batch still works. */
  | 'open'
  /** Its batch was held and waits for a person. */
  | 'held'
  /** Rows of a batch nobody knows: a person decides. */
  | 'unmerged'
  /** The name fits but the columns are not those of a staging table, or it is a view. */
  | 'foreign'
  /** Nothing says when it was made. */
  | 'undated';

export interface JudgedTable {
  readonly dataset: string;
  readonly name: string;
  readonly batch_id: string | null;
  readonly batch_state: BatchDoc['state'] | null;
  readonly rows: number;
  /** Null when the store does not know when the table was made. */
  readonly age_hours: number | null;
  readonly verdict: StagingVerdict;
  /** The verdict in words. */
  readonly reason: string;
}

const HOUR_MS = 3_600_000;

/**
 * Judges one staging table. `isOurs` says whether its columns are those of staged predictions. A table that is exactly
 * `maxAgeHours` old is old; without a creation time a passed expiry makes it old. A batch that may be dropped (published,
 * failed, reset) never works again, so what is judged `drop` stays so.
 */
export function judge(
  table: TableInfo,
  batch: BatchDoc | undefined,
  { now, maxAgeHours, isOurs }: { readonly now: Date; readonly maxAgeHours: number; readonly isOurs: boolean },
): JudgedTable {
  const age = table.createdAt === null ? null : (now.getTime() - Date.parse(table.createdAt)) / HOUR_MS;
  const [verdict, reason] = decide(table, batch, { age, now, maxAgeHours, isOurs });
  return {
    dataset: table.dataset,
    name: table.name,
    batch_id: batch?.batch_id ?? table.labels['batch'] ?? null,
    batch_state: batch?.state ?? null,
    rows: table.rows,
    age_hours: age === null ? null : Math.round(age * 100) / 100,
    verdict,
    reason,
  };
}

function decide(
  table: TableInfo,
  batch: BatchDoc | undefined,
  at: { readonly age: number | null; readonly now: Date; readonly maxAgeHours: number; readonly isOurs: boolean },
): [StagingVerdict, string] {
  if (table.kind === 'view') return ['foreign', 'it is a view'];
  if (!at.isOurs) return ['foreign', 'its columns are not those of staged predictions'];
  if (batch !== undefined && isActive(batch.state)) return ['open', `batch ${batch.batch_id} is ${batch.state}`];
  if (batch?.state === 'held') return ['held', `batch ${batch.batch_id} is held: publish it or reset it`];
  if (at.age === null && table.expiresAt === null) return ['undated', 'nothing says when it was made'];
  const isOld = at.age === null ? table.expiresAt !== null && Date.parse(table.expiresAt) <= at.now.getTime() : at.age >= at.maxAgeHours;
  if (!isOld) return ['young', `younger than ${at.maxAgeHours} h`];
  if (batch === undefined && table.rows > 0) return ['unmerged', `${table.rows} rows of a batch nobody knows: needs a decision`];
  return ['drop', batch === undefined ? 'empty, and its batch is unknown' : `batch ${batch.batch_id} is ${batch.state}`];
}
