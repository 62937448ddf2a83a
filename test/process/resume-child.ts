import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RESUME_NOW } from './resume-home.ts';

const TIPOFF = fileURLToPath(new URL('../../src/app/cli/tipoff.ts', import.meta.url));

/** When to kill: so many milliseconds after a process has reported so many pieces of work. */
export interface KillPoint {
  readonly pieces: number;
  readonly milliseconds: number;
  /** `SIGKILL` unless named: the process is gone at once. */
  readonly signal?: 'SIGINT' | 'SIGTERM';
}

/** How a backfill process ended. */
export interface BackfillEnd {
  readonly killed: boolean;
  readonly code: number | null;
  /** Pieces of work it reported. */
  readonly pieces: number;
  /** Its JSON document, when it came to an end of its own. */
  readonly report:
    | {
        readonly plan: { readonly units: readonly PlannedUnit[] };
        readonly executed: readonly unknown[];
        readonly stopped: string | null;
      }
    | undefined;
  readonly log: string;
}

interface PlannedUnit {
  readonly step: string;
  readonly slates: readonly string[];
}

/** Runs `tipoff backfill …` on a home in a process of its own, and kills it at a point, unless it ends before. */
export async function backfillProcess(
  home: string,
  args: readonly string[],
  at?: KillPoint,
): Promise<BackfillEnd> {
  const child = spawn(
    process.execPath,
    [TIPOFF, 'backfill', ...args, '--home', home, '--at', RESUME_NOW, '--json'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const gone = once(child, 'close');
  let [out, log, pieces, killed] = ['', '', 0, false];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  const strike = async (): Promise<void> => {
    await sleep(at?.milliseconds ?? 0);
    killed = isAlive(child);
    if (killed) child.kill(at?.signal ?? 'SIGKILL');
  };
  const struck: Promise<void>[] = [];
  if (at?.pieces === 0) struck.push(strike());
  createInterface({ input: child.stderr }).on('line', (line) => {
    log += `${line}\n`;
    if (!/ rows +[\d.]+ s/.test(line)) return;
    pieces += 1;
    if (pieces === at?.pieces) struck.push(strike());
  });
  await gone;
  await Promise.all(struck);
  // 1: it was stopped, or something failed.
  const isWhole = child.exitCode === 0 || child.exitCode === 1;
  return {
    killed,
    code: child.exitCode,
    pieces,
    report: isWhole ? (JSON.parse(out) as BackfillEnd['report']) : undefined,
    log,
  };
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
