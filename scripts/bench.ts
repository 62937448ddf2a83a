/**
 * `npm run bench -- [--home DIR --from SLATE --to SLATE] [--seasons 1,2,5,10] [--teams 30 --games 82] [--write]`: measures
 * the backfill in cold processes, on an ingested home (a copy of it) and on simulated leagues of growing length. Prints JSON;
 * with `--write` also docs/performance.md.
 */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { addDays, parseSlate, seasonLabel } from '#core/calendar.ts';
import { systemClock } from '#platform/clock.ts';
import { openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';
import { simulateLeague } from '#simulate/league.ts';
import type { BatchBench } from './bench-batch.ts';
import type { CaseResult } from './bench-case.ts';
import { distributionsPerSecond, playerLinesPerSecond } from './bench-forecasts.ts';

interface Measurement extends CaseResult {
  readonly data: string;
  readonly load: number;
}

const { values: options } = parseArgs({
  options: {
    home: { type: 'string' },
    from: { type: 'string', default: '2024-10-22' },
    to: { type: 'string', default: '2025-06-30' },
    day: { type: 'string', default: '2025-01-10' },
    'day-before': { type: 'string', default: '2025-01-09' },
    history: { type: 'string', default: '2022-10-18' },
    cases: { type: 'string', default: 'features,floor,three,train,evaluate,graded,exports,day,batch' },
    seasons: { type: 'string', default: '1,2,5,10' },
    teams: { type: 'string', default: '30' },
    games: { type: 'string', default: '82' },
    write: { type: 'boolean', default: false },
  },
});
const work = mkdtempSync(join(tmpdir(), 'tipoff-bench-'));
const run = promisify(execFile);

async function measure(
  data: string,
  name: string,
  home: string,
  from: string,
  to: string,
): Promise<Measurement> {
  const load = loadavg()[0] ?? 0;
  const script = join(import.meta.dirname, 'bench-case.ts');
  const { stdout } = await run(process.execPath, [script, name, home, from, to], { maxBuffer: 1 << 24 });
  const result: Measurement = { ...(JSON.parse(stdout) as CaseResult), data, load };
  process.stderr.write(
    `${data}: ${name} ${result.seconds.toFixed(1)} s, ${result.cpu_seconds.toFixed(1)} s of processor time, load ${load.toFixed(1)}\n`,
  );
  return result;
}

function copyOf(home: string, name: string): string {
  const to = join(work, name);
  cpSync(home, to, { recursive: true });
  return to;
}

/** A fresh home with the raw rows of a simulated league of `seasons` seasons; the last ends in 2025. */
async function simulatedHome(seasons: number): Promise<{ home: string; from: string; to: string }> {
  const home = join(work, `simulated-${seasons}`);
  const labels = Array.from({ length: seasons }, (_, i) => seasonLabel(2025 - seasons + i));
  const league = simulateLeague({
    seed: 7,
    seasons: labels,
    teams: Number(options.teams),
    gamesPerTeam: Number(options.games),
  });
  const app = await openApp(
    { ...readConfig({}), home },
    { command: 'bench', clock: systemClock, write: () => undefined },
  );
  for (const { table, rows } of league.rows) await app.warehouse.append(table, rows);
  await app.close();
  return { home, from: league.slates[0] ?? options.from, to: league.slates.at(-1) ?? options.to };
}

/** Throws unless a folder is a home with raw rows and nothing computed: what stands is not computed again, and would count as fast. */
async function requireNothingComputed(home: string): Promise<void> {
  if (!existsSync(join(home, 'warehouse.duckdb')))
    throw new TypeError(
      `--home: expected a home, and ${home} has no warehouse.duckdb; tipoff ingest makes one`,
    );
  const warehouse = await openDuckDb(join(home, 'warehouse.duckdb'));
  try {
    const [row] = await warehouse.query<{ slates: number }>(
      'SELECT COUNT(DISTINCT slate) AS slates FROM nba_analytics.player_game_summary WHERE slate IS NOT NULL',
    );
    const slates = row?.slates ?? 0;
    if (slates === 0) return;
    throw new TypeError(
      `--home: expected ingested rows and nothing computed, and ${home} has summaries of ${slates} slates; ingest into a new home`,
    );
  } finally {
    await warehouse.close();
  }
}

/** Labels of the `day` case's data, by what its model forecasts. */
const EVERY_MARKET = 'ingested history';
const POINTS_ALONE = 'ingested history, points alone';

const measurements: Measurement[] = [];
let batch: BatchBench | undefined;
try {
  if (options.home !== undefined) {
    await requireNothingComputed(options.home);
    const cases = options.cases.split(',');
    const computed = copyOf(options.home, 'real');
    if (cases.includes('features'))
      measurements.push(await measure('ingested season', 'features', computed, options.from, options.to));
    if (cases.includes('floor'))
      measurements.push(
        await measure('ingested season', 'floor', copyOf(options.home, 'floor'), options.from, options.to),
      );
    if (['three', 'train', 'evaluate'].some((name) => cases.includes(name))) {
      const three = copyOf(options.home, 'three');
      const data = 'three ingested seasons';
      measurements.push(await measure(data, 'features', three, options.history, options.to));
      if (cases.includes('train'))
        measurements.push(await measure(data, 'train', three, options.history, options.to));
      if (cases.includes('evaluate'))
        measurements.push(await measure('ingested season', 'evaluate', three, options.from, options.to));
    }
    if (cases.includes('graded')) {
      // Models learn from earlier seasons, so those features exist before the season is run.
      const graded = copyOf(options.home, 'graded');
      await measure(
        'preparation',
        'features',
        graded,
        options.history,
        addDays(parseSlate(options.from), -1),
      );
      measurements.push(await measure('ingested season', 'graded', graded, options.from, options.to));
      if (cases.includes('exports'))
        measurements.push(await measure('graded season', 'exports', graded, options.from, options.to));
    }
    if (cases.includes('day')) {
      // A home as on any day of a season: features of the whole history, and a model trained earlier.
      await measure('preparation', 'features', computed, options.history, options.to);
      const lastLearnt = addDays(parseSlate(options['day-before']), -1);
      const points = join(work, 'points');
      cpSync(computed, points, { recursive: true });
      for (const [name, home, data] of [
        ['train', computed, EVERY_MARKET],
        ['train-points', points, POINTS_ALONE],
      ] as const) {
        await measure('preparation', name, home, lastLearnt, lastLearnt);
        await measure('preparation', 'day', home, options['day-before'], options['day-before']);
        measurements.push(await measure(data, 'day', home, options.day, options.day));
      }
    }
  }
  if (options.cases.split(',').includes('batch')) {
    const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'bench-batch.ts')], {
      maxBuffer: 1 << 24,
    });
    batch = JSON.parse(stdout) as BatchBench;
    process.stderr.write(
      `batch: ${batch.published_seconds.toFixed(1)} s, consolidation ${batch.consolidation_ratio.toFixed(2)} x by hand\n`,
    );
  }
  for (const seasons of options.seasons
    .split(',')
    .map(Number)
    .filter((count) => count > 0)) {
    const { home, from, to } = await simulatedHome(seasons);
    measurements.push(
      await measure(`${seasons} simulated season${seasons === 1 ? '' : 's'}`, 'features', home, from, to),
    );
    rmSync(home, { recursive: true, force: true });
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

const machine = {
  processors: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
  memory_gb: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  measured_at: systemClock.now().toISOString(),
};
const distributions = distributionsPerSecond();
const playerLines = playerLinesPerSecond();
process.stdout.write(
  `${JSON.stringify({ machine, measurements, batch, distributions_per_second: distributions, player_lines_per_second: playerLines }, null, 2)}\n`,
);
if (options.write) writeFileSync(join(import.meta.dirname, '../docs/performance.md'), page());

/** Seconds of a day's per-market steps; features are shared by all markets. */
function ofMarkets({ steps }: Measurement): number {
  return ['predict', 'grade', 'export'].reduce((sum, phase) => sum + (steps[phase] ?? 0), 0);
}

function page(): string {
  const cells = measurements.map((one) => [
    one.data,
    one.case,
    one.seconds.toFixed(1),
    one.cpu_seconds.toFixed(1),
    one.slates === 0 ? '' : ((1000 * one.seconds) / one.slates).toFixed(0),
    `${Math.round((100 * one.engine_seconds) / one.seconds)} %`,
    Math.round(one.peak_mb).toString(),
    one.rows.toString(),
    one.eta_ratio === null ? '' : one.eta_ratio.toFixed(2),
    one.load.toFixed(1),
  ]);
  const header = [
    'data',
    'case',
    's',
    'CPU s',
    'ms/slate',
    'in the engine',
    'peak MB',
    'rows',
    'ETA',
    'load',
  ];
  const row = (columns: readonly string[]): string => `| ${columns.join(' | ')} |`;
  const [features, raw] = ['features', 'floor'].map((name) =>
    measurements.find((one) => one.case === name && one.data === 'ingested season'),
  );
  const ratio =
    features === undefined || raw === undefined
      ? []
      : [
          `The season's features take ${(features.cpu_seconds / raw.cpu_seconds).toFixed(2)} times the processor time of the floor.`,
          '',
        ];
  const [every, points] = [EVERY_MARKET, POINTS_ALONE].map((data) =>
    measurements.find((one) => one.case === 'day' && one.data === data),
  );
  const markets =
    every === undefined || points === undefined
      ? []
      : [
          `Forecasting, grading and exporting a slate of all markets takes ${(ofMarkets(every) - ofMarkets(points)).toFixed(1)} s more than of points alone.`,
          '',
        ];
  const steps = features === undefined ? [] : Object.entries(features.steps).sort(([, a], [, b]) => b - a);
  return [
    '# Performance',
    '',
    'Generated by `npm run bench -- --home <ingested home> --write`. Do not edit.',
    '',
    `Machine: ${machine.processors}, ${machine.memory_gb} GB, Node ${machine.node}, ${machine.measured_at.slice(0, 10)}. Every row is a process of its own,`,
    'cold, from its start to its end. `load` is the load of the machine when the process began: above the number of processors',
    'the seconds are those of a busy machine, and CPU seconds are the better measure.',
    '',
    '- `features`: phases 3 and 4 of the range, with the summaries of the history before it, from ingested rows, with ledger and checks.',
    '- `floor`: the same SELECTs as one raw script of `CREATE TABLE AS`, without contracts, checks, rounding, receipts or ledger.',
    '- `graded`: features, a model per week, predictions, publication and grades of every slate; the features of earlier seasons stand.',
    '- `exports`: the documents of every slate of the season that was graded.',
    '- `train`: a model of every published market on all rows, from an opened home to the registered artefact.',
    '- `evaluate`: the season walked through in every market, a fit a week, with all scores.',
    '- `day`: one slate in daily mode, all phases, on a home whose history is computed, with a model that was trained and registered before.',
    `  On \`${POINTS_ALONE}\` that model forecasts points and nothing else.`,
    '- `ETA`: time left as foretold when a tenth of the time had passed, over the time it then took.',
    '',
    ...(batch === undefined
      ? []
      : [
          `One batch over HTTP, ${batch.players} players at two lines with every system, ${batch.rows} rows staged in units: \`/start\` answers after`,
          `${(1000 * batch.answer_seconds).toFixed(0)} ms, everything is published after ${batch.published_seconds.toFixed(1)} s. The copy of the rows takes`,
          `${batch.copy_ratio.toFixed(2)} times one hand-written INSERT … SELECT of the same rows, the whole consolidation from the move into it to the batch`,
          `published (lease, audit, copy, picks, fencing, receipt) ${batch.consolidation_ratio.toFixed(2)} times. Dropping the staging tables comes after that: ${(batch.clearing_seconds * 1000).toFixed(0)} ms.`,
          '',
        ]),
    `One processor makes ${distributions} distributions of points in a second, and ${playerLines} forecasts of a player at a line, over all markets.`,
    '',
    row(header),
    row(header.map(() => '---')),
    ...cells.map(row),
    '',
    ...ratio,
    ...markets,
    ...(steps.length === 0
      ? []
      : [
          'Seconds by step of the season:',
          '',
          row(['step', 's']),
          row(['---', '---']),
          ...steps.map(([step, seconds]) => row([step, seconds.toFixed(2)])),
          '',
        ]),
  ].join('\n');
}
