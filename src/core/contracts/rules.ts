import type { Rule, TableContract } from './define.ts';

/** A rule of a table that a row breaks: the column that is named, its value, and what was expected. */
export interface Breach {
  readonly column: string;
  readonly value: string;
  readonly expected: string;
}

/** The rules of a table: what it declares, and the range of each column that has one. */
function rulesOf(table: TableContract): readonly Rule[] {
  const ranges = Object.entries(table.columns).flatMap(([column, { range }]): Rule[] =>
    range === undefined ? [] : [{ kind: 'between', column, range }],
  );
  return [...ranges, ...(table.rules ?? [])];
}

/** Rules by table: they are asked for every row of a file. */
const applied = new WeakMap<TableContract, readonly Rule[]>();

/** The rules of a table that name only columns of its own: a table of another shape may lack some. */
function applicable(table: TableContract): readonly Rule[] {
  const known = applied.get(table);
  if (known !== undefined) return known;
  const rules = rulesOf(table).filter((rule) => columnsOf(rule).every((name) => name in table.columns));
  applied.set(table, rules);
  return rules;
}

function columnsOf(rule: Rule): readonly string[] {
  switch (rule.kind) {
    case 'between':
    case 'outside':
    case 'halves':
    case 'one_of':
      return [rule.column];
    case 'at_most':
      return [rule.column, rule.limit];
    case 'sum':
      return [rule.column, ...Object.keys(rule.of)];
    case 'different':
      return rule.columns;
    case 'together':
      return rule.columns;
    case 'when':
      return [rule.column, rule.flag];
  }
}

/** The column a rule is about. */
function subjectOf(rule: Rule): string {
  return rule.kind === 'different' || rule.kind === 'together' ? rule.columns[0] : rule.column;
}

/** A rule in words: "at most fga", "2 fgm + fg3m + ftm". */
function expectedBy(rule: Rule): string {
  switch (rule.kind) {
    case 'between':
      return `between ${rule.range[0]} and ${rule.range[1]}`;
    case 'outside':
      return `at most ${rule.interval[0]} or at least ${rule.interval[1]}`;
    case 'halves':
      return 'a whole number or half of one';
    case 'one_of':
      return `one of ${rule.values.join(', ')}`;
    case 'at_most':
      return `at most ${rule.limit}`;
    case 'sum':
      return `${[
        ...Object.entries(rule.of).map(([name, weight = 0]) => term(name, weight)),
        ...(rule.plus === undefined ? [] : [`${rule.plus}`]),
      ]
        .join(' + ')
        .replaceAll('+ -', '- ')}${rule.within === undefined ? '' : ` within ${rule.within}`}`;
    case 'different':
      return `another value than ${rule.columns[1]}`;
    case 'together':
      return `a value exactly where ${rule.columns[1]} has one`;
    case 'when':
      return `a value exactly where ${rule.flag} is true`;
  }
}

function term(name: string, weight: number): string {
  return weight === 1 ? name : weight === -1 ? `-${name}` : `${weight} ${name}`;
}

type Values = Readonly<Record<string, unknown>>;

/** The first rule of a table that a row breaks; undefined when it keeps all. A value that is not known breaks nothing. */
export function breachOf(table: TableContract, row: Values): Breach | undefined {
  for (const rule of applicable(table)) {
    if (!breaks(rule, row)) continue;
    const column = subjectOf(rule);
    return { column, value: String(row[column] ?? 'nothing'), expected: expectedBy(rule) };
  }
  return undefined;
}

function breaks(rule: Rule, row: Values): boolean {
  const number = (name: string): number => {
    const value = row[name];
    return value === null || value === undefined ? Number.NaN : Number(value);
  };
  const isKnown = (name: string): boolean => row[name] !== null && row[name] !== undefined;
  switch (rule.kind) {
    case 'between':
      return number(rule.column) < rule.range[0] || number(rule.column) > rule.range[1];
    case 'outside':
      return number(rule.column) > rule.interval[0] && number(rule.column) < rule.interval[1];
    case 'halves':
      return isKnown(rule.column) && !Number.isInteger(2 * number(rule.column));
    case 'one_of':
      return isKnown(rule.column) && !rule.values.includes(String(row[rule.column]));
    case 'at_most':
      return number(rule.column) > number(rule.limit);
    case 'sum': {
      const total = Object.entries(rule.of).reduce(
        (sum, [name, weight = 0]) => sum + weight * number(name),
        rule.plus ?? 0,
      );
      return Math.abs(number(rule.column) - total) > (rule.within ?? 0) + ROUNDING;
    }
    case 'different':
      return isKnown(rule.columns[0]) && row[rule.columns[0]] === row[rule.columns[1]];
    case 'together':
      return isKnown(rule.columns[0]) !== isKnown(rule.columns[1]);
    case 'when':
      return isKnown(rule.flag) && isKnown(rule.column) !== (row[rule.flag] === true);
  }
}

/** What the last bits of a sum may differ by. */
const ROUNDING = 1e-9;

/** SQL: the first rule of a table that a row breaks, as "points 7, expected 2 fgm + fg3m + ftm"; null when it keeps all. Undefined for a table without rules. */
export function breachSql(table: TableContract): string | undefined {
  const cases = applicable(table).map((rule) => {
    const column = subjectOf(rule);
    return `WHEN ${brokenSql(rule)} THEN '${column} ' || COALESCE(CAST(${column} AS STRING), 'nothing') || ', expected ${expectedBy(rule)}'`;
  });
  return cases.length === 0 ? undefined : `CASE ${cases.join(' ')} END`;
}

/** SQL: true for a row that breaks a rule of a table. Shorter to plan than `breachSql`, which says which one. Undefined for a table without rules. */
export function breaksSql(table: TableContract): string | undefined {
  const rules = applicable(table).map((rule) => `(${brokenSql(rule)})`);
  return rules.length === 0 ? undefined : rules.join(' OR ');
}

function brokenSql(rule: Rule): string {
  switch (rule.kind) {
    case 'between':
      return `${rule.column} < ${rule.range[0]} OR ${rule.column} > ${rule.range[1]}`;
    case 'outside':
      return `${rule.column} > ${rule.interval[0]} AND ${rule.column} < ${rule.interval[1]}`;
    case 'halves':
      return `2 * CAST(${rule.column} AS FLOAT64) <> ROUND(2 * CAST(${rule.column} AS FLOAT64))`;
    case 'one_of':
      return `${rule.column} NOT IN (${rule.values.map((value) => `'${value}'`).join(', ')})`;
    case 'at_most':
      return `${rule.column} > ${rule.limit}`;
    case 'sum': {
      const sum = Object.entries(rule.of)
        .map(([name, weight = 0]) => `${weight} * CAST(${name} AS FLOAT64)`)
        .concat(`${rule.plus ?? 0}`)
        .join(' + ');
      return `ABS(CAST(${rule.column} AS FLOAT64) - (${sum})) > ${(rule.within ?? 0) + ROUNDING}`;
    }
    case 'different':
      return `${rule.columns[0]} = ${rule.columns[1]}`;
    case 'together':
      return `(${rule.columns[0]} IS NULL) <> (${rule.columns[1]} IS NULL)`;
    case 'when':
      return `(${rule.column} IS NOT NULL) <> ${rule.flag}`;
  }
}
