import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;
const CLOUD = /^(?:@google-cloud\/|google-auth-library$|google-gax$)/;

/** Import and re-export statements that load a module when the file is loaded; types and `import()` do not. */
const STATIC_IMPORT = /^\s*(?:import|export)\s+(?!type\b)(?:[^'"`;]*?\bfrom\s*)?['"]([^'"]+)['"]/gm;

const aliases: Record<string, string> = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).imports;

/** The file an import of this repository means; undefined for packages. */
function fileOf(specifier: string, importer: string): string | undefined {
  if (specifier.startsWith('.')) return join(importer, '..', specifier);
  const alias = Object.entries(aliases).find(([pattern]) => specifier.startsWith(pattern.slice(0, -1)));
  return alias === undefined ? undefined : join(ROOT, alias[1].slice(0, -1), specifier.slice(alias[0].length - 1));
}

const plain = (file: string): string => readFileSync(file, 'utf8');

/** Every way from an entry to a cloud client that loading the entry takes, as chains of files; and the files it loads. */
function loadedBy(entry: string, read: (file: string) => string = plain): { files: string[]; chains: string[] } {
  const seen = new Map<string, string>();
  const chains: string[] = [];
  const visit = (file: string, chain: string): void => {
    if (seen.has(file)) return;
    seen.set(file, chain);
    for (const [, specifier = ''] of read(file).matchAll(STATIC_IMPORT)) {
      if (CLOUD.test(specifier)) chains.push(`${chain} > ${specifier}`);
      const next = fileOf(specifier, file);
      if (next !== undefined) visit(next, `${chain} > ${relative(ROOT, next)}`);
    }
  };
  visit(join(ROOT, entry), entry);
  return { files: [...seen.keys()], chains };
}

describe('cloud clients', () => {
  it.each(['src/app/cli/tipoff.ts', 'src/app/compose.ts', 'src/app/cli/program.ts'])('are not loaded by loading %s', (entry) => {
    const { files, chains } = loadedBy(entry);
    expect(chains).toEqual([]);
    expect(files.length).toBeGreaterThan(3);
  });

  it.each([
    ['src/platform/state/firestore/store.ts', '@google-cloud/firestore'],
    ['src/platform/queue/pubsub/queue.ts', '@google-cloud/pubsub'],
    ['src/platform/objects/gcs/store.ts', '@google-cloud/storage'],
    ['src/platform/warehouse/bigquery/warehouse.ts', '@google-cloud/bigquery'],
  ])('are found by this test where they are: %s', (entry, client) => {
    expect(loadedBy(entry).chains.some((chain) => chain.endsWith(` > ${client}`))).toBe(true);
  });

  it.each([
    ["import { a } from '@google-cloud/x';", 1],
    ["import {\n  a,\n  b,\n} from '@google-cloud/x';", 1],
    ["import '@google-cloud/x';", 1],
    ["export * from '@google-cloud/x';", 1],
    ["import a, { b } from '@google-cloud/x';", 1],
    ["import type { a } from '@google-cloud/x';", 0],
    ["const a = await import('@google-cloud/x');", 0],
    ["// import { a } from '@google-cloud/x';", 0],
  ])('are seen in %j %i times', (text, times) => {
    expect(loadedBy('planted.ts', () => text).chains).toHaveLength(times);
  });
});
