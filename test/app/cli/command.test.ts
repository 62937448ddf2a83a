import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const COMMAND = fileURLToPath(new URL('../../../bin/tipoff.js', import.meta.url));

/** The first Node of the path, which may be older than the one that runs the tests. */
const elsewhere = spawnSync(
  'sh',
  ['-c', 'PATH=$(printf %s "$PATH" | tr : "\\n" | grep -v node_modules | paste -sd:) command -v node'],
  {
    encoding: 'utf8',
  },
).stdout.trim();

describe('the tipoff command', () => {
  it('says its version, the revision and the Node it runs on', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [COMMAND, '--version']);
    expect(stdout).toMatch(/^tipoff \d+\.\d+\.\d+ \(([0-9a-f]{10,}\+?, )?Node \d+\.\d+\.\d+\)\n$/);
  });

  it('passes on the exit code of what it runs', () => {
    expect(spawnSync(process.execPath, [COMMAND, 'status', '2025-02-31']).status).toBe(2);
  });

  it.skipIf(elsewhere === '')('runs on Node 24 whichever Node starts it', async () => {
    const { stdout } = await promisify(execFile)(elsewhere, [COMMAND, '--version']);
    expect(stdout).toContain(`Node ${process.versions.node})`);
  });
});
