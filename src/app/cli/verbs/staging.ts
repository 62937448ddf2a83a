import type { Command } from 'commander';
import { type CliHost, contextOf } from '#app/cli/context.ts';
import { TipoffError } from '#core/errors.ts';
import type { JudgedTable } from '#guard/staging.ts';
import { outcomeBlocks, tableLines } from '#platform/report/console.ts';

interface StagingOptions {
  readonly maxAgeHours: string;
  readonly dryRun?: boolean;
}

/** `staging list|clean`: what failed batches left behind. */
export function addStagingVerbs(root: Command, host: CliHost): void {
  const staging = root
    .command('staging')
    .description('list and clean up staging tables that batches left behind');

  staging
    .command('list')
    .description('list every staging table with what the clean-up would do with it, and why')
    .option('--max-age-hours <n>', 'age at which a table counts as old', '24')
    .action(async (options: StagingOptions, command: Command) => {
      const { terminal, withApp } = contextOf(host, command);
      const maxAge = hours(options.maxAgeHours);
      const { listStaging } = await import('#guard/staging.ts');
      const tables = await withApp((app) => listStaging(app, maxAge));
      terminal.json(tables);
      for (const line of lines(tables)) terminal.line(line);
      if (tables.length === 0) terminal.line('No staging table.');
    });

  staging
    .command('clean')
    .description(
      'drop old staging tables whose rows are published or abandoned; a second run changes nothing',
    )
    .option('--max-age-hours <n>', 'age at which a table counts as old', '24')
    .option('--dry-run', 'say what would be dropped, and drop nothing')
    .action(async (options: StagingOptions, command: Command) => {
      const { terminal, withApp } = contextOf(host, command);
      const maxAgeHours = hours(options.maxAgeHours);
      const { cleanStaging, stagingOutcomes } = await import('#guard/staging.ts');
      const result = await withApp((app) =>
        cleanStaging(app, { maxAgeHours, dryRun: options.dryRun === true }),
      );
      const outcomes = stagingOutcomes(result);
      terminal.json({ ...result, outcomes });
      for (const line of lines(result.tables.filter(({ verdict }) => verdict !== 'young')))
        terminal.line(line);
      const kept = Object.values(result.kept).reduce((total, count) => total + count, 0);
      terminal.line(
        result.dry_run
          ? `Dry run: ${result.would_drop} of ${result.tables.length} tables would be dropped (${result.rows} rows), ${kept} stay.`
          : `${result.dropped} of ${result.tables.length} tables dropped (${result.rows} rows), ${kept} stay.`,
      );
      for (const line of outcomeBlocks(outcomes)) terminal.progress(line);
      if (result.errors.length > 0) host.exit(1);
    });
}

function lines(tables: readonly JudgedTable[]): string[] {
  if (tables.length === 0) return [];
  return tableLines(
    ['table', 'hours', 'rows', 'verdict', 'why'],
    tables.map((table) => [
      `${table.dataset}.${table.name}`,
      table.age_hours ?? '',
      table.rows,
      table.verdict,
      table.reason,
    ]),
  );
}

function hours(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new TipoffError('TIPOFF_BAD_INPUT', `--max-age-hours: expected a number of hours, saw "${text}"`, {
    hint: 'Write it in digits.',
  });
}
