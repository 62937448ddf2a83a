import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { homeWithoutRows } from '#test/app/empty-home.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
/** Modules of this repository that one `canary run` may load. */
const MAX_MODULES = 160;
/** What asking needs nothing of: the invented league, and what breaks and proves. */
const PROOF =
  /^src\/(?:simulate\/|guard\/drills\/|guard\/canaries\/prove|app\/(?:prove|healthy|demo\.|drills))/;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

/** The modules that a program of Node loads in a process of its own. */
async function loadedBy(...program: string[]): Promise<string[]> {
  const list = join(folder.path, 'loaded');
  const hook = join(ROOT, 'test/architecture/loaded-modules.ts');
  await promisify(execFile)(process.execPath, ['--import', hook, ...program], {
    env: { PATH: process.env['PATH'], LOADED_MODULES: list },
    timeout: 20_000,
  }).catch((error: { code?: unknown }) => {
    // 1 is a check that fails, which an empty home may have.
    if (error.code !== 1) throw error;
  });
  return readFileSync(list, 'utf8').split('\n');
}

describe('canary run', () => {
  it('loads what it asks with, and nothing of what proves it', async () => {
    const home = join(folder.path, 'home');
    await homeWithoutRows(home);
    const run = ['canary', 'run', '--at', '2025-07-15T17:00:00Z', '--home', home];
    const loaded = await loadedBy(join(ROOT, 'src/app/cli/tipoff.ts'), ...run);
    expect(loaded).toContain('src/guard/canaries/run.ts');
    expect(loaded.filter((path) => PROOF.test(path))).toEqual([]);
    expect(loaded.filter((path) => path.startsWith('src/')).length).toBeLessThanOrEqual(MAX_MODULES);
  });

  it('would be seen to load more', async () => {
    const loaded = await loadedBy(join(ROOT, 'src/app/prove.ts'));
    expect(loaded.filter((path) => PROOF.test(path))).toEqual(
      expect.arrayContaining(['src/guard/canaries/prove.ts', 'src/simulate/league.ts']),
    );
  });
});
