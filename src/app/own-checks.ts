import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, TipoffError } from '#core/errors.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import type { AskedCanary } from '#guard/canaries/definition.ts';
import type { OwnCheck, OwnFile } from '#guard/canaries/own.ts';
import type { CanaryDeps } from '#guard/canaries/run.ts';
import { canaryDeps } from './canaries.ts';
import type { App } from './compose.ts';
import type { Config } from './config.ts';

/** The user's own checks: every file, and the checks that could be read from them. */
export interface OwnChecks {
  readonly files: readonly OwnFile[];
  readonly checks: readonly OwnCheck[];
}

/** Reads the user's own checks from the folders of the installation and of the home, in the order of the file names. */
export async function readOwnChecks(config: Config): Promise<OwnChecks> {
  const folders = [
    config.checkFolder,
    ...(config.profile === 'embedded' ? [join(config.home, 'checks')] : []),
  ];
  const paths = (await Promise.all([...new Set(folders)].map(filesOf))).flat();
  if (paths.length === 0) return { files: [], checks: [] };
  const { readOwnCheck } = await import('#guard/canaries/own.ts');
  const taken = new Set(CATALOGUE.map(({ id }) => id));
  const files: OwnFile[] = [];
  for (const path of paths) {
    const file = await readFile(path, 'utf8').then(
      (text) => readOwnCheck(path, text, taken),
      (error: unknown): OwnFile => ({ path, problem: `${path}: it cannot be read: ${messageOf(error)}` }),
    );
    if ('check' in file) taken.add(file.check.id);
    files.push(file);
  }
  return { files, checks: files.flatMap((file) => ('check' in file ? [file.check] : [])) };
}

/** The YAML files of a folder, in order; none where there is no folder. */
async function filesOf(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => /\.ya?ml$/.test(name))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

/** All checks of this installation: the catalogue, then the user's own. The files that could not be read are part of what checks see. */
export async function allCanaries(
  app: App,
): Promise<{ readonly deps: CanaryDeps; readonly canaries: readonly AskedCanary[] }> {
  const { files, checks } = await readOwnChecks(app.config);
  const deps = canaryDeps(app);
  return {
    deps: { ...deps, deployment: { ...deps.deployment, ownChecks: files } },
    canaries: [...CATALOGUE, ...checks],
  };
}

/** Writes a template for a new check and returns its path. Throws TIPOFF_BAD_INPUT for an invalid name or one that is taken. */
export async function writeNewCheck(config: Config, id: string): Promise<string> {
  const { newOwnCheck, readOwnCheck } = await import('#guard/canaries/own.ts');
  const path = join(config.checkFolder, `${id}.yaml`);
  const text = newOwnCheck(id);
  const { checks } = await readOwnChecks(config);
  const file = readOwnCheck(path, text, new Set([...CATALOGUE, ...checks].map((check) => check.id)));
  const problem = 'problem' in file ? file.problem : undefined;
  if (problem === undefined) {
    await mkdir(config.checkFolder, { recursive: true });
    try {
      await writeFile(path, text, { flag: 'wx' });
      return path;
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    }
  }
  throw new TipoffError('TIPOFF_BAD_INPUT', problem ?? `${path}: there is such a file already`, {
    hint: 'Give another name, for example lines_of_my_book.',
    details: { path },
  });
}

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
