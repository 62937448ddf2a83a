import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { report } from '#core/check.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { defineAction } from './glue/define.ts';
import { type GitHub, gitHub, tokenOrAlone } from './glue/github.ts';
import { requiredText, text } from './glue/inputs.ts';

const named = z.object({ sha: z.string() });
const reference = z.object({ object: named });
const commit = z.object({ tree: named });
const pull = z.object({ number: z.number(), html_url: z.string() });
const RUNBOOK = 'docs/runbooks/actions/schema-snapshot.md';

/** Proposes generated files as a pull request; one that is open is brought up to date, and nothing new is nothing done. */
export const proposeChange = defineAction({
  name: 'propose-change',
  title: 'Change proposed',
  inputs: z.object({
    path: requiredText('a file or folder, relative to the root'),
    branch: requiredText('the branch of the pull request'),
    base: z.string().default('main'),
    title: requiredText('the title of the pull request'),
    body: requiredText('the text of the pull request'),
    token: text(),
  }),
  outputs: { pull_request: '', changed: false },
  run: async ({ path, branch, base, title, body, token: given }, { context, http }) => {
    const token = tokenOrAlone(given, context);
    const files = readGenerated(path);
    const head = { key: `propose:${branch}`.toLowerCase().replaceAll('/', '-'), title, runbook: RUNBOOK };
    if (token === undefined) {
      const summary = `Without a token nothing is proposed; on GitHub ${branch} would get the ${files.length} files of ${path}.`;
      return { report: report({ ...head, verdict: 'skipped', summary }) };
    }
    const github = gitHub(http('GitHub'), {
      apiUrl: context.apiUrl,
      repository: context.repository ?? '',
      token,
    });
    const onBase = await tipOf(github, base);
    if (onBase === undefined) {
      throw new TipoffError('TIPOFF_NOT_FOUND', `there is no branch ${base}`, {
        hint: 'Name the branch the change goes to as `base`.',
      });
    }
    // A tree has the same name whoever makes it and how often: it tells whether there is anything to propose.
    const tree = files.map(({ name, text }) => ({ path: name, mode: '100644', type: 'blob', content: text }));
    const wanted = named.parse(await github.call('POST', '/git/trees', { base_tree: onBase.tree, tree })).sha;
    if (wanted === onBase.tree) {
      return {
        report: report({
          ...head,
          verdict: 'nothing',
          summary: `${path} on ${base} is up to date: nothing to propose.`,
        }),
      };
    }
    const onBranch = await tipOf(github, branch);
    if (onBranch?.tree !== wanted) {
      const made = await github.call('POST', '/git/commits', {
        message: title,
        tree: wanted,
        parents: [onBase.commit],
      });
      const { sha } = named.parse(made);
      if (onBranch === undefined)
        await github.call('POST', '/git/refs', { ref: `refs/heads/${branch}`, sha });
      else await github.call('PATCH', `/git/refs/heads/${branch}`, { sha, force: true });
    }
    const owner = (context.repository ?? '').split('/')[0] ?? '';
    const from = encodeURIComponent(`${owner}:${branch}`);
    const open = z
      .array(pull)
      .parse(await github.call('GET', `/pulls?state=open&head=${from}&base=${encodeURIComponent(base)}`));
    const found =
      open[0] ?? pull.parse(await github.call('POST', '/pulls', { title, head: branch, base, body }));
    const isNew = open.length === 0;
    const changed = isNew || onBranch?.tree !== wanted;
    return {
      report: report({
        ...head,
        verdict: changed ? 'ok' : 'nothing',
        summary: changed
          ? `Pull request #${found.number} ${isNew ? 'is open' : 'is brought up to date'}.`
          : `Pull request #${found.number} says it already.`,
        facts: [['pull request', found.html_url]],
      }),
      outputs: { pull_request: found.html_url, changed },
    };
  },
});

async function tipOf(github: GitHub, branch: string): Promise<{ commit: string; tree: string } | undefined> {
  const found = await github.find(`/git/ref/heads/${branch}`);
  if (found === undefined) return undefined;
  const { sha } = reference.parse(found).object;
  return { commit: sha, tree: commit.parse(await github.call('GET', `/git/commits/${sha}`)).tree.sha };
}

function readGenerated(path: string): { name: string; text: string }[] {
  try {
    if (!statSync(path).isDirectory()) return [{ name: path, text: readFileSync(path, 'utf8') }];
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();
    const files = names.filter((name) => statSync(join(path, name)).isFile());
    return files.map((name) => ({ name: join(path, name), text: readFileSync(join(path, name), 'utf8') }));
  } catch (error) {
    throw new TipoffError('TIPOFF_NOT_FOUND', `expected generated files in ${path}: ${messageOf(error)}`, {
      hint: 'The step before this one should have made them.',
      cause: error,
    });
  }
}
