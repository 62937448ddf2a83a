import { bigqueryFunctions } from '#platform/warehouse/functions.ts';
import type { BigQueryOptions } from './warehouse.ts';

/**
 * The options for an emulator at an address, which wants plain uploads and knows no templated arguments (ANY TYPE). Over
 * floats they mean the same where the pipeline uses them; `fn.row_hash` is left out, for it takes whole rows.
 */
export function emulated(endpoint: string): Pick<BigQueryOptions, 'endpoint' | 'compress' | 'functions'> {
  const functions = bigqueryFunctions()
    .filter((statement) => !statement.includes('fn.row_hash'))
    .map((statement) => statement.replaceAll('ANY TYPE', 'FLOAT64'));
  return { endpoint, compress: false, functions };
}
