import { type Command, Option } from 'commander';
import { type CliHost, contextOf } from '#app/cli/context.ts';
import { MARKETS } from '#core/markets.ts';
import type { Despite } from '#model/gates.ts';
import type { Dimension } from '#model/report.ts';
import { tableLines } from '#platform/report/console.ts';

/** What rows may be grouped by. */
const DIMENSIONS: Readonly<Record<Dimension, string>> = {
  season: 'season',
  month: 'month',
  tier: 'eight-game average of points',
  status: 'status at the cut-off',
  book: 'bookmaker of the line',
  lead: 'time from the quote to tip-off',
};
const DESPITE = 'gates that may fail: no_leak, history_is_fresh, no_loss_to_champion; needs --reason';

/** `train`, `evaluate`, `models list|promote`. */
export function addModelVerbs(root: Command, host: CliHost): void {
  root
    .command('train')
    .description('train a model on the feature store and register it')
    .option('--cutoff <slate>', 'use rows of slates before this date only (default: today)')
    .option('--promote', 'make it the champion at once, unless it loses to the present one')
    .option('--despite <gates...>', DESPITE)
    .option('--reason <text>', 'why a failing gate is passed; kept with the model')
    .action(async (options: { cutoff?: string; promote?: boolean } & Passed, command: Command) => {
      const { terminal, slate, withApp } = contextOf(host, command);
      const [{ train }, { trainDeps }] = await Promise.all([
        import('#model/train-run.ts'),
        import('#app/day.ts'),
      ]);
      const cutoff = slate(options.cutoff);
      const { row } = await withApp((app) =>
        train(trainDeps(app), {
          cutoff,
          by: 'tipoff train',
          promote: options.promote === true,
          despite: despiteOf(options),
        }),
      );
      terminal.json({ ...row, config: JSON.parse(row.config), metrics: JSON.parse(row.metrics) });
      terminal.line(
        `${row.model_id} (${row.status}): ${row.training_rows} rows of ${row.training_from} to before ${row.data_cutoff}.`,
      );
      terminal.line(`Artefact ${row.artefact_path}, SHA-256 ${row.artefact_hash}.`);
    });

  root
    .command('evaluate')
    .description('evaluate walk-forward: weekly refits, every slate forecast from what was known before it')
    .option('--season <season>', 'season, for example 2024-25')
    .option('--from <slate>', 'first slate')
    .option('--to <slate>', 'last slate')
    .addOption(
      new Option('--by <groups...>', `also the champion by ${Object.values(DIMENSIONS).join(', ')}`).choices(
        Object.keys(DIMENSIONS),
      ),
    )
    .addOption(
      new Option('--market <market>', 'market of --by')
        .choices(MARKETS.map(({ id }) => id))
        .default('points'),
    )
    .action(async (options: EvaluateArguments, command: Command) => {
      const { terminal, withApp } = contextOf(host, command);
      const [{ evaluationRange, runEvaluation }, { breakdownLines, evaluationLines }] = await Promise.all([
        import('#app/evaluation.ts'),
        import('#app/cli/evaluation-text.ts'),
      ]);
      const range = evaluationRange(options);
      const report = await withApp((app) => runEvaluation(app, range));
      terminal.json(report);
      for (const line of evaluationLines(report)) terminal.line(line);
      for (const dimension of options.by ?? [])
        for (const line of breakdownLines(report, dimension, options.market)) terminal.line(line);
      if (report.alarms.length > 0) host.exit(1);
    });

  const models = root.command('models').description('list and promote registered models');
  models
    .command('list')
    .description('list every model with its status')
    .action(async (_options: object, command: Command) => {
      const { terminal, withApp } = contextOf(host, command);
      const { listModels } = await import('#model/registry.ts');
      const rows = await withApp(({ warehouse }) => listModels(warehouse));
      terminal.json(rows);
      const cells = rows.map((row) => [
        row.model_id,
        row.status,
        row.data_cutoff,
        row.training_rows,
        row.created_at,
      ]);
      for (const line of tableLines(['model', 'status', 'cut-off', 'rows', 'trained at'], cells))
        terminal.line(line);
      if (rows.length === 0) terminal.line('No model yet: `tipoff train` makes one.');
    });
  models
    .command('promote')
    .description('make a model the champion; the former champion is retired and can be promoted back')
    .argument('<model>', 'id, as `models list` shows it')
    .option('--despite <gates...>', DESPITE)
    .option('--reason <text>', 'why a failing gate is passed; kept with the model')
    .action(async (modelId: string, options: Passed, command: Command) => {
      const { terminal, withApp } = contextOf(host, command);
      const [{ promoteJudged }, { trainDeps }] = await Promise.all([
        import('#model/train-run.ts'),
        import('#app/day.ts'),
      ]);
      const { row, outcomes } = await withApp((app) =>
        promoteJudged(trainDeps(app), modelId, { by: 'tipoff models promote', despite: despiteOf(options) }),
      );
      terminal.json({ ...row, outcomes });
      for (const { check, status, reason } of outcomes) terminal.line(`${status}  ${check}: ${reason}`);
      terminal.line(`${row.model_id} is the champion.`);
    });
}

interface EvaluateArguments {
  readonly season?: string;
  readonly from?: string;
  readonly to?: string;
  readonly by?: readonly Dimension[];
  readonly market: string;
}

interface Passed {
  readonly despite?: string[];
  readonly reason?: string;
}

function despiteOf({ despite, reason }: Passed): Despite | undefined {
  return despite === undefined ? undefined : { gates: despite, reason: reason ?? '' };
}
