import { type LintFinding, PORTABLE_TYPES, RESERVED_WORDS, type SqlCode } from './vocabulary.ts';

/**
 * A condition of HAVING on a name that the select list gives to what it computes: BigQuery may take it for the column that was
 * not aggregated, and refuse it.
 */
export function havingFindings(code: SqlCode, at: number): LintFinding[] {
  if (code.upper(at) !== 'HAVING') return [];
  const aliases = new Set<string>();
  let depth = 0;
  for (let before = at - 1; before >= 0 && depth <= 0; before--) {
    const word = code.upper(before);
    if (word === ')') depth--;
    if (word === '(') depth++;
    if (depth !== 0) continue;
    if (word === 'SELECT') break;
    // Aliases of tables stand behind FROM, and what was collected there is none of the select list.
    if (word === 'FROM') aliases.clear();
    // A column under its own name is grouped, and means the same in either reading.
    if (word === 'AS' && /^(?:\)|END)$/.test(code.upper(before - 1))) aliases.add(code.upper(before + 1));
  }
  const findings: LintFinding[] = [];
  const end = outside(code, at + 1, ENDS_JOIN);
  for (let inside = at + 1; inside < end; inside++) {
    // What an aggregate is made of are columns, whatever they are called outside.
    if (code.upper(inside) === '(' && code.tokens[inside - 1]?.kind === 'word') inside = code.closing(inside);
    const isBare = code.upper(inside - 1) !== '.' && !/^[.(]$/.test(code.upper(inside + 1));
    if (isBare && code.tokens[inside]?.kind === 'word' && aliases.has(code.upper(inside)))
      findings.push({
        rule: 'having-alias',
        message: `HAVING names ${code.tokens[inside]?.text} of the select list; write its expression again`,
        at: inside,
      });
  }
  return findings;
}

const ENDS_JOIN =
  /^(?:JOIN|LEFT|RIGHT|FULL|INNER|CROSS|WHERE|GROUP|HAVING|QUALIFY|WINDOW|ORDER|LIMIT|UNION|INTERSECT|EXCEPT|WHEN)$/;

/** Join conditions that BigQuery refuses and its analyser lets pass. */
export function joinFindings(code: SqlCode, at: number): LintFinding[] {
  if (
    code.upper(at) !== 'ON' ||
    /^(?:CONFLICT|DISTINCT)$/.test(code.upper(at + 1)) ||
    code.upper(at - 1) === 'DISTINCT'
  )
    return [];
  const end = outside(code, at + 1, ENDS_JOIN);
  const inside = code.tokens.slice(at + 1, end);
  const subquery = inside.findIndex(
    ({ text }, i) => text === '(' && /^(?:SELECT|WITH)$/.test(inside[i + 1]?.upper ?? ''),
  );
  const findings: LintFinding[] =
    subquery < 0
      ? []
      : [
          {
            rule: 'join-subquery',
            message:
              'a subquery in a join condition is refused by BigQuery; join its result, or filter before the join',
            at: at + 1 + subquery,
          },
        ];
  if (isOuterJoin(code, at) && equations(code, at + 1, end).length === 0) {
    findings.push({
      rule: 'outer-join-equality',
      message: 'BigQuery takes an outer join only with an equality of both sides, joined to the rest by AND',
      at,
    });
  }
  return findings;
}

/** The first position outside of brackets at which a word ends the range, or the bracket around it closes. */
function outside(code: SqlCode, from: number, ends: RegExp): number {
  for (let at = from; at < code.tokens.length; at++) {
    const word = code.upper(at);
    if (word === '(') at = code.closing(at);
    // LEFT and RIGHT with a bracket are functions.
    else if (
      word === ')' ||
      (ends.test(word) && !(/^(?:LEFT|RIGHT)$/.test(word) && code.upper(at + 1) === '('))
    )
      return at;
  }
  return code.tokens.length;
}

/** Whether the join that a condition belongs to keeps rows without a match. */
function isOuterJoin(code: SqlCode, on: number): boolean {
  let depth = 0;
  for (let at = on - 1; at >= 0; at--) {
    const word = code.upper(at);
    if (word === ')') depth++;
    if (word === '(' && depth-- === 0) return false;
    if (depth === 0 && word === 'JOIN') return /^(?:LEFT|RIGHT|FULL|OUTER)$/.test(code.upper(at - 1));
  }
  // A merge that inserts what it did not find is a join that keeps rows, unless it never looks: ON FALSE.
  return (
    code.upper(0) === 'MERGE' &&
    code.upper(on + 1) !== 'FALSE' &&
    code.tokens.some((_, at) => code.matches(at, 'NOT', 'MATCHED'))
  );
}

/** The aliases on the two sides of an equation. */
type Equation = readonly [left: ReadonlySet<string>, right: ReadonlySet<string>];

/** The equations of columns of different sources among conditions joined by AND. */
function equations(code: SqlCode, from: number, to: number): Equation[] {
  if (code.upper(from) === '(' && code.closing(from) === to - 1) return equations(code, from + 1, to - 1);
  const found: Equation[] = [];
  let start = from;
  let equals = -1;
  const close = (end: number): void => {
    const [left, right] = [sides(code, start, equals), sides(code, equals + 1, end)];
    const isApart =
      left.size > 0 && right.size > 0 && ![...left].some((alias) => alias !== '' && right.has(alias));
    if (equals >= 0 && isApart && code.upper(start) !== 'NOT') found.push([left, right]);
  };
  for (let at = from; at < to; at++) {
    const word = code.upper(at);
    if (word === '(') at = code.closing(at);
    else if (word === 'OR') return [];
    else if (word === '=') equals = at;
    else if (word === 'AND') {
      close(at);
      start = at + 1;
      equals = -1;
    }
  }
  close(to);
  return found;
}

/** What a bracket stands behind when it is a source, or part of one, and no expression. */
const BEFORE_SOURCE = /^(?:FROM|JOIN|USING|AS|ALL|DISTINCT|INTO|\(|)$/;
const ENDS_WHERE = /^(?:GROUP|HAVING|QUALIFY|WINDOW|ORDER|LIMIT|UNION|INTERSECT|EXCEPT)$/;

/**
 * A subquery in an expression that reads a table and looks at the row outside, and that BigQuery cannot turn into a join: with
 * a LIMIT, or without an equality of a column of its own and one from outside.
 */
export function correlationFindings(code: SqlCode, at: number): LintFinding[] {
  if (code.upper(at) !== '(' || code.upper(at + 1) !== 'SELECT' || BEFORE_SOURCE.test(code.upper(at - 1)))
    return [];
  const end = code.closing(at);
  const from = outside(code, at + 2, /^FROM$/);
  if (from >= end || isSourceInList(code, at)) return [];
  const own = ownAliases(code, at, end);
  const isOutside = (alias: string): boolean => alias !== '' && !own.has(alias);
  const outer = [...sides(code, at, end)].filter(isOutside);
  if (outer.length === 0) return [];
  const where = outside(code, from + 1, /^WHERE$/);
  const bounds = where < end ? equations(code, where + 1, outside(code, where + 1, ENDS_WHERE)) : [];
  const isJoined = bounds.some(([left, right]) => [...left].some(isOutside) !== [...right].some(isOutside));
  const hasLimit = outside(code, from + 1, /^LIMIT$/) < end;
  if (isJoined && !hasLimit) return [];
  const why = hasLimit
    ? 'with a LIMIT'
    : 'without an equality of a column of either side, joined to the rest by AND';
  return [
    {
      rule: 'correlated-subquery',
      message: `BigQuery takes no subquery that looks at the row outside (${outer.join(', ')}) ${why}; join its result`,
      at,
    },
  ];
}

/** Whether a bracket behind a comma is one of several sources: the clause around it is FROM. */
function isSourceInList(code: SqlCode, open: number): boolean {
  let depth = 0;
  for (let at = open - 1; at >= 0 && code.upper(open - 1) === ','; at--) {
    const word = code.upper(at);
    if (word === ')') depth++;
    if (word === '(' && depth-- === 0) return false;
    if (depth === 0 && /^(?:SELECT|FROM|WHERE|BY|ON)$/.test(word)) return word === 'FROM';
  }
  return false;
}

/** Names by which the sources of a range are called, those of the queries in it too, and the datasets before them. */
function ownAliases(code: SqlCode, from: number, to: number): ReadonlySet<string> {
  const aliases = new Set<string>();
  for (let at = from; at < to; at++) {
    if (!/^(?:FROM|JOIN)$/.test(code.upper(at)) || code.enclosing(at) === 'EXTRACT') continue;
    for (let next = at + 1; ; next++) {
      let last = code.upper(next) === '(' ? code.closing(next) : next;
      if (code.upper(last + 1) === '.') {
        aliases.add(code.upper(last));
        last += 2;
      }
      const alias = code.upper(last + 1) === 'AS' ? last + 2 : last + 1;
      const isNamed = code.tokens[alias]?.kind === 'word' && !RESERVED_WORDS.has(code.upper(alias));
      aliases.add(code.upper(isNamed ? alias : last));
      next = isNamed ? alias + 1 : last + 1;
      if (code.upper(next) !== ',') break;
    }
  }
  return aliases;
}

/** The aliases whose columns an expression names; an empty name for a column without one. */
function sides(code: SqlCode, from: number, to: number): ReadonlySet<string> {
  const aliases = new Set<string>();
  for (let at = from; at < to; at++) {
    const token = code.tokens[at];
    if (token?.kind !== 'word' || code.upper(at - 1) === '.' || code.upper(at + 1) === '(') continue;
    if (code.upper(at + 1) === '.') {
      if (token.upper !== 'FN') aliases.add(token.upper);
    } else if (!RESERVED_WORDS.has(token.upper) && !PORTABLE_TYPES.has(token.upper)) aliases.add('');
  }
  return aliases;
}
