import { DATASETS } from '#core/contracts/define.ts';
import { PORTABLE_PARTS, PORTABLE_TYPES, RESERVED_WORDS } from '#platform/sql/port.ts';
import { readQuery } from './sql-query.ts';
import {
  type Collected,
  closing,
  markAll,
  markRead,
  problem,
  type Relation,
  type Scope,
  sourceNamed,
  upper,
} from './sql-scope.ts';

export interface ExpressionWorld {
  readonly scope: Scope | undefined;
  readonly ctes: ReadonlyMap<string, Relation>;
  /** Names the block itself gives to its results: usable in GROUP BY, HAVING, QUALIFY and ORDER BY. */
  readonly aliases?: ReadonlySet<string>;
}

const NO_ALIASES: ReadonlySet<string> = new Set();
/** A word after one of these is no column: the name of a type or result, of a window, an end of a frame. */
const NAMES_SOMETHING_ELSE: ReadonlySet<string> = new Set(['AS', 'OVER', 'NULLS', 'CURRENT', 'UNBOUNDED']);

/** Reads the names of the expressions in a range and notes what they use. */
export function readExpressions(c: Collected, from: number, to: number, world: ExpressionWorld): void {
  for (let at = from; at < to; at++) {
    const token = c.tokens[at];
    if (token === undefined) return;
    if (token.text === '(' && /^(?:SELECT|WITH)$/.test(upper(c, at + 1))) {
      const close = closing(c, at, to);
      markAll(c, readQuery(c, at + 1, close, { ctes: world.ctes, outer: world.scope }));
      at = close;
    } else if (token.kind === 'word') at = readWord(c, at, world);
  }
}

/** Reads one name and returns the position of its last token. */
function readWord(c: Collected, at: number, world: ExpressionWorld): number {
  const word = c.tokens[at]?.text ?? '';
  if (upper(c, at + 1) === '.') return readQualified(c, at, word, world);
  if (upper(c, at + 1) === '(' || c.tokens[at + 1]?.kind === 'string') return at;
  if (NAMES_SOMETHING_ELSE.has(upper(c, at - 1)) || RESERVED_WORDS.has(word.toUpperCase())) return at;
  if (PORTABLE_TYPES.has(word.toUpperCase()) && upper(c, at - 1) === 'AS') return at;
  if (upper(c, at - 1) === '(' && upper(c, at - 2) === 'EXTRACT' && PORTABLE_PARTS.has(word.toUpperCase()))
    return at;
  if (!isKnown(c, word, at, world)) problem(c, 'unknown_column', word, at);
  return at;
}

function readQualified(c: Collected, at: number, alias: string, { scope }: ExpressionWorld): number {
  const member = c.tokens[at + 2];
  if (member === undefined) return at + 1;
  if (alias.toLowerCase() === 'fn') {
    if (c.functions.has(member.text.toLowerCase())) c.called.add(`fn.${member.text.toLowerCase()}`);
    else problem(c, 'unknown_function', `fn.${member.text}`, at);
    return at + 2;
  }
  const relation = sourceNamed(scope, alias);
  if (relation === undefined) {
    if (alias in DATASETS) problem(c, 'unknown_alias', `${alias}.${member.text}`, at);
    else problem(c, 'unknown_alias', alias, at);
  } else if (member.text === '*') markAll(c, relation);
  else if (member.kind === 'word') {
    const refs = relation.columns.get(member.text.toLowerCase());
    if (relation.doubles?.has(member.text.toLowerCase()) === true)
      problem(c, 'ambiguous_column', `${alias}.${member.text}`, at);
    if (refs !== undefined) markRead(c, refs);
    else if (!relation.isOpen) problem(c, 'unknown_column', `${alias}.${member.text}`, at);
  }
  return at + 2;
}

/** Finds an unqualified name: a column of a source, a result of the block, then the same in the blocks around it. */
function isKnown(
  c: Collected,
  word: string,
  position: number,
  { scope, aliases = NO_ALIASES }: ExpressionWorld,
): boolean {
  const name = word.toLowerCase();
  for (let at = scope; at !== undefined; at = at.outer) {
    const relations = [...at.sources.values()];
    const holder = relations.find((relation) => relation.columns.has(name));
    if (holder?.doubles?.has(name) === true) problem(c, 'ambiguous_column', word, position);
    if (holder !== undefined) {
      markRead(c, holder.columns.get(name) ?? []);
      return true;
    }
    const whole = at.sources.get(name);
    if (whole !== undefined) {
      markAll(c, whole);
      return true;
    }
    if (aliases.has(name) || relations.some((relation) => relation.isOpen)) return true;
  }
  return aliases.has(name);
}
