import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { dayDeps } from '#app/day.ts';
import { startServing } from '#app/services/serve.ts';
import { parseSlate } from '#core/calendar.ts';
import { runDay } from '#pipeline/day.ts';
import { shiftedClock } from '#platform/clock.ts';
import { loadLeague } from '#simulate/league.ts';
import { TINY_TONIGHT, tinyLeague } from '#test/fakes/tiny-league.ts';

/**
 * The services over a small league of their own that has lived a day, so that every endpoint has something to answer. Prints
 * its address, and ends with everything it made. Usage: TIPOFF_API_KEY=… node test/openapi/serve.ts
 */

const slate = parseSlate(TINY_TONIGHT);
const clock = shiftedClock(`${slate}T17:00:00Z`);
const home = mkdtempSync(join(tmpdir(), 'tipoff-openapi-'));
const write = (line: string): void => {
  process.stderr.write(`${line}\n`);
};
const app = await openApp(readConfig({ ...process.env, TIPOFF_HOME: home }), {
  command: 'test',
  clock,
  write,
});
try {
  await loadLeague(app.warehouse, tinyLeague(), { clock });
  await runDay(await dayDeps(app, 'test'), { slate, by: 'test' });
  const stop = once(process, 'SIGTERM');
  const roles = ['coordinator', 'worker'] as const;
  const serving = await startServing(app, {
    roles,
    workers: 1,
    hostname: '127.0.0.1',
    port: 0,
    log: () => undefined,
  });
  process.stdout.write(`${serving.address}\n`);
  await stop;
  await serving.drain();
} finally {
  await app.close();
  rmSync(home, { recursive: true, force: true });
}
