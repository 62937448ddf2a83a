import { FUNCTIONS } from '#platform/warehouse/functions.ts';
import {
  FUNCTION_ADVICE,
  KEYWORDS_BEFORE_BRACKET,
  type LintFinding,
  PHRASE_ADVICE,
  PORTABLE_FUNCTIONS,
  PORTABLE_PARTS,
  PORTABLE_TYPES,
  RESERVED_WORDS,
  type SqlCode,
  SYMBOL_ADVICE,
  WORD_ADVICE,
} from './vocabulary.ts';

const LIBRARY: ReadonlySet<string> = new Set(FUNCTIONS.map((f) => f.name.toUpperCase()));

/** Marks, words, literals and identifiers that one engine reads differently or not at all. */
export function lexicalFindings(code: SqlCode, at: number): LintFinding[] {
  const token = code.tokens[at];
  if (token === undefined) return [];
  if (token.kind === 'quoted') {
    return token.text.startsWith('`')
      ? [
          {
            rule: 'backticks',
            message: 'backticks exist on one engine only; write dataset.table unquoted',
            at,
          },
        ]
      : [
          {
            rule: 'double-quotes',
            message: 'double quotes are a string on one engine and a name on the other; leave names unquoted',
            at,
          },
        ];
  }
  if (token.kind === 'string') {
    const inside = token.text.slice(1, -1);
    const prefixed = /^[RBE]$/.test(code.upper(at - 1));
    return /\\|''/.test(inside) || prefixed
      ? [
          {
            rule: 'string-escapes',
            message: 'escapes and prefixes of strings differ; pass the text as a parameter',
            at,
          },
        ]
      : [];
  }
  if (token.kind === 'symbol') {
    const advice = SYMBOL_ADVICE[token.text];
    return advice === undefined ? [] : [{ ...advice, at }];
  }
  if (token.kind !== 'word' || code.upper(at - 1) === '.')
    return token.upper === 'INFORMATION_SCHEMA' ? [informationSchema(at)] : [];
  const advice = WORD_ADVICE[token.upper] ?? PHRASE_ADVICE.find(({ words }) => code.matches(at, ...words));
  return advice === undefined ? [] : [{ rule: advice.rule, message: advice.message, at }];
}

function informationSchema(at: number): LintFinding {
  return { rule: 'information-schema', message: 'ask the port: describe and listTables', at };
}

/** A call of a function outside of the allow-list or of the `fn` library. */
export function callFindings(code: SqlCode, at: number): LintFinding[] {
  const token = code.tokens[at];
  if (token?.kind !== 'word' || code.upper(at + 1) !== '(' || isInsertTarget(code, at)) return [];
  if (code.upper(at - 1) === '.') {
    if (code.upper(at - 2) === 'FN' && LIBRARY.has(token.upper)) return [];
    return [
      {
        rule: 'unknown-function',
        message: `${code.tokens[at - 2]?.text}.${token.text} is no function of the fn library`,
        at,
      },
    ];
  }
  if (token.upper === 'UNNEST') {
    const bound =
      code.upper(at - 1) === 'IN' && code.tokens[at + 2]?.kind === 'parameter' && code.upper(at + 3) === ')';
    return bound ? [] : [{ rule: 'unnest', message: 'UNNEST is portable as IN UNNEST(@parameter) only', at }];
  }
  if (KEYWORDS_BEFORE_BRACKET.has(token.upper) || hasOwnRule(token.upper)) return [];
  if (code.upper(at - 1) === 'AS' && code.enclosing(at) === 'CAST') return [];
  if (namesColumns(code, at))
    return [
      { rule: 'column-lists', message: 'name columns by AS in the SELECT, not in a list after the name', at },
    ];
  const advice = FUNCTION_ADVICE[token.upper];
  if (advice !== undefined) return [{ ...advice, at }];
  if (PORTABLE_FUNCTIONS.has(token.upper)) return [];
  return [
    {
      rule: 'unknown-function',
      message: `${token.text} is not in the list of portable functions; add it to fn or express it`,
      at,
    },
  ];
}

/** Words whose own rule speaks already: `* EXCEPT (…)`, `FILTER (…)`, `CURRENT_DATE(…)`. */
function hasOwnRule(word: string): boolean {
  return (
    /^(?:EXCEPT|EXCLUDE|INTERSECT)$/.test(word) ||
    WORD_ADVICE[word] !== undefined ||
    PHRASE_ADVICE.some(({ words }) => words[0] === word)
  );
}

/** `INSERT INTO dataset.table (a, b)`: a name before the columns that are written. */
function isInsertTarget(code: SqlCode, at: number): boolean {
  return code.upper((code.upper(at - 1) === '.' ? at - 2 : at) - 1) === 'INTO';
}

/** `WITH name (a, b) AS (…)` and `AS alias (a, b)`: names for columns from outside. */
function namesColumns(code: SqlCode, at: number): boolean {
  const before = code.upper(at - 1);
  const end = code.closing(at + 1);
  return before === 'AS' || ((before === 'WITH' || before === ',') && code.matches(end + 1, 'AS', '('));
}

/** Casts to types that one engine lacks, and parts of EXTRACT with two meanings. */
export function typeFindings(code: SqlCode, at: number): LintFinding[] {
  if (code.matches(at, 'CAST', '(')) {
    const end = code.closing(at + 1);
    let as = end - 1;
    while (as > at && code.upper(as) !== 'AS') as--;
    const type = code.tokens.slice(as + 1, end).map((t) => t.upper);
    if (type.length === 1 && PORTABLE_TYPES.has(type[0] ?? '')) return [];
    const names = [...PORTABLE_TYPES].join(', ');
    return [
      {
        rule: 'type-names',
        message: `${type.join('') || 'no type'} is no portable type; CAST to one of ${names}`,
        at: as + 1,
      },
    ];
  }
  if (code.matches(at, 'EXTRACT', '(') && !PORTABLE_PARTS.has(code.upper(at + 2))) {
    return [
      {
        rule: 'extract-part',
        message: `${code.upper(at + 2)} counts differently; write fn.dow or use another part`,
        at: at + 2,
      },
    ];
  }
  return [];
}

/** Division by something that may be zero, and COUNTIF over a frame that may be empty. */
export function nullFindings(code: SqlCode, at: number): LintFinding[] {
  if (code.upper(at) === '/') {
    const divisor = code.tokens[at + 1];
    const isSafe = divisor?.kind === 'number' && Number(divisor.text) !== 0;
    return isSafe
      ? []
      : [{ rule: 'division', message: 'division by zero differs; write fn.safe_div(a, b)', at }];
  }
  if (
    code.matches(at, 'COUNTIF', '(') &&
    code.upper(code.closing(at + 1) + 1) === 'OVER' &&
    !code.matches(at - 2, 'COALESCE', '(')
  ) {
    return [
      {
        rule: 'windowed-countif',
        message: 'COUNTIF over an empty frame is null on one engine; write COALESCE(COUNTIF(…) OVER (…), 0)',
        at,
      },
    ];
  }
  return [];
}

/** Clauses of SELECT that one engine lacks or reads differently. */
export function selectFindings(code: SqlCode, at: number): LintFinding[] {
  const word = code.upper(at);
  // After a star, EXCEPT without a bracket is the set operation.
  const leavesOut = word === 'EXCEPT' ? code.upper(at + 1) === '(' : /^(?:EXCLUDE|REPLACE)$/.test(word);
  if (leavesOut && code.upper(at - 1) === '*') {
    return [{ rule: 'select-except', message: `SELECT * ${word} is not portable; name the columns`, at }];
  }
  if (
    /^(?:UNION|EXCEPT|INTERSECT)$/.test(word) &&
    code.upper(at - 1) !== '*' &&
    !/^(?:ALL|DISTINCT)$/.test(code.upper(at + 1))
  ) {
    return [{ rule: 'set-operation', message: `${word} needs ALL or DISTINCT on one engine`, at }];
  }
  if (word === 'BY' && code.upper(at + 1) === 'ALL') {
    return [
      {
        rule: 'by-all',
        message: 'GROUP BY ALL and ORDER BY ALL exist on one engine only; name the columns',
        at,
      },
    ];
  }
  if (word === 'DISTINCT' && code.upper(at + 1) === 'ON') {
    return [
      {
        rule: 'distinct-on',
        message: 'DISTINCT ON exists on one engine only; use ROW_NUMBER with QUALIFY',
        at,
      },
    ];
  }
  if (word === 'JOIN' && /^(?:NATURAL|SEMI|ANTI|POSITIONAL)$/.test(code.upper(at - 1))) {
    return [
      {
        rule: 'join-kind',
        message: `${code.upper(at - 1)} JOIN is not portable; write the condition`,
        at: at - 1,
      },
    ];
  }
  if (word === 'VALUES' && code.upper(at - 1) !== ')') {
    return [
      {
        rule: 'values-list',
        message: 'a VALUES list is a table on one engine only; write SELECT … UNION ALL',
        at,
      },
    ];
  }
  if (word === 'AS' && code.tokens[at + 1]?.kind === 'word' && isReservedAlias(code.upper(at + 1))) {
    return [
      {
        rule: 'reserved-alias',
        message: `${code.tokens[at + 1]?.text} is reserved on one engine; choose another alias`,
        at: at + 1,
      },
    ];
  }
  return [];
}

/** `AS SELECT` and `AS STRUCT` are other clauses, with their own rules. */
function isReservedAlias(word: string): boolean {
  return RESERVED_WORDS.has(word) && word !== 'SELECT' && word !== 'STRUCT';
}

const DDL = /^(?:CREATE|DROP|ALTER|TRUNCATE|ATTACH|COPY|PRAGMA|INSTALL|LOAD|CALL|EXPORT|GRANT)$/;

/** What a statement as a whole may be: one SELECT, INSERT, UPDATE, DELETE or MERGE, spelt for both engines. */
export function statementFindings(code: SqlCode): LintFinding[] {
  const findings: LintFinding[] = [];
  const first = code.upper(0);
  if (DDL.test(first))
    findings.push({ rule: 'ddl', message: `${first} comes from the contracts; use the port`, at: 0 });
  if (first === 'DELETE' || first === 'UPDATE') {
    if (!code.tokens.some((token) => token.upper === 'WHERE')) {
      findings.push({
        rule: 'where-required',
        message: `${first} needs WHERE on one engine; write WHERE TRUE to mean every row`,
        at: 0,
      });
    }
    const using = code.tokens.findIndex((token) => token.upper === 'USING');
    if (first === 'DELETE' && using > 0) {
      findings.push({
        rule: 'delete-using',
        message: 'DELETE … USING exists on one engine only; write WHERE … IN (SELECT …)',
        at: using,
      });
    }
  }
  if (first === 'MERGE' && code.upper(1) !== 'INTO')
    findings.push({ rule: 'merge-into', message: 'write MERGE INTO', at: 0 });
  for (const [at] of code.tokens.entries()) {
    if (code.upper(at) === ';') {
      findings.push({ rule: 'one-statement', message: 'one statement per call, without a semicolon', at });
    }
    if (code.upper(at) !== 'INSERT') continue;
    if (code.upper(at + 1) === 'ROW')
      findings.push({ rule: 'insert-row', message: 'INSERT ROW is not portable; name the columns', at });
    if (code.upper(at + 1) === 'OR')
      findings.push({ rule: 'insert-or', message: 'INSERT OR … is not portable; write MERGE INTO', at });
    if (first === 'INSERT' && at === 0 && code.upper(1) === 'INTO') findings.push(...insertFindings(code));
  }
  const conflict = code.tokens.findIndex((_, at) => code.matches(at, 'ON', 'CONFLICT'));
  if (conflict >= 0)
    findings.push({
      rule: 'insert-or',
      message: 'ON CONFLICT is not portable; write MERGE INTO',
      at: conflict,
    });
  return findings;
}

function insertFindings(code: SqlCode): LintFinding[] {
  const end = code.upper(3) === '.' ? 5 : 3;
  if (code.upper(end) === '(') return [];
  return [
    {
      rule: 'insert-columns',
      message: 'INSERT INTO must name its columns: by position they differ after a migration',
      at: end,
    },
  ];
}
