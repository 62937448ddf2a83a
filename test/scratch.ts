import { readFileSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const IN_MEMORY = '/dev/shm';
const NEEDED_BYTES = 4 * 2 ** 30;

/**
 * The folder for the temporary files of the suites. They write and remove tens of thousands of files that nobody needs afterwards, and a
 * disk takes as long for them as the tests themselves: where the machine has a file system in memory with room, from which programs can
 * be started, that is where they go, unless TMPDIR says otherwise.
 */
export function scratchFolder(): string {
  if (process.env.TMPDIR !== undefined || process.platform !== 'linux') return tmpdir();
  const mount = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, at, kind]) => at === IN_MEMORY && kind === 'tmpfs');
  const options = mount?.[3]?.split(',') ?? [];
  if (!options.includes('rw') || options.includes('noexec')) return tmpdir();
  const { bavail, bsize } = statfsSync(IN_MEMORY);
  return bavail * bsize >= NEEDED_BYTES ? IN_MEMORY : tmpdir();
}

if (import.meta.main) process.stdout.write(scratchFolder());
