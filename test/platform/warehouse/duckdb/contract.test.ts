import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll } from 'vitest';
import { DATASETS } from '#core/contracts/define.ts';
import { engineSettings, openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { warehouseContract } from '#test/contract/warehouse.ts';

const EMPTY = [
  ...Object.keys(DATASETS).map((name) => `DROP SCHEMA IF EXISTS ${name} CASCADE`),
  'DROP TABLE IF EXISTS tipoff_meta.tables',
].join('; ');

let directory = '';
const engines = new Map<string, DuckDBInstance>();
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tipoff-warehouse-'));
});
afterAll(async () => {
  for (const engine of engines.values()) engine.closeSync();
  await rm(directory, { recursive: true });
});

/**
 * Opens the warehouse of an engine that is open for all tests, without the tables of the test before it. Its functions stay: making
 * them takes half of the time of a new engine.
 */
async function emptied(path: string, threads: number): Promise<Warehouse> {
  const engine = engines.get(path) ?? (await DuckDBInstance.fromCache(path, engineSettings(path, threads)));
  engines.set(path, engine);
  const connection = await engine.connect();
  await connection.run(EMPTY);
  connection.closeSync();
  return openDuckDb(path, { threads });
}

warehouseContract('DuckDB in memory', () => emptied(':memory:contract', availableParallelism()));

warehouseContract('DuckDB in a file', () => emptied(join(directory, 'contract.duckdb'), 1));
