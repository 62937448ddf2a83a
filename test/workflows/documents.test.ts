import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { actionTables, documents, workflowTable } from '#scripts/action-docs.ts';
import { ROOT } from '#test/actions/run-action.ts';

const RUNBOOKS = join(ROOT, 'docs/runbooks/actions');

describe('the documents of actions and workflows', () => {
  it('are what the files say', () => {
    const stale = documents().filter(
      ({ path, text }) => !existsSync(path) || readFileSync(path, 'utf8') !== text,
    );
    expect(stale.map(({ path }) => relative(ROOT, path))).toEqual([]);
  });

  it('have no dead link', () => {
    const folders = ['.github', 'actions', 'docs'];
    const pages = folders.flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.md'))
        .map((name) => join(ROOT, folder, name)),
    );
    expect(pages.length).toBeGreaterThan(50);
    const dead = pages.flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)].flatMap(([, link = '']) =>
        existsSync(join(dirname(page), link)) ? [] : [`${relative(ROOT, page)}: ${link}`],
      ),
    );
    expect(dead).toEqual([]);
  });

  it('have a page for every runbook an action names, and name every page', () => {
    const programs = readdirSync(join(ROOT, 'actions'))
      .map((name) => join(ROOT, 'actions', name, 'main.ts'))
      .filter((path) => existsSync(path));
    const code = programs.map((path) => readFileSync(path, 'utf8')).join('\n');
    const named = [
      ...new Set([...code.matchAll(/docs\/runbooks\/actions\/([\w-]+\.md)/g)].map(([, name]) => name)),
    ];
    expect(named.sort()).toEqual(readdirSync(RUNBOOKS).sort());
  });

  it('change when an action or a workflow changes', () => {
    const action =
      'name: a\ndescription: Does it.\ninputs:\n  b: { description: One | two, required: true }\noutputs: { c: { description: Three } }\n';
    expect(actionTables(action)).toContain('| `b` | One \\| two | yes |  |');
    expect(actionTables(action)).toContain('| `c` | Three |');
    const workflow =
      "on:\n  schedule:\n    - cron: '7 5 * * *'\njobs:\n  j:\n    permissions:\n      contents: read\n    environment: alerts\n    steps: []\n";
    expect(workflowTable([{ name: 'w.yml', text: `${workflow}# secrets.KEY\n` }])).toContain(
      '| [w.yml](workflows/w.yml) | `7 5 * * *` UTC | contents: read | alerts | `KEY` (secret) | job summary |',
    );
  });
});
