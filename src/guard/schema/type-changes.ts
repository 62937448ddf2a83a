/** For each type, the types that BigQuery can widen it to in place, without loss that matters. */
const WIDER: Readonly<Record<string, readonly string[]>> = {
  INT64: ['NUMERIC', 'BIGNUMERIC', 'FLOAT64'],
  NUMERIC: ['BIGNUMERIC', 'FLOAT64'],
  BIGNUMERIC: ['FLOAT64'],
  // DuckDB's own names for its narrow numeric types.
  INTEGER: ['INT64', 'NUMERIC', 'FLOAT64'],
  FLOAT: ['FLOAT64'],
};

/** The form in which code receives a value: exact decimals as text, other numbers as numbers. */
const FORMS: Readonly<Record<string, string>> = {
  INT64: 'number',
  FLOAT64: 'number',
  INTEGER: 'number',
  FLOAT: 'number',
  NUMERIC: 'exact decimal text',
  BIGNUMERIC: 'exact decimal text',
  BOOL: 'boolean',
};

/** Whether the engine can change the type of a column in place. */
export function isWidening(from: string, to: string): boolean {
  return WIDER[from]?.includes(to) === true;
}

/** The forms that readers get before and after a type change; undefined when they are the same. */
export function changedForm(
  from: string,
  to: string,
): { readonly from: string; readonly to: string } | undefined {
  const [a, b] = [FORMS[from] ?? 'text', FORMS[to] ?? 'text'];
  return a === b ? undefined : { from: a, to: b };
}
