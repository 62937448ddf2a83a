/**
 * The portable SQL as a language: tokens, lint, the `fn` library, how types are spelt. Pure and the same for every engine,
 * so that checks may read statements without knowing an adapter.
 */
export { duckdbType } from '#platform/warehouse/ddl.ts';
export { FUNCTIONS, type PortableFunction, textDigest } from '#platform/warehouse/functions.ts';
export { lintSql, type SqlProblem } from '#platform/warehouse/lint/lint.ts';
export {
  meaningful,
  PORTABLE_FUNCTIONS,
  PORTABLE_PARTS,
  PORTABLE_TYPES,
  RESERVED_WORDS,
  type SqlToken,
  tokenise,
} from '#platform/warehouse/lint/vocabulary.ts';
