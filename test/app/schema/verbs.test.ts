import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { codeSchema } from '#guard/schema/code-schema.ts';
import type { Schema } from '#guard/schema/model.ts';
import { schemaFiles } from '#guard/schema/schema-files.ts';
import { type Clone, makeClone } from './clone.ts';

// Every test runs verbs of the command line on a home of its own.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let clone: Clone;
beforeEach(() => {
  clone = makeClone();
});
afterEach(() => clone.remove());

describe('schema snapshot', () => {
  it('writes what the contracts want once, and then nothing', async () => {
    const first = await clone.tipoff('schema', 'snapshot', '--contracts');
    expect(first.json.changed).toEqual(schemaFiles(codeSchema(), 'snapshot').map(({ path }) => path));
    expect((await clone.tipoff('schema', 'snapshot', '--contracts')).json.changed).toEqual([]);
  });
});

describe('schema snapshot of a warehouse without tables', () => {
  it('is refused and takes nothing away', async () => {
    clone.schema('snapshot', codeSchema());
    const { code, json } = await clone.tipoff('schema', 'snapshot');
    expect([code, json.error?.code]).toEqual([2, 'TIPOFF_NOT_FOUND']);
    expect((await clone.tipoff('schema', 'snapshot', '--contracts')).json.changed).toEqual([]);
  });
});

describe('schema apply', () => {
  it('makes an empty home what the contracts want; check then finds nothing', async () => {
    clone.schema('contracts', codeSchema());
    const first = await clone.tipoff('schema', 'apply');
    expect(first.code).toBe(0);
    expect(first.json.applied.length).toBeGreaterThan(20);
    expect((await clone.tipoff('schema', 'apply')).json.applied).toEqual([]);
    expect((await clone.tipoff('schema', 'snapshot')).json.changed).toEqual(
      schemaFiles(codeSchema(), 'snapshot').map(({ path }) => path),
    );
    clone.schema('snapshot', codeSchema());
    expect((await clone.tipoff('schema', 'snapshot')).json.changed).toEqual([]);
    const found = (await clone.tipoff('schema', 'check')).json.differences;
    // Without sources no column has a writer; nothing else may differ.
    expect(found.filter(({ kind }) => kind !== 'no_writer')).toEqual([]);
  });
});

describe('schema check and diff without what they compare', () => {
  it.each([
    [['schema', 'check', '--offline'], 'schema/snapshot', 'tipoff schema snapshot'],
    [['schema', 'diff'], 'schema/snapshot', 'tipoff schema snapshot'],
  ])('%j says which files are missing and what writes them', async (args, folder, command) => {
    const { code, json } = await clone.tipoff(...args);
    expect(code).toBe(2);
    expect(json.error).toMatchObject({ code: 'TIPOFF_NOT_FOUND', message: expect.stringContaining(folder) });
    expect(json.error?.hint).toContain(command);
  });

  it('say so of the contracts of another repository', async () => {
    const empty: Schema = { tables: [], views: [], functions: [] };
    clone.schema('snapshot', empty);
    const { code, json } = await clone.tipoff('schema', 'check', '--offline');
    expect([code, json.error?.hint]).toEqual([2, expect.stringContaining('npm run docs')]);
  });
});

describe('the contract files of this repository', () => {
  it('say what the contracts say, so that a change of them is seen on a pull request', async () => {
    const { schemaOfRepository } = await import('#app/schema/wanted.ts');
    const { readSources, repositoryRoot } = await import('#app/schema/repository.ts');
    expect(schemaOfRepository(repositoryRoot(), readSources(repositoryRoot())).stale).toEqual([]);
  });
});
