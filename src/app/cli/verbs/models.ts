import type { Command } from 'commander';
import { type CliHost, contextOf } from '#app/cli/context.ts';
import { tableLines } from '#platform/report/console.ts';

/** `train`, `evaluate`, `models list|promote|retire`. */
export function addModelVerbs(root: Command, host: CliHost): void {
  root
    .command('train')
    .description('train a model on the feature store and register it')
    .option('--cutoff <slate>', 'use rows of slates before this date only (default: today)')
    .option('--promote', 'make it the champion at once')
    .action(async (options: { cutoff?: string; promote?: boolean }, command: Command) => {
      const { terminal, slate, withApp } = contextOf(host, command);
      const [{ train }, { trainDeps }] = await Promise.all([
        import('#model/train-run.ts'),
        import('#app/day.ts'),
      ]);
      const cutoff = slate(options.cutoff);
      const { row } = await withApp((app) =>
        train(trainDeps(app), { cutoff, by: 'tipoff train', promote: options.promote === true }),
      );
      terminal.json({ ...row, config: JSON.parse(row.config), metrics: JSON.parse(row.metrics) });
      terminal.line(
        `${row.model_id} (${row.status}): ${row.training_rows} rows of ${row.training_from} to before ${row.data_cutoff}.`,
      );
      terminal.line(`Artefact ${row.artefact_path}, SHA-256 ${row.artefact_hash}.`);
    });

  root
    .command('evaluate')
    .description('walk-forward evaluation: weekly refits, every slate forecast from what was known before it')
    .option('--season <season>', 'season, for example 2024-25')
    .option('--from <slate>', 'first slate')
    .option('--to <slate>', 'last slate')
    .action(async (options: { season?: string; from?: string; to?: string }, command: Command) => {
      const { terminal, withApp } = contextOf(host, command);
      const { evaluationRange, runEvaluation } = await import('#app/evaluation.ts');
      const range = evaluationRange(options);
      const report = await withApp((app) => runEvaluation(app, range));
      terminal.json(report);
      const rows = report.systems.map((system) => [
        system.system,
        system.overall.n,
        system.overall.mae_median.toFixed(3),
        system.overall.rmse_mean.toFixed(3),
        system.overall.bias.toFixed(3),
        system.overall.crps.toFixed(3),
      ]);
      for (const line of tableLines(['system', 'rows', 'MAE', 'RMSE', 'bias', 'CRPS'], rows))
        terminal.line(line);
      for (const alarm of report.alarms) {
        terminal.line(
          `ALARM ${alarm.kind} of ${alarm.of}: ${alarm.seen.toFixed(3)} on ${alarm.rows} rows, limit ${alarm.limit}: presumed leak`,
        );
      }
      if (report.alarms.length > 0) host.exit(1);
    });

  const models = root.command('models').description('the registry of models');
  models
    .command('list')
    .description('every model with its status')
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
    .action(async (modelId: string, _options: object, command: Command) => {
      const { terminal, clock, withApp } = contextOf(host, command);
      const { promoteModel } = await import('#model/registry.ts');
      const row = await withApp(({ warehouse, models: objects }) =>
        promoteModel({ warehouse, objects, clock }, modelId, 'tipoff models promote'),
      );
      terminal.json(row);
      terminal.line(`${row.model_id} is the champion.`);
    });
}
