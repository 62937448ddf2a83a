import { textDigest } from '#platform/sql/port.ts';
import type { SchemaFunction } from './model.ts';

/** The definition of a function as each engine reads it, from the parameter list on. */
export type FunctionBodies = Readonly<Record<'duckdb' | 'bigquery', string>>;

/** Both definitions as one text, in which they are compared and kept. */
export function joinedBody({ duckdb, bigquery }: FunctionBodies): string {
  return `duckdb: ${duckdb}\nbigquery: ${bigquery}`;
}

/** The definitions of a function of the code; undefined where it has no text. */
export function bodiesOf({ body = '' }: SchemaFunction): FunctionBodies | undefined {
  const [, duckdb, bigquery] = /^duckdb: ([\s\S]*)\nbigquery: ([\s\S]*)$/.exec(body) ?? [];
  return duckdb === undefined || bigquery === undefined ? undefined : { duckdb, bigquery };
}

/** Digests of the definitions: those a live function is known by, or those that follow from the text. */
export function digestsOf(each: SchemaFunction): Partial<FunctionBodies> {
  const bodies = bodiesOf(each);
  return bodies === undefined
    ? (each.digests ?? {})
    : { duckdb: textDigest(bodies.duckdb), bigquery: textDigest(bodies.bigquery) };
}
