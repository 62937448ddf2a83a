#!/usr/bin/env node
// The `tipoff` command. Its source is TypeScript, which Node runs from 24 on; on an older Node the command goes on with the
// one that `npm ci` installs beside it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const entry = new URL('../src/app/cli/tipoff.ts', import.meta.url);

if (Number.parseInt(process.versions.node, 10) >= 24) {
  await import(entry.href);
} else {
  const node = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
  if (!existsSync(node)) {
    process.stderr.write(
      `tipoff: expected Node 24 or newer, saw ${process.version} and none at ${node}\n  Run npm ci in ${fileURLToPath(new URL('..', import.meta.url))}, or install Node 24.\n`,
    );
    process.exit(3);
  }
  const child = spawn(node, [fileURLToPath(entry), ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches both processes: the command decides when to end, and this one waits for it.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
