import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll } from 'vitest';
import { DATASETS } from '#core/contracts/define.ts';
import { engineSettings, openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';
import { warehouseContract } from '#test/contract/warehouse.ts';

const MEMORY = ':memory:contract';
const EMPTY = [
  ...Object.keys(DATASETS).map((name) => `DROP SCHEMA IF EXISTS ${name} CASCADE`),
  'DROP TABLE IF EXISTS tipoff_meta.tables',
].join('; ');

let engine: DuckDBInstance;
let directory = '';
let files = 0;
beforeAll(async () => {
  engine = await DuckDBInstance.fromCache(MEMORY, engineSettings(MEMORY, availableParallelism()));
  directory = await mkdtemp(join(tmpdir(), 'tipoff-warehouse-'));
});
afterAll(async () => {
  engine.closeSync();
  await rm(directory, { recursive: true });
});

// One engine, without the tables of the test before it; its functions stay, which takes half of the time of a new one. Those of a
// file are made anew for every test.
warehouseContract('DuckDB in memory', async () => {
  const connection = await engine.connect();
  await connection.run(EMPTY);
  connection.closeSync();
  return openDuckDb(MEMORY, { threads: availableParallelism() });
});

warehouseContract('DuckDB in a file', () => openDuckDb(join(directory, `${files++}.duckdb`)));
