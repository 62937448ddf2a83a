import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '#app/cli/main.ts';
import { snapshotHistory } from '#app/schema/history.ts';

let root: string;
const git = (...args: string[]): string =>
  execFileSync('git', ['-C', root, '-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false', ...args], {
    encoding: 'utf8',
  });

async function tipoff(...args: string[]): Promise<{
  code: number;
  json: {
    differences: { kind: string; table: string; column: string; message: string; approval: { path: string; text: string } | null }[];
    notices: string[];
    steps: unknown[];
    changed: string[];
    versions: string[];
    only_in_sum: string[];
    applied: unknown[];
  };
  text: string;
}> {
  let text = '';
  const code = await main([...args, '--repository', root, '--home', join(root, 'home'), '--at', '2026-11-24T12:00:00Z', '--json'], {
    out: (part) => {
      text += part;
    },
    err: () => undefined,
  });
  return { code, json: JSON.parse(text || 'null'), text };
}

const raw = (): string => join(root, 'schema/snapshot/nba_raw.json');
function edit(change: (tables: Record<string, { columns: { name: string; type: string; mode: string }[] }>) => void): void {
  const content = JSON.parse(readFileSync(raw(), 'utf8'));
  change(content.tables);
  writeFileSync(raw(), `${JSON.stringify(content, null, 2)}\n`);
}
const commit = (message: string): void => {
  git('add', '-A');
  git('commit', '-q', '-m', message);
};

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tipoff-schema-'));
  execFileSync('git', ['init', '-q', '-b', 'main', root]);
  // The sources stay where they are: what is tested here is the snapshot and its history.
  await tipoff('schema', 'snapshot', '--contracts');
  commit('snapshot');
  git('tag', 'base');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the schema verbs', () => {
  it('write a snapshot once', async () => {
    expect((await tipoff('schema', 'snapshot', '--contracts')).json.changed).toEqual([]);
  });

  it('refuse a revision that git does not know', async () => {
    const { code, text } = await tipoff('schema', 'diff', 'nowhere', 'HEAD');
    expect(code).toBe(2);
    expect(text).toContain('nowhere');
    await expect(snapshotHistory(root, '--output=x', 'HEAD')).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
  });

  it('find on a pull request what the table lacks, and let it pass once the snapshot has it', async () => {
    edit((tables) => {
      const shots = tables['shots'];
      if (shots !== undefined) shots.columns = shots.columns.filter(({ name }) => name !== 'loc_x');
    });
    commit('the live table lacks a column');
    const untouched = await tipoff('schema', 'diff', 'HEAD', 'HEAD');
    expect(untouched.json.differences.filter(({ kind }) => kind === 'column_added')).toEqual([]);
    expect(untouched.json.notices).toContainEqual(
      expect.stringMatching(/^not touched by this change, but drifted: nba_raw\.shots lacks loc_x/),
    );
    mkdirSync(join(root, 'src/core/contracts/nba_raw'), { recursive: true });
    writeFileSync(join(root, 'src/core/contracts/nba_raw/shots.ts'), '// the contract is changed\n');
    commit('the contract is changed');
    const late = await tipoff('schema', 'diff', 'HEAD~1', 'HEAD');
    expect(late.code).toBe(1);
    const missing = late.json.differences.find(({ kind }) => kind === 'column_added');
    expect(missing).toMatchObject({
      table: 'nba_raw.shots',
      column: 'loc_x',
      message: expect.stringContaining('ALTER TABLE nba_raw.shots ADD COLUMN loc_x FLOAT64'),
    });
    git('checkout', '-q', 'base', '--', 'schema');
    commit('the column is there');
    expect((await tipoff('schema', 'diff', 'HEAD~2', 'HEAD')).json.differences.filter(({ kind }) => kind === 'column_added')).toEqual([]);
  });

  it('judge every step and the sum between two revisions, and let an approved change pass', async () => {
    git('checkout', '-q', '-B', 'steps', 'base');
    const retype = (type: string) =>
      edit((tables) => {
        for (const column of tables['shots']?.columns ?? []) if (column.name === 'loc_x') column.type = type;
      });
    retype('STRING');
    commit('one');
    retype('FLOAT64');
    commit('two');
    const report = await tipoff('schema', 'diff', 'base', 'HEAD');
    expect(report.json.versions).toHaveLength(3);
    expect(report.json.steps).toHaveLength(2);
    const broken = report.json.differences.filter(({ kind }) => kind === 'type_changed');
    expect(broken).toHaveLength(2);
    for (const { approval } of broken) {
      if (approval === null) throw new Error('a breaking change can be approved');
      mkdirSync(join(root, 'schema/approvals'), { recursive: true });
      writeFileSync(join(root, approval.path), approval.text);
    }
    const approved = await tipoff('schema', 'diff', 'base', 'HEAD');
    expect(approved.json.differences.filter(({ kind }) => kind === 'type_changed')).toEqual([]);
    rmSync(join(root, 'schema/approvals'), { recursive: true });
  });

  it('apply to an empty home, then agree with it', async () => {
    const first = await tipoff('schema', 'apply');
    expect(first.code).toBe(0);
    expect(first.json.applied.length).toBeGreaterThan(20);
    expect((await tipoff('schema', 'apply')).json.applied).toEqual([]);
    const found = (await tipoff('schema', 'check')).json.differences;
    // Without sources no column has a writer; nothing else may differ.
    expect(found.filter(({ kind }) => kind !== 'no_writer')).toEqual([]);
  });
});
