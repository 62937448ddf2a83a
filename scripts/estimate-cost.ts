/**
 * `npm run cost -- [--seasons 2] [--teams 30] [--project ID] [--write]`: estimates offline what a day, a
 * canary run and the backfill of a season read on BigQuery, statement by statement over a simulated league.
 * With `--project` it also asks BigQuery by dry runs, which are free. With `--write` it writes docs/cost.md.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { backfillDeps } from '#app/backfill.ts';
import { canaryDeps } from '#app/canaries.ts';
import { openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { dayDeps } from '#app/day.ts';
import { proofSlates, settableClock } from '#app/healthy-league.ts';
import { bytesText } from '#core/billing.ts';
import { addDays, easternInstant, type Slate, seasonLabel, seasonSpan } from '#core/calendar.ts';
import { JOBS_BY_CLOCK, timesADay } from '#core/clock.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { runBackfill } from '#guard/backfill/run.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { codeSchema } from '#guard/schema/code-schema.ts';
import { boundsByCheck } from '#guard/schema/partition-filter.ts';
import { columnsReadBy } from '#guard/schema/statement-reader.ts';
import { runDay } from '#pipeline/day.ts';
import { openSqlEngine } from '#platform/warehouse/duckdb/sql-engine.ts';
import { loadLeague, simulateLeague } from '#simulate/league.ts';
import { commandTable } from './cost/bill.ts';
import { byteReader } from './cost/bytes.ts';
import { costPage, sumOf, type WorkCost } from './cost/document.ts';
import { type Metered, meter } from './cost/meter.ts';

const { values: options } = parseArgs({
  options: {
    seasons: { type: 'string', default: '2' },
    teams: { type: 'string', default: '30' },
    games: { type: 'string', default: '82' },
    through: { type: 'string', default: '2025-03-15' },
    project: { type: 'string' },
    location: { type: 'string', default: 'US' },
    write: { type: 'boolean', default: false },
  },
});

/** Provisioned starts of the day and canary jobs per month; those before tip-offs are included. */
const DAYS_A_MONTH = 30;
const RUNS_A_DAY = timesADay(JOBS_BY_CLOCK.day.cloud);
const CANARY_RUNS_A_DAY = timesADay(JOBS_BY_CLOCK.canaries.cloud);

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function works(home: string): Promise<{ works: WorkCost[]; stored: number; season: string }> {
  const year = Number(options.through.slice(0, 4));
  // A season is named after the year in which it begins, in autumn.
  const last = options.through.slice(5) >= '08-01' ? year : year - 1;
  const seasons = Array.from({ length: Number(options.seasons) }, (_, i) =>
    seasonLabel(last - Number(options.seasons) + 1 + i),
  );
  const league = simulateLeague({
    ...{ seed: 7, seasons, teams: Number(options.teams), gamesPerTeam: Number(options.games) },
    ...{ through: options.through, withShots: true },
  });
  const [, tonight = options.through as Slate] = proofSlates(league);
  const clock = settableClock(easternInstant(tonight, '12:15'));
  const app = await openApp({ ...readConfig({}), home }, { command: 'cost', clock, write: say });
  try {
    say(`A league of ${options.teams} teams, ${seasons.join(', ')}, up to ${tonight}.`);
    await loadLeague(app.warehouse, league, { clock });
    const columnsOf = (sql: string) => columnsReadBy(sql, codeSchema(), openSqlEngine);
    const tables = new Set(CONTRACTS.map(({ dataset, name }) => `${dataset}.${name}`));
    const views = new Map([...boundsByCheck(codeSchema())].filter(([id]) => !tables.has(id)));
    const metered = meter(app.warehouse, byteReader(app.warehouse, CONTRACTS, columnsOf, views));
    const watched = { ...app, warehouse: metered.warehouse };

    const features = ['analytics', 'precompute'] as const;
    const plain = await backfillDeps(app, 'cost');
    const season = seasons[0] ?? '';
    const { from, to } = seasonSpan(season);
    say(`The season ${season}.`);
    const backfilled = await runBackfill(await backfillDeps(watched, 'cost'), {
      from,
      to,
      phases: features,
      by: 'cost',
    });
    const backfill = metered.take();
    say('Everything since, and the day before.');
    await runBackfill(plain, { from, to: addDays(tonight, -1), phases: features, by: 'cost' });
    const yesterday = addDays(tonight, -1);
    clock.set(easternInstant(yesterday, '12:15'));
    await runDay(await dayDeps(app, 'cost'), { slate: yesterday, by: 'cost' });
    clock.set(easternInstant(tonight, '12:15'));
    say(`The day ${tonight}.`);
    const day = await runDay(await dayDeps(watched, 'cost'), { slate: tonight, by: 'cost' });
    const daily = metered.take();
    clock.set(easternInstant(tonight, '17:45'));
    say('The canaries.');
    const canaries = await runCanaries(canaryDeps(watched), {
      canaries: CATALOGUE,
      asOf: clock.now(),
      budgetSeconds: 600,
    });
    const asked = metered.take();
    say(`${backfilled.plan.slates} slates, day ${day.state}, ${canaries.results.length} canaries.`);

    const reader = byteReader(app.warehouse, CONTRACTS, columnsOf, views);
    let stored = 0;
    for (const contract of CONTRACTS) stored += await reader.rows(contract);
    return {
      season,
      stored,
      works: [
        { name: 'a run of the day', statements: daily, perMonth: DAYS_A_MONTH * RUNS_A_DAY },
        { name: 'a run of the canaries', statements: asked, perMonth: DAYS_A_MONTH * CANARY_RUNS_A_DAY },
        { name: `the features of the season ${season}, computed again`, statements: backfill, perMonth: 0 },
      ],
    };
  } finally {
    await app.close();
  }
}

/** Bytes of the same statements by BigQuery's own dry runs. */
async function dryRuns(project: string, statements: readonly Metered[]): Promise<number> {
  const { openBigQuery } = await import('#platform/warehouse/bigquery/warehouse.ts');
  const warehouse = openBigQuery({ projectId: project, location: options.location });
  let bytes = 0;
  for (const { sql, params } of statements)
    if (sql !== undefined) bytes += (await warehouse.dryRun(sql, params)).bytes;
  await warehouse.close();
  return bytes;
}

const home = mkdtempSync(join(tmpdir(), 'tipoff-cost-'));
try {
  const measured = await works(home);
  for (const { name, statements } of measured.works) {
    const own = `${name}: ${sumOf(statements, 'queries')} queries, ${bytesText(sumOf(statements, 'processed'))} read, ${bytesText(sumOf(statements, 'billed'))} billed`;
    const asked =
      options.project === undefined
        ? ''
        : `; BigQuery says ${bytesText(await dryRuns(options.project, statements))}`;
    process.stdout.write(`${own}${asked}\n`);
  }
  process.stdout.write(`By command, as the strict front counted it:\n${commandTable().join('\n')}\n`);
  const page = costPage({
    ...{ works: measured.works, stored: measured.stored, command: 'npm run cost -- --write' },
    data: `a simulated league of ${options.teams} teams with ${options.seasons} seasons stored, shots included, up to ${options.through}`,
  });
  if (options.write) writeFileSync(join(import.meta.dirname, '../docs/cost.md'), page);
} finally {
  rmSync(home, { recursive: true, force: true });
}
