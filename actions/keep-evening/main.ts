import { z } from 'zod';
import { type ActionDeps, defineAction, reportBody } from '#actions/lib/action.ts';
import { number } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { saveHome } from '#actions/lib/save.ts';
import { errorCodeOf } from '#actions/lib/tipoff.ts';
import { easternTime, type Slate, slateOf } from '#core/calendar.ts';
import { messageOf } from '#core/errors.ts';

/** What a round that did not get as far as the statuses waits before it tries again. */
const AGAIN_MS = 5 * 60_000;

/**
 * Stays up through an evening: at each time before a tip-off at which the slate is due (`tipoff day --due`) it asks the
 * providers, predicts anew what has changed, asks the canaries and saves the home. It keeps nothing that is not saved, and asks
 * the home each time what is due, so it may be stopped and replaced at any moment. A round that fails is said, and tried again
 * while its time lasts.
 */
export const action = defineAction({
  name: 'keep-evening',
  title: 'Evening',
  inputs: z.object({ minutes: number(330, 1, 350) }),
  outputs: { rounds: 0, left: false },
  run: async ({ minutes }, deps) => {
    const { clock, log } = deps;
    const began = clock.now();
    const slate = slateOf(began);
    const ends = began.getTime() + minutes * 60_000;
    const rows: (string | number)[][] = [];
    let left = false;
    for (let earliest = began.getTime(); ; ) {
      const next = await nextLook(deps, slate);
      if (next === null) break;
      const at = Math.max(next, earliest);
      left = at > ends;
      if (left) break;
      const wait = at - clock.now().getTime();
      log(
        `${easternTime(new Date(at))}: the slate is due${wait > 0 ? `, in ${Math.ceil(wait / 60_000)} minutes` : ''}`,
      );
      if (wait > 0) await clock.sleep(wait);
      const result = await round(deps, slate);
      rows.push([easternTime(new Date(next)), easternTime(clock.now()), result]);
      earliest = clock.now().getTime() + AGAIN_MS;
    }
    const failed = rows.filter(([, , result]) => result !== 'saved').length;
    const rest = left ? ' The rest is for the next job.' : '';
    return {
      report: reportBody({
        verdict: failed > 0 ? 'warning' : rows.length === 0 && !left ? 'nothing' : 'ok',
        summary:
          rows.length === 0 && !left
            ? `Nothing of ${slate} is due any more.`
            : `${rows.length} updates of ${slate}, ${failed} with trouble.${rest}`,
        columns: ['due', 'done', 'result'],
        rows,
        runbook: 'docs/runbooks/prediction_gap.md',
      }),
      outputs: { rounds: rows.length, left },
    };
  },
});

/** When the slate is to be looked at next, in milliseconds; null when all games have begun. */
async function nextLook({ withApp }: ActionDeps, slate: Slate): Promise<number | null> {
  const { lastCallDue } = await import('#pipeline/day.ts');
  const { next } = await withApp('keep-evening', (app) => lastCallDue(app, slate));
  return next === null ? null : Date.parse(next);
}

/** One update; says what went wrong instead of throwing it, because the next tip-off comes all the same. */
async function round(deps: ActionDeps, slate: Slate): Promise<string> {
  const verbs = [
    ['fetch', slate],
    ['day', slate, '--due'],
    ['canary', 'run'],
  ];
  const troubles: string[] = [];
  try {
    for (const verb of verbs) {
      const ran = await deps.tipoff(...verb);
      const code = errorCodeOf(ran);
      if (code !== undefined) troubles.push(`${verb[0]}: ${code}`);
      // The other verbs tell people themselves what they found.
      else if (verb[0] === 'fetch' && ran.code !== 0) troubles.push('fetch: not every source answered');
    }
    // On the home of another run it may be due no more: then that one has done it.
    await saveHome(deps, verbs);
  } catch (error) {
    troubles.push(messageOf(error));
  }
  return troubles.length === 0 ? 'saved' : troubles.join('; ');
}

await main(import.meta.main, action);
