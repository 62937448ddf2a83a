import type { Command } from 'commander';
import { type CliHost, contextOf } from '#app/cli/context.ts';
import { duration, type Terminal, tableLines } from '#app/cli/terminal.ts';
import type { FileReport, IngestReport } from '#pipeline/ingest/report.ts';

/** `ingest <path...>`: recognises, loads, quarantines, and says what became of every row. */
export function addIngestVerb(root: Command, host: CliHost): void {
  root
    .command('ingest')
    .description('recognise and load files or folders; bad rows go to quarantine with the reason')
    .argument('<path...>', 'files or folders')
    .option('--format <id>', 'use this format instead of recognising it')
    .action(async (paths: string[], options: { format?: string }, command: Command) => {
      const { terminal, clock, withApp } = contextOf(host, command);
      const [{ ingest }, { filesAt }, { FORMATS }] = await Promise.all([
        import('#pipeline/ingest/ingest.ts'),
        import('#pipeline/ingest/sources/folder.ts'),
        import('#pipeline/ingest/formats/formats.ts'),
      ]);
      const files = await filesAt(paths);
      const report = await withApp(({ warehouse }) =>
        ingest({
          warehouse,
          clock,
          files,
          formats: FORMATS,
          ...(options.format === undefined ? {} : { force: options.format }),
          onProgress: ({ done, total, file }) => {
            if (done % 25 === 0 || file.outcome === 'failed') terminal.progress(`${done} of ${total} files: ${file.path}`);
          },
        }),
      );
      terminal.json(report);
      print(terminal, report);
      if (report.failed > 0) host.exit(2);
    });
}

function print(terminal: Terminal, report: IngestReport): void {
  const rows = report.files.flatMap((file) => (file.outcome === 'loaded' ? [file] : []));
  const formats = [...new Set(rows.map(({ format }) => format))].sort();
  const summed = formats.map((format) => {
    const own = rows.filter((row) => row.format === format);
    const sum = (field: 'read' | 'loaded' | 'duplicate' | 'rejected'): number => own.reduce((total, row) => total + row[field], 0);
    return [format, own.length, sum('read'), sum('loaded'), sum('duplicate'), sum('rejected')];
  });
  for (const line of tableLines(['format', 'files', 'read', 'loaded', 'duplicate', 'rejected'], summed)) terminal.line(line);
  terminal.line();
  for (const [reason, count] of Object.entries(report.reasons)) terminal.line(`rejected as ${reason}: ${count}`);
  for (const file of report.files) terminal.line(fileLine(file));
  terminal.line(
    `${report.read} rows read = ${report.loaded} loaded + ${report.duplicate} duplicate + ${report.rejected} rejected, in ${duration(report.seconds)}.` +
      (report.rejected > 0 ? ' Rejected rows stand in nba_raw.rejected_rows with file, line, field and reason.' : ''),
  );
}

function fileLine(file: FileReport): string {
  if (file.outcome === 'failed') return `FAILED  ${file.path}: ${file.message}\n        ${file.hint}`;
  if (file.outcome === 'ignored') return `ignored ${file.path}: ${file.reason}`;
  return `loaded  ${file.path}: ${file.loaded} of ${file.read}${file.rejected > 0 ? `, ${file.rejected} rejected` : ''}`;
}
