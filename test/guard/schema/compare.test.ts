import { describe, expect, it } from 'vitest';
import { compare } from '#guard/schema/compare.ts';
import { approvalFor, judge, readApproval } from '#guard/schema/judge.ts';
import { adding, CORPUS, changing, column, dropping, SCHEMA, USAGE } from './corpus.ts';

const TODAY = '2026-11-24';
const sorted = (labels: readonly (readonly string[])[]): string[] =>
  labels.map((label) => label.join(' ')).sort();

describe('the corpus of labelled changes', () => {
  it('has at least sixty changes, each with its own name', () => {
    expect(CORPUS.length).toBeGreaterThanOrEqual(60);
    expect(new Set(CORPUS.map(({ name }) => name)).size).toBe(CORPUS.length);
  });

  it.each(CORPUS.map((each) => [each.name, each] as const))(
    '%s',
    (_, { before = (schema) => schema, after, labels }) => {
      const findings = compare(before(SCHEMA), after(SCHEMA), USAGE);
      expect(
        sorted(findings.map(({ kind, class: verdict, direction }) => [kind, verdict, direction])),
      ).toEqual(sorted(labels));
      // Safe changes never block, whatever they are compared with; breaking ones always do.
      for (const deployed of [true, false]) {
        for (const { verdict, class: kind } of judge(findings, [], TODAY, deployed).findings) {
          if (kind === 'safe') expect(verdict).toBe('notice');
          if (kind === 'breaking') expect(verdict).toBe('blocks');
        }
      }
      expect(new Set(findings.map(({ id }) => id)).size).toBe(findings.length);
    },
  );
});

describe('a finding', () => {
  it('names the table, the column, who writes and reads it, and the statement on both engines', () => {
    const [finding] = compare(
      SCHEMA,
      adding(column('steals', 'INT64', { description: "a player's steals" }))(SCHEMA),
      USAGE,
    );
    expect(finding).toMatchObject({
      id: 'column_added nba_raw.box.steals none -> INT64 NULLABLE',
      table: 'nba_raw.box',
      column: 'steals',
      writers: ['ingest'],
      fix: {
        bigquery: [
          "ALTER TABLE nba_raw.box ADD COLUMN steals INT64 OPTIONS (description = 'a player\\'s steals')",
        ],
        duckdb: ['ALTER TABLE nba_raw.box ADD COLUMN steals BIGINT'],
      },
    });
    expect(finding?.message).toContain('tipoff schema apply');
  });

  it('plans a rename as add, copy and drop', () => {
    const [finding] = compare(SCHEMA, changing('minutes', { name: 'minutes_played' })(SCHEMA), USAGE);
    expect(finding?.fix.duckdb).toEqual([
      'ALTER TABLE nba_raw.box ADD COLUMN minutes_played DOUBLE',
      'UPDATE nba_raw.box SET minutes_played = minutes WHERE minutes_played IS NULL',
      'ALTER TABLE nba_raw.box DROP COLUMN minutes',
    ]);
  });
});

describe('the judgement', () => {
  const late = compare(SCHEMA, adding(column('steals'))(SCHEMA), USAGE);
  const broken = compare(SCHEMA, dropping('points')(SCHEMA), USAGE);
  const approvalOf = (expires: string) => {
    const [finding] = broken;
    if (finding === undefined) throw new Error('the drop of a read column is a finding');
    const { path, text } = approvalFor(finding, TODAY);
    return readApproval(path, JSON.stringify({ ...JSON.parse(text), expires }), TODAY);
  };

  it('suggests another file for each change, long names included', () => {
    const [finding] = broken;
    if (finding === undefined) throw new Error('the drop of a read column is a finding');
    const long = `${finding.id} ${'a'.repeat(100)}`;
    const paths = [`${long} b`, `${long} c`].map((id) => approvalFor({ ...finding, id }, TODAY).path);
    expect(new Set(paths).size).toBe(2);
    for (const path of paths) expect(path.length).toBeLessThan(130);
  });

  it('blocks a table that should have gone first, but not one that the code leaves behind', () => {
    expect(judge(late, [], TODAY, true).findings.map(({ verdict }) => verdict)).toEqual(['blocks']);
    const behind = compare(SCHEMA, dropping('minutes')(SCHEMA), USAGE);
    expect(judge(behind, [], TODAY, true).findings.map(({ verdict }) => verdict)).toEqual(['notice']);
  });

  it('does not block an order between two revisions', () => {
    expect(judge(late, [], TODAY, false).findings.map(({ verdict }) => verdict)).toEqual(['notice']);
  });

  it('lets an approved change pass until the last day', () => {
    expect(judge(broken, [approvalOf(TODAY)], TODAY, true)).toMatchObject({
      findings: [{ verdict: 'approved' }],
      expired: [],
      unused: [],
    });
  });

  it('blocks again and names the file once the approval is past its date', () => {
    const old = approvalOf('2026-11-23');
    expect(judge(broken, [old], TODAY, true)).toMatchObject({
      findings: [{ verdict: 'blocks' }],
      expired: [{ path: old.path }],
    });
  });

  it('approves exactly the change that is named', () => {
    const other = {
      ...approvalOf(TODAY),
      finding: 'column_removed nba_raw.box.minutes FLOAT64 NULLABLE -> none',
    };
    expect(judge(broken, [other], TODAY, true)).toMatchObject({
      findings: [{ verdict: 'blocks' }],
      unused: [other],
    });
  });

  it('does not let a late table be approved', () => {
    const [finding] = late;
    const approval = {
      finding: finding?.id ?? '',
      reason: 'because we want it',
      approved_by: 'ann',
      expires: TODAY,
      path: 'a.json',
    };
    expect(judge(late, [approval], TODAY, true).findings.map(({ verdict }) => verdict)).toEqual(['blocks']);
  });
});

describe('an approval file', () => {
  const good = { finding: 'x', reason: 'the table is empty', approved_by: 'ann', expires: '2026-12-01' };
  it.each([
    ['no reason', { ...good, reason: '' }, /reason/],
    ['no date', { ...good, expires: 'soon' }, /expires/],
    ['a date too far ahead', { ...good, expires: '2027-12-01' }, /within 90 days/],
    ['an unknown field', { ...good, ever: true }, /ever/],
  ])('with %s is refused by name', (_, content, message) => {
    expect(() => readApproval('schema/approvals/a.json', JSON.stringify(content), TODAY)).toThrow(message);
  });

  it('that does not parse is refused by name', () => {
    expect(() => readApproval('schema/approvals/a.json', '{', TODAY)).toThrow(/schema\/approvals\/a.json/);
  });
});
