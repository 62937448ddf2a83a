import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { homeOwner } from '#platform/home.ts';
import type { CloudState } from './cloud-state.ts';

const TIPOFF = fileURLToPath(new URL('../../src/app/cli/tipoff.ts', import.meta.url));
const CLOUD_SERVE = fileURLToPath(new URL('./cloud-serve.ts', import.meta.url));
const BOOT_MILLISECONDS = 90_000;

/** A `serve` process that belongs to a test. */
export interface ServeChild {
  readonly pid: number;
  /** Calls an endpoint; undefined when the process died before it had answered. */
  call(
    method: 'GET' | 'POST',
    path: string,
    body?: object,
  ): Promise<{ status: number; body: Record<string, unknown> } | undefined>;
  /** kill -9, by its own process id. */
  kill(): Promise<void>;
  /** SIGTERM; returns the exit code, or `null` when it had to be killed. */
  stop(): Promise<number | null>;
  /** What it wrote to stderr. */
  log(): string;
}

/**
 * Starts `serve` on a home at an instant and waits until it answers; with `cloud`, batches and messages are there and only
 * the warehouse is in the home. `tipoff` is the program of another version. Throws with its output when it does not answer.
 */
export async function startServe(
  home: string,
  at: Date,
  workers = 3,
  cloud?: CloudState,
  tipoff = TIPOFF,
): Promise<ServeChild> {
  const common = ['--home', home, '--workers', String(workers), '--at', at.toISOString()];
  const command =
    cloud === undefined
      ? [tipoff, 'serve', ...common, '--port', '0', '--unit-size', '6', '--json']
      : [CLOUD_SERVE, ...common, '--cloud', JSON.stringify(cloud)];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const owner = await waitForAddress(home, child).catch(async (error: unknown) => {
    await end(child, 'SIGKILL');
    throw new Error(`serve did not come up: ${String(error)}\n${output}`);
  });
  const { address, key } = owner;
  return {
    pid: child.pid ?? 0,
    call: async (method, path, body) => {
      try {
        const payload = body === undefined ? {} : { body: JSON.stringify(body) };
        const response = await fetch(`${address}${path}`, {
          method,
          headers: { 'x-api-key': key, connection: 'close' },
          ...payload,
        });
        return { status: response.status, body: (await response.json()) as Record<string, unknown> };
      } catch {
        // A connection that broke because the process was killed is what this test is about; whoever asked looks at the state.
        return undefined;
      }
    },
    kill: () => end(child, 'SIGKILL').then(() => undefined),
    stop: () => end(child, 'SIGTERM'),
    log: () => output,
  };
}

async function waitForAddress(home: string, child: ChildProcess): Promise<{ address: string; key: string }> {
  const deadline = performance.now() + BOOT_MILLISECONDS;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const owner = await homeOwner(home);
    if (owner?.pid === child.pid && owner?.address !== undefined && owner.key !== undefined)
      return { address: owner.address, key: owner.key };
    await sleep(20);
  }
  throw new Error(`no address within ${BOOT_MILLISECONDS / 1000} s`);
}

/** Ends one process; a polite end that takes too long becomes a kill. */
async function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const gone = once(child, 'exit');
  child.kill(signal);
  const patience = new AbortController();
  const late = sleep(60_000, undefined, { signal: patience.signal }).then(
    () => child.kill('SIGKILL'),
    () => undefined,
  );
  await gone;
  patience.abort();
  await late;
  return child.exitCode;
}
