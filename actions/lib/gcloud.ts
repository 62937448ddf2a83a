import { spawn } from 'node:child_process';
import { TipoffError } from '#core/errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Runs one gcloud command and returns its JSON; undefined when it printed none. */
export type Gcloud = (...args: string[]) => Promise<unknown>;

/** Lines of a failed command that are worth repeating. */
const LAST_LINES = 3;

/**
 * The installed gcloud. Throws TIPOFF_PROVIDER with its last lines of output when a command fails, and TIPOFF_BAD_INPUT when
 * gcloud is not installed.
 */
export function gcloudCommand(environment: Environment, log: (text: string) => void): Gcloud {
  return async (...args) => {
    const { code, out, err } = await run([...args, '--quiet', '--format=json'], environment, log);
    if (code === 0) return out.trim() === '' ? undefined : JSON.parse(out);
    const words = err.trim().split('\n').slice(-LAST_LINES).join(' ');
    throw new TipoffError(
      'TIPOFF_PROVIDER',
      `gcloud ${args.slice(0, 3).join(' ')} ended with ${code}: ${words}`,
      {
        hint: 'Run the command by hand with the same account; docs/runbooks/actions/deploy.md has the usual causes.',
      },
    );
  };
}

function run(
  args: readonly string[],
  environment: Environment,
  log: (text: string) => void,
): Promise<{ code: number; out: string; err: string }> {
  return new Promise((done, failed) => {
    const child = spawn('gcloud', args, { env: { ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
      log(text);
    });
    child.on('error', (cause) => {
      const hint = 'Install the command line of Google Cloud, or deploy from a runner, which has it.';
      failed(
        new TipoffError('TIPOFF_BAD_INPUT', 'expected gcloud on this machine, saw none', { hint, cause }),
      );
    });
    child.on('close', (code) => done({ code: code ?? 1, out, err }));
  });
}
