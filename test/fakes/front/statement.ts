import { type Bounds, unboundReads } from '#guard/schema/partition-filter.ts';
import { lintSql, meaningful, type SqlToken, tokenise } from '#platform/sql/port.ts';

/** What a statement or script touches. */
export interface Touched {
  /** `dataset.table` that it reads or calls, functions as `fn.name`. */
  readonly reads: ReadonlySet<string>;
  readonly changes: ReadonlySet<string>;
  readonly creates: ReadonlySet<string>;
  readonly drops: ReadonlySet<string>;
}

/** Finds the tables and functions of known datasets in a text; names of ours are never quoted. */
export function touchedBy(sql: string, datasets: readonly string[]): Touched {
  const tokens = meaningful(tokenise(sql));
  const touched = {
    reads: new Set<string>(),
    changes: new Set<string>(),
    creates: new Set<string>(),
    drops: new Set<string>(),
  };
  for (let at = 0; at + 2 < tokens.length; at++) {
    const [dataset, dot, name] = [tokens[at], tokens[at + 1], tokens[at + 2]];
    if (dot?.text !== '.' || dataset === undefined || !datasets.includes(dataset.text)) continue;
    if (tokens[at - 1]?.text === '.') continue;
    touched[useAt(tokens, at)].add(`${dataset.text}.${name?.text}`);
  }
  return touched;
}

function useAt(tokens: readonly SqlToken[], at: number): keyof Touched {
  const before = (n: number): string => tokens[at - n]?.upper ?? '';
  const words = [8, 7, 6, 5, 4, 3, 2, 1].map(before).join(' ');
  if (/\bCREATE (?:OR REPLACE )?(?:TABLE|VIEW|FUNCTION)(?: IF NOT EXISTS)?$/.test(words)) return 'creates';
  if (/\bDROP (?:TABLE|VIEW|FUNCTION)(?: IF EXISTS)?$/.test(words)) return 'drops';
  if (/\b(?:INSERT INTO|MERGE INTO|DELETE FROM|UPDATE|ALTER TABLE|TRUNCATE TABLE)$/.test(words))
    return 'changes';
  return 'reads';
}

/** The statements of a script. */
function statementsOf(sql: string): string[] {
  const all: string[] = [''];
  for (const { kind, text } of tokenise(sql)) {
    if (kind === 'symbol' && text === ';') all.push('');
    else all[all.length - 1] += text;
  }
  return all.filter((one) => one.trim() !== '');
}

/**
 * What each statement of a text reads and is billed for: the tables of known datasets and the temporary tables of its script, as
 * often as it has statements that name them. Definitions, rows given as values and what names no table cost nothing.
 */
export function billedReads(sql: string, datasets: readonly string[]): (readonly string[])[] {
  const temporary = [...sql.matchAll(/\bCREATE TEMP TABLE (\w+)/g)].map(([, name = '']) => name);
  return statementsOf(sql).flatMap((statement) => {
    const { reads, changes } = touchedBy(statement, datasets);
    const isDefinition = /^\s*(?:CREATE (?:OR REPLACE )?(?:VIEW|FUNCTION)|ALTER|DROP)\b/.test(statement);
    const isFed = !/\bINSERT INTO\b/.test(statement);
    const own = temporary.filter((name) => new RegExp(`\\b(?:FROM|JOIN|USING) ${name}\\b`).test(statement));
    const tables = [...reads, ...(isFed ? changes : []), ...own].filter((name) => !name.startsWith('fn.'));
    return isDefinition || tables.length === 0 ? [] : [tables];
  });
}

/** The words of BigQuery for what its analyser refuses and the emulator lets pass, by rule of the lint. */
const REFUSED_SHAPES: Readonly<Record<string, string>> = {
  'join-subquery': 'Unsupported subquery with table in join predicate.',
  'outer-join-equality':
    'LEFT OUTER JOIN cannot be used without a condition that is an equality of fields from both sides of the join.',
  'correlated-subquery':
    'Correlated subqueries that reference other tables are not supported unless they can be de-correlated, such as by transforming them into an efficient JOIN.',
  'where-required': 'DELETE or UPDATE must have a WHERE clause.',
};

/** Definitions of what lasts, which a transaction may not have. */
const LASTING = /^\s*(?:CREATE(?! TEMP)|ALTER|DROP (?:TABLE|VIEW|FUNCTION) \w+\.)/i;

/** Why BigQuery would not run a statement whose names and types are right; undefined when nothing is known against it. */
export function refusedShape(sql: string, bounds: Bounds): string | undefined {
  let isWithin = false;
  for (const statement of statementsOf(sql)) {
    if (/\bBEGIN TRANSACTION\b/i.test(statement)) isWithin = true;
    if (/\b(?:COMMIT|ROLLBACK) TRANSACTION\b/i.test(statement)) isWithin = false;
    if (isWithin && LASTING.test(statement)) return 'DDL statement is not supported in a transaction.';
    // A view is text until it is read: the bound is asked of its readers.
    const isDefinition = /^\s*CREATE (?:OR REPLACE )?(?:VIEW|FUNCTION)\b/i.test(statement);
    for (const { rule } of lintSql(statement)) {
      const words = REFUSED_SHAPES[rule];
      if (words !== undefined) return words;
    }
    const [open] = isDefinition ? [] : unboundReads(statement, bounds);
    if (open !== undefined)
      return `Cannot query over table '${open.table}' without a filter over column(s) '${open.column}' that can be used for partition elimination`;
  }
  return undefined;
}

const DAY_MS = 86_400_000;

/** What a script deletes from one table: its condition, and the days between the bounds of its range. */
export interface DeletedRange {
  readonly table: string;
  readonly where: string;
  readonly days: number;
}

/** The ranges that a script deletes; it changes at most as many partitions as they have days. */
export function deletedRanges(sql: string): DeletedRange[] {
  return statementsOf(sql).flatMap((statement) => {
    const [, table = '', where = ''] = /^\s*DELETE FROM (\S+) WHERE ([\s\S]*)$/i.exec(statement) ?? [];
    const [, from, to] =
      /BETWEEN\s+CAST\(\s*'(\d{4}-\d\d-\d\d)[^']*'[\s\S]*?AND\s+CAST\(\s*'(\d{4}-\d\d-\d\d)/i.exec(where) ??
      [];
    if (from === undefined || to === undefined) return [];
    return [{ table, where, days: (Date.parse(to) - Date.parse(from)) / DAY_MS + 1 }];
  });
}
