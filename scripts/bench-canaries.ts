import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { openApp } from '#app/compose.ts';
import { processConfig } from '#app/config.ts';
import { dayDeps } from '#app/day.ts';
import { liveDays, ONE_RUN, proofSlates, settableClock } from '#app/healthy-league.ts';
import { seasonLabel } from '#core/calendar.ts';
import { simulateLeague } from '#simulate/league.ts';
import { type Scan, scansOf } from './canary-scans.ts';

/**
 * Times the whole catalogue in a cold process and counts the rows its statements read, for several numbers of
 * simulated seasons. The last two days of the league run through all phases; everything before is history with
 * features. An existing home is reused. Usage: node scripts/bench-canaries.ts <folder> [teams] [seasons ...]
 */
const THROUGH = '2024-12-14';
const ROUNDS = 3;
const [folder, teams = '30', ...given] = process.argv.slice(2);
if (folder === undefined) throw new Error('expected a folder for the homes');
const counts = (given.length === 0 ? ['1', '5'] : given).map(Number);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function prepare(home: string, seasons: number): Promise<void> {
  await mkdir(home, { recursive: true });
  const labels = Array.from({ length: seasons }, (_, i) => seasonLabel(2024 - seasons + 1 + i));
  const league = simulateLeague({ seed: 3, seasons: labels, teams: Number(teams), through: THROUGH });
  const days = proofSlates(league);
  const clock = settableClock(new Date(`${days[0]}T06:00:00Z`));
  const app = await openApp(
    { ...processConfig(), profile: 'embedded', home },
    { command: 'bench', clock, write: () => undefined },
  );
  try {
    await liveDays(await dayDeps(app, 'bench'), { league, clock, slates: days, hours: ONE_RUN });
  } finally {
    await app.close();
  }
  await writeFile(`${home}.tonight`, days.at(-1) ?? THROUGH);
}

/** One cold process: wall-clock and processor seconds, and the summary line of the catalogue. */
function run(home: string, asOf: string): { wall: number; cpu: number; said: string } {
  const from = performance.now();
  const child = spawnSync(
    '/usr/bin/env',
    [
      'bash',
      '-c',
      'TIMEFORMAT="%U %S"; time "$0" "$@"',
      process.execPath,
      'src/app/cli/tipoff.ts',
      'canary',
      'run',
      '--home',
      home,
      '--as-of',
      asOf,
    ],
    { encoding: 'utf8' },
  );
  const wall = (performance.now() - from) / 1000;
  const cpu = (child.stderr.trim().split('\n').at(-1) ?? '')
    .split(' ')
    .reduce((total, part) => total + Number(part), 0);
  const said = child.stdout.split('\n').find((line) => line.includes(' could not run,')) ?? child.stderr;
  return { wall, cpu, said: `exit ${child.status}, ${said}` };
}

const scans = new Map<number, Scan[]>();
for (const count of counts) {
  const home = `${folder}/${teams}x${count}`;
  if (!existsSync(`${home}.tonight`)) await prepare(home, count);
  const asOf = `${await readFile(`${home}.tonight`, 'utf8')}T22:30:00Z`;
  for (let round = 0; round < ROUNDS; round++) {
    const { wall, cpu, said } = run(home, asOf);
    say(
      `${count} seasons of ${teams} teams: ${wall.toFixed(2)} s on the wall, ${cpu.toFixed(2)} s of processor time, load ${loadavg()[0]?.toFixed(1)}; ${said}`,
    );
  }
  scans.set(count, await scansOf(home, new Date(asOf)));
}
const total = (of: readonly Scan[] | undefined, member: 'looked_at' | 'taken'): number =>
  (of ?? []).reduce((sum, scan) => sum + scan[member], 0);
say(
  `rows within the bounds of the statements: ${counts.map((count) => `${total(scans.get(count), 'taken')} (${count} seasons)`).join(', ')}`,
);
say(
  `rows looked at, in row groups: ${counts.map((count) => `${total(scans.get(count), 'looked_at')} (${count} seasons)`).join(', ')}`,
);
const [first, last] = [scans.get(counts[0] ?? 0) ?? [], scans.get(counts.at(-1) ?? 0) ?? []];
for (const { check, taken } of last) {
  const before = first.find((scan) => scan.check === check)?.taken ?? 0;
  if (taken > 2 * before + 1000) say(`grows: ${check} ${before} to ${taken}`);
}
