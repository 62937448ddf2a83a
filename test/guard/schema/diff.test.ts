import { describe, expect, it } from 'vitest';
import { judgeHistory } from '#guard/schema/judge.ts';
import type { Schema } from '#guard/schema/model.ts';
import { adding, both, changing, column, dropping, SCHEMA, USAGE } from './corpus.ts';

const TODAY = '2026-11-24';
const diff = (...schemas: Schema[]) => {
  const versions = schemas.map((schema, i) => ({ name: `v${i}`, schema }));
  const [first, last] = [versions[0], versions.at(-1)];
  const steps = versions.slice(1).map((to, i) => ({ from: versions[i] ?? to, to }));
  return judgeHistory(
    first === undefined || last === undefined ? { steps } : { steps, sum: { from: first, to: last } },
    [],
    TODAY,
    USAGE,
  );
};

describe('a series of versions', () => {
  it('without a change has no steps', () => {
    expect(diff(SCHEMA, SCHEMA)).toMatchObject({ ok: true, steps: [], onlyInSum: [] });
    expect(diff()).toMatchObject({ ok: true, steps: [] });
  });

  it('is judged step by step', () => {
    const wider = adding(column('steals'))(SCHEMA);
    const report = diff(SCHEMA, wider, wider, dropping('points')(wider));
    expect(report.steps.map(({ from, to }) => [from, to])).toEqual([
      ['v0', 'v1'],
      ['v2', 'v3'],
    ]);
    expect(report.ok).toBe(false);
    expect(report.onlyInSum).toEqual([]);
  });

  it('may be fine in each step and not in the sum: drop, then add with another type', () => {
    const report = diff(
      SCHEMA,
      dropping('minutes')(SCHEMA),
      both(dropping('minutes'), adding(column('minutes', 'STRING')))(SCHEMA),
    );
    expect(report.steps.flatMap(({ findings }) => findings.map(({ verdict }) => verdict))).toEqual([
      'notice',
      'notice',
    ]);
    expect(report.onlyInSum.map(({ id }) => id)).toEqual([
      'type_changed nba_raw.box.minutes FLOAT64 -> STRING',
    ]);
    expect(report.ok).toBe(false);
  });

  it('may be fine in each step and not in the sum: a rename in two steps', () => {
    const renamed = column('minutes_played', 'FLOAT64');
    const report = diff(SCHEMA, adding(renamed)(SCHEMA), both(adding(renamed), dropping('minutes'))(SCHEMA));
    expect(report.steps.flatMap(({ findings }) => findings.map(({ verdict }) => verdict))).toEqual([
      'notice',
      'notice',
    ]);
    expect(report.onlyInSum.map(({ kind }) => kind)).toEqual(['column_renamed']);
  });

  it('may be fine in each step and not in the sum: two widenings past the reader', () => {
    const report = diff(
      changing('minutes', { type: 'INT64' })(SCHEMA),
      changing('minutes', { type: 'FLOAT64' })(SCHEMA),
      changing('minutes', { type: 'FLOAT64', mode: 'NULLABLE' })(SCHEMA),
    );
    expect(report).toMatchObject({ ok: true, onlyInSum: [] });
  });

  it('that comes back to where it began is fine in the sum and told in the steps', () => {
    const report = diff(SCHEMA, dropping('points')(SCHEMA), SCHEMA);
    expect(report.sum.findings).toEqual([]);
    expect(report.ok).toBe(false);
  });
});
