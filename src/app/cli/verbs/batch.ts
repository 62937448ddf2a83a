import { type Command, Option } from 'commander';
import { actor, type CliHost, contextOf } from '#app/cli/context.ts';
import { TipoffError } from '#core/errors.ts';
import { count } from '#core/format.ts';
import { parseRunMode } from '#core/run-modes.ts';
import type { StagedPolicy } from '#pipeline/batch/reset.ts';
import { tableLines } from '#platform/report/console.ts';

/** `batch list|show|start|check-stalled|reset`: the coordinator's calls. */
export function addBatchVerbs(root: Command, host: CliHost): void {
  const batch = root.command('batch').description('list, start, check and reset prediction batches');

  batch
    .command('list')
    .description('list batches, oldest first')
    .option('--slate <slate>', 'batches of one date')
    .action(async (options: { slate?: string }, command: Command) => {
      const { terminal, slate: readSlate, withApp } = contextOf(host, command);
      const slate = options.slate === undefined ? undefined : readSlate(options.slate);
      const { listBatches } = await import('#pipeline/batch/state.ts');
      const batches = await withApp(({ state }) => listBatches(state, slate));
      terminal.json(batches);
      const rows = batches.map((doc) => [
        doc.batch_id,
        doc.state,
        doc.expected,
        doc.units,
        doc.created_at,
        doc.reason ?? '',
      ]);
      for (const line of tableLines(['batch', 'state', 'expected', 'units', 'created', 'reason'], rows))
        terminal.line(line);
    });

  batch
    .command('show')
    .description('show one batch: units, outcomes, every state change')
    .argument('<batch>', 'id, as `batch list` shows it')
    .action(async (batchId: string, _options: object, command: Command) => {
      const { terminal, withApp } = contextOf(host, command);
      const [{ describeBatch }, { readEvents }] = await Promise.all([
        import('#pipeline/batch/progress.ts'),
        import('#pipeline/batch/state.ts'),
      ]);
      const shown = await withApp(async ({ state }) => ({
        ...(await describeBatch({ state }, batchId)),
        events: await readEvents(state, batchId),
      }));
      terminal.json(shown);
      terminal.line(
        `${shown.batch.batch_id}: ${shown.batch.state}${shown.batch.reason === null ? '' : ` (${shown.batch.reason})`}`,
      );
      for (const [reason, count] of Object.entries({ ...shown.outcomes, ...shown.reasons }))
        terminal.line(`  ${count} ${reason}`);
      const rows = shown.events.map((event) => [
        event.at,
        event.from ?? '',
        event.to,
        event.by,
        event.reason ?? '',
      ]);
      for (const line of tableLines(['at', 'from', 'to', 'by', 'reason'], rows)) terminal.line(line);
    });

  batch
    .command('start')
    .description('create a batch and queue its units, without working on them')
    .argument('<slate>', 'ET calendar date of tip-off, for example 2025-01-10')
    .requiredOption('--mode <mode>', 'FIRST, RETRY, FINAL_RETRY, LAST_CALL, LINE_UPDATE or BACKFILL')
    .option('--force', 'close an active batch of the slate first')
    .action(async (text: string, options: { mode: string; force?: boolean }, command: Command) => {
      const { terminal, slate: readSlate, withApp } = contextOf(host, command);
      const [slate, mode, by] = [readSlate(text), parseRunMode(options.mode), actor('batch start')];
      const result = await withApp(async (app) => {
        const [{ startBatch }, { dispatch }, { batchDeps }] = await Promise.all([
          import('#pipeline/batch/start.ts'),
          import('#pipeline/batch/dispatch.ts'),
          import('#app/day.ts'),
        ]);
        const deps = await batchDeps(app, by);
        const started = await startBatch(deps, { slate, mode, by, force: options.force === true });
        if (started.kind === 'started') await dispatch(deps, started.batch.batch_id, by);
        return started;
      });
      terminal.json(result);
      terminal.line(
        'batch' in result
          ? `${result.batch.batch_id} started: ${count(result.batch.expected, 'player')} in ${count(result.batch.units, 'unit')}.`
          : `${slate}: ${result.kind}.`,
      );
    });

  batch
    .command('check-stalled')
    .description(
      'consolidate, redispatch or close batches that make no progress; a batch older than the limit is always closed',
    )
    .option('--batch <id>', 'look at one batch only')
    .option(
      '--stall-seconds <n>',
      'seconds without progress before missing units are dispatched again',
      '300',
    )
    .option('--max-age-minutes <n>', 'age at which a batch is closed', '30')
    .addOption(
      new Option('--policy <policy>', 'what happens to the predictions of a closed batch')
        .choices(['publish', 'hold'])
        .default('publish'),
    )
    .action(
      async (
        options: { batch?: string; stallSeconds: string; maxAgeMinutes: string; policy: 'publish' | 'hold' },
        command: Command,
      ) => {
        const { terminal, withApp } = contextOf(host, command);
        const rules = {
          noProgressSeconds: positive('--stall-seconds', options.stallSeconds),
          maxAgeMinutes: positive('--max-age-minutes', options.maxAgeMinutes),
          policy: options.policy,
        };
        const by = actor('batch check-stalled');
        const verdicts = await withApp(async (app) => {
          const [{ checkStalled }, { batchDeps }] = await Promise.all([
            import('#pipeline/batch/stall.ts'),
            import('#app/day.ts'),
          ]);
          return checkStalled(await batchDeps(app, by), by, { rules, batchId: options.batch });
        });
        terminal.json(verdicts);
        for (const verdict of verdicts)
          terminal.line(
            `${verdict.batch_id}: ${verdict.action} (${verdict.state})${verdict.reason === null ? '' : `: ${verdict.reason}`}`,
          );
        if (verdicts.length === 0) terminal.line('No active batch.');
      },
    );

  batch
    .command('reset')
    .description('free a slate; always works, and a second call changes nothing')
    .option('--batch <id>', 'one batch')
    .option('--slate <slate>', 'every unfinished batch of the date')
    .requiredOption('--reason <reason>', 'for the audit trail')
    .addOption(
      new Option('--staged <what>', 'what happens to staged rows')
        .choices(['keep', 'publish', 'discard'])
        .default('keep'),
    )
    .action(
      async (
        options: { batch?: string; slate?: string; reason: string; staged: StagedPolicy },
        command: Command,
      ) => {
        const { terminal, slate: readSlate, withApp } = contextOf(host, command);
        const which =
          options.batch !== undefined
            ? { batchId: options.batch }
            : options.slate !== undefined
              ? { slate: readSlate(options.slate) }
              : undefined;
        if (which === undefined) {
          throw new TipoffError('TIPOFF_BAD_INPUT', 'expected --batch or --slate', {
            hint: 'Name what to reset; `tipoff batch list` shows the batches.',
          });
        }
        const by = actor('batch reset');
        const results = await withApp(async (app) => {
          const [{ reset }, { batchDeps }] = await Promise.all([
            import('#pipeline/batch/reset.ts'),
            import('#app/day.ts'),
          ]);
          return reset(await batchDeps(app, by), which, { by, why: options.reason, staged: options.staged });
        });
        terminal.json(results);
        for (const result of results)
          terminal.line(
            `${result.batch_id}: ${result.state}${result.transitioned ? '' : ' (unchanged)'}; ${result.tables} staging tables: ${result.staged}`,
          );
        if (results.length === 0) terminal.line('Nothing to reset: the slate is free.');
      },
    );
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new TipoffError('TIPOFF_BAD_INPUT', `${option}: expected a number of 0 or more, saw "${text}"`, {
    hint: 'Write it in digits.',
  });
}
