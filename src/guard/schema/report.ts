import { approvalFor } from './approvals.ts';
import type { CheckReport, CodeReport } from './check.ts';
import type { DiffReport } from './diff.ts';
import type { Fix } from './finding.ts';
import type { JudgedFinding, Judgement } from './judge.ts';
import type { SourceFile } from './sql-catalogue.ts';

/** Something that keeps a change from being merged, in the form that every output shares. */
export interface Difference {
  readonly table: string;
  readonly column: string | null;
  readonly kind: string;
  readonly class: string;
  readonly direction: string;
  readonly message: string;
  readonly writers: readonly string[];
  readonly readers: readonly string[];
  readonly fix: Fix | null;
  /** Where in the sources, for what lies in the code. */
  readonly path: string | null;
  readonly line: number | null;
  /** The file that would let the change pass, where one could. */
  readonly approval: { readonly path: string; readonly text: string } | null;
}

const NO_ORDER = {
  class: 'breaking',
  direction: 'either',
  writers: [],
  readers: [],
  fix: null,
  path: null,
  line: null,
  approval: null,
} as const;

/**
 * Everything that blocks in a check: the code's own faults, the findings, approvals past their date. With the sources each
 * comes with the line of the contract it is about.
 */
export function differencesOf(report: CheckReport, today: string, files: readonly SourceFile[] = []): Difference[] {
  return [...codeDifferences(report.code), ...blocking(report, today)].map((one) => placed(one, files));
}

/** Puts a difference on the line of the contract that declares the column, or on the contract where the line is elsewhere. */
function placed(one: Difference, files: readonly SourceFile[]): Difference {
  if (one.path !== null && one.line !== null) return { ...one, line: lineOf(one, files) };
  const path = `src/core/contracts/${one.table.replaceAll('_', '-').replace(/^([^.]*)\./, (_, dataset: string) => `${dataset.replaceAll('-', '_')}/`)}.ts`;
  const file = files.find((each) => each.path === path);
  if (file === undefined) return one;
  const line = file.text.split('\n').findIndex((text) => one.column !== null && text.trimStart().startsWith(`${one.column}:`)) + 1;
  return { ...one, path, line: line === 0 ? null : line };
}

/** A statement that is put together has other lines than its file: there the first line with the name is meant. */
function lineOf({ path, column, line }: Difference, files: readonly SourceFile[]): number | null {
  const lines = files.find((file) => file.path === path)?.text.split('\n');
  if (lines === undefined || column === null || line === null) return line;
  const named = new RegExp(`\\b${column}\\b`, 'i');
  if (named.test(lines[line - 1] ?? '')) return line;
  const found = lines.findIndex((text) => named.test(text));
  return found < 0 ? 1 : found + 1;
}

/** Everything that blocks in a diff: in a step, in the sum alone, and approvals past their date. */
export function diffDifferences(report: DiffReport, today: string): Difference[] {
  const found = [...report.steps.flatMap(({ findings }) => findings.filter(({ verdict }) => verdict === 'blocks')), ...report.onlyInSum];
  const unique = [...new Map(found.map((finding) => [finding.id, finding])).values()];
  return [...unique.map((finding) => differenceOf(finding, today)), ...expired(report.sum)];
}

function codeDifferences(code: CodeReport): Difference[] {
  return [
    ...code.unknownNames.map(({ kind, name, owner, path, line }) => ({
      ...NO_ORDER,
      table: name.includes('.') ? name.split('.').slice(0, 2).join('.') : owner,
      column: kind === 'unknown_column' || kind === 'ambiguous_column' ? (name.split('.').at(-1) ?? name) : null,
      kind,
      message:
        kind === 'ambiguous_column'
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

function blocking(judgement: Judgement, today: string): Difference[] {
  return [
    ...judgement.findings.filter(({ verdict }) => verdict === 'blocks').map((finding) => differenceOf(finding, today)),
    ...expired(judgement),
  ];
}

function differenceOf(finding: JudgedFinding, today: string): Difference {
  const { table, column, kind, direction, message, writers, readers, fix } = finding;
  const approval = finding.class === 'breaking' ? approvalFor(finding, today) : null;
  return { table, column, kind, class: finding.class, direction, message, writers, readers, fix, path: null, line: null, approval };
}

function expired({ expired: approvals }: Judgement): Difference[] {
  return approvals.map(({ path, finding, expires }) => ({
    ...NO_ORDER,
    table: path,
    column: null,
    kind: 'approval_expired',
    message: `${path} approved "${finding}" until ${expires}. Remove the file, or renew it with a reason.`,
    path,
  }));
}

/** What is in order but worth a line: approved changes, things to do later, approvals that name nothing. */
export function noticesOf(judgement: Judgement): string[] {
  return [
    ...judgement.findings
      .filter(({ verdict }) => verdict === 'approved')
      .map(({ id, approval }) => `approved until ${approval?.expires}: ${id} (${approval?.path}: ${approval?.reason})`),
    ...judgement.findings
      .filter(({ verdict }) => verdict === 'untouched')
      .map(({ message }) => `not touched by this change, but drifted: ${message}`),
    ...judgement.findings
      .filter(({ verdict }) => verdict === 'notice')
      .map((finding) => `${finding.class}, ${finding.direction}: ${finding.message}`),
    ...judgement.unused.map(({ path, finding }) => `${path} names "${finding}", which is no change here; remove the file once it is done.`),
  ];
}

/** Differences for people, a few lines each. */
export function differenceLines(differences: readonly Difference[], engine: keyof Fix): string[] {
  return differences.flatMap((one) => [
    `${one.class === 'breaking' ? 'BREAKING' : 'NEEDS ORDER'}  ${one.kind}  ${one.column === null ? one.table : `${one.table}.${one.column}`}${one.path === null ? '' : `  (${one.path}${one.line === null ? '' : `:${one.line}`})`}`,
    `  ${one.message}`,
    ...(one.fix === null ? [] : one.fix[engine].map((statement) => `  run: ${statement}`)),
    ...(one.writers.length === 0 ? [] : [`  written by: ${one.writers.join(', ')}`]),
    ...(one.readers.length === 0 ? [] : [`  read by: ${one.readers.join(', ')}`]),
    ...(one.approval === null
      ? []
      : [
          `  to let it pass, add ${one.approval.path}:`,
          ...one.approval.text
            .trimEnd()
            .split('\n')
            .map((line) => `    ${line}`),
        ]),
  ]);
}
