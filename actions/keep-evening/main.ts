import { z } from 'zod';
import { type ActionDeps, defineAction, said } from '#actions/lib/action.ts';
import { number } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { saveHome } from '#actions/lib/save.ts';
import { errorCodeOf } from '#actions/lib/tipoff.ts';
import { easternTime, slateOf } from '#core/calendar.ts';
import { updateTimes } from '#core/clock.ts';
import { messageOf } from '#core/errors.ts';

/**
 * Stays up through an evening: before each tip-off it asks the providers, predicts anew what has changed, asks the canaries and
 * saves the home. It keeps nothing that is not saved, so it may be stopped and replaced at any moment. A round that fails is
 * said and does not end the evening.
 */
export const action = defineAction({
  name: 'keep-evening',
  title: 'Evening',
  inputs: z.object({ minutes: number(330, 1, 350) }),
  outputs: { rounds: 0, left: 0 },
  run: async ({ minutes }, deps) => {
    const { clock, log } = deps;
    const began = clock.now();
    const slate = slateOf(began);
    const ends = began.getTime() + minutes * 60_000;
    const times = updateTimes(await tipoffsOf(deps, slate), began);
    const rows: (string | number)[][] = [];
    let left = 0;
    for (const { at, tipoff } of times) {
      if (at.getTime() > ends) {
        left += 1;
        continue;
      }
      const wait = at.getTime() - clock.now().getTime();
      log(
        `${easternTime(at)}: update before the tip-off of ${easternTime(tipoff)}${wait > 0 ? `, in ${Math.ceil(wait / 60_000)} minutes` : ', now'}`,
      );
      if (wait > 0) await clock.sleep(wait);
      const result = await round(deps, slate);
      rows.push([easternTime(tipoff), easternTime(at), easternTime(clock.now()), result]);
    }
    const failed = rows.filter(([, , , result]) => result !== 'saved');
    return {
      report: said({
        verdict: times.length === 0 ? 'nothing' : failed.length > 0 ? 'warning' : 'ok',
        summary:
          times.length === 0
            ? `No game of ${slate} is left to begin.`
            : `${rows.length} updates before ${times.length} tip-offs of ${slate}, ${failed.length} with trouble${left > 0 ? `, ${left} for the next job` : ''}.`,
        columns: ['tip-off', 'due', 'done', 'result'],
        rows,
        runbook: 'docs/runbooks/prediction_gap.md',
      }),
      outputs: { rounds: rows.length, left },
    };
  },
});

/** One update; says what went wrong instead of throwing it, because the next tip-off comes all the same. */
async function round(deps: ActionDeps, slate: string): Promise<string> {
  const verbs = [
    ['fetch', slate],
    ['day', slate, '--mode', 'LINE_UPDATE'],
    ['canary', 'run'],
  ];
  const troubles: string[] = [];
  try {
    for (const verb of verbs) {
      const code = errorCodeOf(await deps.tipoff(...verb));
      if (code !== undefined) troubles.push(`${verb[0]}: ${code}`);
    }
    await saveHome(deps, verbs);
  } catch (error) {
    troubles.push(messageOf(error));
  }
  return troubles.length === 0 ? 'saved' : troubles.join('; ');
}

async function tipoffsOf({ withApp }: ActionDeps, slate: string): Promise<Date[]> {
  const games = await withApp('keep-evening', ({ warehouse }) =>
    warehouse.query<{ tipoff_at: string }>(
      'SELECT tipoff_at FROM nba_reference.counted_games WHERE slate = CAST(@slate AS DATE) ORDER BY tipoff_at',
      { slate },
    ),
  );
  return games.map(({ tipoff_at }) => new Date(tipoff_at));
}

await main(import.meta.main, action);
