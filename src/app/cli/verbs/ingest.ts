import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { actor, type CliHost, contextOf, wholeNumber } from '#app/cli/context.ts';
import type { Terminal } from '#app/cli/terminal.ts';
import { refuseDemonstration } from '#app/demonstration.ts';
import { slateOf } from '#core/calendar.ts';
import { count, duration, shellWord } from '#core/format.ts';
import { parseInstant } from '#core/instants.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { REASON_CODES, type ReasonCode } from '#pipeline/ingest/format.ts';
import type { FileReport, IngestReport } from '#pipeline/ingest/ingest.ts';
import type { UndoneFile } from '#pipeline/ingest/undo.ts';
import { tableLines } from '#platform/report/console.ts';

/** Number of files that a line names. */
const MAX_NAMES = 5;

const EXIT_CODES = `
Exits with 2 when a file could not be loaded, or when a file named here has damaged rows: the others are loaded all the same.
Rows that are only screened out (in-play quotes, dates a format does not cover) and bad rows of files that merely lie in a
folder are counted, quarantined and no error.`;

/** `ingest`: recognises and loads files, quarantines bad rows, and accounts for every row; `rows`: what was not loaded, and what should not have been. */
export function addIngestVerbs(root: Command, host: CliHost): void {
  root
    .command('ingest')
    .description('recognise and load files or folders; bad rows are quarantined with the reason')
    .addHelpText('after', EXIT_CODES)
    .argument('<path...>', 'files or folders')
    .option('--format <id>', 'use this format instead of recognising it')
    .action(async (paths: string[], options: { format?: string }, command: Command) => {
      const { terminal, clock, config, path, withNewApp } = contextOf(host, command);
      if (config.profile === 'embedded') refuseDemonstration(config.home);
      const [{ ingest }, { filesAt }, { FORMATS }] = await Promise.all([
        import('#pipeline/ingest/ingest.ts'),
        import('#pipeline/ingest/folder.ts'),
        import('#pipeline/ingest/formats/formats.ts'),
      ]);
      const files = await filesAt(paths.map(path));
      const named = await filesAmong(paths.map(path));
      const { report, stale } = await withNewApp(async ({ warehouse }) => {
        const { outdatedSummaries } = await import('#pipeline/refresh.ts');
        const done = await ingest({
          warehouse,
          clock,
          files,
          formats: FORMATS,
          ...omitUndefined({ force: options.format }),
          onProgress: ({ done, total, file }) => {
            if (done % 25 === 0 || file.outcome === 'failed')
              terminal.doing(`${done} of ${total} files: ${file.path}`);
          },
        });
        return { report: done, stale: await outdatedSummaries(warehouse, slateOf(clock.now())) };
      });
      // A named file is expected to contain data: a header alone, or rows of which none could be loaded, is a failure.
      const useless = report.files.filter(
        (file) =>
          named.has(basename(file.path)) && file.outcome === 'loaded' && file.loaded + file.duplicate === 0,
      );
      terminal.json({ ...report, nothing_loaded: useless.map((file) => file.path), stale: stale ?? null });
      print(terminal, report);
      for (const file of useless) terminal.line(`NOTHING LOADED from ${file.path}.`);
      sayStale(terminal, stale);
      if (report.failed > 0 || report.damaged > 0 || useless.length > 0) host.exit(2);
    });

  const rows = root
    .command('rows')
    .description('look at input rows that were not loaded, and take back those of a file');
  rows
    .command('rejected')
    .description('list the quarantine: file, line, field and reason, newest first')
    .option('--reason <code>', 'one reason')
    .option('--file <part>', 'files whose path contains this')
    .option('--limit <n>', 'maximum number of rows', wholeNumber, 50)
    .action(async (options: { reason?: string; file?: string; limit: number }, command: Command) => {
      const { terminal, withApp } = contextOf(host, command);
      const { rejectedRows } = await import('#app/reading/coverage.ts');
      const found = await withApp(({ warehouse }) => rejectedRows(warehouse, options));
      terminal.json(found);
      for (const line of tableLines(
        ['rows', 'reason', 'source'],
        found.counts.map(({ row_count, reason_code, source }) => [row_count, reason_code, source]),
      ))
        if (found.counts.length > 0) terminal.line(line);
      if (found.counts.length === 0) terminal.line('No row was rejected.');
      for (const row of found.rows) {
        terminal.line();
        terminal.line(
          `${row.source_file}${row.source_line === null ? '' : `:${row.source_line}`} ${row.field}: ${row.reason}`,
        );
        terminal.line(`  ${row.raw_row}`);
      }
    });
  rows
    .command('undo')
    .description('take back the rows that a file brought in: what earlier files said counts again')
    .argument('<file>', 'path or address, as in the receipt of the load')
    .requiredOption('--reason <reason>', 'for the audit trail')
    .option('--since <instant>', 'only what was loaded since then, for example 2025-01-10T17:00:00Z')
    .option('--dry-run', 'count the rows and change nothing')
    .action(
      async (
        file: string,
        options: { reason: string; since?: string; dryRun?: boolean },
        command: Command,
      ) => {
        const { terminal, clock, withApp } = contextOf(host, command);
        const [{ EVER, undoFile }, { outdatedSummaries }] = await Promise.all([
          import('#pipeline/ingest/undo.ts'),
          import('#pipeline/refresh.ts'),
        ]);
        const since =
          options.since === undefined ? EVER : parseInstant(options.since, '--since').toISOString();
        const isDryRun = options.dryRun === true;
        const reason = `${options.reason} (${actor('rows undo')})`;
        const { undone, stale } = await withApp(async ({ warehouse }) => ({
          undone: await undoFile({ warehouse, clock }, { file, since, reason, isDryRun }),
          stale: isDryRun ? undefined : await outdatedSummaries(warehouse, slateOf(clock.now())),
        }));
        terminal.json({ ...undone, dry_run: isDryRun, stale: stale ?? null });
        printUndone(terminal, undone, isDryRun);
        sayStale(terminal, stale);
      },
    );
}

/** Which slates must be computed again, and how. */
function sayStale(
  terminal: Terminal,
  stale: { readonly from: string; readonly to: string } | undefined,
): void {
  if (stale === undefined) return;
  const slates = stale.from === stale.to ? stale.from : `${stale.from} to ${stale.to}`;
  terminal.line(`Summaries of ${slates} are out of date: \`tipoff day\` computes them and all that follows.`);
}

function printUndone(terminal: Terminal, undone: UndoneFile, isDryRun: boolean): void {
  const counts = Object.entries(undone.tables);
  const rows = counts.reduce((sum, [, n]) => sum + n, 0);
  const loads = undone.loaded_at.length;
  const when = `${undone.loaded_at.at(0)}${loads > 1 ? ` to ${undone.loaded_at.at(-1)}` : ''}`;
  terminal.line(
    `${undone.file}, loaded ${when}: ${count(rows, 'row')} ${isDryRun ? 'would be' : rows === 1 ? 'is' : 'are'} taken back.`,
  );
  for (const line of tableLines(
    ['rows', 'table'],
    counts.map(([table, n]) => [n, `nba_raw.${table}`]),
  ))
    if (counts.length > 0) terminal.line(line);
  const { overlapping } = undone;
  if (rows === 0 || overlapping.length === 0) return;
  const names = overlapping.slice(0, MAX_NAMES).join(', ');
  const more = overlapping.length > MAX_NAMES ? ` and ${overlapping.length - MAX_NAMES} more` : '';
  terminal.line(
    `Loaded since, with rows that were there already: ${names}${more}. Load them again: perhaps those are gone too.`,
  );
}

/** Names of those paths that are files and not folders. */
async function filesAmong(paths: readonly string[]): Promise<ReadonlySet<string>> {
  const kinds = await Promise.all(
    // A missing path is reported with the files that could not be read.
    paths.map(async (path) => {
      const found = await stat(path).catch(() => undefined);
      return found?.isFile() === true ? [basename(path)] : [];
    }),
  );
  return new Set(kinds.flat());
}

function print(terminal: Terminal, report: IngestReport): void {
  const loaded = report.files.filter((file) => file.outcome === 'loaded');
  const formats = [...new Set(loaded.map(({ format }) => format))].sort();
  const summed = formats.map((format) => {
    const files = loaded.filter((row) => row.format === format);
    const sum = (field: 'read' | 'loaded' | 'duplicate' | 'rejected'): number =>
      files.reduce((total, row) => total + row[field], 0);
    return [format, files.length, sum('read'), sum('loaded'), sum('duplicate'), sum('rejected')];
  });
  if (loaded.length > 0) {
    terminal.line();
    for (const line of tableLines(['format', 'files', 'read', 'loaded', 'duplicate', 'rejected'], summed))
      terminal.line(line);
  }
  terminal.line();
  // What needs attention comes last: after two hundred loaded files nobody scrolls up.
  for (const outcome of ['loaded', 'ignored', 'failed'] as const) {
    for (const file of report.files) if (file.outcome === outcome) terminal.line(fileLine(file));
  }
  const replaced = loaded.flatMap(({ path, replacedBy }) =>
    Object.entries(replacedBy).map(([by, rows]) => ({ path, by, rows })),
  );
  for (const { path, by, rows } of replaced.slice(0, MAX_NAMES)) {
    terminal.line();
    terminal.line(
      `${path}: ${count(rows, 'row')} known before ${rows === 1 ? 'does' : 'do'} not count, since ${by} has said otherwise. Where that was wrong, take it back:`,
    );
    terminal.line(`  npx tipoff rows undo ${shellWord(by)} --reason <reason>`);
  }
  const reasons = Object.entries(report.reasons) as [ReasonCode, number][];
  if (reasons.length > 0) {
    terminal.line();
    terminal.line('Rejected rows are in nba_raw.rejected_rows with file, line, field and reason:');
    for (const line of tableLines(
      ['rows', 'reason', 'meaning'],
      reasons.map(([reason, count]) => [count, reason, REASON_CODES[reason]]),
    ))
      terminal.line(line);
  }
  terminal.line();
  terminal.line(
    `${report.read} rows read = ${report.loaded} loaded + ${report.duplicate} duplicate + ${report.rejected} rejected, in ${duration(report.seconds)}.` +
      (report.failed > 0 ? ` ${count(report.failed, 'file')} could not be loaded.` : ''),
  );
}

function fileLine(file: FileReport): string {
  if (file.outcome === 'failed') {
    const text = file.message.includes(file.path) ? file.message : `${file.path}: ${file.message}`;
    return `FAILED  ${text}\n        ${file.hint}`;
  }
  if (file.outcome === 'ignored') return `ignored ${file.path}: ${file.reason}`;
  const { path, loaded, read, duplicate, rejected } = file;
  const rest = [
    ...(duplicate > 0 ? [`${duplicate} known before`] : []),
    ...(rejected > 0 ? [`${rejected} rejected`] : []),
  ];
  return `loaded  ${path}: ${[`${loaded} of ${read}`, ...rest].join(', ')}`;
}
