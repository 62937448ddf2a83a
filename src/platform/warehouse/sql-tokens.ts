/** What a piece of SQL text is. `quoted` is a double-quoted or backticked identifier; `symbol` an operator or bracket. */
export type SqlTokenKind = 'word' | 'number' | 'string' | 'quoted' | 'parameter' | 'symbol' | 'comment' | 'space';

export interface SqlToken {
  readonly kind: SqlTokenKind;
  readonly text: string;
  /** The text in upper case for words, as written for everything else. */
  readonly upper: string;
  /** 1-based line on which the token starts. */
  readonly line: number;
}

const PATTERNS: readonly (readonly [SqlTokenKind, RegExp])[] = [
  ['space', /\s+/y],
  ['comment', /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y],
  ['string', /'(?:[^']|'')*(?:'|$)/y],
  ['quoted', /"(?:[^"]|"")*(?:"|$)|`[^`]*(?:`|$)/y],
  ['parameter', /@[A-Za-z_]\w*/y],
  ['word', /[A-Za-z_]\w*/y],
  ['number', /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['symbol', /::|\|\||<>|!=|<=|>=|==|=>|->|\*\*|\/\/|[\s\S]/y],
];

/** Splits SQL into tokens. Joined, their texts are the statement again; text that is no SQL becomes symbols, never an error. */
export function tokenise(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  let at = 0;
  let line = 1;
  while (at < sql.length) {
    for (const [kind, pattern] of PATTERNS) {
      pattern.lastIndex = at;
      const text = pattern.exec(sql)?.[0];
      if (text === undefined || text.length === 0) continue;
      tokens.push({ kind, text, upper: kind === 'word' ? text.toUpperCase() : text, line });
      at += text.length;
      line += text.split('\n').length - 1;
      break;
    }
  }
  return tokens;
}

/** The tokens that mean something: no white space, no comments. */
export function meaningful(tokens: readonly SqlToken[]): SqlToken[] {
  return tokens.filter((token) => token.kind !== 'space' && token.kind !== 'comment');
}
