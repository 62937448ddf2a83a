import { CommanderError } from 'commander';
import { ERROR_CODES, messageOf, TipoffError } from '#core/errors.ts';
import type { CliHost } from './context.ts';
import { program } from './program.ts';

/** Runs one command line and returns its exit code: 0 fine, 1 a check failed, 2 usage or bad input, 3 could not run. */
export async function main(args: readonly string[], streams: CliHost['streams']): Promise<number> {
  let code = 0;
  const host: CliHost = {
    streams,
    exit: (wanted) => {
      code = Math.max(code, wanted);
    },
  };
  try {
    await program(host).parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return report(error, args.includes('--json'), streams);
  }
}

function report(error: unknown, isJson: boolean, streams: CliHost['streams']): number {
  const known = error instanceof TipoffError;
  const exit = known ? ERROR_CODES[error.code].exit : 3;
  if (isJson) {
    const { code, hint, details } = known
      ? error
      : { code: 'TIPOFF_UNEXPECTED', hint: 'This is a defect: please report it with the command.', details: {} };
    streams.out(`${JSON.stringify({ error: { code, message: messageOf(error), hint, details } }, null, 2)}\n`);
  }
  if (known) streams.err(`${error.code}: ${error.message}\n  ${error.hint}\n`);
  else
    streams.err(
      `TIPOFF_UNEXPECTED: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n  This is a defect: please report it with the command.\n`,
    );
  return exit;
}
