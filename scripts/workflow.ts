import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

// The runner uses GitHub's libraries, which only actions/ may import; this script is a shortcut to it.
const { status } = spawnSync(
  process.execPath,
  [join(import.meta.dirname, '../actions/runner/main.ts'), ...process.argv.slice(2)],
  {
    stdio: 'inherit',
  },
);
process.exitCode = status ?? 1;
