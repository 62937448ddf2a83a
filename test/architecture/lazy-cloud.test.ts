import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;
const CLOUD = /^(?:@google-cloud\/|google-auth-library$|google-gax$)/;

/** Import and re-export statements that load a module when the file is loaded; types and `import()` do not. */
const STATIC_IMPORT = /^\s*(?:import|export)\s+(?!type\b)(?:[^'"`;]*?\bfrom\s*)?['"]([^'"]+)['"]/gm;
/** Imports at run time; types written as `import('…').Name` load nothing. */
const DYNAMIC_IMPORT = /(?<!:\s)(?<!<)\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;
/** The one file that opens the adapters of the cloud. */
const DOOR = join(ROOT, 'src/app/stores/gcp.ts');

const aliases: Record<string, string> = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).imports;

/** The file an import of this repository means; undefined for packages. */
function fileOf(specifier: string, importer: string): string | undefined {
  if (specifier.startsWith('.')) return join(importer, '..', specifier);
  const alias = Object.entries(aliases).find(([pattern]) => specifier.startsWith(pattern.slice(0, -1)));
  return alias === undefined
    ? undefined
    : join(ROOT, alias[1].slice(0, -1), specifier.slice(alias[0].length - 1));
}

const plain = (file: string): string => readFileSync(file, 'utf8');

interface Walk {
  readonly read?: (file: string) => string;
  /** Follows imports at run time as well. */
  readonly dynamic?: boolean;
  /** A file that is not entered. */
  readonly closed?: string;
}

/** Every way from an entry to a cloud client that loading the entry takes, as chains of files; and the files it loads. */
function loadedBy(
  entry: string,
  { read = plain, dynamic = false, closed }: Walk = {},
): { files: string[]; chains: string[] } {
  const seen = new Map<string, string>();
  const chains: string[] = [];
  const visit = (file: string, chain: string): void => {
    if (seen.has(file) || file === closed || !/\.m?[jt]s$/.test(file)) return;
    seen.set(file, chain);
    const text = read(file);
    for (const [, specifier = ''] of [
      ...text.matchAll(STATIC_IMPORT),
      ...(dynamic ? text.matchAll(DYNAMIC_IMPORT) : []),
    ]) {
      if (CLOUD.test(specifier)) chains.push(`${chain} > ${specifier}`);
      const next = fileOf(specifier, file);
      if (next !== undefined) visit(next, `${chain} > ${relative(ROOT, next)}`);
    }
  };
  visit(join(ROOT, entry), entry);
  return { files: [...seen.keys()], chains };
}

describe('cloud clients', () => {
  it.each(['src/app/cli/program.ts', 'src/app/stores/embedded.ts'])(
    'are not loaded by loading %s',
    (entry) => {
      const { files, chains } = loadedBy(entry);
      expect(chains).toEqual([]);
      expect(files.length).toBeGreaterThan(3);
    },
  );

  it('are reached by one door only, whatever is loaded while a command runs', () => {
    const behind = loadedBy('src/app/cli/tipoff.ts', { dynamic: true, closed: DOOR });
    expect(behind.chains).toEqual([]);
    expect(behind.files).toEqual(
      expect.arrayContaining([join(ROOT, 'src/app/stores/embedded.ts'), join(ROOT, 'src/app/demo.ts')]),
    );
    const open = loadedBy('src/app/cli/tipoff.ts', { dynamic: true });
    expect(new Set(open.chains.map((chain) => chain.split(' > ').at(-1)))).toEqual(
      new Set([
        '@google-cloud/bigquery',
        '@google-cloud/firestore',
        '@google-cloud/pubsub',
        '@google-cloud/storage',
        'google-auth-library',
      ]),
    );
  });

  it.each([
    ['src/platform/state/firestore/store.ts', '@google-cloud/firestore'],
    ['src/platform/queue/pubsub/queue.ts', '@google-cloud/pubsub'],
    ['src/platform/objects/gcs.ts', '@google-cloud/storage'],
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
    expect(loadedBy('planted.ts', { read: () => text }).chains).toHaveLength(times);
  });

  it.each([
    ["const a = await import('@google-cloud/x');", 1],
    ["const work = () => import('@google-cloud/x');", 1],
    ["let a: import('@google-cloud/x').A;", 0],
    ["const a: Promise<import('@google-cloud/x').A> = b;", 0],
  ])('are seen at run time in %j %i times', (text, times) => {
    expect(loadedBy('planted.ts', { read: () => text, dynamic: true }).chains).toHaveLength(times);
  });
});
