import { z } from 'zod';
import { defineAction, reportBody } from '#actions/lib/action.ts';
import { number } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { answerOf } from '#actions/lib/tipoff.ts';
import { addDays, seasonOf, seasonSpan, slateOf } from '#core/calendar.ts';

const fetched = z.looseObject({
  ingested: z.looseObject({ loaded: z.int() }),
  failures: z.array(z.looseObject({ what: z.string(), message: z.string() })),
  stillMissing: z.array(z.looseObject({ what: z.string(), message: z.string() })),
  skipped: z.array(z.string()),
});
const backfilled = z.looseObject({ status: z.string().optional() });
/** The part of `fetch`'s answer about box scores left for the next run. */
const BOX_SCORES_LATER = /^\d+ box scores? from/;

/**
 * Loads the season to date from the providers, some dozen box scores per round, and computes its features. Loaded games are not
 * requested again, so a stopped run continues where it was.
 */
export const action = defineAction({
  name: 'load-season',
  title: 'History of the season',
  inputs: z.object({ rounds: number(60, 1, 200) }),
  outputs: { rows: 0, missing: 0 },
  run: async ({ rounds }, { tipoff, clock, log }) => {
    const yesterday = addDays(slateOf(clock.now()), -1);
    const { from } = seasonSpan(seasonOf(yesterday));
    const range = ['--from', from, '--to', yesterday, '--phases', 'analytics,precompute'];
    const compute = async (): Promise<void> =>
      void answerOf(
        await tipoff('backfill', 'run', ...range, '--reason', 'setup'),
        backfilled,
        'backfill run',
      );
    let rows = 0;
    let missing: { what: string; message: string }[] = [];
    let later: string[] = [];
    for (let round = 1; round <= rounds; round++) {
      const { ingested, failures, stillMissing, skipped } = answerOf(
        await tipoff('fetch', yesterday),
        fetched,
        'fetch',
      );
      rows += ingested.loaded;
      missing = [...failures, ...stillMissing];
      later = skipped.filter((reason) => BOX_SCORES_LATER.test(reason));
      log(`round ${round}: ${ingested.loaded} rows new`);
      // The first answer of a new home is the schedule: once it is read, it says whose box scores there are to ask for.
      if (round === 1) await compute();
      else if (later.length === 0 || ingested.loaded === 0) break;
    }
    await compute();
    missing.push(...later.map((message) => ({ what: 'box scores', message })));
    return {
      report: reportBody({
        verdict: missing.length > 0 ? 'warning' : rows === 0 ? 'nothing' : 'ok',
        summary: `${from} to ${yesterday}: ${rows} rows new${missing.length > 0 ? `, ${missing.length} answers missing; run it again for them` : ''}.`,
        columns: ['missing', 'why'],
        rows: missing.slice(0, 20).map(({ what, message }) => [what, message]),
        runbook: 'docs/github.md',
      }),
      outputs: { rows, missing: missing.length },
    };
  },
});

await main(import.meta.main, action);
