import type { Command } from 'commander';
import type { BackupDeps, Generation, Restored } from '#app/backup.ts';
import { type CliHost, contextOf, type VerbContext } from '#app/cli/context.ts';
import { TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { tableLines } from '#platform/report/console.ts';

interface BackupOptions {
  readonly store?: string;
  readonly plain?: boolean;
}

/** `backup create|list|verify` and `restore`. */
export function addBackupVerbs(root: Command, host: CliHost): void {
  const backup = root
    .command('backup')
    .description('keep generations of the home in a folder, a bucket or a release on GitHub');

  withPlace(backup.command('create'))
    .description('save the home as the next generation, read it back, and remove old ones')
    .option('--adopt', 'continue from this home although the store has a newer generation')
    .option('--keep <n>', 'newest generations to keep, besides one a day for a week', '4')
    .action(async (options: BackupOptions & { adopt?: boolean; keep: string }, command: Command) => {
      const context = contextOf(host, command, 'local');
      const { createBackup } = await import('#app/backup.ts');
      const keep = wholeNumber(options.keep, '--keep');
      const made = await createBackup(await depsOf(context, options), {
        keep,
        adopt: options.adopt === true,
      });
      const { terminal } = context;
      terminal.json(made);
      terminal.line(
        `Generation ${made.generation}: ${summary(made)}, ${size(made.written)} written and read back; ${made.pruned.generations} old generations removed.`,
      );
      terminal.line(`  ${made.location}`);
    });

  withPlace(backup.command('list'))
    .description('list generations, newest first')
    .action(async (options: BackupOptions, command: Command) => {
      const context = contextOf(host, command, 'local');
      const { listBackups } = await import('#app/backup.ts');
      const found = await listBackups(await depsOf(context, options));
      const { terminal } = context;
      terminal.json(found);
      if (found.length === 0) terminal.line('No generation.');
      else {
        const rows = found.map((one) =>
          'problem' in one
            ? [one.generation, '', '', '', '', one.problem]
            : [one.generation, one.created_at, one.code_version, one.rows, size(one.bytes), ''],
        );
        for (const line of tableLines(['generation', 'made', 'version', 'rows', 'size', 'problem'], rows))
          terminal.line(line);
      }
      if (found.some((one) => 'problem' in one)) host.exit(1);
    });

  withPlace(backup.command('verify'))
    .description('restore a generation into a temporary folder and count every row')
    .argument('[generation]', 'default: the newest')
    .action(async (text: string | undefined, options: BackupOptions, command: Command) => {
      const context = contextOf(host, command, 'local');
      const { verifyBackup } = await import('#app/backup.ts');
      const deps = await depsOf(context, options);
      const verified = await verifyBackup(deps, generationOf(text));
      if (verified === undefined) throw nothingThere();
      context.terminal.json(verified);
      context.terminal.line(`Generation ${verified.generation} can be restored: ${summary(verified)}.`);
      sayTroubles(context, verified);
      if (verified.refused.length > 0) host.exit(1);
    });

  withPlace(root.command('restore'))
    .description('restore the home from the newest intact generation, or from the one named')
    .argument('[generation]', 'default: the newest')
    .option('--replace', 'replace the home that is there')
    .action(
      async (text: string | undefined, options: BackupOptions & { replace?: boolean }, command: Command) => {
        const context = contextOf(host, command, 'local');
        const { restoreBackup } = await import('#app/backup.ts');
        const deps = await depsOf(context, options);
        const restored = await restoreBackup(deps, {
          replace: options.replace === true,
          ...omitUndefined({ generation: generationOf(text) }),
        });
        if (restored === undefined) throw nothingThere();
        context.terminal.json(restored);
        context.terminal.line(
          `Generation ${restored.generation} of ${restored.created_at} is in ${restored.home}: ${summary(restored)}.`,
        );
        sayLeftOut(context, restored);
        sayTroubles(context, restored);
      },
    );
}

function withPlace(command: Command): Command {
  return command
    .option('--store <place>', 'folder, gs://bucket/folder, or github (default: TIPOFF_BACKUP)')
    .option('--plain', 'without encryption');
}

async function depsOf({ config, clock }: VerbContext, options: BackupOptions): Promise<BackupDeps> {
  const { openBackupStore, backupSeal } = await import('#app/backup-place.ts');
  return {
    home: config.home,
    store: await openBackupStore(config, options.store, clock),
    seal: backupSeal(config.backup, options.plain === true),
    clock,
    codeVersion: config.codeVersion,
  };
}

/** How to recreate the documents that a back-up does not contain. */
function sayLeftOut({ terminal }: VerbContext, { documents_left_out: leftOut }: Restored): void {
  if (leftOut === null) return;
  const { documents, from, to } = leftOut;
  terminal.line(
    `  ${documents} documents of ${from} to ${to} are not in it: \`tipoff backfill run --from ${from} --to ${to} --phases export --force\` writes them from the tables.`,
  );
}

function sayTroubles({ terminal }: VerbContext, { differences, refused }: Restored): void {
  for (const { generation, problem } of refused)
    terminal.progress(`REFUSED generation ${generation}: ${problem}`);
  for (const { table, leftOut, added } of differences) {
    if (leftOut.length > 0)
      terminal.progress(`${table}: ${leftOut.join(', ')} left out, this version has no such column`);
    if (added.length > 0)
      terminal.progress(`${table}: ${added.join(', ')} is null, the back-up has no such column`);
  }
}

function summary({ rows, documents, bytes }: Generation): string {
  return `${rows.toLocaleString('en-US')} rows, ${documents} documents and models, ${size(bytes)}`;
}

function size(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function generationOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : wholeNumber(text, 'generation');
}

function wholeNumber(text: string, what: string): number {
  if (/^[1-9]\d{0,7}$/.test(text)) return Number(text);
  throw new TipoffError('TIPOFF_BAD_INPUT', `${what}: expected a whole number from 1, saw "${text}"`, {
    hint: 'See what there is: `tipoff backup list`.',
  });
}

function nothingThere(): TipoffError {
  return new TipoffError('TIPOFF_NOT_FOUND', 'expected a generation in the store, saw none', {
    hint: 'Make the first one with `tipoff backup create`, or check TIPOFF_BACKUP and --store.',
  });
}
