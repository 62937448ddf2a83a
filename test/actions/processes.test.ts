import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { actionRunner, ROOT } from './run-action.ts';

const { run, runProcess } = actionRunner();
const NAMES = readdirSync(join(ROOT, 'actions')).filter((name) =>
  ['action.yml', 'main.ts'].every((file) => existsSync(join(ROOT, 'actions', name, file))),
);

/** An instant that no action can be played at. */
const WRONG = { TIPOFF_AT: 'yesterday' };

describe('an action as a workflow starts it', () => {
  it('is every one there is', () => {
    expect(NAMES.length).toBeGreaterThanOrEqual(11);
  });

  it.each(NAMES)(
    '%s is a program that ends with the code, the outputs, the annotation and the summary of the same run here',
    async (name) => {
      const [started, here] = [await runProcess(name, {}, WRONG), await run(name, {}, WRONG)];
      expect(started).toMatchObject({ code: 2, outputs: { verdict: 'error' } });
      expect(started.log).toMatch(/^::error title=/m);
      const { report: _, ...outputs } = started.outputs;
      const { report: __, ...outputsHere } = here.outputs;
      expect([started.code, outputs, started.summary, started.report]).toEqual([
        here.code,
        outputsHere,
        here.summary,
        here.report,
      ]);
    },
  );
});
