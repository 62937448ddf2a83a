import { TipoffError } from '#core/errors.ts';
import type { SqlParams, SqlValue } from '#platform/warehouse/port.ts';
import { type SqlToken, tokenise } from '#platform/warehouse/sql-tokens.ts';

/** A query parameter as the REST interface takes it. */
export interface QueryParameter {
  readonly name: string;
  readonly parameterType: { readonly type: string; readonly arrayType?: { readonly type: string } };
  readonly parameterValue: { readonly value?: string; readonly arrayValues?: readonly { readonly value: string }[] };
}

/** A statement with the parameters it names. */
export interface BoundStatement {
  readonly query: string;
  readonly queryParameters: readonly QueryParameter[];
}

/**
 * Binds the parameters a statement names. Null and the empty list have no type of their own, and a BigQuery parameter must
 * have one: they become the literals NULL and []. TIPOFF_BAD_INPUT for a parameter that is named and not given.
 */
export function bind(sql: string, params: SqlParams): BoundStatement {
  const used = new Map<string, QueryParameter>();
  const query = withParameters(sql, params, (name, value) => {
    if (value === null || (isList(value) && value.length === 0)) return literal(value);
    used.set(name, isList(value) ? listParameter(name, value) : scalarParameter(name, value));
    return `@${name}`;
  });
  return { query, queryParameters: [...used.values()] };
}

/** A statement with its parameters as literals, for scripts: not every server hands parameters on to their statements. */
export function inlined(sql: string, params: SqlParams): string {
  return withParameters(sql, params, (_, value) => literal(value));
}

function withParameters(sql: string, params: SqlParams, write: (name: string, value: SqlValue) => string): string {
  const text = (token: SqlToken): string => {
    if (token.kind !== 'parameter') return token.text;
    const name = token.text.slice(1);
    const value = params[name];
    if (value === undefined) {
      throw new TipoffError('TIPOFF_BAD_INPUT', `the statement names @${name}, which was not given`, {
        hint: 'Pass every parameter; null is a value.',
        details: { parameter: name },
      });
    }
    return write(name, value);
  };
  return tokenise(sql).map(text).join('');
}

function isList(value: SqlValue): value is readonly string[] | readonly number[] {
  return typeof value === 'object' && value !== null;
}

function scalarParameter(name: string, value: string | number | boolean): QueryParameter {
  return { name, parameterType: { type: typeOf([value]) }, parameterValue: { value: String(value) } };
}

function listParameter(name: string, list: readonly (string | number)[]): QueryParameter {
  const kinds = new Set(list.map((item) => typeof item));
  if (kinds.size > 1) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `@${name} is a list of strings and numbers; expected one kind`, {
      hint: 'Pass a list of strings, or a list of numbers.',
      details: { parameter: name },
    });
  }
  const parameterType = { type: 'ARRAY', arrayType: { type: typeOf(list) } };
  return { name, parameterType, parameterValue: { arrayValues: list.map((item) => ({ value: String(item) })) } };
}

/** Whole numbers are INT64, as the embedded engine binds them. */
function typeOf(values: readonly (string | number | boolean)[]): string {
  if (values.every((value) => typeof value === 'boolean')) return 'BOOL';
  if (values.every((value) => typeof value === 'number')) return values.every(Number.isSafeInteger) ? 'INT64' : 'FLOAT64';
  return 'STRING';
}

function literal(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (isList(value)) return `[${[...value].map(literal).join(', ')}]`;
  return typeof value === 'string' ? textLiteral(value) : String(value);
}

/** A text between single quotes; what could end it or hide in it is escaped. */
export function textLiteral(text: string): string {
  const escaped = text.replace(/[\\'"`]|\p{Cc}/gu, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `'${escaped}'`;
}
