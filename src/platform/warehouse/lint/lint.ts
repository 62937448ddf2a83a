import { correlationFindings, havingFindings, joinFindings } from './joins.ts';
import {
  callFindings,
  lexicalFindings,
  nullFindings,
  selectFindings,
  statementFindings,
  typeFindings,
} from './rules.ts';
import { type LintFinding, meaningful, sqlCode, tokenise } from './vocabulary.ts';

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
/** What is asked at every token. */
const RULES = [
  lexicalFindings,
  callFindings,
  typeFindings,
  nullFindings,
  selectFindings,
  joinFindings,
  correlationFindings,
  havingFindings,
];

/** Everything in a statement, or in a fragment of one, that is outside of the portable subset; in the order of the text. */
export function lintSql(text: string): SqlProblem[] {
  const code = sqlCode(meaningful(tokenise(text)));
  const findings: LintFinding[] = statementFindings(code);
  for (let at = 0; at < code.tokens.length; at++)
    for (const rule of RULES) for (const finding of rule(code, at)) findings.push(finding);
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
