import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Schema, SchemaTable } from '#guard/schema/model.ts';
import { itForSpread } from '#test/depth.ts';
import { type Case, CORPUS, SCHEMA, TABLE } from '#test/guard/schema/corpus.ts';
import { writeBoxSources } from './box-sources.ts';
import { type Clone, makeClone } from './clone.ts';

// A repository with commits is made for the whole corpus.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let clone: Clone;
beforeAll(() => {
  clone = makeClone();
});
afterAll(() => clone.remove());

const sorted = (findings: readonly { kind: string; class: string; direction: string }[]): string[] =>
  findings.map(({ kind, class: verdict, direction }) => `${kind} ${verdict} ${direction}`).sort();

/** A schema as contracts have it: every table with a key, every column with a writer. Undefined for what only a warehouse is. */
function asContracts(schema: Schema): Schema | undefined {
  const isLive =
    schema.functions === undefined ||
    schema.functions.some(({ digests }) => digests !== undefined) ||
    schema.views.some(({ digest }) => digest !== undefined) ||
    schema.tables.some(({ id, key }) => id === TABLE && key === undefined);
  if (isLive) return undefined;
  const owned = ({ key = ['id'], columns, ...table }: SchemaTable): SchemaTable => ({
    ...table,
    key,
    columns: columns.map((column) => ({ ...column, writer: column.writer ?? 'ingest' })),
  });
  return { ...schema, tables: schema.tables.map(owned) };
}

const sides = ({ before = (schema) => schema, after }: Case): [Schema, Schema] => [
  before(SCHEMA),
  after(SCHEMA),
];
const isContracted = (each: Case): boolean => sides(each).every((side) => asContracts(side) !== undefined);
const known = (schema: Schema): Schema => asContracts(schema) ?? schema;

/** Commits the two versions, and answers what the verb says between them. */
async function changed(contracts: readonly [Schema, Schema], snapshots: readonly [Schema, Schema]) {
  for (const i of [0, 1]) {
    clone.schema('contracts', known(contracts[i] ?? SCHEMA));
    clone.schema('snapshot', snapshots[i] ?? SCHEMA);
    writeBoxSources(clone, contracts[i] ?? SCHEMA);
    clone.commit(`version ${i}`);
  }
  return clone.tipoff('schema', 'diff', 'HEAD~1', 'HEAD');
}

/**
 * Of the corpus the cases that bring a finding which no case before them has: what each of its changes is, the comparison of two
 * schemas is asked (`compare.test.ts`); here the way through commits is.
 */
function bringingFindings(cases: readonly Case[]): Case[] {
  const seen = new Set<string>();
  return cases.filter(({ labels }) => {
    const fresh = labels.map(String).filter((label) => !seen.has(label));
    for (const label of fresh) seen.add(label);
    return fresh.length > 0 || labels.length === 0;
  });
}

const CONTRACTED = bringingFindings(CORPUS.filter(isContracted));
const DEPLOYED = bringingFindings(CORPUS.filter((each) => !isContracted(each)));

describe('schema diff over the corpus, as changes of the contracts', () => {
  it('has every finding that the corpus has', () => {
    const labelsOf = (cases: readonly Case[]): Set<string> =>
      new Set(cases.flatMap(({ labels }) => labels.map(String)));
    expect(labelsOf([...CONTRACTED, ...DEPLOYED])).toEqual(labelsOf(CORPUS));
    expect(CONTRACTED.length).toBeGreaterThan(40);
  });

  itForSpread(CONTRACTED, 10)('$name', async (each) => {
    const [before, after] = sides(each);
    // The table is as it was: what must go first is late.
    const late = await changed([before, after], [before, before]);
    expect(sorted(late.json.contracted.sum)).toEqual(
      sorted(each.labels.map(([kind, verdict, direction]) => ({ kind, class: verdict, direction }))),
    );
    expect(late.json.contracted.only_in_sum).toEqual([]);
    expect(late.json.deployed.sum).toEqual([]);
    const blocks = each.labels.some(
      ([, verdict, direction]) =>
        verdict === 'breaking' || (verdict === 'needs_order' && direction === 'table_first'),
    );
    expect([late.code, late.json.ok], late.json.differences.map(({ message }) => message).join('\n')).toEqual(
      blocks ? [1, false] : [0, true],
    );
    for (const [kind, verdict] of each.labels) {
      if (verdict === 'safe') expect(late.json.differences.map((one) => one.kind)).not.toContain(kind);
      if (verdict === 'breaking') expect(late.json.differences.map((one) => one.kind)).toContain(kind);
    }
    if (!blocks || each.labels.some(([, verdict]) => verdict === 'breaking')) return;
    // The table went first.
    clone.schema('snapshot', after);
    clone.commit('applied');
    const applied = await clone.tipoff('schema', 'diff', 'HEAD~2', 'HEAD');
    expect(
      [applied.code, applied.json.ok],
      applied.json.differences.map(({ message }) => message).join('\n'),
    ).toEqual([0, true]);
  });
});

describe('schema diff over the corpus, as changes of the warehouse', () => {
  it.each(DEPLOYED.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const [before, after] = sides(each);
    const { json } = await changed([after, after], [before, after]);
    expect(sorted(json.deployed.sum)).toEqual(
      sorted(each.labels.map(([kind, verdict, direction]) => ({ kind, class: verdict, direction }))),
    );
    expect(json.contracted.sum).toEqual([]);
  });
});
