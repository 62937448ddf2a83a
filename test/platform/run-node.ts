import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

/** How a child process ended. */
interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running child: its output so far, its first complete line, and its end. */
export interface RunningNode {
  readonly child: ChildProcess;
  readonly firstLine: Promise<string>;
  readonly ended: Promise<Ended>;
}

/** Runs a TypeScript file beside the tests in a second process of this Node; it is killed after 25 s at the latest. */
export function runNode(file: string, args: readonly string[]): RunningNode {
  const child = spawn(process.execPath, [join(import.meta.dirname, file), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A child that hangs is killed after the test that waits for it has failed, so that its message is the one seen.
    timeout: 25_000,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      const end = stdout.indexOf('\n');
      if (end >= 0) resolve(stdout.slice(0, end));
    });
    child.once('close', () => reject(new Error(`${file} ended without a line: ${stderr}`)));
  });
  // Not everybody waits for the first line; those who do still see it fail.
  firstLine.catch(() => undefined);
  return { child, firstLine, ended };
}
