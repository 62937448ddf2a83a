import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { type CliHost, contextOf } from '#app/cli/context.ts';
import { count } from '#core/format.ts';

/** `site build`. */
export function addSiteVerb(root: Command, host: CliHost): void {
  const site = root.command('site').description('build the site');
  site
    .command('build')
    .description(
      'write a season as static pages: picks, players, record, calibration, health, lineage, backfill',
    )
    .option('--out <dir>', 'folder to write (default: the folder site of the home)')
    .option(
      '--season <label>',
      'season, for example 2024-25 (default: the present one, or the newest predicted)',
    )
    .action(async (options: { out?: string; season?: string }, command: Command) => {
      const { terminal, config, path, withApp } = contextOf(host, command);
      const folder = options.out === undefined ? join(config.home, 'site') : path(options.out);
      const built = await withApp(async (app) => {
        const [{ buildSite }, { siteSeason }] = await Promise.all([
          import('#app/site/build.ts'),
          import('#app/site/documents.ts'),
        ]);
        terminal.doing('Writing the site');
        return buildSite(app, { folder, span: await siteSeason(app, options.season) });
      });
      terminal.json(built);
      terminal.line(`${count(built.files, 'file')}, ${(built.bytes / 1_000_000).toFixed(1)} MB in ${folder}`);
      terminal.line(`Open ${pathToFileURL(resolve(built.index)).href}`);
    });
}
