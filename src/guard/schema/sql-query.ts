import { RESERVED_WORDS } from '#platform/sql/port.ts';
import { readExpressions } from './sql-expressions.ts';
import {
  type Collected,
  type ColumnRef,
  closing,
  HOLE,
  items,
  markAll,
  NO_COLUMNS,
  OPEN,
  outside,
  problem,
  type Relation,
  type Scope,
  upper,
} from './sql-scope.ts';

/** What surrounds a query. */
export interface QueryWorld {
  readonly ctes: ReadonlyMap<string, Relation>;
  readonly outer: Scope | undefined;
}

const CLAUSES: ReadonlySet<string> = new Set([
  'FROM',
  'WHERE',
  'GROUP',
  'HAVING',
  'QUALIFY',
  'WINDOW',
  'ORDER',
  'LIMIT',
]);
const JOIN_WORDS = /^(?:JOIN|INNER|LEFT|RIGHT|FULL|CROSS|OUTER)$/;

/** Reads WITH parts, set operations and selects in a range, notes what they use, and gives the columns of the result. */
export function readQuery(c: Collected, from: number, to: number, world: QueryWorld): Relation {
  let { ctes } = world;
  let at = from;
  if (upper(c, at) === 'WITH') {
    do {
      const name = c.tokens[at + 1]?.text.toLowerCase() ?? '';
      const open = at + 3;
      const close = closing(c, open, to);
      ctes = new Map([...ctes, [name, readQuery(c, open + 1, close, { ctes, outer: world.outer })]]);
      at = close + 1;
    } while (at < to && upper(c, at) === ',');
  }
  if (at >= to) return NO_COLUMNS;
  const unions = outside(
    c,
    at,
    to,
    (i) => /^(?:UNION|INTERSECT|EXCEPT)$/.test(upper(c, i)) && upper(c, i - 1) !== '*',
  );
  const parts: Relation[] = [];
  let start = at;
  for (const end of [...unions, to]) {
    if (/^(?:ALL|DISTINCT)$/.test(upper(c, start))) start++;
    parts.push(readPart(c, start, end, { ctes, outer: world.outer }, parts[0]));
    start = end + 1;
  }
  for (const part of parts.slice(1)) markAll(c, part);
  const [first = OPEN] = parts;
  return parts.some(({ isOpen }) => isOpen) ? { ...first, isOpen: true } : first;
}

function readPart(
  c: Collected,
  from: number,
  to: number,
  world: QueryWorld,
  first: Relation | undefined,
): Relation {
  if (upper(c, from) === '(') return readQuery(c, from + 1, closing(c, from, to), world);
  if (upper(c, from) !== 'SELECT') return OPEN;
  const clauses = outside(
    c,
    from + 1,
    to,
    (at) => CLAUSES.has(upper(c, at)) && !isComparison(c, at) && upper(c, at - 1) !== '.',
  );
  const bounds = [...clauses, to];
  const fromClause = clauses.findIndex((at) => upper(c, at) === 'FROM');
  const joins: (readonly [number, number])[] = [];
  const sources = new Map<string, Relation>();
  if (fromClause >= 0)
    readSources(c, (clauses[fromClause] ?? from) + 1, bounds[fromClause + 1] ?? to, {
      world,
      sources,
      joins,
    });
  const scope: Scope = { sources, outer: world.outer };
  const inside = { scope, ctes: world.ctes };
  for (const [a, b] of joins) readExpressions(c, a, b, inside);

  const listStart = /^(?:DISTINCT|ALL)$/.test(upper(c, from + 1)) ? from + 2 : from + 1;
  const result = readSelectList(c, listStart, bounds[0] ?? to, inside);
  const aliases = new Set([...result.columns.keys(), ...(first?.columns.keys() ?? [])]);
  const isOpen = result.isOpen || first?.isOpen === true;
  const later = isOpen
    ? { ...inside, scope: { sources: new Map([...sources, ['', OPEN]]), outer: world.outer } }
    : { ...inside, aliases };
  for (const [i, start] of clauses.entries()) {
    const word = upper(c, start);
    if (word === 'FROM') continue;
    const window = word === 'WINDOW' ? windowNames(c, start + 1, bounds[i + 1] ?? to) : [start + 1];
    const end = bounds[i + 1] ?? to;
    for (const [k, begin] of window.entries())
      readExpressions(c, begin, window[k + 1] ?? end, word === 'WHERE' ? inside : later);
  }
  return result;
}

/** `IS [NOT] DISTINCT FROM` is a comparison, not a clause. */
function isComparison(c: Collected, at: number): boolean {
  return upper(c, at) === 'FROM' && upper(c, at - 1) === 'DISTINCT' && /^(?:IS|NOT)$/.test(upper(c, at - 2));
}

/** Starts of the definitions in a WINDOW clause, behind their names. */
function windowNames(c: Collected, from: number, to: number): number[] {
  return items(c, from, to).map(([start]) => start + 2);
}

function readSelectList(
  c: Collected,
  from: number,
  to: number,
  world: { readonly scope: Scope; readonly ctes: QueryWorld['ctes'] },
): Relation {
  const columns = new Map<string, readonly ColumnRef[]>();
  const doubles = new Set<string>();
  let isOpen = false;
  const give = (name: string, refs: readonly ColumnRef[]): void => {
    if (columns.has(name)) doubles.add(name);
    columns.set(name, refs);
  };
  const passOn = (relation: Relation): void => {
    for (const [name, refs] of relation.columns) give(name, refs);
    for (const name of relation.doubles ?? []) doubles.add(name);
    isOpen ||= relation.isOpen;
  };
  for (const [a, b] of items(c, from, to)) {
    const single = b - a === 1;
    if (single && upper(c, a) === '*') for (const relation of world.scope.sources.values()) passOn(relation);
    else if (b - a === 3 && upper(c, a + 1) === '.' && upper(c, a + 2) === '*') {
      const relation = world.scope.sources.get((c.tokens[a]?.text ?? '').toLowerCase());
      if (relation === undefined) problem(c, 'unknown_alias', c.tokens[a]?.text ?? '', a);
      else passOn(relation);
    } else if (c.tokens[a]?.text === HOLE && single) {
      // What is not shown may be any column: everything counts as read.
      for (const relation of world.scope.sources.values()) markAll(c, relation);
      isOpen = true;
    } else {
      const alias = aliasOf(c, a, b);
      readExpressions(c, a, alias?.end ?? b, world);
      if (alias !== undefined) give(alias.name, []);
      else isOpen ||= c.tokens[b - 1]?.text === HOLE;
    }
  }
  return { columns, isOpen, doubles };
}

/** The name of a result: behind AS, or the column itself. `end` is where its expression ends. */
function aliasOf(
  c: Collected,
  a: number,
  b: number,
): { readonly name: string; readonly end: number } | undefined {
  const last = c.tokens[b - 1];
  if (last?.kind !== 'word') return undefined;
  const name = last.text.toLowerCase();
  if (b - a === 1 || upper(c, b - 2) === '.') return { name, end: b };
  if (upper(c, b - 2) === 'AS') return { name, end: b - 2 };
  if (RESERVED_WORDS.has(last.upper)) return undefined;
  const before = c.tokens[b - 2];
  const isBare =
    before?.text === ')' ||
    before?.kind === 'number' ||
    before?.kind === 'string' ||
    (before?.kind === 'word' && !RESERVED_WORDS.has(before.upper));
  return isBare ? { name, end: b - 1 } : undefined;
}

interface SourceWork {
  readonly world: QueryWorld;
  readonly sources: Map<string, Relation>;
  /** Ranges of join conditions, read once every source is known. */
  readonly joins: (readonly [number, number])[];
}

/** LEFT and RIGHT with a bracket are functions. */
function isJoin(c: Collected, at: number): boolean {
  return (
    JOIN_WORDS.test(upper(c, at)) && !(/^(?:LEFT|RIGHT)$/.test(upper(c, at)) && upper(c, at + 1) === '(')
  );
}

/** Reads the sources of a FROM clause or of USING in a MERGE. */
export function readSources(c: Collected, from: number, to: number, work: SourceWork): void {
  let at = from;
  while (at < to) {
    if (JOIN_WORDS.test(upper(c, at)) || upper(c, at) === ',') at++;
    else if (upper(c, at) === 'ON') {
      const end = outside(c, at + 1, to, (i) => isJoin(c, i)).at(0) ?? to;
      work.joins.push([at + 1, end]);
      at = end;
    } else if (upper(c, at) === 'USING') at = closing(c, at + 1, to) + 1;
    else at = readSource(c, at, to, work);
  }
}

function readSource(c: Collected, start: number, to: number, { world, sources, joins }: SourceWork): number {
  const token = c.tokens[start];
  let relation: Relation = OPEN;
  let name = '';
  let at = start + 1;
  if (token?.text === '(') {
    const close = closing(c, start, to);
    if (/^(?:SELECT|WITH|\()$/.test(upper(c, start + 1))) relation = readQuery(c, start + 1, close, world);
    else if (c.tokens[start + 1]?.kind === 'word')
      readSources(c, start + 1, close, { world, sources, joins });
    at = close + 1;
  } else if (token?.kind === 'word' && upper(c, start + 1) === '.') {
    const member = c.tokens[start + 2];
    at = start + 3;
    name = `#${start}`;
    if (member?.kind === 'word') {
      name = member.text.toLowerCase();
      relation = storedRelation(c, `${token.text}.${member.text}`.toLowerCase(), start);
    }
  } else if (token?.kind === 'word' && upper(c, start + 1) === '(') {
    at = closing(c, start + 1, to) + 1;
  } else if (token?.kind === 'word') {
    name = token.text.toLowerCase();
    const cte = world.ctes.get(name);
    // A part of a statement may name WITH parts that stand in a part not seen.
    if (cte === undefined && !c.isPartial) problem(c, 'unknown_table', token.text, start);
    relation = cte ?? OPEN;
  }
  if (upper(c, at) === 'AS') at++;
  const alias = c.tokens[at];
  if (at < to && alias?.kind === 'word' && !RESERVED_WORDS.has(alias.upper)) {
    sources.set(alias.text.toLowerCase(), relation);
    return at + 1;
  }
  if (name !== '' || token?.text === '(' || token?.kind === 'parameter')
    sources.set(name === '' ? `#${start}` : name, relation);
  return at;
}

/** A stored table or view; one that nothing declares is a problem, and open so that its columns are not reported as well. */
export function storedRelation(c: Collected, id: string, at: number): Relation {
  const known = c.known.get(id);
  if (known === undefined) {
    problem(c, 'unknown_table', id, at);
    return OPEN;
  }
  c.tables.add(id);
  return known;
}
