/** A statement of the code as the warehouse gets it: parameters are left open, nothing else. */
export interface Statement {
  /** Who runs it: a processor, a canary, an export, or the module. */
  readonly owner: string;
  readonly sql: string;
  /** The table or view whose rows the statement gives. */
  readonly fills?: string;
}

/**
 * A statement that is put together when the code runs, by its module. The list of the schema check has all of them, so that
 * the engine reads them and the lint sees them; one whose tables depend on the work is listed with a sample.
 */
export function statement(parts: Statement): Statement {
  return Object.freeze(parts);
}
