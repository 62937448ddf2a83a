import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
import { parseAction } from '@actions/workflow-parser/actions/action-parser';

// Prints, as JSON, what GitHub's own parser has against every workflow and action.yml (or against the files named):
// file → problems. Run it through tsx: the parser imports JSON in a way that plain Node refuses.
const root = resolve(import.meta.dirname, '../..');
const folder = join(root, '.github/workflows');
const workflows = readdirSync(folder).map((name) => join(folder, name));
const actions = readdirSync(join(root, 'actions'))
  .map((name) => join(root, 'actions', name, 'action.yml'))
  .filter((path) => existsSync(path));
const named = process.argv.slice(2).map((path) => resolve(path));

async function problemsOf(path: string): Promise<string[]> {
  const file = { name: relative(root, path), content: readFileSync(path, 'utf8') };
  const trace = new NoOperationTraceWriter();
  const isAction = path.endsWith('action.yml');
  const parsed = isAction ? parseAction(file, trace) : parseWorkflow(file, trace);
  const found = parsed.context.errors.getErrors().map(({ message }) => message);
  if (isAction || parsed.value === undefined || found.length > 0) return found;
  // The conversion finds what the grammar alone does not: unknown jobs in `needs`, bad cron expressions, doubled ids.
  const template = await convertWorkflowTemplate(parsed.context, parsed.value);
  return (template.errors ?? []).map(({ Message }) => Message);
}

const result: Record<string, string[]> = {};
for (const path of named.length > 0 ? named : [...workflows, ...actions]) result[relative(root, path)] = await problemsOf(path);
process.stdout.write(`${JSON.stringify(result)}\n`);
