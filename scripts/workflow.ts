import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

// The runner uses GitHub's own libraries, which are imported in actions/ only; this is its short name for developers.
const { status } = spawnSync(
  process.execPath,
  [join(import.meta.dirname, '../actions/runner/main.ts'), ...process.argv.slice(2)],
  {
    stdio: 'inherit',
  },
);
process.exitCode = status ?? 1;
