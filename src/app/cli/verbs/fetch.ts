import type { Command } from 'commander';
import { type CliHost, contextOf } from '#app/cli/context.ts';
import { refuseDemonstration } from '#app/demonstration.ts';

/** `fetch [slate]`: what the live providers have for a slate. */
export function addFetchVerb(root: Command, host: CliHost): void {
  root
    .command('fetch')
    .description(
      'ask the live providers for schedule, results, availability, rosters and player props, and load the answers',
    )
    .argument('[slate]', 'default: today')
    .option('--statuses', 'only availability: reports published since the last one, or their fallback')
    .action(async (text: string | undefined, options: { statuses?: boolean }, command: Command) => {
      const { terminal, clock, config, slate: readSlate, withNewApp } = contextOf(host, command);
      if (config.profile === 'embedded') refuseDemonstration(config.home);
      const slate = readSlate(text);
      const [{ fetchSlate, isComplete }, { fetchHttp }] = await Promise.all([
        import('#app/fetch.ts'),
        import('#pipeline/ingest/providers/http.ts'),
      ]);
      const report = await withNewApp((app) =>
        fetchSlate(app, slate, fetchHttp({ clock }), { statusesOnly: options.statuses === true }),
      );
      terminal.json(report);
      const { ingested } = report;
      terminal.line(
        `${slate}: ${ingested.filesLoaded} answers, ${ingested.loaded} rows new, ${ingested.duplicate} known, ${ingested.rejected} rejected.`,
      );
      for (const reason of report.skipped) terminal.line(`not asked: ${reason}`);
      for (const { what, failed, by, message } of report.takenOver)
        terminal.line(`${what}: ${failed} failed, ${by} took over. ${message}`);
      for (const { what, slate: of, message } of report.stillMissing)
        terminal.line(`still missing: ${what} of ${of}. ${message}`);
      for (const failure of report.failures)
        terminal.line(`FAILED ${failure.what}: ${failure.message}\n       ${failure.hint}`);
      if (report.quota !== null) {
        const { spent, used, remaining } = report.quota;
        terminal.line(
          `The Odds API: ${spent} requests spent now, ${used ?? 'unknown'} used, ${remaining ?? 'unknown'} left.`,
        );
      }
      if (!isComplete(report)) host.exit(3);
    });
}
