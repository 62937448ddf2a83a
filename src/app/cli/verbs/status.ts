import { writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { type CliHost, contextOf } from '#app/cli/context.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { makeWithParents } from '#platform/folders.ts';

/** `status [slate]`. */
export function addStatusVerb(root: Command, host: CliHost): void {
  root
    .command('status')
    .description('answer the fifteen morning questions on one screen')
    .argument('[slate]', 'ET calendar date of tip-off (default: today in New York)')
    .option('--html <file>', 'also write the health page of the site, as one file')
    .option('--strict', 'exit 1 when something needs action or could not be found out')
    .action(
      async (text: string | undefined, options: { html?: string; strict?: boolean }, command: Command) => {
        const { terminal, slate: readSlate, path, sayHome, withApp } = contextOf(host, command);
        const slate = text === undefined ? undefined : readSlate(text);
        const { status, page } = await withApp(async (app) => {
          const [{ readStatus }, { canaryDeps }] = await Promise.all([
            import('#guard/status/status.ts'),
            import('#app/canaries.ts'),
          ]);
          const found = await readStatus(canaryDeps(app), slate);
          if (options.html === undefined) return { status: found };
          const { healthFile } = await import('#app/site/build.ts');
          return { status: found, page: await healthFile(app, found) };
        });
        terminal.json(status);
        if (!terminal.isJson) {
          const { statusLines } = await import('#guard/status/status.ts');
          for (const line of statusLines(status)) terminal.line(line);
          if (status.verdict !== 'good') sayHome();
        }
        if (options.html !== undefined && page !== undefined) {
          await write(path(options.html), page);
          terminal.progress(`Page: ${resolve(path(options.html))}`);
        }
        if (options.strict === true && (status.verdict === 'bad' || status.verdict === 'unknown'))
          host.exit(1);
      },
    );
}

async function write(file: string, page: string): Promise<void> {
  try {
    makeWithParents(dirname(resolve(file)));
    await writeFile(file, page);
  } catch (error) {
    throw new TipoffError('TIPOFF_STORAGE', `the page could not be written to ${file}: ${messageOf(error)}`, {
      hint: 'Give a path in a folder that can be written.',
      details: { file },
      cause: error,
    });
  }
}
