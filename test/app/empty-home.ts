import { cp } from 'node:fs/promises';
import { openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { systemClock } from '#platform/clock.ts';
import { madeOnce } from '#test/fakes/leagues.ts';

/** Copies a home with every table and no row to a folder: it is made once, which takes longer than opening it. */
export async function homeWithoutRows(path: string): Promise<void> {
  const made = await madeOnce('home without rows', ['src', 'test/app/empty-home.ts'], async (home) => {
    const options = { command: 'test', clock: systemClock, write: () => undefined };
    await (await openApp(readConfig({ TIPOFF_HOME: home }), options)).close();
  });
  await cp(made, path, { recursive: true });
}
