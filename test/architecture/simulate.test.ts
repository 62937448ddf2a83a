import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const SRC = new URL('../../src/', import.meta.url).pathname;
/** Who may import the simulated league: the demonstration, and the healthy homes of drills and proofs. */
const MAY_SIMULATE = /^app\/(?:demo|drills|healthy-[a-z-]+)\.ts$/;

/** The modules of src outside of the simulator whose text imports it. */
function importersOfSimulate(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.startsWith('simulate/'))
    .filter((path) => readFileSync(join(SRC, path), 'utf8').includes("'#simulate/"));
}

it('only the demonstration, the drills and the healthy homes import the simulated league', () => {
  const importers = importersOfSimulate();
  expect(importers).toContain('app/demo.ts');
  expect(importers.filter((path) => !MAY_SIMULATE.test(path))).toEqual([]);
});
