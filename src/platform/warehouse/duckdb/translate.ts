import { meaningful, type SqlToken, tokenise } from '#platform/warehouse/sql-tokens.ts';

/** A portable statement in DuckDB's spelling. */
export interface Translation {
  /** The statement with each parameter as it is to be spelled: a literal or `$name`, undefined for an empty list. */
  text(spell: (name: string) => string | undefined): string;
  /** Parameters the statement names. */
  readonly names: ReadonlySet<string>;
}

/** Portable type names that DuckDB lacks or means differently: its NUMERIC is DECIMAL(18,3), its TIMESTAMP has no zone. */
const CAST_TYPES: Readonly<Record<string, string>> = { FLOAT64: 'DOUBLE', NUMERIC: 'DECIMAL(38,9)', TIMESTAMP: 'TIMESTAMPTZ' };

type Piece = string | { readonly parameter: string; readonly isList: boolean };

/**
 * Rewrites a portable statement outside of strings and comments: `@name` to its value, `IN UNNEST(@ids)` to a list lookup,
 * type names in CAST and typed literals, and decimal literals to floats (`0.5` is FLOAT64 in the portable subset, an exact
 * decimal in DuckDB).
 */
export function toDuckDb(sql: string): Translation {
  const names = new Set<string>();
  const pieces: Piece[] = [];
  const tokens = tokenise(sql);
  const code = meaningful(tokens);
  const position = new Map(code.map((token, i) => [token, i]));
  const inCast: boolean[] = [];
  let skip: SqlToken | undefined;
  for (const token of tokens) {
    const at = position.get(token);
    if (skip !== undefined) {
      if (token === skip) skip = undefined;
      continue;
    }
    if (at === undefined) {
      pieces.push(token.text);
      continue;
    }
    const [before, after] = [code[at - 1], code[at + 1]];
    if (token.text === '(') inCast.push(before?.upper === 'CAST');
    if (token.text === ')') inCast.pop();
    const list = token.upper === 'UNNEST' && before?.upper === 'IN' ? unnestedParameter(code, at) : undefined;
    if (list !== undefined) {
      names.add(list.name);
      pieces.push({ parameter: list.name, isList: true });
      skip = list.end;
    } else if (token.kind === 'parameter') {
      names.add(token.text.slice(1));
      pieces.push({ parameter: token.text.slice(1), isList: false });
    } else if (token.kind === 'number') {
      pieces.push(/^[\d]*\.[\d]*$/.test(token.text) ? `${token.text}e0` : token.text);
    } else {
      const isType = (before?.upper === 'AS' && inCast.at(-1) === true && after?.text === ')') || after?.kind === 'string';
      pieces.push((isType ? CAST_TYPES[token.upper] : undefined) ?? token.text);
    }
  }
  return {
    names,
    text: (spell) =>
      pieces
        .map((piece) => {
          if (typeof piece === 'string') return piece;
          const spelled = spell(piece.parameter);
          if (!piece.isList) return spelled ?? `$${piece.parameter}`;
          return spelled === undefined ? '(SELECT NULL WHERE FALSE)' : `(SELECT unnest(${spelled}))`;
        })
        .join(''),
  };
}

/** The parameter of `UNNEST(@ids)` at a position, with the token that closes it. */
function unnestedParameter(code: readonly SqlToken[], at: number): { name: string; end: SqlToken } | undefined {
  const [open, parameter, end] = code.slice(at + 1, at + 4);
  return open?.text === '(' && parameter?.kind === 'parameter' && end?.text === ')' ? { name: parameter.text.slice(1), end } : undefined;
}
