import type { SqlProblemKind } from '#platform/sql/port.ts';
import type { CheckReport, CodeReport } from './check.ts';
import type { Fix } from './finding.ts';
import { type Approval, approvalFor, type DiffReport, type JudgedFinding, type Judgement } from './judge.ts';
import { contractSource } from './provenance.ts';
import type { SourceFile } from './sql-catalogue.ts';

/** Something that blocks a change, in the form that every output shares. */
export interface Difference {
  readonly table: string;
  readonly column: string | null;
  readonly kind: string;
  readonly class: string;
  readonly direction: string;
  /** The two schemas it lies between; null for a fault within the code. */
  readonly between: string | null;
  readonly message: string;
  readonly writers: readonly string[];
  readonly readers: readonly string[];
  readonly fix: Fix | null;
  /** Source file, for a fault in the code; null otherwise. */
  readonly path: string | null;
  readonly line: number | null;
  /** The approval file that would let the change pass; null where none could. */
  readonly approval: { readonly path: string; readonly text: string } | null;
}

/** The parts of a difference that is not between two schemas. */
const CODE_FAULT = {
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

/** A blocking finding, with the approval that would let it pass where one could. */
function differenceOf(finding: JudgedFinding, today: string, between: string): Difference {
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

/** An expired approval as a difference. */
function expiredDifference({ path, finding, expires }: Approval): Difference {
  return {
    ...CODE_FAULT,
    table: path,
    column: null,
    kind: 'approval_expired',
    message: `${path} approved "${finding}" until ${expires}. Remove the file, or renew it with a reason.`,
    path,
  };
}

/** The contract property behind each kind of table-wide change. */
const PROPERTIES: Readonly<Record<string, string>> = {
  key_changed: 'key',
  partition_changed: 'partition',
  partition_filter_changed: 'partitionFilterRequired',
  cluster_changed: 'cluster',
  retention_changed: 'retentionDays',
};

/** Places a difference on the contract line that declares it, or on the contract when that line is elsewhere. */
function placedOnContract(one: Difference, files: readonly SourceFile[]): Difference {
  if (one.path !== null && one.line !== null) return { ...one, line: lineOf(one, files) };
  const contract = contractSource(one.table, files);
  if (contract === undefined) return one;
  const name = one.column ?? PROPERTIES[one.kind];
  const at = contract.text
    .split('\n')
    .findIndex((text) => name !== undefined && text.trimStart().startsWith(`${name}:`));
  return { ...one, path: contract.path, line: at < 0 ? null : contract.line + at };
}

/** The lines of an assembled statement are not those of its file: there the first line with the name is used. */
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

/** How many differences there are, and the command that handles the easy ones. */
export function summaryLine(differences: readonly Difference[]): string {
  const count = `${differences.length} ${differences.length === 1 ? 'difference' : 'differences'}.`;
  const isLate = differences.some((one) => one.class === 'needs_order' && one.direction === 'table_first');
  return isLate
    ? `${count} \`tipoff schema apply --dry-run\` shows what can be added to the tables at once.`
    : count;
}

/**
 * Everything that blocks in a check: faults of the code, findings, expired approvals. Given the sources, each
 * carries the contract line it concerns.
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
  ].map((one) => placedOnContract(one, files));
}

function codeDifferences(code: CodeReport): Difference[] {
  return [
    ...code.unknownNames.map(({ kind, name, owner, path, line, table, message: reason }) => ({
      ...CODE_FAULT,
      table: kind === 'refused' ? owner : (table ?? owner),
      column: kind.endsWith('_column') ? (name.split('.').at(-1) ?? name) : null,
      kind: kind === 'refused' ? 'sql_refused' : kind,
      message: nameMessage(kind, owner, name, reason),
      path,
      line,
    })),
    ...code.lint.map(({ owner, rule, message, path, line }) => ({
      ...CODE_FAULT,
      table: owner,
      column: null,
      kind: `sql_${rule}`,
      message: `${owner}: ${message}`,
      path,
      line,
    })),
    ...code.provenance.map(({ kind, table, column, message }) => ({
      ...CODE_FAULT,
      table,
      column,
      kind,
      message,
    })),
  ];
}

function nameMessage(kind: SqlProblemKind, owner: string, name: string, reason: string): string {
  switch (kind) {
    case 'refused':
      return `${owner}: the engine refuses the statement: ${reason}`;
    case 'ambiguous_column':
      return `${owner} names ${name}, which two columns of the subselect share: BigQuery refuses it, DuckDB takes the first. Give them different names.`;
    case 'outer_column':
      return `${owner} names ${name} in a subselect none of whose sources has it, so it binds to a column of the enclosing block. Qualify it with its alias, or correct the name.`;
    default:
      return `${owner} names ${name}, which no contract has. Correct the statement, or add it to the contract and run \`tipoff schema apply\` first.`;
  }
}

/** Notices that do not block: approved changes, things to do later, unused approvals. */
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
        `${path} names "${finding}", which matches no finding; remove the file once the change is done.`,
    ),
  ];
}

/** The three comparisons of a diff. */
export interface DiffReports {
  /** The contracts over the revisions. */
  readonly contracted: DiffReport;
  /** The snapshots over the revisions. */
  readonly deployed: DiffReport;
  /** The code as it is now against the snapshot as it is now, and against itself. */
  readonly check: CheckReport;
  /** Contract files that are out of date with the code. */
  readonly stale: readonly string[];
}

/** Everything that blocks in a diff, each once, on the contract line it concerns. */
export function diffDifferences(
  { contracted, deployed, check, stale }: DiffReports,
  today: string,
  files: readonly SourceFile[],
): Difference[] {
  const all = [
    ...stale.map(staleDifference),
    ...blockingIn(contracted, today, 'contracts'),
    ...blockingIn(deployed, today, 'snapshots').map(asLiveChange),
  ].map((one) => placedOnContract(one, files));
  const found = new Map<string, Difference>();
  for (const one of [...all, ...differencesOf(check, today, files, 'snapshot')]) {
    const key = `${one.kind} ${one.table} ${one.column} ${one.message} ${one.line}`;
    const before = found.get(key)?.between;
    // A change found by several comparisons is reported once, with all of them.
    found.set(key, {
      ...one,
      between:
        [...new Set([before, one.between])].filter((each) => typeof each === 'string').join('; ') || null,
    });
  }
  // Stale contract files come first: the rest may follow from them.
  return [...found.values()].sort((a, b) => Number(b.kind === STALE) - Number(a.kind === STALE));
}

function blockingIn({ steps, sum, onlyInSum }: DiffReport, today: string, what: string): Difference[] {
  const at = (from: string, to: string, findings: readonly JudgedFinding[]): Difference[] =>
    findings
      .filter(({ verdict }) => verdict === 'blocks')
      .map((finding) => differenceOf(finding, today, `${what} at ${from} and at ${to}`));
  return [
    ...steps.flatMap(({ from, to, findings }) => at(from, to, findings)),
    ...at(sum.from, sum.to, onlyInSum),
  ];
}

/** A change the live schema has already made; the comparison of code and snapshot says what the code should do about it. */
function asLiveChange(one: Difference): Difference {
  const place = one.column === null ? one.table : `${one.table}.${one.column}`;
  const message = `the live schema changed at ${place} (${one.kind}) in a way that no order makes safe. If it was intended, approve it; otherwise revert it.`;
  return { ...one, fix: null, message };
}

const STALE = 'contracts_stale';

function staleDifference(path: string): Difference {
  return {
    ...CODE_FAULT,
    table: path,
    column: null,
    kind: STALE,
    message: `${path} is out of date with the contracts in the code, so a change to them would go unseen. Run \`npm run docs\` and commit the result.`,
    path,
  };
}

/** Kinds of change that only contracts show, because no snapshot stores them. */
const RULES: ReadonlySet<string> = new Set([
  'key_changed',
  'writer_changed',
  'decimals_changed',
  'range_changed',
]);

/**
 * Notices that do not block, each once. The comparison of code and snapshot knows what is still to do and
 * says so; the other two comparisons add only what it cannot see.
 */
export function diffNotices({ contracted, deployed, check }: DiffReports): string[] {
  const open = new Set(check.findings.map(placeOf));
  const fromContracts = contracted.sum.findings.filter(
    ({ verdict, kind }) => verdict !== 'notice' || RULES.has(kind),
  );
  const wanted = contracted.sum.findings.filter(
    (each) => !fromContracts.includes(each) && !open.has(placeOf(each)),
  );
  const happened = deployed.sum.findings.filter(({ verdict }) => verdict === 'notice');
  const approved = deployed.sum.findings.filter(({ verdict }) => verdict !== 'notice');
  return [
    ...new Set([
      ...noticesOf({ findings: [...fromContracts, ...approved], expired: [], unused: [] }),
      ...wanted.map(({ id }) => `in the contracts, and in the snapshot already: ${id}`),
      ...happened.map(({ id }) => `the snapshot has changed: ${id}`),
      // Unused approvals do not concern this change: the daily check of the live schema reports them.
      ...noticesOf({ ...check, unused: [] }),
    ]),
  ];
}

function placeOf({ table, column }: JudgedFinding): string {
  return `${table} ${column}`;
}
