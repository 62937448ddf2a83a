import { meaningful, tokenise } from '#platform/sql/port.ts';
import { readExpressions } from './sql-expressions.ts';
import { readQuery, readSources, storedRelation } from './sql-query.ts';
import {
  type Collected,
  type ColumnRef,
  closing,
  HOLE,
  items,
  markAll,
  type NameProblem,
  outside,
  problem,
  type Relation,
  type Scope,
  upper,
} from './sql-scope.ts';

/** What is declared: tables and views with their columns, and the functions of the library. */
export interface Registry {
  readonly relations: ReadonlyMap<string, Relation>;
  readonly functions: ReadonlySet<string>;
}

/** What one statement uses. */
export interface SqlUsage {
  /** Tables and views it names, sorted. */
  readonly tables: readonly string[];
  /** Library functions it calls, as `fn.name`. */
  readonly functions: readonly string[];
  readonly reads: readonly ColumnRef[];
  readonly writes: readonly ColumnRef[];
  /** Columns of the result; undefined when some are not known from the text. */
  readonly output: readonly string[] | undefined;
  /** Stored columns that the result passes on, by result column. */
  readonly result: Relation | undefined;
  readonly problems: readonly NameProblem[];
}

/**
 * Reads a statement of the portable subset and says which tables, columns and functions it uses, by the rules of scope:
 * aliases, WITH parts, subselects, correlated names, `*`. Names that nothing declares are problems. Parameters that stand
 * for unknown text make what they touch open, never wrong.
 */
export function sqlUsage(sql: string, registry: Registry): SqlUsage {
  const c: Collected = {
    tokens: meaningful(tokenise(sql)),
    isPartial: sql.includes(HOLE),
    known: registry.relations,
    functions: registry.functions,
    tables: new Set(),
    called: new Set(),
    reads: new Map(),
    writes: new Map(),
    problems: [],
  };
  const result = readStatement(c);
  return {
    tables: [...c.tables].sort(),
    functions: [...c.called].sort(),
    reads: [...c.reads.values()],
    writes: [...c.writes.values()],
    output: result === undefined || result.isOpen ? undefined : [...result.columns.keys()],
    result,
    problems: c.problems,
  };
}

function readStatement(c: Collected): Relation | undefined {
  const end = c.tokens.length;
  const world = { ctes: new Map<string, Relation>(), outer: undefined };
  const first = upper(c, 0);
  if (first === 'SELECT' || first === 'WITH') {
    const result = readQuery(c, 0, end, world);
    markAll(c, result);
    return result;
  }
  if (first === 'INSERT') readInsert(c, end, world);
  if (first === 'UPDATE') readUpdate(c, end);
  if (first === 'DELETE') {
    const target = readTarget(c, 2, end);
    readExpressions(c, target.next, end, { scope: target.scope, ctes: world.ctes });
  }
  if (first === 'MERGE') readMerge(c, end, world);
  return undefined;
}

interface Target {
  readonly id: string | undefined;
  readonly relation: Relation;
  readonly scope: Scope;
  readonly next: number;
}

/** The table a statement changes, with its alias. */
function readTarget(c: Collected, at: number, end: number): Target {
  const joins: (readonly [number, number])[] = [];
  const sources = new Map<string, Relation>();
  const stop =
    outside(c, at, end, (i) => /^(?:SET|WHERE|USING|VALUES|SELECT|WITH)$/.test(upper(c, i))).at(0) ?? end;
  const isStored = upper(c, at + 1) === '.' && c.tokens[at + 2]?.kind === 'word';
  const id = isStored ? `${c.tokens[at]?.text}.${c.tokens[at + 2]?.text}`.toLowerCase() : undefined;
  readSources(c, at, stop, { world: { ctes: new Map(), outer: undefined }, sources, joins });
  const relation = sources.values().next().value ?? { columns: new Map(), isOpen: true };
  return { id, relation, scope: { sources, outer: undefined }, next: stop };
}

function written(c: Collected, target: Pick<Target, 'id' | 'relation'>, at: number): void {
  const token = c.tokens[at];
  if (token?.kind !== 'word' || target.id === undefined) return;
  const column = token.text.toLowerCase();
  if (target.relation.columns.has(column))
    c.writes.set(`${target.id}.${column}`, { table: target.id, column });
  else if (!target.relation.isOpen) problem(c, 'unknown_column', `${target.id}.${token.text}`, at);
}

function readInsert(
  c: Collected,
  end: number,
  world: { readonly ctes: ReadonlyMap<string, Relation>; readonly outer: undefined },
): void {
  const isStored = upper(c, 3) === '.' && c.tokens[4]?.kind === 'word';
  const id = isStored ? `${c.tokens[2]?.text}.${c.tokens[4]?.text}`.toLowerCase() : undefined;
  const relation = id === undefined ? { columns: new Map(), isOpen: true } : storedRelation(c, id, 2);
  const open = outside(c, 2, end, (at) => /^(?:SELECT|WITH|VALUES)$/.test(upper(c, at))).at(0) ?? end;
  const bracket = isStored ? 5 : 3;
  if (upper(c, bracket) === '(')
    for (const [at] of items(c, bracket + 1, closing(c, bracket, end))) written(c, { id, relation }, at);
  if (upper(c, open) === 'VALUES') readExpressions(c, open + 1, end, { scope: undefined, ctes: world.ctes });
  else if (open < end) markAll(c, readQuery(c, open, end, world));
}

function readUpdate(c: Collected, end: number): void {
  const target = readTarget(c, 1, end);
  const where = outside(c, target.next, end, (at) => upper(c, at) === 'WHERE').at(0) ?? end;
  const world = { scope: target.scope, ctes: new Map<string, Relation>() };
  readAssignments(c, target.next + 1, where, target, world);
  readExpressions(c, where, end, world);
}

function readAssignments(
  c: Collected,
  from: number,
  to: number,
  target: Target,
  world: { readonly scope: Scope; readonly ctes: ReadonlyMap<string, Relation> },
): void {
  for (const [a, b] of items(c, from, to)) {
    const equals = outside(c, a, b, (at) => upper(c, at) === '=').at(0) ?? b;
    written(c, target, equals - 1);
    readExpressions(c, equals + 1, b, world);
  }
}

function readMerge(
  c: Collected,
  end: number,
  world: { readonly ctes: ReadonlyMap<string, Relation>; readonly outer: undefined },
): void {
  const target = readTarget(c, 2, end);
  const on = outside(c, target.next, end, (at) => upper(c, at) === 'ON').at(0) ?? end;
  const sources = new Map<string, Relation>();
  readSources(c, target.next + 1, on, { world, sources, joins: [] });
  const scope: Scope = { sources: new Map([...target.scope.sources, ...sources]), outer: undefined };
  const inside = { scope, ctes: world.ctes };
  const whens = outside(c, on, end, (at) => upper(c, at) === 'WHEN');
  readExpressions(c, on + 1, whens[0] ?? end, inside);
  for (const [i, when] of whens.entries()) {
    const stop = whens[i + 1] ?? end;
    const then = outside(c, when, stop, (at) => upper(c, at) === 'THEN').at(0) ?? stop;
    const and = outside(c, when, then, (at) => upper(c, at) === 'AND').at(0) ?? then;
    readExpressions(c, and + 1, then, inside);
    if (upper(c, then + 1) === 'UPDATE') readAssignments(c, then + 3, stop, target, inside);
    if (upper(c, then + 1) !== 'INSERT') continue;
    const close = closing(c, then + 2, stop);
    for (const [at] of items(c, then + 3, close)) written(c, target, at);
    readExpressions(c, close + 2, stop, inside);
  }
}
