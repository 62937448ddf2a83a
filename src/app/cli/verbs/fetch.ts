import type { Command } from 'commander';
import { type CliHost, contextOf } from '#app/cli/context.ts';
import { refuseDemonstration } from '#app/demo.ts';
import { parseSlate, slateOf } from '#core/calendar.ts';

/** `fetch [slate]`: what the live providers have for a slate. */
export function addFetchVerb(root: Command, host: CliHost): void {
  root
    .command('fetch')
    .description(
      'ask the live providers for schedule, box scores and player props of a slate, and load what they give',
    )
    .argument('[slate]', 'default: today')
    .action(async (text: string | undefined, _options: object, command: Command) => {
      const { terminal, clock, config, withApp } = contextOf(host, command);
      if (config.profile === 'embedded') refuseDemonstration(config.home);
      const slate = text === undefined ? slateOf(clock.now()) : parseSlate(text);
      const [{ fetchSlate }, { fetchHttp }] = await Promise.all([
        import('#app/fetch.ts'),
        import('#pipeline/ingest/providers/http.ts'),
      ]);
      const report = await withApp((app) => fetchSlate(app, slate, fetchHttp({ clock })));
      terminal.json(report);
      const { ingested } = report;
      terminal.line(
        `${slate}: ${ingested.filesLoaded} answers, ${ingested.loaded} rows new, ${ingested.duplicate} known, ${ingested.rejected} rejected.`,
      );
      for (const reason of report.skipped) terminal.line(`not asked: ${reason}`);
      for (const failure of report.failures)
        terminal.line(`FAILED ${failure.what}: ${failure.message}\n       ${failure.hint}`);
      if (report.quota?.remaining != null)
        terminal.line(`The Odds API: ${report.quota.remaining} requests left.`);
      if (report.failures.length > 0 || ingested.failed > 0) host.exit(3);
    });
}
