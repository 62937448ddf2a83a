import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';

// The action that must work when nothing is installed, as one file that lies in the repository.
//   npm run bundle              writes it
//   npm run bundle -- --check   ends with 1 when what lies there is not what the sources give

const ROOT = resolve(import.meta.dirname, '..');

/** A file of a bundle: its path below the root of the repository, and its text. */
export interface BundledFile {
  readonly path: string;
  readonly text: string;
}

/**
 * `actions/post-report/dist`. It tells people that a runner could not be set up, so that it needs nothing that set-up makes:
 * whatever opens a home or runs a verb is left out of it, and it never asks for that.
 */
export async function postReportBundle(plugins: readonly Plugin[] = []): Promise<BundledFile[]> {
  const folder = 'actions/post-report';
  const bundle = await rolldown({
    cwd: ROOT,
    input: join(folder, 'main.ts'),
    platform: 'node',
    external: /^#app\/(?!config\/process\.ts$)/,
    // node_modules may be a link to a folder elsewhere, whose path is of this machine.
    resolve: { symlinks: false },
    plugins: [...plugins],
  });
  try {
    const { output } = await bundle.generate({ format: 'esm', codeSplitting: false, minify: true });
    const [chunk] = output;
    return [
      { path: `${folder}/dist/index.js`, text: chunk.code },
      { path: `${folder}/dist/licenses.txt`, text: licensesOf(chunk.moduleIds) },
    ];
  } finally {
    await bundle.close();
  }
}

/** The licences of the packages that modules come from, in the order of their names. */
export function licensesOf(modules: readonly string[]): string {
  const folders = new Set(
    modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []),
  );
  const texts = [...folders].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((one) => /^(?:licen[cs]e|copying)(?:\.|$)/i.test(one));
    const text = file === undefined ? '' : `\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
    return `${name} ${version} (${license})\n${text}`;
  });
  return texts.sort().join(`\n${'-'.repeat(80)}\n\n`);
}

if (process.argv[1] === import.meta.filename) {
  const stale = (await postReportBundle()).filter(({ path, text }) => {
    const file = join(ROOT, path);
    return !existsSync(file) || readFileSync(file, 'utf8') !== text;
  });
  if (!process.argv.includes('--check')) {
    for (const { path, text } of stale) {
      mkdirSync(dirname(join(ROOT, path)), { recursive: true });
      writeFileSync(join(ROOT, path), text);
    }
  } else if (stale.length > 0) {
    const names = stale.map(({ path }) => relative(process.cwd(), join(ROOT, path)));
    process.stderr.write(`out of date: ${names.join(', ')}: run \`npm run bundle\` and commit.\n`);
    process.exitCode = 1;
  }
}
