import type { Command } from 'commander';
import { type CliHost, contextOf } from '#app/cli/context.ts';
import type { ApplyOptions, CheckOptions, DiffOptions, SnapshotOptions } from '#app/cli/schema-commands.ts';

/** `schema apply|check|diff|snapshot`: compares the warehouse with what the code expects. */
export function addSchemaVerbs(root: Command, host: CliHost): void {
  const schema = root
    .command('schema')
    .description('compare tables, columns, views and functions with their contracts');
  const verb = (name: string, description: string): Command =>
    schema
      .command(name)
      .description(description)
      .option('--repository <dir>', 'root of the repository (default: the one this code lies in)');

  verb(
    'apply',
    'add what is missing (tables, nullable columns, views, functions); refuse everything else with the plan',
  )
    .option('--dry-run', 'say what would be done, and change nothing')
    .action(async (options: ApplyOptions, command: Command) => {
      const { schemaApply } = await import('#app/cli/schema-commands.ts');
      if (!(await schemaApply(contextOf(host, command), options))) host.exit(1);
    });

  verb('check', 'live schema against the contracts, and every SQL statement of the code against both')
    .option(
      '--offline',
      'compare with schema/snapshot instead of the live warehouse, and lint every statement',
    )
    .option('--statements', 'have BigQuery look at every statement too, without running it')
    .action(async (options: CheckOptions, command: Command) => {
      const { schemaCheck } = await import('#app/cli/schema-commands.ts');
      if (!(await schemaCheck(contextOf(host, command), options))) host.exit(1);
    });

  verb(
    'diff',
    'contracts and snapshot between two revisions, step by step and in sum, and the code against both; offline',
  )
    .argument(
      '[base]',
      'revision the change starts from; without one only the contracts are compared with the snapshot',
    )
    .argument('[head]', 'revision it ends at (default: HEAD with what is not committed yet)')
    .action(
      async (
        base: string | undefined,
        head: string | undefined,
        options: Pick<DiffOptions, 'repository'>,
        command: Command,
      ) => {
        const { schemaDiff } = await import('#app/cli/schema-commands.ts');
        if (!(await schemaDiff(contextOf(host, command), { ...options, base, head }))) host.exit(1);
      },
    );

  verb('snapshot', 'write the live schema to schema/snapshot; the same schema gives the same files')
    .option('--contracts', 'write what the contracts define instead of what is live')
    .action(async (options: SnapshotOptions, command: Command) => {
      const { schemaSnapshot } = await import('#app/cli/schema-commands.ts');
      await schemaSnapshot(contextOf(host, command), options);
    });
}
