/**
 * The portable SQL as a language: tokens, lint, the `fn` library, how types are spelt. Pure and the same for every engine,
 * so that checks may read statements without knowing an adapter.
 */
export { duckdbType } from '#platform/warehouse/ddl.ts';
export { FUNCTIONS, type PortableFunction } from '#platform/warehouse/functions.ts';
export { PORTABLE_FUNCTIONS, PORTABLE_PARTS, PORTABLE_TYPES, RESERVED_WORDS } from '#platform/warehouse/lint/vocabulary.ts';
export { lintSql, type SqlProblem } from '#platform/warehouse/sql-lint.ts';
export { meaningful, type SqlToken, tokenise } from '#platform/warehouse/sql-tokens.ts';
export { textDigest } from '#platform/warehouse/text-digest.ts';
