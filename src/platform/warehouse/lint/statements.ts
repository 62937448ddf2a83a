import type { Finding, SqlCode } from './code.ts';
import { RESERVED_WORDS } from './vocabulary.ts';

/** Clauses of SELECT that one engine lacks or reads differently. */
export function selectFindings(code: SqlCode, at: number): Finding[] {
  const word = code.upper(at);
  if (/^(?:EXCEPT|EXCLUDE|REPLACE)$/.test(word) && code.upper(at + 1) === '(' && code.upper(at - 1) === '*') {
    return [{ rule: 'select-except', message: `SELECT * ${word} is not portable; name the columns`, at }];
  }
  if ((word === 'EXCLUDE' || word === 'REPLACE') && code.upper(at - 1) === '*') {
    return [{ rule: 'select-except', message: `SELECT * ${word} is not portable; name the columns`, at }];
  }
  if (/^(?:UNION|EXCEPT|INTERSECT)$/.test(word) && code.upper(at - 1) !== '*' && !/^(?:ALL|DISTINCT)$/.test(code.upper(at + 1))) {
    return [{ rule: 'set-operation', message: `${word} needs ALL or DISTINCT on one engine`, at }];
  }
  if (word === 'BY' && code.upper(at + 1) === 'ALL') {
    return [{ rule: 'by-all', message: 'GROUP BY ALL and ORDER BY ALL exist on one engine only; name the columns', at }];
  }
  if (word === 'DISTINCT' && code.upper(at + 1) === 'ON') {
    return [{ rule: 'distinct-on', message: 'DISTINCT ON exists on one engine only; use ROW_NUMBER with QUALIFY', at }];
  }
  if (word === 'JOIN' && /^(?:NATURAL|SEMI|ANTI|POSITIONAL)$/.test(code.upper(at - 1))) {
    return [{ rule: 'join-kind', message: `${code.upper(at - 1)} JOIN is not portable; write the condition`, at: at - 1 }];
  }
  if (word === 'VALUES' && code.upper(at - 1) !== ')') {
    return [{ rule: 'values-list', message: 'a VALUES list is a table on one engine only; write SELECT … UNION ALL', at }];
  }
  if (word === 'AS' && code.tokens[at + 1]?.kind === 'word' && isReservedAlias(code.upper(at + 1))) {
    return [
      { rule: 'reserved-alias', message: `${code.tokens[at + 1]?.text} is reserved on one engine; choose another alias`, at: at + 1 },
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
export function statementFindings(code: SqlCode): Finding[] {
  const findings: Finding[] = [];
  const first = code.upper(0);
  if (DDL.test(first)) findings.push({ rule: 'ddl', message: `${first} comes from the contracts; use the port`, at: 0 });
  if (first === 'DELETE' || first === 'UPDATE') {
    if (!code.tokens.some((token) => token.upper === 'WHERE')) {
      findings.push({ rule: 'where-required', message: `${first} needs WHERE on one engine; write WHERE TRUE to mean every row`, at: 0 });
    }
    const using = code.tokens.findIndex((token) => token.upper === 'USING');
    if (first === 'DELETE' && using > 0) {
      findings.push({ rule: 'delete-using', message: 'DELETE … USING exists on one engine only; write WHERE … IN (SELECT …)', at: using });
    }
  }
  if (first === 'MERGE' && code.upper(1) !== 'INTO') findings.push({ rule: 'merge-into', message: 'write MERGE INTO', at: 0 });
  for (const [at] of code.tokens.entries()) {
    if (code.upper(at) === ';') {
      findings.push({ rule: 'one-statement', message: 'one statement per call, without a semicolon', at });
    }
    if (code.upper(at) !== 'INSERT') continue;
    if (code.upper(at + 1) === 'ROW') findings.push({ rule: 'insert-row', message: 'INSERT ROW is not portable; name the columns', at });
    if (code.upper(at + 1) === 'OR') findings.push({ rule: 'insert-or', message: 'INSERT OR … is not portable; write MERGE INTO', at });
    if (first === 'INSERT' && at === 0 && code.upper(1) === 'INTO') findings.push(...insertFindings(code));
  }
  const conflict = code.tokens.findIndex((_, at) => code.matches(at, 'ON', 'CONFLICT'));
  if (conflict >= 0) findings.push({ rule: 'insert-or', message: 'ON CONFLICT is not portable; write MERGE INTO', at: conflict });
  return findings;
}

function insertFindings(code: SqlCode): Finding[] {
  const end = code.upper(3) === '.' ? 5 : 3;
  if (code.upper(end) === '(') return [];
  return [{ rule: 'insert-columns', message: 'INSERT INTO must name its columns: by position they differ after a migration', at: end }];
}
