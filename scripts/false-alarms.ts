import { parseArgs } from 'node:util';
import { canaryDeps } from '#app/canaries.ts';
import { openApp } from '#app/compose.ts';
import { processConfig } from '#app/config.ts';
import { dayDeps, trainDeps } from '#app/day.ts';
import { addDays, daysBetween, easternInstant, parseSlate, type Slate, seasonSpan } from '#core/calendar.ts';
import { isFailing } from '#core/check.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { seasonModelSource } from '#model/model-source.ts';
import { runDay } from '#pipeline/day.ts';
import { declareSources } from '#pipeline/ingest/declared-sources.ts';
import { systemClock } from '#platform/clock.ts';

/**
 * Counts false alarms on a real season: runs every phase for each slate in a home with ingested data, and
 * runs every check at 09:00, 13:00, 18:30 and 23:30 ET of each day. Published slates are not run again.
 * Source declarations are learnt along the way, as in daily operation. Usage: node scripts/false-alarms.ts
 * <home> [--hours 09:00,18:30] [first..last ...]
 */
function daysOf(window: string): Slate[] {
  const [first, last = first] = window.split('..').map(parseSlate);
  if (first === undefined || last === undefined) throw new Error(`expected first..last, saw ${window}`);
  return Array.from({ length: daysBetween(first, last) + 1 }, (_, i) => addDays(first, i));
}

const { values, positionals } = parseArgs({
  options: { hours: { type: 'string', default: '09:00,13:00,18:30,23:30' } },
  allowPositionals: true,
});
const ASKED_AT = values.hours.split(',');
const [home, ...windows] = positionals;
if (home === undefined) throw new Error('expected the home with the ingested data');
const season = seasonSpan('2024-25');
const days = (windows.length === 0 ? [`${season.from}..${addDays(season.to, -90)}`] : windows).flatMap(
  daysOf,
);
const [from = season.from, to = season.to] = [days[0], days.at(-1)];
const write = (line: string): void => void process.stdout.write(`${line}\n`);

const app = await openApp(
  { ...processConfig(), home },
  { command: 'false alarms', clock: systemClock, write },
);
try {
  const deps = await dayDeps(
    app,
    'false alarms',
    seasonModelSource(trainDeps(app), { from, to, by: 'false alarms' }),
  );
  const done = new Set(
    (
      await app.warehouse.query<{ slate: Slate }>(
        "SELECT DISTINCT slate FROM nba_predictions.publications WHERE event = 'published'",
      )
    ).map(({ slate }) => slate),
  );
  const games = await app.warehouse.query<{ slate: Slate }>(
    'SELECT DISTINCT slate FROM nba_raw.schedule_games WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)',
    { from, to },
  );
  const played = new Set(games.map(({ slate }) => slate));
  const counts = new Map<string, number>();
  let asked = 0;
  for (const slate of days) {
    if (played.has(slate) && !done.has(slate)) {
      const { state, seconds, reason, phases } = await runDay(
        { ...deps, runId: `${deps.runId}-${slate}` },
        { slate, mode: 'BACKFILL', by: 'false alarms' },
      );
      const failed = phases
        .filter(({ verdict }) => verdict === 'failed')
        .map(({ phase, detail }) => `${phase} failed: ${detail}`);
      write(`${slate} ${state} ${seconds.toFixed(1)} s ${[reason ?? '', ...failed].join(' ')}`);
    }
    await declareSources(app, slate, []);
    for (const at of ASKED_AT) {
      const { results } = await runCanaries(canaryDeps(app), {
        canaries: CATALOGUE,
        asOf: easternInstant(slate, at),
        store: false,
      });
      for (const result of results) {
        if (result.status !== 'skip') asked++;
        if (!isFailing(result)) continue;
        counts.set(result.check, (counts.get(result.check) ?? 0) + 1);
        write(
          `ALERT ${slate} ${at} ${result.check} ${result.slate} ${result.severity}: ${result.reason}; ${result.offenders.slice(0, 4).join('; ')}`,
        );
      }
    }
  }
  write(
    `${days.length} days, ${days.length * ASKED_AT.length} runs, ${asked} answers, ${[...counts.values()].reduce((total, count) => total + count, 0)} alerts`,
  );
  for (const [id, count] of [...counts].sort((a, b) => b[1] - a[1]))
    write(`${String(count).padStart(6)} ${id}`);
} finally {
  await app.close();
}
