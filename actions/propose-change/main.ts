import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { defineAction, reportBody } from '#actions/lib/action.ts';
import { type GitHub, gitHub, refusalStatus, tokenUnlessLocal } from '#actions/lib/github.ts';
import { requiredText, text } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { messageOf, TipoffError } from '#core/errors.ts';

const RUNBOOK = 'docs/runbooks/actions/schema-snapshot.md';

/** Proposes generated files as a pull request, or updates the open one. Does nothing when nothing has changed. */
export const action = defineAction({
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
  about: ({ branch, title }) => ({ key: branch.replaceAll('/', '-'), title }),
  run: async ({ path, branch, base, title, body, token: given }, { context }) => {
    const token = tokenUnlessLocal(given, context);
    const files = readGenerated(path);
    const head = { runbook: RUNBOOK };
    if (token === undefined) {
      const summary = `Without a token nothing is proposed; on GitHub ${branch} would get the ${files.length} files of ${path}.`;
      return { report: reportBody({ ...head, verdict: 'skipped', summary }) };
    }
    const github = await gitHub(context, token);
    const { octokit, repo } = github;
    const { git, pulls } = octokit.rest;
    const onBase = await tipOf(github, base);
    if (onBase === undefined) {
      throw new TipoffError('TIPOFF_NOT_FOUND', `there is no branch ${base}`, {
        hint: 'Name the branch the change goes to as `base`.',
      });
    }
    // Equal trees have equal names, so the name shows whether there is anything to propose.
    const file = { mode: '100644', type: 'blob' } as const;
    const gone = await goneFrom(github, onBase.tree, path, files);
    const tree = [
      ...files.map(({ name, text }) => ({ ...file, path: name, content: text })),
      ...gone.map((name) => ({ ...file, path: name, sha: null })),
    ];
    const wanted = (await git.createTree({ ...repo, base_tree: onBase.tree, tree })).data.sha;
    if (wanted === onBase.tree) {
      return {
        report: reportBody({
          ...head,
          verdict: 'nothing',
          summary: `${path} on ${base} is up to date: nothing to propose.`,
        }),
      };
    }
    const onBranch = await tipOf(github, branch);
    if (onBranch?.tree !== wanted) {
      const made = await git.createCommit({
        ...repo,
        message: title,
        tree: wanted,
        parents: [onBase.commit],
      });
      const { sha } = made.data;
      if (onBranch === undefined) await git.createRef({ ...repo, ref: `refs/heads/${branch}`, sha });
      else await git.updateRef({ ...repo, ref: `heads/${branch}`, sha, force: true });
    }
    const from = `${repo.owner}:${branch}`;
    const { data: open } = await pulls.list({ ...repo, state: 'open', head: from, base });
    const found = open[0] ?? (await pulls.create({ ...repo, title, head: branch, base, body })).data;
    const isNew = open.length === 0;
    const changed = isNew || onBranch?.tree !== wanted;
    return {
      report: reportBody({
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

/** Files of the folder on the base branch that were not generated this time: their removal is proposed. */
async function goneFrom(
  { octokit, repo }: GitHub,
  tree: string,
  path: string,
  files: readonly { readonly name: string }[],
): Promise<string[]> {
  const { data } = await octokit.rest.git.getTree({ ...repo, tree_sha: tree, recursive: 'true' });
  return data.tree
    .filter((one) => one.type === 'blob' && one.path.startsWith(`${path}/`))
    .map((one) => one.path)
    .filter((name) => !files.some((own) => own.name === name));
}

/** The newest commit of a branch and its tree; undefined when there is no such branch. */
async function tipOf(
  { octokit, repo }: GitHub,
  branch: string,
): Promise<{ readonly commit: string; readonly tree: string } | undefined> {
  const { git } = octokit.rest;
  try {
    const { sha } = (await git.getRef({ ...repo, ref: `heads/${branch}` })).data.object;
    return { commit: sha, tree: (await git.getCommit({ ...repo, commit_sha: sha })).data.tree.sha };
  } catch (error) {
    if (refusalStatus(error) === 404) return undefined;
    throw error;
  }
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

await main(import.meta.main, action);
