import type { SqlToken } from '#platform/sql/port.ts';

/** A parenthesised SELECT inside a statement. */
export interface Subselect {
  /** Its text as written, without the parentheses. */
  readonly sql: string;
  readonly tokens: readonly SqlToken[];
  /** Index of its first token in the statement. */
  readonly start: number;
  /**
   * A part of WITH, a source in FROM, or a value (a scalar, the list of IN, the rows of EXISTS); after a
   * comma it may be a source or a value.
   */
  readonly place: 'part' | 'source' | 'value' | 'after comma';
  /** Prefix that makes it a statement of its own: the parts of WITH that it needs. */
  readonly prefix: string;
  /** 1-based line of the statement on which it begins. */
  readonly line: number;
}

const PLACES: Readonly<Record<string, Subselect['place']>> = {
  FROM: 'source',
  JOIN: 'source',
  USING: 'source',
  ',': 'after comma',
};

/** The parenthesised SELECTs of a statement, in text order. */
export function subselects(sql: string, tokens: readonly SqlToken[]): Subselect[] {
  const found: Subselect[] = [];
  const offsets = offsetsOf(sql, tokens);
  const parts = new Map<string, string>();
  for (const [at, token] of tokens.entries()) {
    if (token.text !== '(' || !/^(?:SELECT|WITH)$/.test(tokens[at + 1]?.upper ?? '')) continue;
    const close = closing(tokens, at);
    const inner = sql.slice((offsets[at] ?? 0) + 1, offsets[close]);
    const before = tokens[at - 1]?.upper ?? '';
    const name = before === 'AS' && tokens[at - 2]?.kind === 'word' ? tokens[at - 2]?.text : undefined;
    found.push({
      sql: inner,
      tokens: tokens.slice(at + 1, close),
      start: at + 1,
      place: name === undefined ? (PLACES[before] ?? 'value') : 'part',
      prefix: tokens[at + 1]?.upper === 'WITH' ? '' : withParts(inner, parts),
      line: token.line,
    });
    if (name !== undefined) parts.set(name, inner);
  }
  return found;
}

/** `WITH` and the parts that a text names, directly or through other parts. */
function withParts(text: string, parts: ReadonlyMap<string, string>): string {
  const needed: string[] = [];
  let rest = text;
  for (const [name, inner] of [...parts].reverse()) {
    if (!new RegExp(`\\b${name}\\b`).test(rest)) continue;
    needed.unshift(`${name} AS (${inner})`);
    rest += inner;
  }
  return needed.length === 0 ? '' : `WITH ${needed.join(', ')} `;
}

/** An element of the list behind SELECT. */
interface SelectItem {
  /** `*` or `a.*`. */
  readonly isStar: boolean;
  /** Its alias, or the name of its column; undefined for an unnamed expression. */
  readonly name: string | undefined;
  /** Index of the token with the name. */
  readonly at: number;
  readonly isAliased: boolean;
}

/** The outermost SELECT of some tokens: its select list, and token indices of its clauses. */
export interface SelectBlock {
  readonly items: readonly SelectItem[];
  /** Whether it reads from more than one source. */
  readonly joins: boolean;
  /** Indices of WHERE and of what ends it. */
  readonly where: readonly [number, number];
}

const AFTER_FROM = /^(?:WHERE|GROUP|HAVING|QUALIFY|WINDOW|ORDER|LIMIT|UNION|INTERSECT|EXCEPT)$/;
const AFTER_WHERE = /^(?:GROUP|HAVING|QUALIFY|WINDOW|ORDER|LIMIT|UNION|INTERSECT|EXCEPT)$/;

/** Finds the outermost SELECT of some tokens. */
export function selectBlock(tokens: readonly SqlToken[]): SelectBlock {
  const outside = outsideOf(tokens);
  const first = (from: number, test: RegExp): number =>
    outside.find((at) => at > from && test.test(tokens[at]?.upper ?? '')) ?? tokens.length;
  const select = first(-1, /^SELECT$/);
  const from = first(select, /^FROM$/);
  const end = first(from, AFTER_FROM);
  const where = first(from, /^WHERE$/);
  const commas = outside.filter((at) => tokens[at]?.text === ',');
  const ends = [...commas.filter((at) => at > select && at < from), from];
  return {
    items: ends.map((to, i) => itemOf(tokens, i === 0 ? select + 1 : (ends[i - 1] ?? 0) + 1, to)),
    joins:
      commas.some((at) => at > from && at < end) ||
      outside.some((at) => at > from && at < end && tokens[at]?.upper === 'JOIN'),
    where: [where, first(where, AFTER_WHERE)],
  };
}

function itemOf(tokens: readonly SqlToken[], from: number, to: number): SelectItem {
  const start = /^(?:DISTINCT|ALL)$/.test(tokens[from]?.upper ?? '') ? from + 1 : from;
  const isStar =
    tokens[start]?.text === '*' || (tokens[start + 1]?.text === '.' && tokens[start + 2]?.text === '*');
  const last = tokens[to - 1];
  return {
    isStar,
    name: !isStar && last?.kind === 'word' ? last.text : undefined,
    at: to - 1,
    isAliased: tokens[to - 2]?.upper === 'AS',
  };
}

/** Token indices outside parentheses. */
function outsideOf(tokens: readonly SqlToken[]): number[] {
  let depth = 0;
  return tokens.flatMap(({ text }, at) => {
    if (text === ')') depth--;
    const isOutside = depth === 0;
    if (text === '(') depth++;
    return isOutside ? [at] : [];
  });
}

/** Index of the bracket that closes the one at `open`. */
export function closing(tokens: readonly SqlToken[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at]?.text === '(') depth++;
    if (tokens[at]?.text === ')' && --depth === 0) return at;
  }
  return tokens.length;
}

/** Where each token begins in the text. */
export function offsetsOf(sql: string, tokens: readonly SqlToken[]): number[] {
  let at = 0;
  return tokens.map(({ text }) => {
    const found = sql.indexOf(text, at);
    at = found + text.length;
    return found;
  });
}
