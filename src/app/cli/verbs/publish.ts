import { type Command, Option } from 'commander';
import { actor, type CliHost, contextOf } from '#app/cli/context.ts';
import type { Terminal } from '#app/cli/terminal.ts';
import { seasonOf } from '#core/calendar.ts';
import type { ExportReport } from '#pipeline/exports/export.ts';
import { tableLines } from '#platform/report/console.ts';

/** `publish list|undo`, `export`. */
export function addPublishVerbs(root: Command, host: CliHost): void {
  const publish = root.command('publish').description('list and withdraw publications');
  publish
    .command('list')
    .description('list publications, newest first')
    .option('--slate <slate>', 'publications of one date')
    .action(async (options: { slate?: string }, command: Command) => {
      const { terminal, slate: readSlate, withApp } = contextOf(host, command);
      const slate = options.slate === undefined ? undefined : readSlate(options.slate);
      const { listPublications } = await import('#pipeline/batch/receipt.ts');
      const publications = await withApp(({ warehouse }) => listPublications(warehouse, slate));
      terminal.json(
        publications.map((row) => ({
          ...row,
          audit: JSON.parse(row.audit),
          missing: JSON.parse(row.missing),
        })),
      );
      const rows = publications.map((row) => [
        row.publication_id,
        row.completeness,
        row.row_count,
        row.players,
        row.published_at,
        row.withdrawn_at ?? '',
      ]);
      for (const line of tableLines(
        ['publication', 'completeness', 'rows', 'players', 'published', 'withdrawn'],
        rows,
      ))
        terminal.line(line);
    });
  publish
    .command('undo')
    .description('withdraw a publication; what it had replaced is visible again')
    .argument('<publication>', 'id, as `publish list` shows it')
    .requiredOption('--reason <reason>', 'for the audit trail')
    .action(async (publicationId: string, options: { reason: string }, command: Command) => {
      const { terminal, clock, withApp } = contextOf(host, command);
      const [{ undoPublication }, { rewriteExports }, { exportDeps }] = await Promise.all([
        import('#pipeline/batch/receipt.ts'),
        import('#pipeline/exports/export.ts'),
        import('#app/day.ts'),
      ]);
      const { row, report } = await withApp(async (app) => {
        const withdrawn = await undoPublication(
          { warehouse: app.warehouse, clock },
          { publicationId, by: actor('publish undo'), reason: options.reason },
        );
        return { row: withdrawn, report: await rewriteExports(await exportDeps(app), [withdrawn.slate]) };
      });
      terminal.json({ ...row, documents: report.documents });
      terminal.line(`${publicationId} is withdrawn; the documents of ${row.slate} say so:`);
      printExports(terminal, report);
    });

  root
    .command('export')
    .description(
      'write the documents of a slate, or the season’s subset picks; never overwrites good with empty',
    )
    .argument('<slate>', 'ET calendar date of tip-off, for example 2025-01-10')
    .addOption(
      new Option('--only <what>', 'one kind of document').choices([
        'picks',
        'predictions',
        'results',
        'season-subsets',
      ]),
    )
    .action(
      async (
        text: string,
        options: { only?: 'picks' | 'predictions' | 'results' | 'season-subsets' },
        command: Command,
      ) => {
        const { terminal, slate: readSlate, withApp } = contextOf(host, command);
        const slate = readSlate(text);
        const report = await withApp(async (app) => {
          const [{ exportSlates, exportSeasonSubsets }, { exportDeps }, { underReceipt }] = await Promise.all(
            [import('#pipeline/exports/export.ts'), import('#app/day.ts'), import('#pipeline/work.ts')],
          );
          const deps = await exportDeps(app);
          return underReceipt(app, { work: 'export', about: slate }, async () =>
            options.only === 'season-subsets'
              ? exportSeasonSubsets(deps, { season: seasonOf(slate) })
              : exportSlates(deps, {
                  slates: [slate],
                  ...(options.only === undefined ? {} : { only: [options.only] }),
                }),
          );
        });
        terminal.json(report);
        printExports(terminal, report);
      },
    );
}

/** One line per document, with its address. */
function printExports(terminal: Terminal, report: ExportReport): void {
  for (const { kind, rows, result, location } of report.documents)
    terminal.line(`${kind}: ${rows} rows, ${result}: ${location}`);
}
