import { cp, mkdir } from 'node:fs/promises';
import { openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { systemClock } from '#platform/clock.ts';
import { homePaths } from '#platform/home.ts';
import { madeOnce } from '#test/fakes/leagues.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

/** A home without anything in it, for verbs that work in one and make none. */
export async function emptyHome(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await (await openWarehouse({ path: homePaths(path).warehouse, tables: 'none' })).close();
}

/** Copies a home with every table and no row to a folder: it is made once, which takes longer than opening it. */
export async function homeWithoutRows(path: string): Promise<void> {
  const made = await madeOnce('home without rows', ['src', 'test/app/empty-home.ts'], async (home) => {
    const options = { command: 'test', clock: systemClock, write: () => undefined };
    await (await openApp(readConfig({ TIPOFF_HOME: home }), options)).close();
  });
  await cp(made, path, { recursive: true });
}
