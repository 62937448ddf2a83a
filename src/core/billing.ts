/**
 * BigQuery's on-demand price in the United States, in US dollars per TiB processed (https://cloud.google.com/bigquery/pricing).
 * The free first TiB of each month is not deducted.
 */
export const DOLLARS_PER_TIB = 6.25;

/** Minimum billed bytes for each query and for each table it references (same price list). */
export const MIN_BILLED = 10 * 2 ** 20;

/** Price of billed bytes, in US dollars. */
export function dollarsFor(billedBytes: number): number {
  return (billedBytes / 2 ** 40) * DOLLARS_PER_TIB;
}

/** Bytes for people: `1.25 GiB`, `3.4 MiB`. */
export function bytesText(bytes: number): string {
  if (bytes >= 2 ** 30) return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
