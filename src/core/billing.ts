/**
 * What reading costs on BigQuery: the price list "on-demand compute", United States, in US dollars per TiB of bytes processed
 * (https://cloud.google.com/bigquery/pricing). The first TiB of a month is free, and not taken off here.
 */
export const DOLLARS_PER_TIB = 6.25;

/** Bytes that are billed at least, for each query and for each table that it names (the same price list). */
export const MIN_BILLED = 10 * 2 ** 20;

/** US dollars for so many billed bytes. */
export function dollarsFor(billedBytes: number): number {
  return (billedBytes / 2 ** 40) * DOLLARS_PER_TIB;
}

/** Bytes for people: `1.25 GiB`, `3.4 MiB`. */
export function bytesText(bytes: number): string {
  if (bytes >= 2 ** 30) return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
