import { TipoffError } from '#core/errors.ts';
import {
  callFindings,
  lexicalFindings,
  nullFindings,
  selectFindings,
  statementFindings,
  typeFindings,
} from './rules.ts';
import { type Finding, meaningful, sqlCode, tokenise } from './vocabulary.ts';

/** Something in a statement that only one engine reads, or that the two read differently. */
export interface SqlProblem {
  /** Stable name of the rule. */
  readonly rule: string;
  /** What is wrong and what to write instead. */
  readonly message: string;
  /** 1-based line in the text. */
  readonly line: number;
  /** A few tokens around the place. */
  readonly excerpt: string;
}

const EXCERPT_TOKENS = 6;

/** Everything in a statement, or in a fragment of one, that is outside of the portable subset; in the order of the text. */
export function lintSql(text: string): SqlProblem[] {
  const code = sqlCode(meaningful(tokenise(text)));
  const findings: Finding[] = statementFindings(code);
  for (const [at] of code.tokens.entries()) {
    findings.push(
      ...lexicalFindings(code, at),
      ...callFindings(code, at),
      ...typeFindings(code, at),
      ...nullFindings(code, at),
      ...selectFindings(code, at),
    );
  }
  return findings
    .toSorted((a, b) => a.at - b.at)
    .map(({ rule, message, at }) => ({
      rule,
      message,
      line: code.tokens[at]?.line ?? code.tokens.at(-1)?.line ?? 1,
      excerpt: code.tokens
        .slice(Math.max(0, at - 2), at + EXCERPT_TOKENS)
        .map((token) => token.text)
        .join(' '),
    }));
}

const REMEMBERED_TEXTS = 1000;
/** Names of tables that differ from batch to batch in statements that are otherwise the same. */
const STAGING_TABLE = /\b_staging_\w+/g;

/**
 * A check that refuses text outside of the portable subset with TIPOFF_SQL, all problems in `details.problems`. Clean
 * texts are remembered, so that a statement is read once however often it runs, also over other staging tables.
 */
export function portabilityGuard(): (sql: string) => void {
  const clean = new Set<string>();
  return (sql) => {
    const shape = sql.replaceAll(STAGING_TABLE, '_staging_');
    if (clean.has(shape)) return;
    const problems = lintSql(sql);
    if (problems.length > 0) {
      const list = problems.map((p) => `line ${p.line}, ${p.rule}: ${p.message} (near: ${p.excerpt})`);
      throw new TipoffError(
        'TIPOFF_SQL',
        `the statement is outside of the portable subset: ${list.join('; ')}`,
        {
          hint: 'Write it in SQL that both engines read alike; what they spell differently is in the fn library.',
          details: { problems, statement: sql.slice(0, 400) },
        },
      );
    }
    if (clean.size >= REMEMBERED_TEXTS) clean.clear();
    clean.add(shape);
  };
}
