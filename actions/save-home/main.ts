import { z } from 'zod';
import { defineAction, reportBody } from '#actions/lib/action.ts';
import { text } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { saveHome } from '#actions/lib/save.ts';

/**
 * Saves the home as the next generation. If another run has saved in the meantime, its home is restored and the work of this run
 * is repeated on it, so that neither is lost.
 */
export const action = defineAction({
  name: 'save-home',
  title: 'Saved home',
  inputs: z.object({ redo: text() }),
  outputs: { saved: false, generation: '' },
  run: async ({ redo = '' }, deps) => {
    const verbs = redo.split('\n').map((line) => line.trim().split(/\s+/));
    const saved = await saveHome(
      deps,
      verbs.filter(([verb]) => verb !== ''),
    );
    if (saved === undefined) {
      return {
        report: reportBody({
          verdict: 'skipped',
          summary: 'No back-up is declared here: nothing was saved.',
        }),
      };
    }
    const { generation, rows, written, lostRaces } = saved;
    return {
      report: reportBody({
        verdict: 'ok',
        summary: `Generation ${generation}: ${rows} rows, ${(written / 1_000_000).toFixed(1)} MB written and read back.`,
        facts: lostRaces === 0 ? [] : [['done again on the home of another run', lostRaces]],
        runbook: 'docs/runbooks/backup_fresh.md',
      }),
      outputs: { saved: true, generation },
    };
  },
});

await main(import.meta.main, action);
