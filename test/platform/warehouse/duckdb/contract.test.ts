import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';
import { warehouseContract } from '#test/contract/warehouse.ts';

warehouseContract('DuckDB in memory', () => openDuckDb(':memory:'));

let directory = '';
let files = 0;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tipoff-warehouse-'));
});
afterAll(() => rm(directory, { recursive: true }));

warehouseContract('DuckDB in a file', () => openDuckDb(join(directory, `${files++}.duckdb`)));
