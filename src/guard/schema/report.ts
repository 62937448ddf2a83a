import type { CheckReport, CodeReport } from './check.ts';
import { type Difference, differenceOf, expiredDifference, NO_ORDER, placed } from './difference.ts';
import type { Judgement } from './judge.ts';
import type { SourceFile } from './sql-catalogue.ts';

/**
 * Everything that blocks in a check: the code's own faults, the findings, approvals past their date. With the sources each
 * comes with the line of the contract it is about.
 */
export function differencesOf(
  report: CheckReport,
  today: string,
  files: readonly SourceFile[] = [],
  warehouse = 'live schema',
): Difference[] {
  const found = report.findings.filter(({ verdict }) => verdict === 'blocks');
  return [
    ...codeDifferences(report.code),
    ...found.map((finding) => differenceOf(finding, today, `${warehouse} and contracts`)),
    ...report.expired.map(expiredDifference),
  ].map((one) => placed(one, files));
}

function codeDifferences(code: CodeReport): Difference[] {
  return [
    ...code.unknownNames.map(({ kind, name, owner, path, line, message: reason }) => ({
      ...NO_ORDER,
      table: kind !== 'refused' && name.includes('.') ? name.split('.').slice(0, 2).join('.') : owner,
      column:
        kind === 'unknown_column' || kind === 'ambiguous_column' ? (name.split('.').at(-1) ?? name) : null,
      kind: kind === 'refused' ? 'sql_refused' : kind,
      message:
        kind === 'refused'
          ? `${owner}: the engine refuses the statement: ${reason}`
          : kind === 'ambiguous_column'
            ? `${owner} names ${name}, which two columns of the subselect are called: BigQuery refuses it, DuckDB takes the first. Give them different names.`
            : `${owner} names ${name}, which no contract has. Correct the statement, or add it to the contract and run \`tipoff schema apply\` first.`,
      path,
      line,
    })),
    ...code.lint.map(({ owner, rule, message, path, line }) => ({
      ...NO_ORDER,
      table: owner,
      column: null,
      kind: `sql_${rule}`,
      message: `${owner}: ${message}`,
      path,
      line,
    })),
    ...code.provenance.map(({ kind, table, column, message }) => ({
      ...NO_ORDER,
      table,
      column,
      kind,
      message,
    })),
  ];
}

/** What is in order but worth a line: approved changes, things to do later, approvals that name nothing. */
export function noticesOf(judgement: Judgement): string[] {
  return [
    ...judgement.findings
      .filter(({ verdict }) => verdict === 'approved')
      .map(
        ({ id, approval }) =>
          `approved until ${approval?.expires}: ${id} (${approval?.path}: ${approval?.reason})`,
      ),
    ...judgement.findings
      .filter(({ verdict }) => verdict === 'untouched')
      .map(({ message }) => `not touched by this change, but drifted: ${message}`),
    ...judgement.findings
      .filter(({ verdict }) => verdict === 'notice')
      .map((finding) => `${finding.class}, ${finding.direction}: ${finding.message}`),
    ...judgement.unused.map(
      ({ path, finding }) =>
        `${path} names "${finding}", which is no change here; remove the file once it is done.`,
    ),
  ];
}
