import type { Command } from 'commander';
import { type CliHost, contextOf } from '#app/cli/context.ts';
import type { Terminal } from '#app/cli/terminal.ts';
import type { Evaluation } from '#app/evaluation.ts';
import type { Despite } from '#model/gates.ts';
import { tableLines } from '#platform/report/console.ts';

/** Picks below which a bin of confidence is not printed. */
const MIN_SHOWN_BIN = 100;
const DESPITE = 'gates that may fail: no_leak, history_is_fresh, no_loss_to_champion; needs --reason';

/** `train`, `evaluate`, `models list|promote|retire`. */
export function addModelVerbs(root: Command, host: CliHost): void {
  root
    .command('train')
    .description('train a model on the feature store and register it')
    .option('--cutoff <slate>', 'use rows of slates before this date only (default: today)')
    .option('--promote', 'make it the champion at once, if it does not lose against the present one')
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
      printEvaluation(terminal, report);
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

interface Passed {
  readonly despite?: string[];
  readonly reason?: string;
}

function despiteOf({ despite, reason }: Passed): Despite | undefined {
  return despite === undefined ? undefined : { gates: despite, reason: reason ?? '' };
}

/** Everything that is measured, on one screen: the champion by market, its probabilities at lines, and the alarms. */
function printEvaluation(terminal: Terminal, report: Evaluation): void {
  const { from, to, refits, rows, markets, pooled, alarms } = report;
  const champions = markets.filter(({ champion }) => champion);
  terminal.line(
    `Walk-forward ${from} to ${to}: ${refits} refits, ${rows} forecasts a market, each from what was known before its slate. Champion ${champions[0]?.system ?? 'silent'}.`,
  );
  terminal.line();
  const errors = champions.map((own) => {
    const base = markets.find(({ market, system }) => market === own.market && system === 'ewma8');
    const gain = base === undefined ? '' : `${((100 * (own.crps - base.crps)) / base.crps).toFixed(1)} %`;
    return [
      ...[own.market, own.mae_median.toFixed(3), own.mae_mean.toFixed(3), own.rmse.toFixed(3)],
      ...[own.bias.toFixed(2), own.crps.toFixed(3), gain, `${(100 * own.coverage80).toFixed(1)} %`],
      ...[own.pit_ks.toFixed(3), own.slope_free.toFixed(2), own.ece_free.toFixed(3)],
    ];
  });
  const heads = [
    'market',
    'MAE',
    'of mean',
    'RMSE',
    'bias',
    'CRPS',
    'to ewma8',
    'in 80 %',
    'PIT',
    'slope',
    'ECE',
  ];
  for (const line of tableLines(heads, errors)) terminal.line(line);
  const lined = [
    ...champions.map(({ market, line }) => ({ market, line })),
    { market: 'all without prices', line: pooled },
  ].flatMap(({ market, line }) => (line === null ? [] : [{ market, line }]));
  terminal.line();
  terminal.line('At bookmakers’ lines, as published:');
  const calibrated = lined.map(({ market, line }) => [
    ...[
      market,
      line.n,
      line.brier.toFixed(4),
      line.climatology.toFixed(4),
      line.market_brier?.toFixed(4) ?? '',
    ],
    ...[line.ece.toFixed(3), line.floor.toFixed(3)],
    `${line.slope.toFixed(2)} (${line.slope_low.toFixed(2)} to ${line.slope_high.toFixed(2)})`,
  ]);
  const lineHeads = ['market', 'lines', 'Brier', 'base rate', 'prices', 'ECE', 'by chance', 'slope'];
  for (const line of tableLines(lineHeads, calibrated)) terminal.line(line);
  const bins = (pooled?.bins ?? []).filter(({ n }) => n >= MIN_SHOWN_BIN);
  if (bins.length > 0) {
    const share = (value: number): string => (100 * value).toFixed(0);
    terminal.line(
      `Claimed and won, without prices: ${bins.map(({ claimed, won, low, high, n }) => `${share(claimed)} % → ${share(won)} % (${share(low)} to ${share(high)}, n ${n})`).join('; ')}.`,
    );
  }
  for (const alarm of alarms) {
    terminal.line(
      `ALARM ${alarm.kind} of ${alarm.of} in ${alarm.market}: ${alarm.seen.toFixed(3)} on ${alarm.rows} rows, limit ${alarm.limit}: presumed leak`,
    );
  }
  if (alarms.length === 0) terminal.line('No leak alarm.');
}
