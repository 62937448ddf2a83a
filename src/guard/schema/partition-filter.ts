import { tableId } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { meaningful, type SqlToken, tokenise } from '#platform/sql/port.ts';
import type { SchemaTable, SchemaView } from './model.ts';

/** A table that a statement reads without a bound on its partition column: BigQuery refuses the whole statement. */
export interface UnboundRead {
  readonly table: string;
  readonly column: string;
  readonly line: number;
}

/** The column that readers must bound, by table id. */
export type Bounds = ReadonlyMap<string, string>;

/** The parts of a schema from which bounds are derived. */
interface BoundedSchema {
  readonly tables: readonly Pick<SchemaTable, 'id' | 'partition' | 'partitionFilterRequired'>[];
  readonly views: readonly Pick<SchemaView, 'id' | 'sql'>[];
}

/** The tables that require a partition filter, and the views that pass the requirement on to their readers. */
export function boundsOf({ tables, views }: BoundedSchema): Bounds {
  const bounds = new Map<string, string>();
  for (const { id, partition, partitionFilterRequired } of tables) {
    if (partitionFilterRequired === true && typeof partition === 'string') bounds.set(id, partition);
  }
  for (const { id, sql } of views) {
    const [open] = sql === undefined ? [] : unboundReads(sql, bounds);
    if (open === undefined) continue;
    // No reader can bound a hidden column: the text says why instead of naming one.
    const isHidden = hidesColumn(meaningful(tokenise(sql ?? '')), open.column);
    bounds.set(
      id,
      isHidden ? `${open.column} behind a window of ${id} that is not partitioned by it` : open.column,
    );
  }
  return bounds;
}

const BOUNDED_BY_CHECK: ReadonlySet<string> = new Set(
  CONTRACTS.filter(({ partitionFilterRequired }) => partitionFilterRequired === 'by_check').map(tableId),
);

/**
 * `boundsOf` as the schema check demands them: also for tables whose contract leaves it to the check rather than the warehouse.
 */
export function boundsByCheck({ tables, views }: BoundedSchema): Bounds {
  return boundsOf({
    views,
    tables: tables.map((table) =>
      BOUNDED_BY_CHECK.has(table.id) ? { ...table, partitionFilterRequired: true } : table,
    ),
  });
}

/**
 * Whether a window function of a view spans several values of a column. A reader's filter on the column would
 * change the result of the window, so BigQuery cannot push it down to the table and refuses every reader.
 */
function hidesColumn(tokens: readonly SqlToken[], column: string): boolean {
  const named = new Set(
    tokens.flatMap(({ upper }, at) =>
      upper === 'OVER' && tokens[at + 1]?.text !== '(' ? [tokens[at + 1]?.upper] : [],
    ),
  );
  return tokens.some(({ text }, at) => {
    const isNamed = tokens[at - 1]?.upper === 'AS' && named.has(tokens[at - 2]?.upper);
    if (text !== '(' || !(isNamed || tokens[at - 1]?.upper === 'OVER')) return false;
    const [, end] = block(tokens, at + 1);
    const [order] = outside(tokens, at + 1, end, (word) => /^(?:ORDER|ROWS|RANGE)$/.test(word));
    if (tokens[at + 1]?.upper !== 'PARTITION') return true;
    const last = order ?? end;
    return !outside(tokens, at + 3, last, (word) => word === column.toUpperCase()).some(
      (place) => place + 1 === last || tokens[place + 1]?.text === ',',
    );
  });
}

const SOURCE = /^(?:FROM|JOIN|INTO|UPDATE|USING|,)$/;
const AFTER_WHERE = /^(?:GROUP|HAVING|QUALIFY|WINDOW|ORDER|LIMIT|UNION|INTERSECT|EXCEPT)$/;
const AFTER_ON =
  /^(?:WHERE|GROUP|HAVING|QUALIFY|WINDOW|ORDER|LIMIT|UNION|INTERSECT|EXCEPT|JOIN|LEFT|RIGHT|INNER|FULL|CROSS|WHEN)$/;
const NO_ALIAS =
  /^(?:AS|ON|USING|WHERE|GROUP|ORDER|JOIN|LEFT|RIGHT|INNER|FULL|CROSS|LIMIT|SET|WINDOW|QUALIFY|HAVING|UNION|WHEN|SELECT|WITH|VALUES)$/;
const COMPARISON = /^(?:=|<|<=|>|>=|BETWEEN|IN)$/;
/** Words in an expression that are not column names. */
const CONSTANT_WORD =
  /^(?:AS|DATE|TIMESTAMP|STRING|INT64|FLOAT64|NUMERIC|BOOL|AND|NULL|TRUE|FALSE|UNNEST|FN)$/;

/**
 * Every read of a bounded table whose block has no ANDed condition that compares the bare column with
 * something known before the statement runs: a parameter, a literal, or a function of them. A comparison with
 * another column does not count, because BigQuery cannot prune partitions by it.
 */
export function unboundReads(sql: string, bounds: Bounds): UnboundRead[] {
  return boundedReads(sql, bounds)
    .filter(({ conditions }) => conditions.length === 0)
    .map(({ table, column, line }) => ({ table, column, line }));
}

/** Every read of a table with a bound column, and the conditions that bound it, as SQL on the bare column. */
export function boundedReads(
  sql: string,
  bounds: Bounds,
): (UnboundRead & { readonly conditions: readonly string[] })[] {
  const tokens = meaningful(tokenise(sql));
  const found: (UnboundRead & { readonly conditions: readonly string[] })[] = [];
  for (let at = 1; at + 2 < tokens.length; at++) {
    const table = `${tokens[at]?.text}.${tokens[at + 2]?.text}`.toLowerCase();
    const column = bounds.get(table);
    if (column === undefined || tokens[at + 1]?.text !== '.' || !SOURCE.test(tokens[at - 1]?.upper ?? ''))
      continue;
    if (tokens[at - 1]?.upper === 'INTO' && tokens[0]?.upper === 'INSERT') continue;
    found.push({ table, column, line: tokens[at]?.line ?? 1, conditions: conditionsAt(tokens, at, column) });
  }
  return found;
}

function conditionsAt(tokens: readonly SqlToken[], at: number, column: string): string[] {
  const [start, end] = block(tokens, at);
  const next = tokens[at + 3]?.upper === 'AS' ? at + 4 : at + 3;
  const hasAlias = tokens[next]?.kind === 'word' && !NO_ALIAS.test(tokens[next]?.upper ?? '');
  const name = tokens[hasAlias ? next : at + 2]?.upper ?? '';
  const clauses = [clause(tokens, at, end, 'ON', AFTER_ON), clause(tokens, start, end, 'WHERE', AFTER_WHERE)];
  return clauses
    .filter((range) => range !== undefined)
    .flatMap((range) => conjuncts(tokens, ...range))
    .filter((one) => isBound(tokens, one, name, column))
    .map(([from, to]) => bareText(tokens, from, to, name));
}

/** The text of a condition without the alias before its column. */
function bareText(tokens: readonly SqlToken[], from: number, to: number, name: string): string {
  const kept = tokens.slice(from, to).filter((token, i, all) => {
    const isAlias = token.upper === name && all[i + 1]?.text === '.';
    return !isAlias && !(token.text === '.' && all[i - 1]?.upper === name);
  });
  return kept
    .map(({ text }) => text)
    .join(' ')
    .replaceAll(' . ', '.');
}

/** The part of a statement around a position, up to the enclosing parentheses and set operations. */
function block(tokens: readonly SqlToken[], at: number): readonly [number, number] {
  let [start, end] = [at, at];
  for (let depth = 0; start > 0; start--) {
    const word = tokens[start - 1]?.upper ?? '';
    if (word === ')') depth++;
    if (word === '(' && depth-- === 0) break;
    if (depth === 0 && /^(?:UNION|INTERSECT|EXCEPT)$/.test(word)) break;
  }
  for (let depth = 0; end < tokens.length; end++) {
    const word = tokens[end]?.upper ?? '';
    if (word === '(') depth++;
    if (word === ')' && depth-- === 0) break;
    if (depth === 0 && /^(?:UNION|INTERSECT|EXCEPT)$/.test(word)) break;
  }
  return [start, end];
}

/**
 * Token range after the first such word outside parentheses, up to the end of the clause. `ON` ends at the next source.
 */
function clause(
  tokens: readonly SqlToken[],
  from: number,
  to: number,
  word: string,
  after: RegExp,
): readonly [number, number] | undefined {
  const begin = outside(
    tokens,
    from,
    to,
    (token) => token === word || (word === 'ON' && /^(?:JOIN|WHERE)$/.test(token)),
  )[0];
  if (begin === undefined || tokens[begin]?.upper !== word) return undefined;
  return [begin + 1, outside(tokens, begin + 1, to, (token) => after.test(token))[0] ?? to];
}

function outside(
  tokens: readonly SqlToken[],
  from: number,
  to: number,
  test: (upper: string) => boolean,
): number[] {
  const found: number[] = [];
  let depth = 0;
  for (let at = from; at < to; at++) {
    const word = tokens[at]?.upper ?? '';
    if (word === ')') depth--;
    if (depth === 0 && test(word)) found.push(at);
    if (word === '(') depth++;
  }
  return found;
}

/** The conditions joined by AND; parentheses around several of them are opened. */
function conjuncts(tokens: readonly SqlToken[], from: number, to: number): (readonly [number, number])[] {
  if (outside(tokens, from, to, (word) => word === 'OR').length > 0) return [];
  const ands: number[] = [];
  let isBetween = false;
  for (const at of outside(tokens, from, to, (word) => word === 'AND' || word === 'BETWEEN')) {
    if (tokens[at]?.upper === 'BETWEEN') isBetween = true;
    else if (isBetween) isBetween = false;
    else ands.push(at);
  }
  const starts = [from, ...ands.map((at) => at + 1)];
  return starts.flatMap((start, i): (readonly [number, number])[] => {
    const stop = ands[i] ?? to;
    const isBracket = tokens[start]?.upper === '(' && outside(tokens, start, stop, () => true).length === 2;
    return isBracket ? conjuncts(tokens, start + 1, stop - 1) : [[start, stop]];
  });
}

/** Whether a condition is `column <comparison> constant`, or the other way round. */
function isBound(
  tokens: readonly SqlToken[],
  [from, to]: readonly [number, number],
  name: string,
  column: string,
): boolean {
  const comparisons = outside(tokens, from, to, (word) => COMPARISON.test(word));
  const [at] = comparisons;
  if (at === undefined || tokens[at - 1]?.upper === 'NOT') return false;
  const isColumn = (a: number, b: number): boolean => {
    const last = tokens[b - 1]?.upper === column.toUpperCase();
    return last && (b - a === 1 || (b - a === 3 && tokens[a]?.upper === name));
  };
  if (isColumn(from, at)) return isConstant(tokens, at + 1, to);
  return (
    /^(?:=|<|<=|>|>=)$/.test(tokens[at]?.upper ?? '') && isColumn(at + 1, to) && isConstant(tokens, from, at)
  );
}

function isConstant(tokens: readonly SqlToken[], from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const token = tokens[at];
    if (token?.kind !== 'word' || CONSTANT_WORD.test(token.upper)) continue;
    if (token.upper === 'SELECT') return false;
    if (tokens[at + 1]?.upper !== '(') return false;
  }
  return true;
}
