import { parseArgs } from 'node:util';
import { type DayHour, liveDays } from '#app/healthy-league.ts';
import { addDays, daysBetween, easternTime, parseSlate, type Slate } from '#core/calendar.ts';
import { isFailing } from '#core/check.ts';
import { LAST_CALL_MINUTES } from '#core/run-modes.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import type { CanaryResult } from '#guard/canaries/definition.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { requireTrainable } from '#guard/quality/trend.ts';
import { modelSource } from '#model/model-source.ts';
import { gradeRange } from '#pipeline/day.ts';
import { type SimulatedLeague, simulateLeague } from '#simulate/league.ts';
import { withFewerLines, withLaterTipoffs, withRookies, withTrades } from '#test/fakes/league-scenarios.ts';
import { emptyWorld } from '#test/guard/canaries/world.ts';

/**
 * Lives weeks of a healthy simulated season and asks every check four times a day: opening, the end of summer time, a
 * holiday, the All-Star break with the first days back, the beginning of summer time, the playoffs, and summer. Prints every
 * alert; exit 1 when there is one. A scenario begins on the third day: a tenth fewer lines, a wave of rookies, trades, or later
 * tip-offs that day. As every installation does, it runs once more shortly before games that begin before its last run, and
 * forecasts with models that it trains on what was played. Usage: npm run test:soak -- [--brief] [--seed N] [--teams N]
 * [--scenario fewer-lines|rookies|trades|later-tipoffs] [first..last ...]
 */
const SCENARIOS: Readonly<Record<string, (league: SimulatedLeague, from: Slate) => SimulatedLeague>> = {
  'fewer-lines': withFewerLines,
  rookies: withRookies,
  trades: withTrades,
  'later-tipoffs': withLaterTipoffs,
};

const WINDOWS = [
  '2024-10-22..2024-10-25',
  '2024-11-01..2024-11-05',
  '2024-11-26..2024-11-30',
  '2025-02-12..2025-02-22',
  '2025-03-07..2025-03-11',
  '2025-04-12..2025-04-20',
  '2025-07-10..2025-07-11',
];

function daysOf(window: string): Slate[] {
  const [from, to] = window.split('..').map(parseSlate);
  if (from === undefined || to === undefined) throw new Error(`expected first..last, saw ${window}`);
  return Array.from({ length: daysBetween(from, to) + 1 }, (_, i) => addDays(from, i));
}

const { values, positionals } = parseArgs({
  options: {
    scenario: { type: 'string' },
    brief: { type: 'boolean', default: false },
    seed: { type: 'string', default: '5' },
    teams: { type: 'string', default: '8' },
  },
  allowPositionals: true,
});
const windows = (positionals.length > 0 ? positionals : WINDOWS).map(daysOf);
const slates = windows.flat();
/** The last slate of the window before, by the first of the next. */
const LEFT_BEHIND = new Map(
  windows.slice(1).map((days, i): [Slate | undefined, Slate | undefined] => [days[0], windows[i]?.at(-1)]),
);
const healthy = simulateLeague({
  seed: Number(values.seed),
  seasons: ['2023-24', '2024-25'],
  teams: Number(values.teams),
  gamesPerTeam: 82,
  withRosters: true,
});
const scenario = values.scenario === undefined ? undefined : SCENARIOS[values.scenario];
const third = slates[2] ?? slates[0];
if ((values.scenario !== undefined && scenario === undefined) || third === undefined)
  throw new Error(`expected one of ${Object.keys(SCENARIOS).join(', ')}, saw ${values.scenario}`);
const league = scenario === undefined ? healthy : scenario(healthy, third);
const world = await emptyWorld(`${slates[0]}T06:00:00Z`);
const { warehouse, clock, models: objects } = world;
const admit = (rows: Parameters<typeof requireTrainable>[1]) => requireTrainable(warehouse, rows);
const models = modelSource(
  { warehouse, objects, clock, codeVersion: 'test', admit },
  { trainWhenMissing: true, by: 'soak' },
);
const day = { ...world.day, models };
const alerts: { at: string; result: CanaryResult }[] = [];
const statuses: Record<string, number> = {};
const look = async (now: Date): Promise<void> => {
  const { results } = await runCanaries(world, { canaries: CATALOGUE, asOf: now });
  for (const result of results) {
    statuses[result.status] = (statuses[result.status] ?? 0) + 1;
    if (!isFailing(result)) continue;
    alerts.push({ at: now.toISOString(), result });
    process.stdout.write(
      `ALERT ${now.toISOString()} ${result.check} ${result.slate}: ${result.reason}; ${result.offenders.slice(0, 3).join('; ')}\n`,
    );
  }
};
const HOURS: readonly DayHour[] = [
  { at: '08:15', run: true },
  { at: '09:00', look },
  { at: '10:05', run: true },
  { at: '11:35', look },
  { at: '12:30', run: true },
  { at: '13:00', look },
  { at: '17:45', run: true },
  { at: '18:30', look },
  { at: '23:30', look },
];
/** The least that grades, predicts and follows the lines of a day. */
const BRIEF: readonly DayHour[] = [
  { at: '11:25', run: true },
  { at: '11:35', look },
  { at: '12:30', run: true },
  { at: '17:45', run: true },
  { at: '18:30', look },
];
/** The hours of a slate: the usual ones, and the last look before a game that begins before the last of them. */
const hoursOf = (slate: Slate): readonly DayHour[] => {
  const usual = values.brief ? BRIEF : HOURS;
  const last = usual.findLast((hour) => 'run' in hour)?.at ?? '';
  const early = league.tables.scheduleGames
    .filter((game) => game.slate === slate && game.tipoff_at !== null)
    .map(({ tipoff_at }) =>
      easternTime(new Date(Date.parse(String(tipoff_at)) - Math.min(...LAST_CALL_MINUTES) * 60_000)),
    )
    .filter((at) => at < last);
  const looks = [...new Set(early)].map((at): DayHour => ({ at, run: true }));
  // Who was away grades what he left behind, once the results are there.
  const left = LEFT_BEHIND.get(slate);
  const first = usual.find((hour) => 'run' in hour);
  if (left !== undefined && first !== undefined)
    looks.push({ at: first.at, look: async () => void (await gradeRange(day, left, left)) });
  return [...usual, ...looks].toSorted((a, b) => a.at.localeCompare(b.at));
};
const began = performance.now();
await liveDays(day, { league, clock, slates, hours: hoursOf });
await world.close();
const played = slates.filter((slate) => league.slates.includes(slate)).length;
process.stdout.write(
  `${slates.length} days, ${played} with games, ${JSON.stringify(statuses)}, ${alerts.length} alerts, ${Math.round((performance.now() - began) / 1000)} s\n`,
);
process.exitCode = alerts.length === 0 ? 0 : 1;
