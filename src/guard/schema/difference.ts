import { type Approval, approvalFor } from './approvals.ts';
import { contractSource } from './contract-source.ts';
import type { Fix } from './finding.ts';
import type { JudgedFinding } from './judge.ts';
import type { SourceFile } from './sql-catalogue.ts';

/** Something that keeps a change from being merged, in the form that every output shares. */
export interface Difference {
  readonly table: string;
  readonly column: string | null;
  readonly kind: string;
  readonly class: string;
  readonly direction: string;
  /** What two things it lies between; null for a fault of the code by itself. */
  readonly between: string | null;
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

/** A fault that is not one of two schemas. */
export const NO_ORDER = {
  class: 'breaking',
  direction: 'either',
  between: null,
  writers: [],
  readers: [],
  fix: null,
  path: null,
  line: null,
  approval: null,
} as const;

/** A finding that blocks, with the approval that would let it pass where one could. */
export function differenceOf(finding: JudgedFinding, today: string, between: string): Difference {
  const { table, column, kind, direction, message, writers, readers, fix } = finding;
  const approval = finding.class === 'breaking' ? approvalFor(finding, today) : null;
  return {
    table,
    column,
    kind,
    class: finding.class,
    direction,
    between,
    message,
    writers,
    readers,
    fix,
    path: null,
    line: null,
    approval,
  };
}

/** An approval past its date. */
export function expiredDifference({ path, finding, expires }: Approval): Difference {
  return {
    ...NO_ORDER,
    table: path,
    column: null,
    kind: 'approval_expired',
    message: `${path} approved "${finding}" until ${expires}. Remove the file, or renew it with a reason.`,
    path,
  };
}

/** Properties of a contract that changes of the table as a whole are about. */
const PROPERTIES: Readonly<Record<string, string>> = {
  key_changed: 'key',
  partition_changed: 'partition',
  partition_filter_changed: 'partitionFilterRequired',
  cluster_changed: 'cluster',
  retention_changed: 'retentionDays',
};

/** Puts a difference on the line of the contract that declares it, or on the contract where the line is elsewhere. */
export function placed(one: Difference, files: readonly SourceFile[]): Difference {
  if (one.path !== null && one.line !== null) return { ...one, line: lineOf(one, files) };
  const contract = contractSource(one.table, files);
  if (contract === undefined) return one;
  const name = one.column ?? PROPERTIES[one.kind];
  const at = contract.text
    .split('\n')
    .findIndex((text) => name !== undefined && text.trimStart().startsWith(`${name}:`));
  return { ...one, path: contract.path, line: at < 0 ? null : contract.line + at };
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

/** Differences for people, a few lines each. */
export function differenceLines(differences: readonly Difference[], engine: keyof Fix): string[] {
  return differences.flatMap((one) => [
    `${one.class === 'breaking' ? 'BREAKING' : 'NEEDS ORDER'}  ${one.kind}  ${one.column === null ? one.table : `${one.table}.${one.column}`}${one.path === null ? '' : `  (${one.path}${one.line === null ? '' : `:${one.line}`})`}`,
    ...(one.between === null ? [] : [`  between ${one.between}`]),
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

/** How much there is to do, and what does the easy part of it. */
export function summaryLine(differences: readonly Difference[]): string {
  const count = `${differences.length} ${differences.length === 1 ? 'difference' : 'differences'}.`;
  const isLate = differences.some((one) => one.class === 'needs_order' && one.direction === 'table_first');
  return isLate
    ? `${count} \`tipoff schema apply --dry-run\` shows what can be added to the tables at once.`
    : count;
}
