import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { type CliHost, contextOf } from '#app/cli/context.ts';
import { TipoffError } from '#core/errors.ts';

interface ServeFlags {
  readonly coordinator?: boolean;
  readonly worker?: boolean;
  readonly host: string;
  readonly port?: string;
  readonly workers: string;
  readonly unitSize?: string;
}

/** `serve`: the HTTP services with sweeper and workers, until SIGTERM or SIGINT. */
export function addServeVerb(root: Command, host: CliHost): void {
  root
    .command('serve')
    .description(
      'serve the site and the prediction services over HTTP: coordinator and worker, unless one of them is named',
    )
    .option('--coordinator', 'start, status, check-stalled, reset; sweeper and dispatch')
    .option('--worker', 'predict; worker loops on the queue')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <n>', 'port to listen on, 0 for any free one (default: PORT or 8080)')
    .option('--workers <n>', 'worker loops in this process', '2')
    .option('--unit-size <n>', 'players per unit of work (default: 150)')
    .action(async (flags: ServeFlags, command: Command) => {
      const { terminal, config, withApp, withNewApp } = contextOf(host, command);
      const port =
        flags.port === undefined ? (config.port ?? 8080) : wholeNumber('--port', flags.port, 0, 65_535);
      const workers = wholeNumber('--workers', flags.workers, 0, 64);
      const unitSize =
        flags.unitSize === undefined ? {} : { unitSize: wholeNumber('--unit-size', flags.unitSize, 1, 1000) };
      const both = flags.coordinator === flags.worker;
      const roles = (['coordinator', 'worker'] as const).filter((role) => both || flags[role] === true);
      const { startServing } = await import('#app/services/serve.ts');
      // A container starts with an empty volume; a missing folder is a typing error.
      const open = config.profile === 'embedded' && existsSync(config.home) ? withNewApp : withApp;
      await open(async (app) => {
        const stop = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
        const serving = await startServing(app, {
          roles,
          workers,
          ...unitSize,
          hostname: flags.host,
          port,
          log: host.streams.err,
        });
        terminal.json({ address: serving.address, roles, workers });
        const key =
          config.profile === 'embedded'
            ? `the key lies in home.lock of ${config.home}`
            : `project ${config.gcp.project}`;
        terminal.line(`${roles.join(' and ')} at ${serving.address}; ${key}. Stop with Ctrl-C.`);
        await stop;
        await serving.drain();
      });
    });
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `${name}: expected a whole number from ${least} to ${most}, saw "${text}"`,
    {
      hint: 'Write it in digits.',
    },
  );
}
