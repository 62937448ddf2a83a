import { changedFiles, commitRange } from '#app/schema/git.ts';
import { type SchemaHistories, schemaHistories } from '#app/schema/history.ts';
import {
  FOLDERS,
  readApprovals,
  readSources,
  repositoryRoot,
  requireSchemaFiles,
  writeSchemaFiles,
} from '#app/schema/repository.ts';
import { schemaOfRepository } from '#app/schema/wanted.ts';
import { tableId } from '#core/contracts/define.ts';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { stagedPredictions } from '#core/contracts/nba_predictions.ts';
import { TipoffError } from '#core/errors.ts';
import { rememberApplied } from '#guard/schema/applied.ts';
import { applySchema } from '#guard/schema/apply.ts';
import { checkContracts, checkReading, checkSchema, lintStatements } from '#guard/schema/check.ts';
import { compareWithReaders, readCode } from '#guard/schema/code-reading.ts';
import { codeSchema } from '#guard/schema/code-schema.ts';
import { type DryRunReport, dryRunStatements } from '#guard/schema/dry-run.ts';
import { type DiffReport, judgeHistory, type SchemaHistory } from '#guard/schema/judge.ts';
import { liveSnapshot, schemaOfWarehouse } from '#guard/schema/live-schema.ts';
import type { Schema } from '#guard/schema/model.ts';
import {
  diffDifferences,
  differenceLines,
  differencesOf,
  diffNotices,
  noticesOf,
  summaryLine,
} from '#guard/schema/report.ts';
import { readSchemaFiles, schemaFiles } from '#guard/schema/schema-files.ts';
import type { SqlText } from '#guard/schema/sql-catalogue.ts';
import type { SqlEngine } from '#platform/sql/port.ts';
import { actor, type VerbContext } from './context.ts';
import type { Terminal } from './terminal.ts';

/** An empty engine that reads statements; opened where there are some. */
async function openEngine(): Promise<SqlEngine> {
  const { openSqlEngine } = await import('#platform/warehouse/duckdb/sql-engine.ts');
  return openSqlEngine();
}

/** Reads the live schema. */
async function readLive(context: VerbContext): Promise<Schema> {
  return context.withTables(({ warehouse }) => schemaOfWarehouse(warehouse));
}

/** The root of the repository to work on. */
function rootOf({ path }: VerbContext, repository: string | undefined): string {
  return repository === undefined ? repositoryRoot() : path(repository);
}

export interface CheckOptions {
  readonly repository?: string;
  readonly offline?: boolean;
  readonly statements?: boolean;
}

/** `schema check`: prints what it found and says whether that is fine. */
export async function schemaCheck(context: VerbContext, options: CheckOptions): Promise<boolean> {
  const { terminal, clock } = context;
  const today = clock.now().toISOString().slice(0, 10);
  const root = rootOf(context, options.repository);
  const isOffline = options.offline === true;
  const warehouse = isOffline
    ? readSchemaFiles(requireSchemaFiles(root, 'snapshot'), 'snapshot', `${FOLDERS.snapshot}/`)
    : await readLive(context);
  const files = readSources(root);
  const { stale: _, ...code } = schemaOfRepository(root, files);
  const input = { ...code, warehouse, approvals: readApprovals(root, today), today };
  const isBundle = files.length === 0;
  const found = isBundle
    ? checkContracts(input)
    : await checkSchema({ ...input, files, openEngine, lints: isOffline });
  const differences = differencesOf(found, today, files, isOffline ? 'snapshot' : 'live schema');
  const notices = [
    ...noticesOf(found),
    ...(isBundle ? ['the sources are not here: the contracts were compared, no statement was read'] : []),
  ];
  const tried = options.statements === true ? await dryRunLive(context, code.statements) : null;
  const isFine = found.ok && (tried === null || tried.refused.length === 0);
  terminal.json({
    ok: isFine,
    against: isOffline ? 'snapshot' : 'live',
    differences,
    notices,
    statements: found.code.statements,
    whole_statements: found.code.wholeStatements,
    dry_run: tried,
  });
  // Offline the statements are those of the deployment; live they are those for the inspected engine.
  const engine = isOffline || context.config.profile === 'gcp' ? 'bigquery' : 'duckdb';
  for (const line of [...differenceLines(differences, engine), ...notices.map((notice) => `note: ${notice}`)])
    terminal.line(line);
  if (tried !== null) {
    for (const { owner, path, line, message } of tried.refused)
      terminal.line(`REFUSED  ${owner}  (${path}:${line})\n  ${message}`);
    terminal.line(
      `${tried.statements} statements looked at, ${tried.refused.length} refused, ${tried.bytes} bytes at least.`,
    );
  }
  if (isFine) {
    terminal.line(
      `The contracts and ${found.code.statements} SQL statements agree with the ${isOffline ? 'snapshot' : 'live schema'}.`,
    );
  }
  if (!found.ok) terminal.line(summaryLine(differences));
  return isFine;
}

async function dryRunLive(context: VerbContext, statements: readonly SqlText[]): Promise<DryRunReport> {
  const report = await context.withTables(({ warehouse }) =>
    dryRunStatements(
      warehouse,
      // Staging tables come and go with their batches.
      statements.filter(({ sql }) => !sql.includes(tableId(stagedPredictions))),
    ),
  );
  if (report !== undefined) return report;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    'expected --statements with BigQuery, saw the embedded warehouse, which has no dry run',
    {
      hint: 'Set TIPOFF_PROFILE=gcp, or leave --statements out: the tests plan every statement on DuckDB.',
    },
  );
}

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
export async function schemaDiff(context: VerbContext, options: DiffOptions): Promise<boolean> {
  const { terminal, clock } = context;
  const today = clock.now().toISOString().slice(0, 10);
  const root = rootOf(context, options.repository);
  const approvals = readApprovals(root, today);
  const warehouse = readSchemaFiles(requireSchemaFiles(root, 'snapshot'), 'snapshot', `${FOLDERS.snapshot}/`);
  const files = readSources(root);
  const { stale, statements, ...code } = schemaOfRepository(root, files);
  const { deployed, contracted, notes, changed } =
    options.base === undefined ? NOTHING : await between(root, options.base, options.head);
  const earlier = [warehouse, ...schemasOf(deployed), ...schemasOf(contracted)];
  const reading = await readCode({ ...code, statements, earlier, openEngine });
  const read = { statements: reading.statements, lint: lintStatements(statements, code.wanted) };
  const reports = await reading
    .judge((usage) => {
      const ofContracts = judgeHistory(contracted, approvals, today, usage);
      const changedTables = [...ofContracts.steps, ofContracts.sum].flatMap(({ findings }) =>
        findings.map(({ table }) => table),
      );
      const input = { ...code, warehouse, files, approvals, today, changedTables };
      return {
        contracted: ofContracts,
        deployed: judgeHistory(deployed, approvals, today, usage),
        check: checkReading(changed === undefined ? input : { ...input, changed }, read, usage),
        stale,
      };
    })
    .finally(() => reading.close());
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
  for (const line of [
    ...differenceLines(differences, 'bigquery'),
    ...notices.map((notice) => `note: ${notice}`),
  ])
    terminal.line(line);
  if (isFine)
    terminal.line(
      options.base === undefined
        ? 'The contracts agree with the snapshot.'
        : 'Nothing here outruns its table.',
    );
  else terminal.line(summaryLine(differences));
  return isFine;
}

async function between(root: string, base: string, head: string | undefined): Promise<typeof NOTHING> {
  const ends = { base, head: head ?? 'HEAD' };
  const stretch = await commitRange(root, ends.base, ends.head);
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
    for (const { id, verdict, class: kind, direction } of findings)
      terminal.line(`  ${verdict}  ${kind}, ${direction}  ${id}`);
  }
  for (const { id } of onlyInSum) terminal.line(`${what}, over all steps only: ${id}`);
}

export interface ApplyOptions {
  readonly repository?: string;
  readonly dryRun?: boolean;
}

/** `schema apply`: adds what is missing, prints what it did, and says whether nothing was refused. */
export async function schemaApply(context: VerbContext, options: ApplyOptions): Promise<boolean> {
  const { terminal } = context;
  const root = rootOf(context, options.repository);
  const { statements } = schemaOfRepository(root, readSources(root));
  const report = await context.withNewTables(async ({ warehouse, state, clock, runId, config }) => {
    const made = await applySchema(
      {
        warehouse,
        clock,
        runId,
        by: actor('schema apply'),
        codeVersion: config.codeVersion,
        contracts: CONTRACTS,
        views: VIEWS,
        compare: compareWithReaders({ statements, openEngine }),
      },
      options.dryRun === true,
    );
    if (!made.dryRun && made.refused.length === 0)
      await rememberApplied(state, clock.now().toISOString(), config.codeVersion);
    return made;
  });
  terminal.json(report);
  for (const finding of report.applied)
    terminal.line(`${report.dryRun ? 'would apply' : 'applied'}: ${finding.id}`);
  for (const finding of report.refused) {
    terminal.line(`REFUSED: ${finding.message}`);
    for (const statement of finding.fix[report.engine]) terminal.line(`  plan: ${statement}`);
  }
  for (const finding of report.left) {
    terminal.line(`left: ${finding.message}`);
    for (const statement of finding.fix[report.engine]) terminal.line(`  later: ${statement}`);
  }
  if (report.applied.length + report.refused.length === 0)
    terminal.line('The warehouse is what the contracts want; nothing to do.');
  return report.refused.length === 0;
}

export interface SnapshotOptions {
  readonly repository?: string;
  /** What the contracts want instead of what is live. */
  readonly contracts?: boolean;
}

/** `schema snapshot`: writes the folder and prints which files changed. */
export async function schemaSnapshot(context: VerbContext, options: SnapshotOptions): Promise<void> {
  const code = codeSchema();
  const live = options.contracts === true ? undefined : await readLive(context);
  if (live?.tables.length === 0) throw nothingLive();
  const target = live === undefined ? code : liveSnapshot(live, code);
  const files = schemaFiles(target, 'snapshot');
  const changed = writeSchemaFiles(rootOf(context, options.repository), 'snapshot', files);
  const folder = FOLDERS.snapshot;
  context.terminal.json({ folder, files: files.map(({ path }) => path), changed });
  context.terminal.line(
    changed.length === 0 ? `${folder} is as it was.` : `${folder}: ${changed.join(', ')} written.`,
  );
}

/** Refuses an empty snapshot, which would leave pull requests with nothing to be compared with. */
function nothingLive(): TipoffError {
  return new TipoffError(
    'TIPOFF_NOT_FOUND',
    'expected a warehouse with tables to write a snapshot of, saw none in it',
    {
      hint: 'Look at --home or the profile, run `tipoff schema apply`, or write what the contracts want with --contracts.',
    },
  );
}
