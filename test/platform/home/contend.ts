import { open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TipoffError } from '#core/errors.ts';
import { systemClock } from '#platform/clock.ts';
import { openHome } from '#platform/home.ts';

/** Takes a home again and again and leaves it each time as a dying process would; arguments: folder, rounds. */
const [dir = '', rounds = '0'] = process.argv.slice(2);
const dead = { pid: 99_999_999, command: 'died', startedAt: '2025-01-10T15:00:00.000Z', token: 'dead' };
let met = 0;

async function enter(): Promise<boolean> {
  try {
    await openHome(dir, { command: 'contend', clock: systemClock });
    return true;
  } catch (error) {
    if (error instanceof TipoffError && error.code === 'TIPOFF_HOME_LOCKED') return false;
    throw error;
  }
}

for (let round = 0; round < Number(rounds); round++) {
  while (!(await enter())) await new Promise(setImmediate);
  const inside = join(dir, 'inside');
  const marker = await open(inside, 'wx').catch(() => undefined);
  if (marker === undefined) met += 1;
  await marker?.close();
  await rm(inside, { force: true });
  const note = join(dir, `dying.${process.pid}`);
  await writeFile(note, JSON.stringify(dead));
  await rename(note, join(dir, 'home.lock'));
}
process.stdout.write(`${rounds} rounds, ${met} met somebody\n`);
