import { z } from 'zod';
import { type ActionDeps, defineAction, type ReportBody, reportBody } from '#actions/lib/action.ts';
import { choice, optionalDate } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { answerOf } from '#actions/lib/tipoff.ts';
import { type Slate, slateOf } from '#core/calendar.ts';
import { outcome } from '#core/check.ts';
import { RUN_MODES } from '#core/run-modes.ts';

/** Hint for a home without an earlier season, in the first weeks of one. */
const TOO_YOUNG =
  'Without an earlier season forecasts begin about five weeks after the first game; one that is loaded on a machine of yours, as docs/github.md says, makes them at once.';

/** Months in which the league plays: a calendar without games then is incomplete. */
const SEASON_MONTHS = ['10', '11', '12', '01', '02', '03', '04', '05', '06'];

const phase = z.looseObject({
  phase: z.string(),
  verdict: z.string(),
  rows: z.number(),
  seconds: z.number(),
  detail: z.string(),
});
const day = z.looseObject({
  slate: z.string(),
  mode: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  games: z.int(),
  expected: z.int(),
  predicted: z.int(),
  predictions: z.int(),
  actionable: z.int(),
  phases: z.array(phase),
  /** Players by the reason why they were not predicted. */
  failed: z.record(z.string(), z.int()),
});
const fetched = z.looseObject({
  ingested: z.looseObject({ filesLoaded: z.int(), loaded: z.int() }),
  failures: z.array(z.looseObject({ what: z.string(), message: z.string() })),
  takenOver: z.array(z.looseObject({ what: z.string(), by: z.string() })),
  skipped: z.array(z.string()),
  quota: z.looseObject({ spent: z.number(), remaining: z.number().nullable() }).nullable(),
});

/**
 * One round of a game day: fetches from the providers, or runs all phases of the slate. A provider that fails is a warning here and
 * an incident of the canaries; a season without a single known game is an error, never "nothing to do".
 */
export const action = defineAction({
  name: 'run-day',
  title: 'Game day',
  inputs: z.object({
    part: choice(['fetch', 'day'], 'day'),
    slate: optionalDate(),
    mode: choice(['', ...Object.keys(RUN_MODES)] as [string, ...string[]], ''),
  }),
  outputs: { state: '', games: 0, predictions: 0 },
  about: ({ part }) => (part === 'fetch' ? { key: 'fetch', title: 'Providers' } : {}),
  run: async ({ part, slate, mode }, deps) => {
    const date = slate ?? slateOf(deps.clock.now());
    if (part === 'fetch') return { report: await fetchSlate(deps, date) };
    const ran = await deps.tipoff('day', date, ...(mode === '' ? [] : ['--mode', mode]));
    const result = answerOf(ran, day, 'day');
    const unknown = result.games === 0 ? await knowsNoGames(deps, date) : undefined;
    const isYoung = Object.keys(result.failed).some((why) =>
      why.startsWith('TIPOFF_NO_MODEL: too little history'),
    );
    const summary = unknown ?? `${sentence(result)}${isYoung ? ` ${TOO_YOUNG}` : ''}`;
    const isFine = ['published', 'published_partial', 'no_games', 'nothing_to_do'].includes(result.state);
    return {
      report: reportBody({
        verdict: unknown !== undefined ? 'error' : !isFine ? 'failed' : result.games === 0 ? 'nothing' : 'ok',
        summary,
        columns: ['phase', 'verdict', 'rows', 'seconds', 'detail'],
        rows: result.phases.map((one) => [
          one.phase,
          one.verdict,
          one.rows,
          Math.round(one.seconds),
          one.detail,
        ]),
        outcomes:
          unknown !== undefined || !isFine
            ? [
                outcome({
                  check: 'day',
                  title: `No predictions for ${date}`,
                  status: 'fail',
                  subject: date,
                  reason: summary,
                }),
              ]
            : [],
        repair: isYoung ? 'tipoff ingest path/to/files' : `tipoff fetch ${date}, then tipoff day ${date}`,
        runbook: isYoung ? 'docs/github.md' : 'docs/runbooks/prediction_gap.md',
      }),
      outputs: { state: result.state, games: result.games, predictions: result.predictions },
    };
  },
});

async function fetchSlate({ tipoff }: ActionDeps, slate: Slate): Promise<ReportBody> {
  const { ingested, failures, takenOver, skipped, quota } = answerOf(
    await tipoff('fetch', slate),
    fetched,
    'fetch',
  );
  return reportBody({
    verdict: failures.length > 0 ? 'warning' : 'ok',
    summary: `${ingested.filesLoaded} answers, ${ingested.loaded} rows new${failures.length === 0 ? '' : `; nobody gave ${failures.map(({ what }) => what).join(', ')}`}.`,
    facts: [
      ...failures.map(({ what, message }): [string, string] => [what, message]),
      ...takenOver.map(({ what, by }): [string, string] => [what, `taken over by ${by}`]),
      ...skipped.map((reason): [string, string] => ['not asked', reason]),
      ...(quota === null
        ? []
        : [
            ['The Odds API', `${quota.spent} spent, ${quota.remaining ?? 'unknown'} left`] as [
              string,
              string,
            ],
          ]),
    ],
    runbook: 'docs/runbooks/lines_present.md',
  });
}

function sentence({
  slate,
  state,
  games,
  expected,
  predicted,
  predictions,
  actionable,
  reason,
  mode,
}: z.output<typeof day>): string {
  if (state === 'no_games') return `No games on ${slate}.`;
  const what = `${predicted} of ${expected} players of ${games} games predicted, ${predictions} rows, ${actionable} picks`;
  return `${slate}, ${mode}: ${state}. ${what}${reason === null ? '' : `: ${reason}`}.`;
}

/** Why "no games" cannot be believed; undefined when the calendar knows the season. */
async function knowsNoGames({ withApp }: ActionDeps, slate: Slate): Promise<string | undefined> {
  if (!SEASON_MONTHS.includes(slate.slice(5, 7))) return undefined;
  const { readCalendar } = await import('#guard/canaries/calendar.ts');
  const calendar = await withApp('run-day', ({ warehouse }) => readCalendar(warehouse, slate));
  const isKnown = calendar.nextGameDay(slate) !== undefined || calendar.previousGameDay(slate) !== undefined;
  return isKnown
    ? undefined
    : `It is the season, and not one game is known around ${slate}: the schedule was never loaded, or its provider gave nothing.`;
}

await main(import.meta.main, action);
