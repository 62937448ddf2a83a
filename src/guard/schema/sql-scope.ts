import type { SqlToken } from '#platform/sql/port.ts';

export interface ColumnRef {
  readonly table: string;
  readonly column: string;
  /** A column of an earlier version only: whoever names it needs it, whoever takes all columns does not. */
  readonly isFormer?: true;
}

/** Something that rows can be read from: a table, a view, a WITH part, a subselect. */
export interface Relation {
  /** Columns by name in lower case, each with the stored columns it passes on unchanged. */
  readonly columns: ReadonlyMap<string, readonly ColumnRef[]>;
  /** True when it has columns that the text does not show. */
  readonly isOpen: boolean;
  /** Names that two of its columns have: one engine takes the first, the other refuses to choose. */
  readonly doubles?: ReadonlySet<string>;
}

export const OPEN: Relation = { columns: new Map(), isOpen: true };
export const NO_COLUMNS: Relation = { columns: new Map(), isOpen: false };

/** The names that an expression may use: the sources of its block, then those of the blocks around it. */
export interface Scope {
  readonly sources: ReadonlyMap<string, Relation>;
  readonly outer: Scope | undefined;
}

/** A name in a statement that nothing defines. */
export interface NameProblem {
  readonly kind:
    | 'unknown_table'
    | 'unknown_column'
    | 'ambiguous_column'
    | 'unknown_function'
    | 'unknown_alias';
  readonly name: string;
  readonly line: number;
}

/** What stands for an expression that only running code knows. */
export const HOLE = '@tipoff_hole';

/** What is collected while a statement is read. */
export interface Collected {
  readonly tokens: readonly SqlToken[];
  /** Whether parts of the statement are not known. */
  readonly isPartial: boolean;
  /** Tables and views by id. */
  readonly known: ReadonlyMap<string, Relation>;
  readonly functions: ReadonlySet<string>;
  readonly tables: Set<string>;
  readonly called: Set<string>;
  readonly reads: Map<string, ColumnRef>;
  readonly writes: Map<string, ColumnRef>;
  readonly problems: NameProblem[];
}

/** The token in upper case, or an empty string beyond the ends. */
export function upper(c: Collected, at: number): string {
  return c.tokens[at]?.upper ?? '';
}

/** The position of the bracket that closes the one at a position, `end` when there is none. */
export function closing(c: Collected, open: number, end: number): number {
  let depth = 0;
  for (let at = open; at < end; at++) {
    if (upper(c, at) === '(') depth++;
    if (upper(c, at) === ')' && --depth === 0) return at;
  }
  return end;
}

/** Positions outside of brackets in a range at which a test holds. */
export function outside(c: Collected, from: number, to: number, test: (at: number) => boolean): number[] {
  const found: number[] = [];
  for (let at = from; at < to; at++) {
    if (upper(c, at) === '(') at = closing(c, at, to);
    else if (test(at)) found.push(at);
  }
  return found;
}

/** Splits a range at the commas outside of brackets. */
export function items(c: Collected, from: number, to: number): (readonly [number, number])[] {
  const commas = outside(c, from, to, (at) => upper(c, at) === ',');
  const starts = [from, ...commas.map((at) => at + 1)];
  return starts.map((start, i) => [start, commas[i] ?? to] as const).filter(([a, b]) => b > a);
}

export function markRead(c: Collected, refs: readonly ColumnRef[]): void {
  for (const ref of refs) c.reads.set(`${ref.table}.${ref.column}`, ref);
}

/** Marks every column of a relation as read, by `*` or as a result. */
export function markAll(c: Collected, relation: Relation): void {
  for (const refs of relation.columns.values()) {
    markRead(
      c,
      refs.filter(({ isFormer }) => isFormer !== true),
    );
  }
}

export function problem(c: Collected, kind: NameProblem['kind'], name: string, at: number): void {
  c.problems.push({ kind, name, line: c.tokens[at]?.line ?? 1 });
}

/** Looks a source up by its alias, from the inside out. */
export function sourceNamed(scope: Scope | undefined, alias: string): Relation | undefined {
  for (let at = scope; at !== undefined; at = at.outer) {
    const found = at.sources.get(alias.toLowerCase());
    if (found !== undefined) return found;
  }
  return undefined;
}
