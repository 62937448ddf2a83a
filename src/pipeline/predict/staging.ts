import type { TableRef } from '#platform/warehouse/port.ts';

/** Every staging table starts with this. */
export const STAGING_PREFIX = '_staging_';
/** Hours after which a forgotten staging table may be dropped. */
export const STAGING_HOURS = 48;

/** Prefix of all staging tables of a batch. */
export function stagingPrefix(batchId: string): string {
  return `${STAGING_PREFIX}${batchId.replaceAll('-', '_')}__`;
}

/** The staging table of one claim of a unit: two workers never write the same one. */
export function stagingTable(batchId: string, unitId: string, claim: number): TableRef {
  return { dataset: 'nba_predictions', name: `${stagingPrefix(batchId)}${unitId}_${claim}` };
}
