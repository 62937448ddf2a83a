import { DuckDBInstance } from '@duckdb/node-api';
import { homePaths } from '#platform/home.ts';
import { engineSettings } from '#platform/warehouse/duckdb/warehouse.ts';

/**
 * Keeps the engine of a home open until the returned function is called. Starting it, loading the file and writing it back takes longer
 * than most commands: for tests of what several commands of this process do, not of what is on the disk between them.
 */
export async function holdWarehouse(home: string): Promise<() => void> {
  const { warehouse } = homePaths(home);
  const instance = await DuckDBInstance.fromCache(warehouse, engineSettings(warehouse));
  const connection = await instance.connect();
  // Who opens the file after this reads what was written from its log.
  await connection.run('PRAGMA disable_checkpoint_on_shutdown');
  connection.closeSync();
  return () => instance.closeSync();
}
