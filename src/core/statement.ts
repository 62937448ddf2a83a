/** A SQL statement as it is sent to the warehouse: complete except for its parameters. */
export interface Statement {
  /** Who runs it: a processor, a canary, an export, or the module. */
  readonly owner: string;
  readonly sql: string;
  /** The table or view whose rows the statement computes. */
  readonly fills?: string;
}

/**
 * Declares a statement that code assembles at run time. Each is listed in `app/schema/statements.ts`, where the schema check
 * and the lint find it; one whose tables depend on the work is listed with an example.
 */
export function statement(parts: Statement): Statement {
  return Object.freeze(parts);
}

/** SQL: terms with an operator between them, halved and halved again: an analyser refuses a chain of fifty. */
export function joinedSql(terms: readonly string[], operator: string): string {
  if (terms.length === 1) return terms.join();
  const half = Math.ceil(terms.length / 2);
  return `(${joinedSql(terms.slice(0, half), operator)} ${operator} ${joinedSql(terms.slice(half), operator)})`;
}
