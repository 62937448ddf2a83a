import { FUNCTIONS } from '#platform/warehouse/functions.ts';
import type { Finding, SqlCode } from './code.ts';
import {
  FUNCTION_ADVICE,
  KEYWORDS_BEFORE_BRACKET,
  PHRASE_ADVICE,
  PORTABLE_FUNCTIONS,
  PORTABLE_PARTS,
  PORTABLE_TYPES,
  SYMBOL_ADVICE,
  WORD_ADVICE,
} from './vocabulary.ts';

const LIBRARY: ReadonlySet<string> = new Set(FUNCTIONS.map((f) => f.name.toUpperCase()));

/** Marks, words, literals and identifiers that one engine reads differently or not at all. */
export function lexicalFindings(code: SqlCode, at: number): Finding[] {
  const token = code.tokens[at];
  if (token === undefined) return [];
  if (token.kind === 'quoted') {
    return token.text.startsWith('`')
      ? [{ rule: 'backticks', message: 'backticks exist on one engine only; write dataset.table unquoted', at }]
      : [{ rule: 'double-quotes', message: 'double quotes are a string on one engine and a name on the other; leave names unquoted', at }];
  }
  if (token.kind === 'string') {
    const inside = token.text.slice(1, -1);
    const prefixed = /^[RBE]$/.test(code.upper(at - 1));
    return /\\|''/.test(inside) || prefixed
      ? [{ rule: 'string-escapes', message: 'escapes and prefixes of strings differ; pass the text as a parameter', at }]
      : [];
  }
  if (token.kind === 'symbol') {
    const advice = SYMBOL_ADVICE[token.text];
    return advice === undefined ? [] : [{ ...advice, at }];
  }
  if (token.kind !== 'word' || code.upper(at - 1) === '.') return token.upper === 'INFORMATION_SCHEMA' ? [informationSchema(at)] : [];
  const advice = WORD_ADVICE[token.upper] ?? PHRASE_ADVICE.find(({ words }) => code.matches(at, ...words));
  return advice === undefined ? [] : [{ rule: advice.rule, message: advice.message, at }];
}

function informationSchema(at: number): Finding {
  return { rule: 'information-schema', message: 'ask the port: describe and listTables', at };
}

/** A call of a function outside of the allow-list or of the `fn` library. */
export function callFindings(code: SqlCode, at: number): Finding[] {
  const token = code.tokens[at];
  if (token?.kind !== 'word' || code.upper(at + 1) !== '(' || isInsertTarget(code, at)) return [];
  if (code.upper(at - 1) === '.') {
    if (code.upper(at - 2) === 'FN' && LIBRARY.has(token.upper)) return [];
    return [{ rule: 'unknown-function', message: `${code.tokens[at - 2]?.text}.${token.text} is no function of the fn library`, at }];
  }
  if (token.upper === 'UNNEST') {
    const bound = code.upper(at - 1) === 'IN' && code.tokens[at + 2]?.kind === 'parameter' && code.upper(at + 3) === ')';
    return bound ? [] : [{ rule: 'unnest', message: 'UNNEST is portable as IN UNNEST(@parameter) only', at }];
  }
  if (KEYWORDS_BEFORE_BRACKET.has(token.upper) || hasOwnRule(token.upper)) return [];
  if (code.upper(at - 1) === 'AS' && code.enclosing(at) === 'CAST') return [];
  if (namesColumns(code, at))
    return [{ rule: 'column-lists', message: 'name columns by AS in the SELECT, not in a list after the name', at }];
  const advice = FUNCTION_ADVICE[token.upper];
  if (advice !== undefined) return [{ ...advice, at }];
  if (PORTABLE_FUNCTIONS.has(token.upper)) return [];
  return [{ rule: 'unknown-function', message: `${token.text} is not in the list of portable functions; add it to fn or express it`, at }];
}

/** Words whose own rule speaks already: `* EXCEPT (…)`, `FILTER (…)`, `CURRENT_DATE(…)`. */
function hasOwnRule(word: string): boolean {
  return (
    /^(?:EXCEPT|EXCLUDE|INTERSECT)$/.test(word) || WORD_ADVICE[word] !== undefined || PHRASE_ADVICE.some(({ words }) => words[0] === word)
  );
}

/** `INSERT INTO dataset.table (a, b)`: a name before the columns that are written. */
function isInsertTarget(code: SqlCode, at: number): boolean {
  return code.upper((code.upper(at - 1) === '.' ? at - 2 : at) - 1) === 'INTO';
}

/** `WITH name (a, b) AS (…)` and `AS alias (a, b)`: names for columns from outside. */
function namesColumns(code: SqlCode, at: number): boolean {
  const before = code.upper(at - 1);
  const end = code.closing(at + 1);
  return before === 'AS' || ((before === 'WITH' || before === ',') && code.matches(end + 1, 'AS', '('));
}

/** Casts to types that one engine lacks, and parts of EXTRACT with two meanings. */
export function typeFindings(code: SqlCode, at: number): Finding[] {
  if (code.matches(at, 'CAST', '(')) {
    const end = code.closing(at + 1);
    let as = end - 1;
    while (as > at && code.upper(as) !== 'AS') as--;
    const type = code.tokens.slice(as + 1, end).map((t) => t.upper);
    if (type.length === 1 && PORTABLE_TYPES.has(type[0] ?? '')) return [];
    const names = [...PORTABLE_TYPES].join(', ');
    return [{ rule: 'type-names', message: `${type.join('') || 'no type'} is no portable type; CAST to one of ${names}`, at: as + 1 }];
  }
  if (code.matches(at, 'EXTRACT', '(') && !PORTABLE_PARTS.has(code.upper(at + 2))) {
    return [{ rule: 'extract-part', message: `${code.upper(at + 2)} counts differently; write fn.dow or use another part`, at: at + 2 }];
  }
  return [];
}

/** Division by something that may be zero, and COUNTIF over a frame that may be empty. */
export function nullFindings(code: SqlCode, at: number): Finding[] {
  if (code.upper(at) === '/') {
    const divisor = code.tokens[at + 1];
    const isSafe = divisor?.kind === 'number' && Number(divisor.text) !== 0;
    return isSafe ? [] : [{ rule: 'division', message: 'division by zero differs; write fn.safe_div(a, b)', at }];
  }
  if (code.matches(at, 'COUNTIF', '(') && code.upper(code.closing(at + 1) + 1) === 'OVER' && !code.matches(at - 2, 'COALESCE', '(')) {
    return [
      {
        rule: 'windowed-countif',
        message: 'COUNTIF over an empty frame is null on one engine; write COALESCE(COUNTIF(…) OVER (…), 0)',
        at,
      },
    ];
  }
  return [];
}
