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
  ['space', /\s+/],
  ['comment', /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/],
  ['string', /'(?:[^']|'')*(?:'|$)/],
  ['quoted', /"(?:[^"]|"")*(?:"|$)|`[^`]*(?:`|$)/],
  ['parameter', /@[A-Za-z_]\w*/],
  ['word', /[A-Za-z_]\w*/],
  ['number', /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/],
  ['symbol', /::|\|\||<>|!=|<=|>=|==|=>|->|\*\*|\/\/|[\s\S]/],
];

/** Splits SQL into tokens. Joined, their texts are the statement again; text that is no SQL becomes symbols, never an error. */
export function tokenise(sql: string): SqlToken[] {
  // One pattern with a group per kind: eight attempts at each place took twice as long.
  const any = new RegExp(PATTERNS.map(([, { source }]) => `(${source})`).join('|'), 'y');
  const tokens: SqlToken[] = [];
  let line = 1;
  for (let found = any.exec(sql); found !== null; found = any.exec(sql)) {
    const [text] = found;
    const kind = PATTERNS[found.indexOf(text, 1) - 1]?.[0] ?? 'symbol';
    tokens.push({ kind, text, upper: kind === 'word' ? text.toUpperCase() : text, line });
    if (text.includes('\n')) line += text.split('\n').length - 1;
  }
  return tokens;
}

/** The tokens that mean something: no white space, no comments. */
export function meaningful(tokens: readonly SqlToken[]): SqlToken[] {
  return tokens.filter((token) => token.kind !== 'space' && token.kind !== 'comment');
}
