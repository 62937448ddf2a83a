import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { openApp } from '#app/compose.ts';
import { processConfig } from '#app/config.ts';
import { dayDeps } from '#app/day-deps.ts';
import { liveDays, ONE_RUN, proofSlates, settableClock } from '#app/healthy-world.ts';
import { seasonLabel } from '#core/calendar.ts';
import { simulateLeague } from '#simulate/league.ts';

/**
 * Time of the whole catalogue from a cold process against a number of simulated seasons. The last two days of the league are
 * lived through all phases, everything before is history with features. A home that is there already is used again.
 * Usage: node scripts/bench-canaries.ts <folder> [teams] [seasons ...]
 */
const THROUGH = '2024-12-14';
const [folder, teams = '30', ...counts] = process.argv.slice(2);
if (folder === undefined) throw new Error('expected a folder for the homes');

for (const count of (counts.length === 0 ? ['1', '5'] : counts).map(Number)) {
  const home = `${folder}/${teams}x${count}`;
  if (!existsSync(home)) {
    await mkdir(home, { recursive: true });
    const seasons = Array.from({ length: count }, (_, i) => seasonLabel(2024 - count + 1 + i));
    const league = simulateLeague({ seed: 3, seasons, teams: Number(teams), through: THROUGH });
    const days = proofSlates(league);
    await writeFile(`${home}.tonight`, days.at(-1) ?? THROUGH);
    const clock = settableClock(new Date(`${days[0]}T06:00:00Z`));
    const app = await openApp({ ...processConfig(), home }, { command: 'bench', clock, write: () => undefined });
    await liveDays(await dayDeps(app, 'bench'), { league, clock, slates: days, hours: ONE_RUN });
    await app.close();
  }
  const node = process.execPath;
  const tonight = await readFile(`${home}.tonight`, 'utf8');
  for (let round = 0; round < 3; round++) {
    const from = performance.now();
    const run = spawnSync(node, ['src/app/cli/tipoff.ts', 'canary', 'run', '--home', home, '--as-of', `${tonight}T22:30:00Z`], {
      encoding: 'utf8',
    });
    const last = run.stdout.trim().split('\n').at(-1) ?? run.stderr;
    process.stdout.write(
      `${count} seasons, ${teams} teams: exit ${run.status}, ${((performance.now() - from) / 1000).toFixed(2)} s wall; ${last}\n`,
    );
  }
}
