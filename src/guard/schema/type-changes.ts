/** Types that hold every value of another without loss that matters, as the distributed engine widens them in place. */
const WIDER: Readonly<Record<string, readonly string[]>> = {
  INT64: ['NUMERIC', 'BIGNUMERIC', 'FLOAT64'],
  NUMERIC: ['BIGNUMERIC', 'FLOAT64'],
  BIGNUMERIC: ['FLOAT64'],
  // Narrow numbers of the embedded engine, in its own words.
  INTEGER: ['INT64', 'NUMERIC', 'FLOAT64'],
  FLOAT: ['FLOAT64'],
};

/** The form in which readers of the code get a value: exact decimals are text, other numbers are numbers. */
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

/** What readers get instead of what they got; undefined when it is the same. */
export function changedForm(
  from: string,
  to: string,
): { readonly from: string; readonly to: string } | undefined {
  const [a, b] = [FORMS[from] ?? 'text', FORMS[to] ?? 'text'];
  return a === b ? undefined : { from: a, to: b };
}
