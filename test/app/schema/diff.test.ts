import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { commitRange } from '#app/schema/git.ts';
import type { Schema } from '#guard/schema/model.ts';
import { adding, both, changing, column, dropping, layout, SCHEMA } from '#test/guard/schema/corpus.ts';
import { contractFile, contractText, writeBoxSources } from './box-sources.ts';
import { type Clone, copyOf, makeClone } from './clone.ts';

// Every test commits to a repository of its own.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** The schema of the corpus as contracts have it: every column has a writer. */
const CONTRACTS: Schema = {
  ...SCHEMA,
  tables: SCHEMA.tables.map((each) => ({
    ...each,
    columns: each.columns.map((one) => ({ ...one, writer: 'ingest' })),
  })),
};
const written = (name: string, type: string) => column(name, type, { writer: 'ingest' });

let clone: Clone;
const others: Clone[] = [];
/** Commits contracts, with sources that fit them; the warehouse stays as it is unless told otherwise. */
function version(contracts: Schema, snapshot: Schema = SCHEMA): void {
  clone.schema('contracts', contracts);
  clone.schema('snapshot', snapshot);
  writeBoxSources(clone, contracts);
  clone.commit('version');
}
const kinds = (list: readonly { kind: string }[]): string[] => list.map(({ kind }) => kind);

/** What every test begins with: one version, tagged. */
let first: Clone;
beforeAll(() => {
  first = makeClone();
  clone = first;
  version(CONTRACTS);
  clone.git('tag', 'base');
});
afterAll(() => first.remove());
beforeEach(() => {
  clone = copyOf(first);
});
afterEach(() => {
  for (const each of [clone, ...others.splice(0)]) each.remove();
});

describe('schema diff', () => {
  it('finds nothing where nothing changed', async () => {
    clone.file('README.md', 'words');
    clone.commit('words');
    const { code, json } = await clone.tipoff('schema', 'diff', 'base', 'HEAD');
    expect([code, json.differences, json.notices]).toEqual([0, [], []]);
    expect(await clone.text('schema', 'diff', 'base', 'HEAD')).toBe('Nothing here outruns its table.\n');
  });

  it('stops another key, which no snapshot shows, on the line of the contract, and says between what', async () => {
    version(layout({ key: ['game_id', 'slate'] })(CONTRACTS));
    clone.file('README.md', 'words');
    clone.commit('words');
    const { code, json } = await clone.tipoff('schema', 'diff', 'base', 'HEAD');
    expect(code).toBe(1);
    expect(json.differences).toHaveLength(1);
    expect(json.differences[0]).toMatchObject({
      kind: 'key_changed',
      table: 'nba_raw.box',
      class: 'breaking',
      between: expect.stringMatching(/^contracts at base and at [0-9a-f]{12}$/),
      path: 'src/core/contracts/nba_raw.ts',
      line: 4,
      approval: { path: expect.stringMatching(/^schema\/approvals\/key-changed-nba-raw-box/) },
    });
  });

  it('lets an approved change of the contracts pass, with the reason', async () => {
    version(layout({ key: ['game_id', 'slate'] })(CONTRACTS));
    const approval = (await clone.tipoff('schema', 'diff', 'base', 'HEAD')).json.differences[0]?.approval;
    clone.file(approval?.path ?? '', approval?.text ?? '');
    const { code, json } = await clone.tipoff('schema', 'diff', 'base', 'HEAD');
    expect([code, json.differences]).toEqual([0, []]);
    expect(json.notices).toEqual([
      expect.stringMatching(/^approved until 2026-12-08: key_changed nba_raw\.box /),
    ]);
  });

  it('fails for an approval past its date although nothing else does, once', async () => {
    const old = {
      finding: 'key_changed nba_raw.box a -> b',
      reason: 'it was right then',
      approved_by: 'ann',
      expires: '2026-11-23',
    };
    clone.file('schema/approvals/old.json', JSON.stringify(old));
    const { code, json } = await clone.tipoff('schema', 'diff', 'base', 'HEAD');
    expect([code, kinds(json.differences)]).toEqual([1, ['approval_expired']]);
  });

  it('tells of another writer and stops nobody', async () => {
    version(changing('minutes', { writer: 'fetch' })(CONTRACTS));
    const { code, json } = await clone.tipoff('schema', 'diff', 'base', 'HEAD');
    expect([code, kinds(json.contracted.sum)]).toEqual([0, ['writer_changed']]);
    expect(json.notices).toEqual([
      'safe, either: nba_raw.box.minutes is now written by fetch instead of ingest.',
    ]);
  });

  it.each([
    ['a column that the table lacks', adding(written('steals', 'INT64')), 'column_added', 1],
    ['an unread column less', dropping('minutes'), 'column_removed', 0],
    ['a read column less', dropping('points'), 'column_removed', 1],
    ['a column of another type', changing('minutes', { type: 'STRING' }), 'type_changed', 1],
    ['a column under another name', changing('minutes', { name: 'minutes_played' }), 'column_renamed', 1],
    [
      'a view of another text',
      (schema: Schema) => ({
        ...schema,
        views: schema.views.map((view) => ({ ...view, sql: `${view.sql} WHERE points > 0` })),
      }),
      'view_text_changed',
      0,
    ],
  ])('judges %s', async (_, change, kind, exit) => {
    version(change(CONTRACTS));
    const { code, json } = await clone.tipoff('schema', 'diff', 'base', 'HEAD');
    expect([code, kinds(json.contracted.sum)]).toEqual([exit, [kind]]);
    expect(kinds(json.differences).includes(kind)).toBe(exit === 1);
  });

  it('names who still reads what goes, and the statement that still names it', async () => {
    version(dropping('points')(CONTRACTS));
    const { json } = await clone.tipoff('schema', 'diff', 'base', 'HEAD');
    const removed = json.differences.find(({ kind }) => kind === 'column_removed');
    expect(removed).toMatchObject({
      readers: ['export picks'],
      between: 'contracts at base and at HEAD; snapshot and contracts',
    });
    expect(json.differences.filter(({ kind }) => kind === 'column_removed')).toHaveLength(1);
    expect(json.differences).toContainEqual(
      expect.objectContaining({
        kind: 'unknown_column',
        column: 'points',
        path: 'src/pipeline/exports/picks.ts',
      }),
    );
  });

  it('lets a column go that only `*` reads: whoever takes all columns needs none of them', async () => {
    version(dropping('minutes')(CONTRACTS));
    clone.file('src/guard/backfill/facets.ts', "export const BOX = 'SELECT * FROM nba_raw.box';\n");
    clone.file(
      'src/guard/backfill/named.ts',
      "export const BOX = 'SELECT x.tags FROM (SELECT * FROM nba_raw.box) AS x';\n",
    );
    const { code, json } = await clone.tipoff('schema', 'diff', 'base');
    expect([code, json.contracted.sum.map(({ kind, class: verdict }) => [kind, verdict])]).toEqual([
      0,
      [['column_removed', 'needs_order']],
    ]);
    clone.file(
      'src/guard/backfill/named.ts',
      "export const BOX = 'SELECT x.minutes FROM (SELECT * FROM nba_raw.box) AS x';\n",
    );
    const named = await clone.tipoff('schema', 'diff', 'base');
    expect(named.json.differences.find(({ kind }) => kind === 'column_removed')?.readers).toEqual([
      'guard/backfill/named',
    ]);
  });

  it('passes the same addition once the table went first', async () => {
    const wider = adding(written('steals', 'INT64'));
    version(CONTRACTS, adding(column('steals'))(SCHEMA));
    version(wider(CONTRACTS), adding(column('steals'))(SCHEMA));
    const { code, json } = await clone.tipoff('schema', 'diff', 'base', 'HEAD');
    expect([code, json.differences]).toEqual([0, []]);
    expect(json.notices).toEqual([
      'in the contracts, and in the snapshot already: column_added nba_raw.box.steals none -> INT64 NULLABLE',
      'the snapshot has changed: column_added nba_raw.box.steals none -> INT64 NULLABLE',
    ]);
  });

  it('may find each step fine and not their sum', async () => {
    version(dropping('minutes')(CONTRACTS));
    version(both(dropping('minutes'), adding(written('minutes', 'STRING')))(CONTRACTS));
    const { code, json } = await clone.tipoff('schema', 'diff', 'base', 'HEAD');
    expect(
      json.contracted.steps.map(({ findings }) => findings.map(({ kind, verdict }) => `${kind} ${verdict}`)),
    ).toEqual([['column_removed notice'], ['column_added notice']]);
    expect([code, json.contracted.only_in_sum]).toEqual([
      1,
      ['type_changed nba_raw.box.minutes FLOAT64 -> STRING'],
    ]);
    expect(await clone.text('schema', 'diff', 'base', 'HEAD')).toContain(
      'contracts, over all steps only: type_changed nba_raw.box.minutes FLOAT64 -> STRING',
    );
  });

  it('sees two keys in two steps, each finer and no reader hurt, as one', async () => {
    version(layout({ key: ['game_id', 'player_id', 'slate'] })(CONTRACTS));
    version(layout({ key: ['game_id', 'slate'] })(CONTRACTS));
    const { json } = await clone.tipoff('schema', 'diff', 'base', 'HEAD');
    expect(json.contracted.versions).toHaveLength(3);
    expect(kinds(json.contracted.sum)).toEqual(['key_changed']);
    expect(json.contracted.sum[0]).toMatchObject({
      before: 'game_id, player_id',
      after: 'game_id, slate',
      class: 'breaking',
    });
  });

  it('without an end judges what is not committed too', async () => {
    clone.schema('contracts', layout({ key: ['game_id', 'slate'] })(CONTRACTS));
    const { code, json } = await clone.tipoff('schema', 'diff', 'base');
    expect([code, kinds(json.differences), json.contracted.versions]).toEqual([
      1,
      ['key_changed'],
      ['base', 'working tree'],
    ]);
  });
});

describe('a live schema that changed meanwhile', () => {
  it('and lost what is read is stopped, with what happened rather than with what the code should do', async () => {
    version(CONTRACTS, dropping('points')(SCHEMA));
    const { code, json } = await clone.tipoff('schema', 'diff', 'base', 'HEAD');
    expect([code, kinds(json.differences)]).toEqual([1, ['column_removed']]);
    expect(json.notices).toEqual([
      expect.stringMatching(/^not touched by this change, but drifted: nba_raw\.box lacks points/),
    ]);
    expect(json.differences[0]).toMatchObject({
      message: expect.stringMatching(/^the live schema changed at nba_raw\.box\.points \(column_removed\)/),
      fix: null,
      readers: ['export picks'],
    });
  });
});

describe('what the table lacks already', () => {
  it('is a note where the change does not touch the table, and stops it where it does', async () => {
    version(CONTRACTS, dropping('minutes')(SCHEMA));
    clone.file('README.md', 'words');
    clone.commit('words');
    const untouched = await clone.tipoff('schema', 'diff', 'HEAD~1', 'HEAD');
    expect([untouched.code, untouched.json.notices]).toEqual([
      0,
      [expect.stringMatching(/^not touched by this change, but drifted: nba_raw\.box lacks minutes/)],
    ]);
    clone.file(contractFile('nba_raw'), `${contractText(CONTRACTS, 'nba_raw')}// the contract is changed\n`);
    clone.commit('contract');
    const touched = await clone.tipoff('schema', 'diff', 'HEAD~1', 'HEAD');
    expect([touched.code, touched.json.differences[0]?.message]).toEqual([
      1,
      expect.stringContaining('ALTER TABLE nba_raw.box ADD COLUMN minutes FLOAT64'),
    ]);
  });
});

describe('a branch', () => {
  it('is judged from where it began: what main did since is not its change', async () => {
    clone.git('checkout', '-q', '-b', 'topic');
    clone.file('README.md', 'words');
    clone.commit('words');
    clone.git('checkout', '-q', 'main');
    version(layout({ key: ['game_id', 'player_id', 'slate'] })(CONTRACTS));
    clone.git('checkout', '-q', 'topic');
    const { code, json } = await clone.tipoff('schema', 'diff', 'main', 'topic');
    expect([code, json.contracted.sum, json.contracted.versions[0]]).toEqual([
      0,
      [],
      expect.stringMatching(/^main \(as of [0-9a-f]{12}\)$/),
    ]);
  });

  it('that took in what main did is judged by its own steps', async () => {
    clone.git('checkout', '-q', '-b', 'topic');
    version(changing('minutes', { description: 'time on court' })(CONTRACTS));
    clone.git('checkout', '-q', 'main');
    clone.schema('contracts', {
      ...CONTRACTS,
      functions: [...(CONTRACTS.functions ?? []), { name: 'twice', parameters: ['a'], body: '2' }],
    });
    clone.commit('main goes on');
    clone.git('checkout', '-q', 'topic');
    clone.git('merge', '-q', '--no-edit', 'main');
    const { json } = await clone.tipoff('schema', 'diff', 'main', 'topic');
    expect(json.contracted.steps.map(({ findings }) => kinds(findings))).toEqual([['description_changed']]);
    expect(kinds(json.contracted.sum)).toEqual(['description_changed']);
  });
});

describe('a revision that cannot be read as it should', () => {
  const without = (folder: string): void => {
    rmSync(join(clone.root, folder), { recursive: true });
    clone.commit(`without ${folder}`);
  };

  it('without contracts is stood in for by its snapshot, which is said', async () => {
    without('schema/contracts');
    clone.git('tag', '-f', 'base');
    version(both(layout({ key: ['slate'] }), dropping('points'))(CONTRACTS));
    const { json } = await clone.tipoff('schema', 'diff', 'base', 'HEAD');
    expect(kinds(json.contracted.sum)).toEqual(['column_removed']);
    expect(json.notices[0]).toBe(
      'base: no schema/contracts there; the snapshot stands in, which knows no keys, writers, decimals and ranges.',
    );
  });

  it('with neither is said to be compared with nothing', async () => {
    without('schema');
    clone.git('tag', '-f', 'base');
    version(CONTRACTS);
    const { json } = await clone.tipoff('schema', 'diff', 'base', 'HEAD');
    expect(json.notices).toEqual([
      'base: no schema/snapshot there; nothing is compared with it.',
      'base: no schema/contracts there; nothing is compared with it.',
    ]);
  });

  it('is refused when it is the last one and lost the contracts that were there', async () => {
    without('schema/contracts');
    clone.schema('contracts', CONTRACTS);
    const { code, json } = await clone.tipoff('schema', 'diff', 'base', 'HEAD');
    expect([code, json.error?.message]).toEqual([
      2,
      expect.stringMatching(/expected schema\/contracts at HEAD as at base, saw none/),
    ]);
  });

  it.each([
    ['that does not parse', '{', /saw text that does not parse/],
    [
      'without a key',
      JSON.stringify({ dataset: 'nba_raw', tables: { box: { columns: [] } }, views: {} }),
      /key/,
    ],
  ])('is refused by name when it is an end with a file %s', async (_, text, message) => {
    clone.file('schema/contracts/nba_raw.json', text);
    clone.commit('damage');
    clone.schema('contracts', CONTRACTS);
    const { code, json } = await clone.tipoff('schema', 'diff', 'base', 'HEAD');
    expect([code, json.error?.message]).toEqual([2, expect.stringMatching(message)]);
    expect(json.error?.message).toMatch(/^HEAD:schema\/contracts\/nba_raw\.json/);
  });

  it('between the ends is left out with a note, and the sum is judged', async () => {
    clone.file('schema/contracts/nba_raw.json', '{');
    clone.commit('damage');
    version(layout({ key: ['game_id'] })(CONTRACTS));
    const { code, json } = await clone.tipoff('schema', 'diff', 'base', 'HEAD');
    expect([code, json.contracted.only_in_sum]).toEqual([
      1,
      ['key_changed nba_raw.box game_id, player_id -> game_id'],
    ]);
    expect(json.notices[0]).toMatch(
      /schema\/contracts\/nba_raw\.json: expected contracts as JSON.*This version is left out\.$/,
    );
  });

  it('that git does not know is named', async () => {
    for (const [base, head] of [
      ['nowhere', 'HEAD'],
      ['HEAD', 'nowhere'],
    ] as const) {
      const { code, json } = await clone.tipoff('schema', 'diff', base, head);
      expect([code, json.error?.message, json.error?.hint]).toEqual([
        2,
        'expected a revision of this repository, saw "nowhere": git does not know it',
        'Fetch it (`git fetch`), or name another revision.',
      ]);
    }
  });

  it('that looks like an option is refused', async () => {
    await expect(commitRange(clone.root, '--output=x', 'HEAD')).rejects.toThrow(
      /a revision does not start with a hyphen/,
    );
  });

  it('is missing in a shallow clone, which says how to get it', async () => {
    version(CONTRACTS, adding(column('old'))(SCHEMA));
    const base = clone.git('rev-parse', 'base').trim();
    const shallow = makeClone('--depth', '1', `file://${clone.root}`);
    others.push(shallow);
    const { code, json } = await shallow.tipoff('schema', 'diff', base, 'HEAD');
    expect([code, json.error?.message]).toEqual([2, expect.stringContaining(`saw "${base}"`)]);
    expect(json.error?.hint).toBe(
      'This clone is shallow: run `git fetch --unshallow`, or check out with `fetch-depth: 0` in a workflow.',
    );
  });

  it('has no common ancestor in a shallow clone of two branches', async () => {
    clone.git('checkout', '-q', '-b', 'topic');
    clone.commit('topic');
    clone.git('checkout', '-q', 'main');
    clone.commit('main');
    const shallow = makeClone('--depth', '1', '--no-single-branch', `file://${clone.root}`);
    others.push(shallow);
    const { code, json } = await shallow.tipoff('schema', 'diff', 'origin/main', 'origin/topic');
    expect([code, json.error?.message]).toEqual([
      2,
      'expected a common ancestor of "origin/main" and "origin/topic", saw none in this clone',
    ]);
    expect(json.error?.hint).toContain('fetch-depth: 0');
  });

  it('cannot be asked for outside of a repository', async () => {
    rmSync(join(clone.root, '.git'), { recursive: true });
    const { code, json } = await clone.tipoff('schema', 'diff', 'base', 'HEAD');
    expect([code, json.error?.message]).toEqual([2, expect.stringMatching(/^expected a git repository in /)]);
  });
});
