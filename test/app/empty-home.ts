import { mkdir } from 'node:fs/promises';
import { homePaths } from '#platform/home.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

/** A home without anything in it, for verbs that work in one and make none. */
export async function emptyHome(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await (await openWarehouse({ path: homePaths(path).warehouse, tables: 'none' })).close();
}
