import type { SqlToken } from '#platform/warehouse/sql-tokens.ts';

/** A finding of a rule: where, and what to write instead. */
export interface Finding {
  readonly rule: string;
  readonly message: string;
  /** Position among the meaningful tokens. */
  readonly at: number;
}

/** The meaningful tokens of a statement with the questions that rules ask of them. */
export interface SqlCode {
  readonly tokens: readonly SqlToken[];
  /** The token in upper case, or an empty string beyond the ends. */
  upper(at: number): string;
  /** Whether the tokens from a position on are these, in upper case. */
  matches(at: number, ...words: string[]): boolean;
  /** The position of the bracket that closes the one at a position; the end when there is none. */
  closing(open: number): number;
  /** The word before the innermost bracket around a position, in upper case; empty outside of brackets. */
  enclosing(at: number): string;
}

export function sqlCode(tokens: readonly SqlToken[]): SqlCode {
  const upper = (at: number): string => tokens[at]?.upper ?? '';
  return {
    tokens,
    upper,
    matches: (at, ...words) => words.every((word, i) => upper(at + i) === word),
    closing: (open) => {
      let depth = 0;
      for (let i = open; i < tokens.length; i++) {
        if (upper(i) === '(') depth++;
        if (upper(i) === ')') depth--;
        if (depth === 0) return i;
      }
      return tokens.length;
    },
    enclosing: (at) => {
      let depth = 0;
      for (let i = at - 1; i >= 0; i--) {
        if (upper(i) === ')') depth++;
        if (upper(i) === '(' && depth-- === 0) return upper(i - 1);
      }
      return '';
    },
  };
}
