import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type ActionDeps, defineAction, reportBody } from '#actions/lib/action.ts';
import { reasonWithRequester } from '#actions/lib/context.ts';
import { choice, flag, optionalDate, requiredText, text } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { askService } from '#actions/lib/service.ts';
import { answerOf } from '#actions/lib/tipoff.ts';
import { TipoffError } from '#core/errors.ts';

const batches = z.array(
  z.object({
    batch_id: z.string(),
    slate: z.string(),
    state: z.string(),
    expected: z.number(),
    created_at: z.string(),
  }),
);
const resets = z.array(
  z.object({
    batch_id: z.string(),
    transitioned: z.boolean(),
    state: z.string(),
    staged: z.string(),
    tables: z.number(),
  }),
);
type Resets = z.output<typeof resets>;

const RUNBOOK = 'docs/runbooks/actions/reset-batch.md';
/** Maximum length of a reason at the coordinator. */
const REASON_LIMIT = 200;

const inputs = z.object({
  game_date: optionalDate(),
  batch_id: text(),
  staged: choice(['keep', 'publish', 'discard'], 'keep'),
  reason: requiredText('why the batch is reset, for the audit trail'),
  dry_run: flag(true),
  service_url: text(),
  service_token: text(),
});
type Inputs = z.output<typeof inputs>;

/** Batches in these states are left alone by a reset by date. */
const ENDED = ['published', 'published_partial', 'reset'];

/** Frees a slate, through the coordinator if there is one, otherwise in the embedded home. */
export const action = defineAction({
  name: 'reset-batch',
  title: 'Batch reset',
  inputs,
  outputs: { reset: 0, request_id: '' },
  about: ({ batch_id, game_date }) => ({ key: batch_id ?? game_date }),
  run: async (given, deps) => {
    if ((given.game_date === undefined) === (given.batch_id === undefined)) {
      throw new TipoffError('TIPOFF_BAD_INPUT', 'expected either game_date or batch_id', {
        hint: 'A date resets every unfinished batch of the slate, an id one batch.',
      });
    }
    return given.dry_run ? preview(given, deps) : perform(given, deps);
  },
});

async function preview(given: Inputs, deps: ActionDeps) {
  const rows = given.service_url === undefined ? await seenHere(given, deps) : await seenThere(given, deps);
  const count = rows.length;
  return {
    report: reportBody({
      runbook: RUNBOOK,
      verdict: count === 0 ? 'nothing' : 'ok',
      summary:
        count === 0
          ? 'Nothing to reset: the slate is free. Dry run.'
          : `${count} ${count === 1 ? 'batch' : 'batches'} would be reset, staged rows: ${given.staged}. Dry run: nothing was changed.`,
      columns: ['batch', 'state'],
      rows,
    }),
  };
}

async function seenHere(given: Inputs, { tipoff }: ActionDeps): Promise<[string, string][]> {
  const slate = given.game_date === undefined ? [] : ['--slate', given.game_date];
  const known = answerOf(await tipoff('batch', 'list', ...slate), batches, 'batch list');
  if (given.batch_id !== undefined && !known.some(({ batch_id }) => batch_id === given.batch_id)) {
    throw new TipoffError('TIPOFF_NOT_FOUND', `there is no batch ${given.batch_id}`, {
      hint: 'Copy the id from `tipoff batch list`.',
    });
  }
  const meant = known.filter(({ batch_id }) => given.batch_id === undefined || batch_id === given.batch_id);
  return meant.filter(({ state }) => !ENDED.includes(state)).map(({ batch_id, state }) => [batch_id, state]);
}

async function seenThere(given: Inputs, deps: ActionDeps): Promise<[string, string][]> {
  const results = await askCoordinator(given, deps, requestId(given));
  return results.filter(({ transitioned }) => transitioned).map(({ batch_id, state }) => [batch_id, state]);
}

async function perform(given: Inputs, deps: ActionDeps) {
  const id = requestId(given);
  const done =
    given.service_url === undefined ? await resetHere(given, deps) : await askCoordinator(given, deps, id);
  const moved = done.filter(({ transitioned }) => transitioned).length;
  return {
    report: reportBody({
      runbook: RUNBOOK,
      verdict: moved === 0 ? 'nothing' : 'ok',
      summary:
        moved === 0
          ? 'Nothing changed: the slate was free already.'
          : `${moved} batch${moved === 1 ? '' : 'es'} reset: the slate is free.`,
      facts: [
        ['request', id],
        ['asked by', deps.context.actor],
        ['reason', given.reason],
      ],
      columns: ['batch', 'state', 'changed', 'staged rows', 'staging tables'],
      rows: done.map((one) => [
        one.batch_id,
        one.state,
        one.transitioned ? 'yes' : 'no',
        one.staged,
        one.tables,
      ]),
    }),
    outputs: { reset: moved, request_id: id },
  };
}

async function resetHere(given: Inputs, { tipoff, context }: ActionDeps): Promise<Resets> {
  const which =
    given.batch_id === undefined ? ['--slate', given.game_date ?? ''] : ['--batch', given.batch_id];
  const ran = await tipoff(
    'batch',
    'reset',
    ...which,
    '--staged',
    given.staged,
    '--reason',
    reasonWithRequester(context, given.reason),
  );
  return answerOf(ran, resets, 'batch reset');
}

async function askCoordinator(given: Inputs, deps: ActionDeps, id: string): Promise<Resets> {
  const asked = await askService(deps, given, {
    method: 'POST',
    path: '/reset',
    requestId: id,
    body: {
      ...(given.batch_id === undefined ? { game_date: given.game_date } : { batch_id: given.batch_id }),
      staged: given.staged,
      reason: reasonWithRequester(deps.context, given.reason, REASON_LIMIT),
      dry_run: given.dry_run,
    },
  });
  return asked.read(z.object({ results: resets })).results;
}

/** The same request has the same id, so that a repeated one can be told from a new one. */
function requestId({ game_date, batch_id, staged, reason }: Inputs): string {
  return `reset-${createHash('sha256')
    .update(JSON.stringify([game_date, batch_id, staged, reason]))
    .digest('hex')
    .slice(0, 12)}`;
}

await main(import.meta.main, action);
