import type { CheckReport } from './check.ts';
import type { DiffReport } from './diff.ts';
import { type Difference, differenceOf, NO_ORDER, placed } from './difference.ts';
import type { JudgedFinding, Judgement } from './judge.ts';
import { differencesOf, noticesOf } from './report.ts';
import type { SourceFile } from './sql-catalogue.ts';

/** The three comparisons of a diff. */
export interface DiffReports {
  /** The contracts over the revisions. */
  readonly contracted: DiffReport;
  /** The snapshots over the revisions. */
  readonly deployed: DiffReport;
  /** The code as it is now against the snapshot as it is now, and against itself. */
  readonly check: CheckReport;
  /** Files of the contracts that do not say what the code says. */
  readonly stale: readonly string[];
}

/** Everything that blocks in a diff, each once, on the line of the contract it is about. */
export function diffDifferences(
  { contracted, deployed, check, stale }: DiffReports,
  today: string,
  files: readonly SourceFile[],
): Difference[] {
  const all = [
    ...stale.map(staleDifference),
    ...blockingIn(contracted, today, 'contracts'),
    ...blockingIn(deployed, today, 'snapshots').map(happened),
  ].map((one) => placed(one, files));
  const found = new Map<string, Difference>();
  for (const one of [...all, ...differencesOf(check, today, files, 'snapshot')]) {
    const key = `${one.kind} ${one.table} ${one.column} ${one.message} ${one.line}`;
    const before = found.get(key)?.between;
    // One change may be found more than once: it is told once, with every place it lies between.
    found.set(key, {
      ...one,
      between:
        [...new Set([before, one.between])].filter((each) => typeof each === 'string').join('; ') || null,
    });
  }
  // A fault of the contract files stands first: the rest may follow from it.
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

/** The live schema has changed already: what the code should do about it is said by the comparison of code and snapshot. */
function happened(one: Difference): Difference {
  const place = one.column === null ? one.table : `${one.table}.${one.column}`;
  const message = `the live schema changed at ${place} (${one.kind}) in a way that no order makes safe. If somebody meant it, approve it; otherwise bring it back.`;
  return { ...one, fix: null, message };
}

const STALE = 'contracts_stale';

function staleDifference(path: string): Difference {
  return {
    ...NO_ORDER,
    table: path,
    column: null,
    kind: STALE,
    message: `${path} does not say what the contracts of the code say, so that a change of them would pass unseen. Run \`npm run docs\` and commit it.`,
    path,
  };
}

/** What only contracts know: no snapshot shows it, so it is told from the contracts. */
const RULES: ReadonlySet<string> = new Set([
  'key_changed',
  'writer_changed',
  'decimals_changed',
  'range_changed',
]);

/**
 * What is in order but worth a line, each once. What a change asks for is said by the comparison of code and snapshot, which
 * knows what is still to do; the other two only add what that one cannot see.
 */
export function diffNotices({ contracted, deployed, check }: DiffReports): string[] {
  const open = new Set(check.findings.map(placeOf));
  const judgements: Judgement[] = [contracted, deployed].flatMap(({ steps, sum }) => [...steps, sum]);
  // An approval may be used by one comparison and name nothing in the others.
  const unused = check.unused.filter((approval) =>
    judgements.every((judgement) => judgement.unused.includes(approval)),
  );
  const told = contracted.sum.findings.filter(({ verdict, kind }) => verdict !== 'notice' || RULES.has(kind));
  const wanted = contracted.sum.findings.filter((each) => !told.includes(each) && !open.has(placeOf(each)));
  const happened = deployed.sum.findings.filter(({ verdict }) => verdict === 'notice');
  const approved = deployed.sum.findings.filter(({ verdict }) => verdict !== 'notice');
  return [
    ...new Set([
      ...noticesOf({ findings: [...told, ...approved], expired: [], unused: [] }),
      ...wanted.map(({ id }) => `in the contracts, and in the snapshot already: ${id}`),
      ...happened.map(({ id }) => `the snapshot has changed: ${id}`),
      ...noticesOf({ ...check, unused }),
    ]),
  ];
}

function placeOf({ table, column }: JudgedFinding): string {
  return `${table} ${column}`;
}
