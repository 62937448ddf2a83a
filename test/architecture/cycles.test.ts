import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const BIOME = new URL('../../biome.json', import.meta.url);

it('no file may import another in a circle, one of types alone included', () => {
  const { overrides } = JSON.parse(readFileSync(BIOME, 'utf8')) as {
    overrides: { includes: string[]; linter?: { rules?: { suspicious?: { noImportCycles?: unknown } } } }[];
  };
  const exempt = overrides.filter(({ linter }) => linter?.rules?.suspicious?.noImportCycles === 'off');
  expect(exempt.flatMap(({ includes }) => includes)).toEqual([]);
});
