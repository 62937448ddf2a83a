import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TipoffError } from '#core/errors.ts';

/** The code of the pages, ready for a browser, by file name. */
export interface Bundle {
  readonly script: string;
  readonly style: string;
  /** The licences of the packages inside. */
  readonly licences: string;
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const ENTRY = fileURLToPath(new URL('./browser/main.tsx', import.meta.url));

/** Bundles the pages with the packages they use. Takes a third of a second; `serve` does it once. */
export async function bundleSite(): Promise<Bundle> {
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    entryPoints: [ENTRY],
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'iife',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    outdir: 'site',
    logLevel: 'silent',
  });
  const textOf = (ending: string): string => {
    const file = outputFiles.find(({ path }) => path.endsWith(ending));
    if (file !== undefined) return file.text;
    throw new TipoffError('TIPOFF_CONTRACT', `the pages were bundled without a file *${ending}`, {
      hint: 'This is a defect: please report it with the command.',
    });
  };
  return {
    script: textOf('.js'),
    style: textOf('.css'),
    licences: await licencesOf(Object.keys(metafile.inputs)),
  };
}

/** The licence texts of the packages that bundled files belong to, from the folders they were taken from. */
async function licencesOf(files: readonly string[]): Promise<string> {
  const packages = new Map(
    files.flatMap((file) => {
      const [folder, name] = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? [];
      return folder === undefined || name === undefined ? [] : [[name, join(ROOT, folder)] as const];
    }),
  );
  const texts = [...packages].sort().map(async ([name, folder]) => {
    const licences = (await readdir(folder)).filter((file) => /^licen[cs]e/i.test(file));
    const found = await Promise.all(licences.map((file) => readFile(join(folder, file), 'utf8')));
    return [name, ...found].join('\n\n');
  });
  return `${(await Promise.all(texts)).join('\n\n')}\n`;
}
