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

/** SQL: texts after each other with a separator, halved and halved again: an analyser refuses a chain of fifty. */
export function joinedSql(texts: readonly string[], separator: string): string {
  if (texts.length === 1) return texts.join();
  const half = Math.ceil(texts.length / 2);
  const parts = [texts.slice(0, half), texts.slice(half)].map((part) => joinedSql(part, separator));
  return `(${parts.join(` || '${separator}' || `)})`;
}
