import type { Command } from 'commander';
import { actor } from '#app/cli/actor.ts';
import { type CliHost, contextOf, type VerbContext } from '#app/cli/context.ts';
import type { Terminal } from '#app/cli/terminal.ts';
import type { App } from '#app/compose.ts';
import { TipoffError } from '#core/errors.ts';
import type { DryRunReport } from '#guard/schema/dry-run.ts';
import type { Difference } from '#guard/schema/report.ts';
import type { SourceFile } from '#guard/schema/sql-catalogue.ts';

interface RepositoryOption {
  readonly repository?: string;
}

interface CheckOptions extends RepositoryOption {
  readonly offline?: boolean;
  readonly statements?: boolean;
}

/** `schema apply|check|diff|snapshot`: what the warehouse is against what the code wants. */
export function addSchemaVerbs(root: Command, host: CliHost): void {
  const schema = root.command('schema').description('tables, columns, views and functions: live against contracts');
  const verb = (name: string, description: string): Command =>
    schema
      .command(name)
      .description(description)
      .option('--repository <dir>', 'root of the repository (default: the one this code lies in)');

  verb('apply', 'add what is missing (tables, nullable columns, views, functions); refuse everything else with the plan')
    .option('--dry-run', 'say what would be done and do nothing')
    .action((options: RepositoryOption & { dryRun?: boolean }, command: Command) => apply(host, command, options));

  verb('check', 'live schema against the contracts, and every SQL statement of the code against both')
    .option('--offline', 'compare with schema/snapshot instead of the live warehouse')
    .option('--statements', 'have BigQuery look at every statement too, without running it')
    .action((options: CheckOptions, command: Command) => check(host, command, options));

  verb('diff', 'what happened to the snapshot between two revisions, and the contracts against it; offline')
    .argument('[base]', 'revision to start from; without one only the contracts are compared with the snapshot')
    .argument('[head]', 'revision to end at', 'HEAD')
    .action((base: string | undefined, head: string, options: RepositoryOption, command: Command) =>
      diff(host, command, { ...options, base, head }),
    );

  verb('snapshot', 'write the live schema to schema/snapshot; the same schema gives the same files')
    .option('--contracts', 'write what the contracts want instead of what is live')
    .action((options: RepositoryOption & { contracts?: boolean }, command: Command) => snapshot(host, command, options));
}

async function apply(host: CliHost, command: Command, options: RepositoryOption & { dryRun?: boolean }): Promise<void> {
  const context = contextOf(host, command);
  const { terminal } = context;
  const [
    { applySchema },
    { codeSchema, VIEWS },
    { CONTRACTS },
    { readTexts, registryOf, usageOf },
    { sqlCatalogue },
    { readSources, repositoryRoot },
  ] = await Promise.all([
    import('#guard/schema/apply.ts'),
    import('#guard/schema/code-schema.ts'),
    import('#core/contracts/index.ts'),
    import('#guard/schema/usage.ts'),
    import('#guard/schema/sql-catalogue.ts'),
    import('#app/schema/repository.ts'),
  ]);
  const code = codeSchema();
  const usage = usageOf(code, readTexts(sqlCatalogue(readSources(options.repository ?? repositoryRoot())), registryOf(code)));
  const report = await withLive(context, 'schema apply', ({ warehouse, clock, runId, config }) =>
    applySchema(
      { warehouse, clock, runId, by: actor('schema apply'), codeVersion: config.codeVersion, contracts: CONTRACTS, views: VIEWS, usage },
      options.dryRun === true,
    ),
  );
  terminal.json(report);
  for (const finding of report.applied) terminal.line(`${report.dryRun ? 'would apply' : 'applied'}: ${finding.id}`);
  for (const finding of report.refused) {
    terminal.line(`REFUSED: ${finding.message}`);
    for (const statement of finding.fix[report.engine]) terminal.line(`  plan: ${statement}`);
  }
  for (const finding of report.left) {
    terminal.line(`left: ${finding.message}`);
    for (const statement of finding.fix[report.engine]) terminal.line(`  later: ${statement}`);
  }
  if (report.applied.length + report.refused.length === 0) terminal.line('The warehouse is what the contracts want; nothing to do.');
  if (report.refused.length > 0) host.exit(1);
}

async function check(host: CliHost, command: Command, options: CheckOptions): Promise<void> {
  const context = contextOf(host, command);
  const { terminal, clock } = context;
  const [{ checkSchema }, { readApprovals, readSnapshotFiles, readSources, repositoryRoot }, report] = await Promise.all([
    import('#guard/schema/check.ts'),
    import('#app/schema/repository.ts'),
    import('#guard/schema/report.ts'),
  ]);
  const today = clock.now().toISOString().slice(0, 10);
  const root = options.repository ?? repositoryRoot();
  const warehouse =
    options.offline === true ? (await import('#guard/schema/snapshot.ts')).readSnapshot(readSnapshotFiles(root)) : await readLive(context);
  const files = readSources(root);
  const found = checkSchema({ warehouse, files, approvals: readApprovals(root, today), today });
  const differences = report.differencesOf(found, today, files);
  const notices = report.noticesOf(found);
  const tried = options.statements === true ? await dryRunLive(context, files) : null;
  const isFine = found.ok && (tried === null || tried.refused.length === 0);
  terminal.json({
    ok: isFine,
    against: options.offline === true ? 'snapshot' : 'live',
    differences,
    notices,
    statements: found.code.statements,
    whole_statements: found.code.wholeStatements,
    dry_run: tried,
  });
  print(terminal, report.differenceLines(differences, 'bigquery'), notices);
  if (tried !== null) {
    for (const { owner, path, line, message } of tried.refused) terminal.line(`REFUSED  ${owner}  (${path}:${line})\n  ${message}`);
    terminal.line(`${tried.statements} statements looked at, ${tried.refused.length} refused, ${tried.bytes} bytes at least.`);
  }
  if (isFine)
    terminal.line(
      `The contracts and ${found.code.statements} SQL statements agree with the ${options.offline === true ? 'snapshot' : 'live schema'}.`,
    );
  else host.exit(1);
}

async function diff(
  host: CliHost,
  command: Command,
  options: RepositoryOption & { base: string | undefined; head: string },
): Promise<void> {
  const { terminal, clock } = contextOf(host, command);
  const [{ checkSchema }, { diffVersions }, { changedFiles, snapshotHistory }, repository, report, { readSnapshot }] = await Promise.all([
    import('#guard/schema/check.ts'),
    import('#guard/schema/diff.ts'),
    import('#app/schema/history.ts'),
    import('#app/schema/repository.ts'),
    import('#guard/schema/report.ts'),
    import('#guard/schema/snapshot.ts'),
  ]);
  const today = clock.now().toISOString().slice(0, 10);
  const root = options.repository ?? repository.repositoryRoot();
  const approvals = repository.readApprovals(root, today);
  const versions = options.base === undefined ? [] : await snapshotHistory(root, options.base, options.head);
  const history = diffVersions(versions, approvals, today);
  const warehouse = versions.at(-1)?.schema ?? readSnapshot(repository.readSnapshotFiles(root));
  const files = repository.readSources(root);
  const changed = options.base === undefined ? {} : { changed: await changedFiles(root, options.base, options.head) };
  const code = checkSchema({ warehouse, files, approvals, today, ...changed });
  const all = [...report.diffDifferences(history, today), ...report.differencesOf(code, today, files)];
  const differences: Difference[] = [
    ...new Map(all.map((one) => [`${one.kind} ${one.table} ${one.column} ${one.message} ${one.line}`, one])).values(),
  ];
  // An approval may be used by one of the two and name nothing in the other.
  const unused = code.unused.filter((approval) => history.sum.unused.includes(approval));
  const notices = [...new Set([...report.noticesOf({ ...history.sum, unused: [] }), ...report.noticesOf({ ...code, unused })])];
  terminal.json({
    ok: history.ok && code.ok,
    differences,
    notices,
    versions: versions.map(({ name }) => name),
    steps: history.steps.map(({ from, to, findings }) => ({ from, to, findings })),
    only_in_sum: history.onlyInSum.map(({ id }) => id),
  });
  for (const { from, to, findings } of history.steps) {
    terminal.line(`${from} -> ${to}`);
    for (const { id, verdict, class: kind, direction } of findings) terminal.line(`  ${verdict}  ${kind}, ${direction}  ${id}`);
  }
  for (const { id } of history.onlyInSum) terminal.line(`only over all steps: ${id}`);
  print(terminal, report.differenceLines(differences, 'bigquery'), notices);
  if (history.ok && code.ok) terminal.line('Nothing here outruns its table.');
  else host.exit(1);
}

async function snapshot(host: CliHost, command: Command, options: RepositoryOption & { contracts?: boolean }): Promise<void> {
  const context = contextOf(host, command);
  const [{ codeSchema }, { liveSnapshot, snapshotFiles }, { repositoryRoot, SNAPSHOT_FOLDER, writeSnapshotFiles }] = await Promise.all([
    import('#guard/schema/code-schema.ts'),
    import('#guard/schema/snapshot.ts'),
    import('#app/schema/repository.ts'),
  ]);
  const code = codeSchema();
  const files = snapshotFiles(options.contracts === true ? code : liveSnapshot(await readLive(context), code));
  const changed = writeSnapshotFiles(options.repository ?? repositoryRoot(), files);
  context.terminal.json({ folder: SNAPSHOT_FOLDER, files: files.map(({ path }) => path), changed });
  context.terminal.line(changed.length === 0 ? `${SNAPSHOT_FOLDER} is as it was.` : `${SNAPSHOT_FOLDER}: ${changed.join(', ')} written.`);
}

function print(terminal: Terminal, lines: readonly string[], notices: readonly string[]): void {
  for (const line of lines) terminal.line(line);
  for (const notice of notices) terminal.line(`note: ${notice}`);
}

async function readLive(context: VerbContext): Promise<import('#guard/schema/model.ts').Schema> {
  const { schemaOfWarehouse } = await import('#guard/schema/from-live.ts');
  return withLive(context, 'schema check', ({ warehouse }) => schemaOfWarehouse(warehouse));
}

async function dryRunLive(context: VerbContext, files: readonly SourceFile[]): Promise<DryRunReport> {
  const [{ dryRunStatements }, { sqlCatalogue }] = await Promise.all([
    import('#guard/schema/dry-run.ts'),
    import('#guard/schema/sql-catalogue.ts'),
  ]);
  const report = await withLive(context, 'schema check', ({ warehouse }) => dryRunStatements(warehouse, sqlCatalogue(files)));
  if (report !== undefined) return report;
  throw new TipoffError('TIPOFF_BAD_INPUT', 'expected --statements with BigQuery, saw the embedded warehouse, which has no dry run', {
    hint: 'Set TIPOFF_PROFILE=gcp, or leave --statements out: the tests plan every statement on DuckDB.',
  });
}

/** Opens the home as it is: making what is missing would hide that it is missing. */
async function withLive<T>({ config, clock, terminal }: VerbContext, command: string, work: (app: App) => Promise<T>): Promise<T> {
  const { openApp } = await import('#app/compose.ts');
  const app = await openApp(config, { command, clock, prepare: false, write: (line) => terminal.progress(line) });
  try {
    for (const note of app.notes) terminal.progress(note);
    return await work(app);
  } finally {
    await app.close();
  }
}
