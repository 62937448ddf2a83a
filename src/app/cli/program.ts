import { Argument, Command, CommanderError } from 'commander';
import { ERROR_CODES, messageOf, TipoffError } from '#core/errors.ts';
import { completionScript, SHELLS, type Shell } from './completion.ts';
import type { CliHost } from './context.ts';
import { relayCommand } from './relay.ts';
import { addAskVerbs } from './verbs/ask.ts';
import { addBackfillVerbs } from './verbs/backfill.ts';
import { addBackupVerbs } from './verbs/backup.ts';
import { addBatchVerbs } from './verbs/batch.ts';
import { addCanaryVerbs } from './verbs/canary.ts';
import { addDayVerbs } from './verbs/day.ts';
import { addDemoVerb, addExampleVerb } from './verbs/demo.ts';
import { addDrillVerbs } from './verbs/drill.ts';
import { addFetchVerb } from './verbs/fetch.ts';
import { addIncidentVerbs } from './verbs/incidents.ts';
import { addIngestVerbs } from './verbs/ingest.ts';
import { addModelVerbs } from './verbs/models.ts';
import { addPublishVerbs } from './verbs/publish.ts';
import { addQualityVerb } from './verbs/quality.ts';
import { addSchemaVerbs } from './verbs/schema.ts';
import { addServeVerb } from './verbs/serve.ts';
import { addSiteVerb } from './verbs/site.ts';
import { addSourceVerbs } from './verbs/sources.ts';
import { addStagingVerbs } from './verbs/staging.ts';
import { addStatusVerb } from './verbs/status.ts';

/** The command line, verb by verb. Nothing heavy is loaded before a verb runs. */
export function program(host: CliHost): Command {
  const root = new Command('tipoff')
    .description('NBA player prop predictions before tip-off, by a pipeline that guards itself.')
    .option('--home <dir>', 'folder of the embedded home (default: TIPOFF_HOME or .tipoff)')
    .option('--json', 'print the result as one JSON document')
    .option('-V, --version', 'print version and revision')
    .option('--at <instant>', 'run as if it were this instant, for example 2025-01-10T17:00:00Z')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('Run with --help for the verbs and their options.')
    .exitOverride()
    .configureOutput({ writeOut: host.streams.out, writeErr: host.streams.err });
  for (const add of [
    addDemoVerb,
    addExampleVerb,
    addIngestVerbs,
    addFetchVerb,
    addDayVerbs,
    addBackfillVerbs,
    addBatchVerbs,
    addCanaryVerbs,
    addDrillVerbs,
    addIncidentVerbs,
    addSourceVerbs,
    addStatusVerb,
    addAskVerbs,
    addPublishVerbs,
    addModelVerbs,
    addQualityVerb,
    addSchemaVerbs,
    addServeVerb,
    addSiteVerb,
    addStagingVerbs,
    addBackupVerbs,
  ])
    add(root, host);
  root
    .command('completion')
    .description('print the completion script of a shell: source <(tipoff completion bash)')
    .addArgument(new Argument('<shell>', 'the shell that reads it').choices(SHELLS))
    .action((shell: Shell) => host.streams.out(completionScript(shell, root)));
  return root;
}

/**
 * Runs one command line and returns its exit code: 0 fine, 1 a check failed, 2 usage or bad input, 3 could not run. When another
 * process owns the home, the command is relayed to that process.
 */
export async function main(args: readonly string[], streams: CliHost['streams']): Promise<number> {
  if (['--version', '-V'].includes(args[0] ?? '')) {
    const [{ versionLine }, { processConfig }] = await Promise.all([
      import('#app/version.ts'),
      import('#app/config.ts'),
    ]);
    streams.out(`${await versionLine(processConfig().codeVersion)}\n`);
    return 0;
  }
  return run(args, { streams, runOn }, async (error) => {
    const home = error.code === 'TIPOFF_HOME_LOCKED' ? error.details['home'] : undefined;
    return typeof home === 'string' ? relayCommand(home, { args, cwd: process.cwd() }, streams) : undefined;
  });
}

/**
 * Runs the commands of other processes on an opened home. They have priority: a person is waiting for them at a terminal, while
 * the owner of the home is doing long work.
 */
export const runOn: NonNullable<CliHost['runOn']> = (app, owner) => (command, streams) =>
  app.rightOfWay.first(() => run(command.args, { streams, guest: { app, owner, cwd: command.cwd } }));

/** Runs a command line. When that fails, `elsewhere` may run it in another process, and then returns its exit code. */
async function run(
  args: readonly string[],
  host: Omit<CliHost, 'exit'>,
  elsewhere: (error: TipoffError) => Promise<number | undefined> = async () => undefined,
): Promise<number> {
  let code = 0;
  const exit = (requested: number): void => {
    code = Math.max(code, requested);
  };
  try {
    await program({ ...host, exit }).parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    try {
      const ran = error instanceof TipoffError ? await elsewhere(error) : undefined;
      return ran ?? report(error, args.includes('--json'), host.streams);
    } catch (problem) {
      return report(problem, args.includes('--json'), host.streams);
    }
  }
}

function report(error: unknown, isJson: boolean, streams: CliHost['streams']): number {
  const known = error instanceof TipoffError;
  const exit = known ? ERROR_CODES[error.code].exit : 3;
  if (isJson) {
    const { code, hint, details } = known
      ? error
      : {
          code: 'TIPOFF_UNEXPECTED',
          hint: 'This is a defect: please report it with the command.',
          details: {},
        };
    streams.out(
      `${JSON.stringify({ error: { code, message: messageOf(error), hint, details } }, null, 2)}\n`,
    );
  }
  if (known) streams.err(`${error.code}: ${error.message}\n  ${error.hint}\n`);
  else
    streams.err(
      `TIPOFF_UNEXPECTED: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n  This is a defect: please report it with the command.\n`,
    );
  return exit;
}
