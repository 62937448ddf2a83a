/** A finding of a rule: where, and what to write instead. */
export interface LintFinding {
  readonly rule: string;
  readonly message: string;
  /** Position among the meaningful tokens. */
  readonly at: number;
}

/** The meaningful tokens of a statement with the questions that rules ask of them. */
export interface SqlCode {
  readonly tokens: readonly SqlToken[];
  /** The token in upper case, or an empty string beyond the ends. */
  upper(at: number): string;
  /** Whether the tokens from a position on are these, in upper case. */
  matches(at: number, ...words: string[]): boolean;
  /** The position of the bracket that closes the one at a position; the end when there is none. */
  closing(open: number): number;
  /** The word before the innermost bracket around a position, in upper case; empty outside of brackets. */
  enclosing(at: number): string;
}

export function sqlCode(tokens: readonly SqlToken[]): SqlCode {
  const upper = (at: number): string => tokens[at]?.upper ?? '';
  return {
    tokens,
    upper,
    matches: (at, ...words) => words.every((word, i) => upper(at + i) === word),
    closing: (open) => {
      let depth = 0;
      for (let i = open; i < tokens.length; i++) {
        if (upper(i) === '(') depth++;
        if (upper(i) === ')') depth--;
        if (depth === 0) return i;
      }
      return tokens.length;
    },
    enclosing: (at) => {
      let depth = 0;
      for (let i = at - 1; i >= 0; i--) {
        if (upper(i) === ')') depth++;
        if (upper(i) === '(' && depth-- === 0) return upper(i - 1);
      }
      return '';
    },
  };
}

/** What a piece of SQL text is. `quoted` is a double-quoted or backticked identifier; `symbol` an operator or bracket. */
type SqlTokenKind = 'word' | 'number' | 'string' | 'quoted' | 'parameter' | 'symbol' | 'comment' | 'space';

export interface SqlToken {
  readonly kind: SqlTokenKind;
  readonly text: string;
  /** The text in upper case for words, as written for everything else. */
  readonly upper: string;
  /** 1-based line on which the token starts. */
  readonly line: number;
}

const PATTERNS: readonly (readonly [SqlTokenKind, RegExp])[] = [
  ['space', /\s+/],
  ['comment', /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/],
  ['string', /'(?:[^']|'')*(?:'|$)/],
  ['quoted', /"(?:[^"]|"")*(?:"|$)|`[^`]*(?:`|$)/],
  ['parameter', /@[A-Za-z_]\w*/],
  ['word', /[A-Za-z_]\w*/],
  ['number', /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/],
  ['symbol', /::|\|\||<>|!=|<=|>=|==|=>|->|\*\*|\/\/|[\s\S]/],
];

/** All patterns in one, with a group per kind: eight attempts at each place took twice as long. */
const ANY_TOKEN = new RegExp(PATTERNS.map(([, { source }]) => `(${source})`).join('|'), 'y');

/** Splits SQL into tokens. Joined, their texts are the statement again; text that is no SQL becomes symbols, never an error. */
export function tokenise(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  let line = 1;
  ANY_TOKEN.lastIndex = 0;
  for (let found = ANY_TOKEN.exec(sql); found !== null; found = ANY_TOKEN.exec(sql)) {
    const [text] = found;
    const kind = PATTERNS[found.indexOf(text, 1) - 1]?.[0] ?? 'symbol';
    tokens.push({ kind, text, upper: kind === 'word' ? text.toUpperCase() : text, line });
    if (text.includes('\n')) line += text.split('\n').length - 1;
  }
  return tokens;
}

/** The tokens that mean something: no white space, no comments. */
export function meaningful(tokens: readonly SqlToken[]): SqlToken[] {
  return tokens.filter((token) => token.kind !== 'space' && token.kind !== 'comment');
}

/** Functions both engines know under the same name, with the same arguments and the same treatment of null. */
export const PORTABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  ...['COUNT', 'SUM', 'AVG', 'MIN', 'MAX', 'COUNTIF', 'ANY_VALUE', 'STRING_AGG', 'BIT_XOR'],
  ...[
    'STDDEV',
    'STDDEV_POP',
    'STDDEV_SAMP',
    'VARIANCE',
    'VAR_POP',
    'VAR_SAMP',
    'CORR',
    'COVAR_POP',
    'COVAR_SAMP',
  ],
  ...[
    'ROW_NUMBER',
    'RANK',
    'DENSE_RANK',
    'PERCENT_RANK',
    'CUME_DIST',
    'NTILE',
    'LAG',
    'LEAD',
    'FIRST_VALUE',
    'LAST_VALUE',
    'NTH_VALUE',
  ],
  ...[
    'ABS',
    'SIGN',
    'ROUND',
    'FLOOR',
    'CEIL',
    'CEILING',
    'TRUNC',
    'MOD',
    'SQRT',
    'EXP',
    'LN',
    'POW',
    'POWER',
    'LOG10',
  ],
  ...['COALESCE', 'IFNULL', 'NULLIF', 'IF', 'CAST', 'EXTRACT'],
  ...[
    'LENGTH',
    'LOWER',
    'UPPER',
    'TRIM',
    'LTRIM',
    'RTRIM',
    'REPLACE',
    'SUBSTR',
    'LEFT',
    'RIGHT',
    'LPAD',
    'RPAD',
    'STRPOS',
    'REVERSE',
  ],
  ...['STARTS_WITH', 'ENDS_WITH'],
]);

/** Words that may come before an opening bracket without being a function. */
export const KEYWORDS_BEFORE_BRACKET: ReadonlySet<string> = new Set([
  ...[
    'SELECT',
    'DISTINCT',
    'ALL',
    'FROM',
    'JOIN',
    'ON',
    'USING',
    'WHERE',
    'HAVING',
    'QUALIFY',
    'BY',
    'LIMIT',
    'WITH',
    'AS',
    'UNION',
  ],
  ...[
    'IN',
    'AND',
    'OR',
    'NOT',
    'EXISTS',
    'BETWEEN',
    'LIKE',
    'IS',
    'CASE',
    'WHEN',
    'THEN',
    'ELSE',
    'OVER',
    'INSERT',
    'VALUES',
    'SET',
    'ANY',
  ],
]);

/** The portable type names, the only ones in CAST. */
export const PORTABLE_TYPES: ReadonlySet<string> = new Set([
  'STRING',
  'INT64',
  'FLOAT64',
  'NUMERIC',
  'BOOL',
  'DATE',
  'TIMESTAMP',
]);

/** Parts of EXTRACT with one meaning; DAYOFWEEK and WEEK differ. */
export const PORTABLE_PARTS: ReadonlySet<string> = new Set([
  'YEAR',
  'QUARTER',
  'MONTH',
  'DAY',
  'DAYOFYEAR',
  'HOUR',
  'MINUTE',
]);

/** Words the distributed engine reserves, so that they cannot name a column without quotes. */
export const RESERVED_WORDS: ReadonlySet<string> = new Set(
  (
    'ALL AND ANY ARRAY AS ASC ASSERT_ROWS_MODIFIED AT BETWEEN BY CASE CAST COLLATE CONTAINS CREATE CROSS CUBE CURRENT DEFAULT DEFINE DESC DISTINCT ELSE END ENUM ' +
    'ESCAPE EXCEPT EXCLUDE EXISTS EXTRACT FALSE FETCH FOLLOWING FOR FROM FULL GROUP GROUPING GROUPS HASH HAVING IF IGNORE IN INNER INTERSECT ' +
    'INTERVAL INTO IS JOIN LATERAL LEFT LIKE LIMIT LOOKUP MERGE NATURAL NEW NO NOT NULL NULLS OF ON OR ORDER OUTER OVER PARTITION PRECEDING ' +
    'PROTO QUALIFY RANGE RECURSIVE RESPECT RIGHT ROLLUP ROWS SELECT SET SOME STRUCT TABLESAMPLE THEN TO TREAT TRUE UNBOUNDED UNION UNNEST ' +
    'USING WHEN WHERE WINDOW WITH WITHIN'
  ).split(' '),
);

/** What to write instead of a function that is not portable. Functions not named here are refused by the allow-list alone. */
export const FUNCTION_ADVICE: Readonly<Record<string, { rule: string; message: string }>> = {
  CONCAT: { rule: 'concat', message: 'CONCAT treats null differently; write ||' },
  GREATEST: { rule: 'greatest-least', message: 'GREATEST treats null differently; write fn.greatest2' },
  LEAST: { rule: 'greatest-least', message: 'LEAST treats null differently; write fn.least2' },
  SAFE_DIVIDE: { rule: 'division', message: 'write fn.safe_div' },
  SAFE_CAST: {
    rule: 'safe-cast',
    message: 'SAFE_CAST exists on one engine only; validate before loading, then CAST',
  },
  TRY_CAST: {
    rule: 'safe-cast',
    message: 'TRY_CAST exists on one engine only; validate before loading, then CAST',
  },
  DATE_DIFF: {
    rule: 'date-functions',
    message: 'DATE_DIFF has another order and spelling per engine; write fn.days_between',
  },
  DATE_ADD: {
    rule: 'date-functions',
    message: 'DATE_ADD returns a timestamp on one engine; write fn.add_days',
  },
  DATE_SUB: {
    rule: 'date-functions',
    message: 'DATE_SUB is not portable; write fn.add_days with a negative number',
  },
  DATE_TRUNC: {
    rule: 'date-functions',
    message: 'DATE_TRUNC is spelt differently and WEEK starts on another day; use EXTRACT or a column',
  },
  DATE: {
    rule: 'date-functions',
    message: 'DATE(…) is not portable; write fn.local_date, fn.eastern_date or CAST',
  },
  TIMESTAMP: { rule: 'date-functions', message: 'TIMESTAMP(…) is not portable; write CAST(… AS TIMESTAMP)' },
  TIMESTAMP_DIFF: {
    rule: 'date-functions',
    message: 'TIMESTAMP_DIFF counts units differently; write fn.seconds_between',
  },
  TIMESTAMP_ADD: { rule: 'date-functions', message: 'TIMESTAMP_ADD is not portable; write fn.add_seconds' },
  TIMESTAMP_SUB: {
    rule: 'date-functions',
    message: 'TIMESTAMP_SUB is not portable; write fn.add_seconds with a negative number',
  },
  FORMAT_TIMESTAMP: {
    rule: 'date-functions',
    message: 'FORMAT_TIMESTAMP is not portable; format in TypeScript',
  },
  STRUCT: { rule: 'struct', message: 'STRUCT(…) is not portable; select columns' },
  ARRAY_AGG: { rule: 'arrays', message: 'arrays are not portable; use ROW_NUMBER with QUALIFY' },
  FARM_FINGERPRINT: {
    rule: 'fingerprint',
    message: 'FARM_FINGERPRINT exists on one engine only; hash in TypeScript',
  },
};

/** Operators and marks that only one engine reads. */
export const SYMBOL_ADVICE: Readonly<Record<string, { rule: string; message: string }>> = {
  '::': { rule: 'double-colon', message: ':: casts exist on one engine only; write CAST(… AS …)' },
  $: { rule: 'parameters', message: '$ parameters exist on one engine only; write @name' },
  '?': { rule: 'parameters', message: 'positional parameters are not portable; write @name' },
  '[': { rule: 'arrays', message: 'arrays and [OFFSET(…)] are not portable; use rows' },
  '{': { rule: 'struct', message: 'struct literals are not portable; select columns' },
  '%': { rule: 'operators', message: 'the % operator exists on one engine only; write MOD(a, b)' },
  '//': {
    rule: 'operators',
    message: 'the // operator exists on one engine only; write FLOOR(fn.safe_div(a, b))',
  },
  '**': { rule: 'operators', message: 'the ** operator exists on one engine only; write POW(a, b)' },
  '==': { rule: 'operators', message: '== exists on one engine only; write =' },
  '~': { rule: 'operators', message: 'the ~ operator means different things; write LIKE' },
  '->': { rule: 'operators', message: 'lambdas and JSON arrows are not portable' },
  '#': { rule: 'operators', message: '# starts a comment on one engine only; write --' },
};

/** Phrases of one engine whose words are also good column names. */
export const PHRASE_ADVICE: readonly {
  readonly words: readonly string[];
  readonly rule: string;
  readonly message: string;
}[] = [
  {
    words: ['AT', 'TIME', 'ZONE'],
    rule: 'time-zone',
    message: 'AT TIME ZONE is not portable; write fn.local_date or fn.eastern_date',
  },
  {
    words: ['USING', 'SAMPLE'],
    rule: 'engine-keyword',
    message: 'sampling is not portable and not repeatable',
  },
  {
    words: ['FILTER', '('],
    rule: 'engine-keyword',
    message: 'FILTER exists on one engine only; put a CASE into the aggregate',
  },
  {
    words: ['PIVOT', '('],
    rule: 'engine-keyword',
    message: 'PIVOT is spelt differently; write conditional aggregates',
  },
  {
    words: ['UNPIVOT', '('],
    rule: 'engine-keyword',
    message: 'UNPIVOT is spelt differently; write UNION ALL',
  },
];

/** Words that give a construct of one engine away wherever they occur. */
export const WORD_ADVICE: Readonly<Record<string, { rule: string; message: string }>> = {
  CURRENT_TIMESTAMP: { rule: 'wall-clock', message: 'the current time is a parameter; pass @now' },
  CURRENT_DATE: { rule: 'wall-clock', message: 'the current date is a parameter; pass @slate' },
  CURRENT_DATETIME: { rule: 'wall-clock', message: 'the current time is a parameter; pass @now' },
  CURRENT_TIME: { rule: 'wall-clock', message: 'the current time is a parameter; pass @now' },
  LOCALTIMESTAMP: { rule: 'wall-clock', message: 'the current time is a parameter; pass @now' },
  INFORMATION_SCHEMA: { rule: 'information-schema', message: 'ask the port: describe and listTables' },
  ILIKE: { rule: 'engine-keyword', message: 'ILIKE exists on one engine only; write LOWER(x) LIKE' },
  GLOB: { rule: 'engine-keyword', message: 'GLOB exists on one engine only; write LIKE' },
  ASOF: { rule: 'engine-keyword', message: 'ASOF joins exist on one engine only; use a window with QUALIFY' },
  TABLESAMPLE: { rule: 'engine-keyword', message: 'sampling is not portable and not repeatable' },
  LATERAL: { rule: 'engine-keyword', message: 'lateral joins are not portable; use a window or a join' },
  RETURNING: {
    rule: 'engine-keyword',
    message: 'RETURNING exists on one engine only; select in a second statement',
  },
  MATERIALIZED: { rule: 'engine-keyword', message: 'MATERIALIZED exists on one engine only; leave it out' },
  INTERVAL: {
    rule: 'interval',
    message: 'date and interval give different types; write fn.add_days or fn.add_seconds',
  },
};
