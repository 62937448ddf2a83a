import { lintSql, type NameProblem, type SqlEngine } from '#platform/sql/port.ts';
import { concernsChange } from './changed-files.ts';
import { type CodeReading, type CodeUsage, readCode } from './code-reading.ts';
import { codeSchema } from './code-schema.ts';
import { compare } from './compare.ts';
import type { SchemaFinding } from './finding.ts';
import { type Approval, type Judgement, judge } from './judge.ts';
import type { Schema } from './model.ts';
import { type Bounds, boundsByCheck, unboundReads } from './partition-filter.ts';
import { type ProvenanceProblem, provenanceProblems } from './provenance.ts';
import type { SourceFile, SqlText } from './sql-catalogue.ts';

/** A statement outside of the portable subset, or one that reads more than it should. */
interface LintFinding {
  readonly owner: string;
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

/** A name in the code that the contracts do not have. */
interface UnknownName extends NameProblem {
  readonly owner: string;
  /** The table that the name belongs to, its alias resolved; undefined where the statement does not say. */
  readonly table: string | undefined;
  readonly path: string;
}

/** What the code alone shows, without any warehouse. */
export interface CodeReport {
  readonly statements: number;
  /** Statements whose text is known exactly. */
  readonly wholeStatements: number;
  readonly unknownNames: readonly UnknownName[];
  readonly lint: readonly LintFinding[];
  readonly provenance: readonly ProvenanceProblem[];
}

export interface CheckReport extends Judgement {
  readonly ok: boolean;
  readonly code: CodeReport;
}

export interface CheckInput {
  /** The schema of the warehouse: read live, or from a snapshot. */
  readonly warehouse: Schema;
  /** The statements of the code. */
  readonly statements: readonly SqlText[];
  /** The sources of the code. */
  readonly files: readonly SourceFile[];
  readonly approvals: readonly Approval[];
  /** UTC date, for the expiry of approvals. */
  readonly today: string;
  /** The schema the code wants; that of its contracts when absent. */
  readonly wanted?: Schema;
  /** Files of the change being judged: findings it does not touch are reported but do not block. Absent = all count. */
  readonly changed?: readonly string[];
  /** Tables whose contracts that change alters: it touches them whichever files it changed. */
  readonly changedTables?: readonly string[];
  /** Opens an empty engine, which reads the statements. */
  readonly openEngine: () => Promise<SqlEngine>;
  /** Whether the text of the statements is linted too, which no warehouse changes; it is unless told otherwise. */
  readonly lints?: boolean;
}

/**
 * Compares a warehouse with the code about to run on it, and the code with itself: every statement names only what the contracts have,
 * stays in the portable subset and bounds its reads of large tables, and every column has a writer. `ok` is false when anything blocks.
 */
export async function checkSchema(input: CheckInput): Promise<CheckReport> {
  const { statements, warehouse, wanted = codeSchema(), openEngine, lints = true } = input;
  const reading = await readCode({
    statements,
    wanted,
    earlier: [warehouse],
    openEngine,
    strictly: lints,
  });
  try {
    const code = { statements: reading.statements, lint: lints ? lintStatements(statements, wanted) : [] };
    return await reading.judge((usage) => checkReading(input, code, usage));
  } finally {
    reading.close();
  }
}

/** Findings for statements outside the portable subset, and for those that read more than they should. */
export function lintStatements(statements: readonly SqlText[], wanted: Schema): LintFinding[] {
  return [
    ...statements.filter(({ isWhole }) => isWhole).flatMap(lintFindings),
    ...unboundFindings(statements, boundsByCheck(wanted)),
  ];
}

/** `checkSchema` for code already read and linted against the same `wanted`. */
export function checkReading(
  {
    warehouse,
    files,
    approvals,
    today,
    wanted = codeSchema(),
    changed,
    changedTables = [],
  }: Omit<CheckInput, 'statements' | 'openEngine'>,
  { statements, lint }: Pick<CodeReading, 'statements'> & Pick<CodeReport, 'lint'>,
  usage: CodeUsage,
): CheckReport {
  const judgement = unblockUntouched(
    judge(compare(warehouse, wanted, usage), approvals, today, true),
    changed && concernsChange({ changed, changedTables }, files, usage),
  );
  const code: CodeReport = {
    statements: statements.length,
    wholeStatements: statements.filter(({ text }) => text.isWhole).length,
    unknownNames: statements.flatMap(({ text: { owner, path, line, isWhole, sql }, problem }) =>
      problem === undefined || (!isWhole && problem.kind === 'refused')
        ? []
        : [{ ...problem, owner, path, line: line + problem.line - 1, table: tableOfName(sql, problem.name) }],
    ),
    lint,
    provenance: provenanceProblems(wanted, statements, files, usage),
  };
  const isCodeFine = code.unknownNames.length === 0 && code.lint.length === 0 && code.provenance.length === 0;
  return { ...judgement, ok: isCodeFine && isHarmless(judgement), code };
}

/**
 * `checkSchema` where the sources are not available, as in a bundle: the contracts alone, without the
 * statements that use them.
 */
export function checkContracts({
  warehouse,
  approvals,
  today,
  wanted = codeSchema(),
}: Pick<CheckInput, 'warehouse' | 'approvals' | 'today' | 'wanted'>): CheckReport {
  const judgement = judge(compare(warehouse, wanted), approvals, today, true);
  const code: CodeReport = { statements: 0, wholeStatements: 0, unknownNames: [], lint: [], provenance: [] };
  return { ...judgement, ok: isHarmless(judgement), code };
}

function isHarmless({ expired, findings }: Judgement): boolean {
  return expired.length === 0 && findings.every(({ verdict }) => verdict !== 'blocks');
}

/** The table a name belongs to: written out in `nba_raw.shots.zone`, through the statement's alias in `s.zone`. */
function tableOfName(sql: string, name: string): string | undefined {
  const [first = '', second, third] = name.split('.');
  if (second === undefined) return undefined;
  if (third !== undefined || first === 'fn' || first.startsWith('nba_')) return `${first}.${second}`;
  return new RegExp(`\\b(nba_\\w+\\.\\w+)\\s+(?:AS\\s+)?${first}\\b`, 'i').exec(sql)?.[1];
}

/** Stops findings that a change does not touch from blocking it. */
function unblockUntouched(
  judgement: Judgement,
  isTouched: ((finding: SchemaFinding) => boolean) | undefined,
): Judgement {
  if (isTouched === undefined) return judgement;
  const findings = judgement.findings.map((finding) =>
    finding.verdict === 'blocks' && !isTouched(finding)
      ? { ...finding, verdict: 'untouched' as const }
      : finding,
  );
  return { ...judgement, findings };
}

function lintFindings({ sql, owner, path, line }: SqlText): LintFinding[] {
  return lintSql(sql).map((problem) => ({
    owner,
    path,
    line: line + problem.line - 1,
    rule: problem.rule,
    message: problem.message,
  }));
}

/**
 * Statements that BigQuery refuses, or that would read a whole table, for want of a partition bound. A view
 * leaves the bound to its readers.
 */
function unboundFindings(texts: readonly SqlText[], bounds: Bounds): LintFinding[] {
  return texts
    .filter(({ owner }) => !owner.startsWith('view '))
    .flatMap(({ owner, path, line, sql }) =>
      unboundReads(sql, bounds).map(({ table, column, line: at }) => ({
        owner,
        path,
        line: line + at - 1,
        rule: 'partition-filter',
        message: `expected ${table} to be read with a bound on ${column}; compare it with a parameter, joined by AND`,
      })),
    );
}
