import { describe, expect, it } from 'vitest';
import { planLines, reportLines } from '#app/cli/verbs/backfill.ts';
import { parseSlate } from '#core/calendar.ts';
import type { PlanReading, PricedPlan } from '#guard/backfill/priced-plan.ts';

const [from, to] = [parseSlate('2024-10-22'), parseSlate('2024-10-31')];
const plan: PricedPlan = {
  ...{
    from,
    to,
    skipped: [],
    slates: 10,
    estimated_seconds: 2.5,
    bytes: null,
    cost_usd: null,
    reading: null,
  },
  units: [
    {
      step: 'Grades',
      phase: 'grade',
      month: '2024-10',
      slates: [from],
      reason: 'stale',
      changed: ['code'],
      cascade: false,
      seconds: 2.5,
    },
  ],
};
const reading: PlanReading = {
  steps: [
    { step: 'plan', statements: 20, bytes: 2 ** 20, cost_usd: 0.0012 },
    { step: 'Grades', statements: 3, bytes: 3 * 2 ** 30, cost_usd: 0.0183 },
  ],
  ...{
    statements: 23,
    dollars_per_tib: 6.25,
    budget_bytes: 2 ** 30,
    not_estimated: ['rows that the run adds', 'staging tables'],
  },
  stops_before: { step: 'Grades', from, bytes: 3 * 2 ** 30 + 2 ** 20 },
};

describe('the lines of a plan', () => {
  it('say on the embedded engine that reading is not billed, and show no zeros', () => {
    const lines = planLines(plan);
    expect(lines.at(-1)).toBe('Reading is not billed on this engine: no bytes, no cost.');
    expect(lines.join('\n')).not.toMatch(/\$|MiB/);
  });

  it('show bytes and cost by step and in all, where the budget would end the run, and what is not in the figures', () => {
    const lines = planLines({ ...plan, bytes: 3 * 2 ** 30 + 2 ** 20, cost_usd: 0.0195, reading });
    expect(lines).toContain('Grades        3  3.00 GiB  $0.0183');
    expect(lines.slice(-3)).toEqual([
      'A run reads 3.00 GiB by dry runs and costs about $0.0195 at $6.25 per TiB, 10 MiB a query at the least.',
      'The budget of 1.00 GiB (TIPOFF_GCP_BACKFILL_BYTES) would stop it before Grades from 2024-10-22, at 3.00 GiB.',
      'Not estimated, and billed as well: rows that the run adds; staging tables.',
    ]);
    const fits = planLines({ ...plan, bytes: 1, cost_usd: 0, reading: { ...reading, stops_before: null } });
    expect(fits.at(-2)).toBe('That is within the budget of 1.00 GiB (TIPOFF_GCP_BACKFILL_BYTES).');
  });
});

describe('the steps of a plan', () => {
  it('are a row each, whatever the number of months, below the answer', () => {
    const unit = {
      step: 'Grades',
      phase: 'grade',
      reason: 'new',
      changed: [],
      cascade: false,
      seconds: 1,
    } as const;
    const months = ['2024-10', '2024-11', '2024-12'].map((month) => ({
      ...unit,
      month,
      slates: [parseSlate(`${month}-22`)],
    }));
    expect(planLines({ ...plan, units: months }).slice(0, 4)).toEqual([
      '3 units to run, about 2.5 s; 10 slates in 2024-10-22 to 2024-10-31.',
      'step    range                     slates  reason  changed  time',
      '------  ------------------------  ------  ------  -------  -----',
      'Grades  2024-10-22 to 2024-12-22       3  new              3.0 s',
    ]);
  });
});

describe('what a plan leaves out', () => {
  const waits = (slate: string) => ({
    step: 'Exports',
    month: slate.slice(0, 7),
    slates: 1,
    reason: `waits for Grades of ${slate}, which is not up to date and not part of this run`,
  });
  const empty: PricedPlan = {
    ...plan,
    units: [],
    skipped: [waits('2024-10-22'), waits('2024-10-23'), waits('2024-11-01')],
  };

  it('is one line for what waits for the same step, and nothing to run is said in words', () => {
    expect(planLines(empty).slice(0, 2)).toEqual([
      'Nothing to run; 10 slates in 2024-10-22 to 2024-10-31.',
      'left out: 3 units, 3 slates: Exports waits for Grades of 2024-10-22, which is not up to date and not part of this run',
    ]);
  });

  it('is everything where the schedule has no slate', () => {
    const words =
      'Nothing to run: the schedule has no slate with counted games in 2024-10-22 to 2024-10-31 up to today.';
    const none: PricedPlan = { ...empty, skipped: [], slates: 0 };
    expect(planLines(none)[0]).toBe(words);
    const report = {
      run_id: 'r',
      plan: none,
      executed: [],
      done_units: 0,
      held: [],
      failed: [],
      blocked: [],
      rows: 0,
      seconds: 1,
      stopped: null,
    };
    expect(reportLines(report)).toEqual([words]);
  });
});

describe('the lines of a run', () => {
  const done = { step: 'Grades', month: '2024-10', slates: 1 };
  const report = {
    run_id: 'r',
    plan,
    executed: [done],
    done_units: 1,
    held: [],
    failed: [],
    blocked: [],
    rows: 12,
    seconds: 1,
    stopped: null,
  };

  it('are one where everything was done', () => {
    const current = { ...done, reason: 'done with the same code, contract and inputs' };
    expect(reportLines({ ...report, plan: { ...plan, skipped: [current] } })).toEqual([
      '1 of 1 units, 12 rows in 1.0 s.',
    ]);
  });

  it('say first what is not done, and count nothing as done that is held or failed', () => {
    const units = ['Features', 'Predictions', 'Grades'].flatMap((step) =>
      plan.units.map((unit) => ({ ...unit, step })),
    );
    const left = {
      step: 'Exports',
      month: '2024-10',
      slates: 2,
      reason: 'waits for Grades of 2024-10-22, which is not up to date and not part of this run',
    };
    const [held, failed] = ['Features', 'Predictions'].map((step) => ({
      ...done,
      step,
      reason: `no ${step}`,
    }));
    if (held === undefined || failed === undefined) throw new Error('two units');
    const lines = reportLines({
      ...report,
      plan: { ...plan, units, skipped: [left] },
      executed: [held, failed, done],
      held: [held],
      failed: [failed],
    });
    expect(lines).toEqual([
      'Not everything is done: 1 unit failed, 1 unit held, 1 unit left out.',
      'failed: Predictions 2024-10, 1 slate: no Predictions',
      'held: Features 2024-10, 1 slate: no Features',
      'left out: 1 unit, 2 slates: Exports waits for Grades of 2024-10-22, which is not up to date and not part of this run',
      '1 of 3 units, 12 rows in 1.0 s.',
    ]);
  });
});
