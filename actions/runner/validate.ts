import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { validate } from '@actions/languageservice';
import { TextDocument } from 'vscode-languageserver-textdocument';

// Prints, as JSON, what GitHub's own language service has against every workflow and action.yml (or against the files named):
// file → problems. Run it through tsx: the service imports JSON in a way that plain Node refuses.
const root = resolve(import.meta.dirname, '../..');
const folder = join(root, '.github/workflows');
const workflows = readdirSync(folder).map((name) => join(folder, name));
const actions = readdirSync(join(root, 'actions'))
  .map((name) => join(root, 'actions', name, 'action.yml'))
  .filter((path) => existsSync(path));
const named = process.argv.slice(2).map((path) => resolve(path));

/** What an editor would underline, with its line. */
async function problemsOf(path: string): Promise<string[]> {
  const found = await validate(
    TextDocument.create(pathToFileURL(path).href, 'yaml', 1, readFileSync(path, 'utf8')),
  );
  return found.map(({ range, message }) => `line ${range.start.line + 1}: ${message}`);
}

const result: Record<string, string[]> = {};
for (const path of named.length > 0 ? named : [...workflows, ...actions])
  result[relative(root, path)] = await problemsOf(path);
process.stdout.write(`${JSON.stringify(result)}\n`);
