import type { VerbContext } from '#app/cli/context.ts';
import type { Terminal } from '#app/cli/terminal.ts';
import { changedFiles, stretchOf } from '#app/schema/git.ts';
import { type SchemaHistories, schemaHistories } from '#app/schema/history.ts';
import { demandSchemaFiles, FOLDERS, readApprovals, readSources, repositoryRoot } from '#app/schema/repository.ts';
import { wantedBy } from '#app/schema/wanted.ts';
import { checkSchema } from '#guard/schema/check.ts';
import { readCode } from '#guard/schema/code-reading.ts';
import { type DiffReport, judgeHistory, type SchemaHistory } from '#guard/schema/diff.ts';
import { differenceLines, summaryLine } from '#guard/schema/difference.ts';
import { diffDifferences, diffNotices } from '#guard/schema/report-diff.ts';
import { readSchemaFiles } from '#guard/schema/schema-files.ts';

export interface DiffOptions {
  readonly repository?: string;
  readonly base: string | undefined;
  /** Absent = what is checked out, committed or not. */
  readonly head: string | undefined;
}

const NOTHING: SchemaHistories & { readonly changed?: readonly string[] } = {
  deployed: { steps: [] },
  contracted: { steps: [] },
  notes: [],
};

/** `schema diff`: prints what it found and says whether that is fine. */
export async function schemaDiff({ terminal, clock }: VerbContext, options: DiffOptions): Promise<boolean> {
  const today = clock.now().toISOString().slice(0, 10);
  const root = options.repository ?? repositoryRoot();
  const approvals = readApprovals(root, today);
  const warehouse = readSchemaFiles(demandSchemaFiles(root, 'snapshot'), 'snapshot', `${FOLDERS.snapshot}/`);
  const { stale, ...code } = wantedBy(root);
  const files = readSources(root);
  const { deployed, contracted, notes, changed } = options.base === undefined ? NOTHING : await between(root, options.base, options.head);
  const earlier = [warehouse, ...schemasOf(deployed), ...schemasOf(contracted)];
  const reading = readCode({ ...code, files, earlier });
  const ofContracts = judgeHistory(contracted, approvals, today, reading.usage);
  const changedTables = [...ofContracts.steps, ofContracts.sum].flatMap(({ findings }) => findings.map(({ table }) => table));
  const reports = {
    contracted: ofContracts,
    deployed: judgeHistory(deployed, approvals, today, reading.usage),
    check: checkSchema({
      ...code,
      warehouse,
      files,
      approvals,
      today,
      reading,
      changedTables,
      ...(changed === undefined ? {} : { changed }),
    }),
    stale,
  };
  const differences = diffDifferences(reports, today, files);
  const notices = [...notes, ...diffNotices(reports)];
  const isFine = reports.contracted.ok && reports.deployed.ok && reports.check.ok && stale.length === 0;
  terminal.json({
    ok: isFine,
    differences,
    notices,
    contracted: plain(contracted, reports.contracted),
    deployed: plain(deployed, reports.deployed),
  });
  printSteps(terminal, 'contracts', reports.contracted);
  printSteps(terminal, 'snapshot', reports.deployed);
  for (const line of [...differenceLines(differences, 'bigquery'), ...notices.map((notice) => `note: ${notice}`)]) terminal.line(line);
  if (isFine) terminal.line(options.base === undefined ? 'The contracts agree with the snapshot.' : 'Nothing here outruns its table.');
  else terminal.line(summaryLine(differences));
  return isFine;
}

async function between(root: string, base: string, head: string | undefined): Promise<typeof NOTHING> {
  const ends = { base, head: head ?? 'HEAD' };
  const stretch = await stretchOf(root, ends.base, ends.head);
  const withWorkingTree = head === undefined;
  const [histories, changed] = await Promise.all([
    schemaHistories(root, stretch, ends, withWorkingTree),
    changedFiles(root, stretch, withWorkingTree),
  ]);
  return { ...histories, changed };
}

function schemasOf({ steps, sum }: SchemaHistory): SchemaHistory['steps'][number]['from']['schema'][] {
  return [...steps, ...(sum === undefined ? [] : [sum])].flatMap(({ from, to }) => [from.schema, to.schema]);
}

function plain({ steps, sum }: SchemaHistory, report: DiffReport): object {
  const versions = [sum?.from, ...steps.flatMap(({ from, to }) => [from, to]), sum?.to].flatMap((one) =>
    one === undefined ? [] : [one.name],
  );
  return {
    versions: [...new Set(versions)],
    steps: report.steps.map(({ from, to, findings }) => ({ from, to, findings })),
    sum: report.sum.findings,
    only_in_sum: report.onlyInSum.map(({ id }) => id),
  };
}

function printSteps(terminal: Terminal, what: string, { steps, onlyInSum }: DiffReport): void {
  for (const { from, to, findings } of steps) {
    terminal.line(`${what}, ${from} -> ${to}`);
    for (const { id, verdict, class: kind, direction } of findings) terminal.line(`  ${verdict}  ${kind}, ${direction}  ${id}`);
  }
  for (const { id } of onlyInSum) terminal.line(`${what}, over all steps only: ${id}`);
}
