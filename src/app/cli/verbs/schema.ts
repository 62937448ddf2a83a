import type { Command } from 'commander';
import { actor } from '#app/cli/actor.ts';
import { type CliHost, contextOf } from '#app/cli/context.ts';
import { TipoffError } from '#core/errors.ts';
import type { CheckOptions } from './schema-check.ts';
import { readLive, withLive } from './schema-live.ts';

interface RepositoryOption {
  readonly repository?: string;
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
    .action(async (options: CheckOptions, command: Command) => {
      const { schemaCheck } = await import('./schema-check.ts');
      if (!(await schemaCheck(contextOf(host, command), options))) host.exit(1);
    });

  verb('diff', 'contracts and snapshot between two revisions, step by step and in sum, and the code against both; offline')
    .argument('[base]', 'revision the change starts from; without one only the contracts are compared with the snapshot')
    .argument('[head]', 'revision it ends at (default: HEAD with what is not committed yet)')
    .action(async (base: string | undefined, head: string | undefined, options: RepositoryOption, command: Command) => {
      const { schemaDiff } = await import('./schema-diff.ts');
      if (!(await schemaDiff(contextOf(host, command), { ...options, base, head }))) host.exit(1);
    });

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

async function snapshot(host: CliHost, command: Command, options: RepositoryOption & { contracts?: boolean }): Promise<void> {
  const context = contextOf(host, command);
  const [{ codeSchema }, { schemaFiles }, { liveSnapshot }, { FOLDERS, repositoryRoot, writeSchemaFiles }] = await Promise.all([
    import('#guard/schema/code-schema.ts'),
    import('#guard/schema/schema-files.ts'),
    import('#guard/schema/snapshot.ts'),
    import('#app/schema/repository.ts'),
  ]);
  const code = codeSchema();
  const live = options.contracts === true ? undefined : await readLive(context, 'schema snapshot');
  if (live?.tables.length === 0) throw nothingLive();
  const wanted = live === undefined ? code : liveSnapshot(live, code);
  const files = schemaFiles(wanted, 'snapshot');
  const changed = writeSchemaFiles(options.repository ?? repositoryRoot(), 'snapshot', files);
  const folder = FOLDERS.snapshot;
  context.terminal.json({ folder, files: files.map(({ path }) => path), changed });
  context.terminal.line(changed.length === 0 ? `${folder} is as it was.` : `${folder}: ${changed.join(', ')} written.`);
}

/** A snapshot of nothing would take away what every pull request is compared with. */
function nothingLive(): TipoffError {
  return new TipoffError('TIPOFF_NOT_FOUND', 'expected a warehouse with tables to write a snapshot of, saw none in it', {
    hint: 'Look at --home or the profile, run `tipoff schema apply`, or write what the contracts want with --contracts.',
  });
}
