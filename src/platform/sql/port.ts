/**
 * The portable SQL as a language: tokens, lint, the `fn` library. Pure and the same for every engine, so that checks may read
 * statements without knowing an adapter.
 */
export { FUNCTIONS, type PortableFunction, textDigest } from '#platform/warehouse/functions.ts';
export { lintSql } from '#platform/warehouse/lint/lint.ts';
export { queryProblem } from '#platform/warehouse/lint/query.ts';
export {
  meaningful,
  type SqlToken,
  tokenise,
} from '#platform/warehouse/lint/vocabulary.ts';

/** What is wrong with a statement. `refused` is everything that is not about a name. */
export type SqlProblemKind =
  | 'unknown_table'
  | 'unknown_column'
  | 'ambiguous_column'
  | 'outer_column'
  | 'unknown_function'
  | 'unknown_alias'
  | 'refused';

/** The first name of a statement that the engine does not find, or another reason to refuse it. */
export interface NameProblem {
  readonly kind: SqlProblemKind;
  /** As the statement writes it. */
  readonly name: string;
  /** 1-based line within the statement. */
  readonly line: number;
  /** The engine's message. */
  readonly message: string;
}

/** A statement that the engine has bound: names of its result columns, doubled names included. Or why it has not. */
export type PreparedSql = { readonly columns: readonly string[] } | { readonly problem: NameProblem };

/**
 * An engine that binds portable statements against definitions without running them. It has no rows, only names and types. The
 * caller that opened it closes it.
 */
export interface SqlEngine {
  /** Runs a definition in the dialect of the embedded engine: CREATE, ALTER, DROP, BEGIN, ROLLBACK. */
  define(sql: string): Promise<void>;
  prepare(sql: string): Promise<PreparedSql>;
  close(): void;
}
