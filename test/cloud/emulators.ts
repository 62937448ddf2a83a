import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** What can be stood in for on one machine. */
export const EMULATORS = ['firestore', 'pubsub', 'bigquery'] as const;
export type EmulatorName = (typeof EMULATORS)[number];

/** Emulators that answer, and how to end them with everything they started. */
export interface Emulators {
  /** `host:port`, of BigQuery the base address, as many as were wanted; none of what this machine does not offer. */
  readonly at: Readonly<Record<EmulatorName, readonly string[]>>;
  stop(): void;
}

/** How to start an emulator on a port; or why it cannot be. */
type Start = { readonly command: string; readonly args: readonly string[] } | { readonly missing: string };

const READY_MS = 60_000;
const POLL_MS = 100;

/**
 * Starts the named emulators: Firestore and Pub/Sub of the Google Cloud CLI (with Java), BigQuery by bqemulator of a Python.
 * A name may be wanted more than once. Says of each where it is, or why it is left out. They end with `stop`, and when this
 * process is told to end.
 */
export async function startEmulators(
  wanted: readonly EmulatorName[],
  options: { readonly python?: string; readonly say: (line: string) => void },
): Promise<Emulators> {
  const { python = 'python3', say } = options;
  const folder = mkdtempSync(join(tmpdir(), 'tipoff-emulators-'));
  const started: ChildProcess[] = [];
  const stop = (): void => {
    for (const child of started.splice(0)) end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  // The emulators lead process groups of their own, which a signal from the terminal does not reach.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stop();
      process.exit(1);
    });
  }
  const at: Record<EmulatorName, string[]> = { firestore: [], pubsub: [], bigquery: [] };
  const lacking = new Set<EmulatorName>();
  for (const name of wanted) {
    if (lacking.has(name)) continue;
    const port = await freePort();
    const start =
      name === 'firestore' ? firestore(port) : name === 'pubsub' ? pubsub(port) : bigquery(port, python);
    if ('missing' in start) {
      say(`skipped ${name}: ${start.missing}`);
      lacking.add(name);
      continue;
    }
    const child = spawn(start.command, start.args, { cwd: folder, stdio: 'ignore', detached: true });
    started.push(child);
    if (await ready(port, child)) {
      at[name].push(name === 'bigquery' ? `http://127.0.0.1:${port}` : `127.0.0.1:${port}`);
      say(`started ${name} (process ${child.pid}) on port ${port}`);
    } else {
      say(`skipped ${name}: its emulator did not answer within ${READY_MS / 1000} s`);
    }
  }
  return { at, stop };
}

/** The output of a program that ended well; undefined otherwise. */
function output(command: string, args: readonly string[]): string | undefined {
  const run = spawnSync(command, args, { encoding: 'utf8' });
  return run.status === 0 ? run.stdout.trim() : undefined;
}

/** Asked once: the command line takes a second of a processor to say where it is. */
let cli: ReturnType<typeof findCloudCli> | undefined;
function cloudCli(): ReturnType<typeof findCloudCli> {
  cli ??= findCloudCli();
  return cli;
}

function findCloudCli(): { root: string } | { missing: string } {
  const root = output('gcloud', ['info', '--format=value(installation.sdk_root)']);
  if (root === undefined) return { missing: 'the Google Cloud CLI (gcloud) is not installed' };
  return spawnSync('java', ['-version']).status === 0 ? { root } : { missing: 'Java is not installed' };
}

function firestore(port: number): Start {
  const found = cloudCli();
  if ('missing' in found) return found;
  const command = join(found.root, 'platform/cloud-firestore-emulator/cloud_firestore_emulator');
  if (!existsSync(command))
    return { missing: 'the Google Cloud CLI lacks its component cloud-firestore-emulator' };
  return { command, args: ['start', '--host=127.0.0.1', `--port=${port}`] };
}

function pubsub(port: number): Start {
  const found = cloudCli();
  if ('missing' in found) return found;
  const folder = join(found.root, 'platform/pubsub-emulator/lib');
  const jar = existsSync(folder)
    ? readdirSync(folder).find((name) => /^cloud-pubsub-emulator-.*-all\.jar$/.test(name))
    : undefined;
  if (jar === undefined) return { missing: 'the Google Cloud CLI lacks its component pubsub-emulator' };
  return { command: 'java', args: ['-jar', join(folder, jar), '--host=127.0.0.1', `--port=${port}`] };
}

function bigquery(port: number, python: string): Start {
  if (output(python, ['-c', 'import bqemulator, numpy']) === undefined) {
    return {
      missing: `${python} has no bqemulator; install bqemulator and numpy from PyPI into a Python of their own and pass it as --python`,
    };
  }
  const program = join(import.meta.dirname, 'bigquery-emulator.py');
  const args = ['--rest-port', String(port), '--grpc-port', '0', '--log-level', 'error'];
  return { command: python, args: [program, 'start', ...args] };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Waits until the port answers; false when the process ended before, or the time is over. */
async function ready(port: number, child: ChildProcess): Promise<boolean> {
  for (let waited = 0; waited < READY_MS && child.exitCode === null; waited += POLL_MS) {
    const answers = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (answers) return true;
    await pause(POLL_MS);
  }
  return false;
}

/** Ends an emulator with everything it started itself. */
function end({ pid, exitCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null) return;
  process.kill(-pid, 'SIGTERM');
}
