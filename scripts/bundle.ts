import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { type OutputChunk, type OutputOptions, type Plugin, type RolldownOptions, rolldown } from 'rolldown';
import { parse, stringify } from 'yaml';
import { z } from 'zod';

// Actions as bundles, which need nothing that is installed.
//   npm run bundle                     writes the one that lies in the repository: actions/post-report/dist
//   npm run bundle -- --check          ends with 1 when what lies there is not what the sources give
//   npm run bundle -- --release DIR    writes all actions, as other repositories use them, into an empty folder

const ROOT = resolve(import.meta.dirname, '..');

/** A file of a bundle: its path, and its text. */
export interface BundledFile {
  readonly path: string;
  readonly text: string;
}

/**
 * `actions/post-report/dist`. It reports that a runner could not be set up, so it must not need anything that
 * set-up provides: code that opens a home or runs a verb is left out and never loaded.
 */
export async function postReportBundle(plugins: readonly Plugin[] = []): Promise<BundledFile[]> {
  const folder = 'actions/post-report';
  const external = /^#app\/(?!config\/process\.ts$)/;
  const options = { input: join(folder, 'main.ts'), external, plugins: [...plugins] };
  const chunks = await chunksOf(options, { codeSplitting: false });
  return [
    ...chunks.map(({ code }) => ({ path: `${folder}/dist/index.js`, text: code })),
    { path: `${folder}/dist/licenses.txt`, text: licensesOf(chunks) },
  ];
}

const actionFile = z.looseObject({
  name: z.string(),
  inputs: z.record(z.string(), z.unknown()).default({}),
  outputs: z.record(z.string(), z.looseObject({ value: z.string().optional() })).default({}),
});

/**
 * Every action as other repositories use it: programs over one shared `lib`, with no dependencies. DuckDB, a
 * native library, is not included: there the data is on Google Cloud.
 */
export async function releaseFiles(): Promise<BundledFile[]> {
  const names = readdirSync(join(ROOT, 'actions')).filter((name) =>
    ['action.yml', 'main.ts'].every((file) => existsSync(join(ROOT, 'actions', name, file))),
  );
  const input = Object.fromEntries(names.map((name) => [name, `actions/${name}/main.ts`]));
  const chunks = await chunksOf({ input, external: /^@duckdb\// }, { chunkFileNames: '[name]-[hash].js' });
  const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
  return [
    { path: 'package.json', text: `${JSON.stringify({ private: true, type: 'module' })}\n` },
    { path: 'LICENSE', text: read('LICENSE') },
    { path: 'lib/licenses.txt', text: licensesOf(chunks) },
    ...chunks.map(({ fileName, code }) => ({ path: `lib/${fileName}`, text: code })),
    ...names.flatMap((name) => [
      { path: `actions/${name}/action.yml`, text: releasedAction(read(`actions/${name}/action.yml`)) },
      { path: `actions/${name}/README.md`, text: read(`actions/${name}/README.md`) },
    ]),
  ];
}

/** Rewrites an action.yml to run its program in `lib`; the runner itself passes inputs and collects outputs. */
function releasedAction(text: string): string {
  const { outputs, ...own } = actionFile.parse(parse(text));
  const plain = Object.entries(outputs).map(([output, { value: _, ...one }]) => [output, one]);
  const runs = { using: 'node24', main: `../../lib/${own.name}.js` };
  return stringify({ ...own, outputs: Object.fromEntries(plain), runs }, { lineWidth: 0 });
}

/** Bundles reproducibly: the same sources and packages give the same bytes on every machine. */
async function chunksOf(options: RolldownOptions, output: OutputOptions): Promise<OutputChunk[]> {
  const bundle = await rolldown({
    cwd: ROOT,
    platform: 'node',
    // node_modules may be a symlink whose target path is specific to this machine.
    resolve: { symlinks: false },
    // CommonJS packages refer to their own location.
    transform: { define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' } },
    ...options,
  });
  try {
    const made = await bundle.generate({ format: 'esm', minify: true, ...output });
    return made.output.filter((one) => one.type === 'chunk');
  } finally {
    await bundle.close();
  }
}

/** The licences of the packages in some chunks, in the order of their names. */
function licensesOf(chunks: readonly OutputChunk[]): string {
  const folders = new Set(
    chunks.flatMap(({ moduleIds }) =>
      moduleIds.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []),
    ),
  );
  const texts = [...folders].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((one) => /^(?:licen[cs]e|copying)(?:\.|$)/i.test(one));
    const text = file === undefined ? '' : `\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
    return `${name} ${version} (${license})\n${text}`;
  });
  return [...new Set(texts)].sort().join(`\n${'-'.repeat(80)}\n\n`);
}

/** Writes files below a folder. */
export function writeFiles(folder: string, files: readonly BundledFile[]): void {
  for (const { path, text } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

if (process.argv[1] === import.meta.filename) {
  const [option, folder] = process.argv.slice(2);
  if (option === '--release' && folder !== undefined) {
    writeFiles(resolve(folder), await releaseFiles());
  } else {
    const stale = (await postReportBundle()).filter(({ path, text }) => {
      const file = join(ROOT, path);
      return !existsSync(file) || readFileSync(file, 'utf8') !== text;
    });
    if (option !== '--check') {
      writeFiles(ROOT, stale);
    } else if (stale.length > 0) {
      const names = stale.map(({ path }) => relative(process.cwd(), join(ROOT, path)));
      process.stderr.write(`out of date: ${names.join(', ')}: run \`npm run bundle\` and commit.\n`);
      process.exitCode = 1;
    }
  }
}
