import { z } from 'zod';
import { type ActionDeps, defineAction, reportBody } from '#actions/lib/action.ts';
import { number } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { saveHome } from '#actions/lib/save.ts';
import { errorCodeOf } from '#actions/lib/tipoff.ts';
import { easternTime, type Slate, slateOf } from '#core/calendar.ts';
import { messageOf } from '#core/errors.ts';

/** Pause after a round that failed before it had read the statuses. */
const AGAIN_MS = 5 * 60_000;

/**
 * Runs through an evening: whenever a last-call run of the slate is due (`tipoff day --due`), it fetches from the providers,
 * predicts what has changed, runs the canaries and saves the home. Its only state is the saved home, so it may be stopped and
 * replaced at any moment. A failed round is reported, and repeated while there is time.
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

/** When the next last-call run is due, in milliseconds; null when all games have begun. */
async function nextLook({ withApp }: ActionDeps, slate: Slate): Promise<number | null> {
  const { lastCallDue } = await import('#pipeline/day.ts');
  const { next } = await withApp('keep-evening', (app) => lastCallDue(app, slate));
  return next === null ? null : Date.parse(next);
}

/** One round. Returns what went wrong instead of throwing, because later tip-offs still need their rounds. */
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
      // The other verbs notify people themselves.
      else if (verb[0] === 'fetch' && ran.code !== 0) troubles.push('fetch: not every source answered');
    }
    // On a home that another run has saved it may no longer be due: that run has done it.
    await saveHome(deps, verbs);
  } catch (error) {
    troubles.push(messageOf(error));
  }
  return troubles.length === 0 ? 'saved' : troubles.join('; ');
}

await main(import.meta.main, action);
