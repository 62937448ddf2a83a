import { type Column, nullable, required, type TableContract } from '#core/contracts/define.ts';
import { openDuckDb } from '#platform/warehouse/duckdb/warehouse.ts';

/** Run by hand: seconds to append, read as rows and read as columns 100,000 rows of 30 columns, three times each. */
const ROWS = 100_000;
const RUNS = 3;

const floats = Array.from({ length: 20 }, (_, i) => `value_${i}`);
const texts = ['player_name', 'player_lookup', 'team_abbr', 'opponent_abbr'];
const columns: Record<string, Column> = {
  id: required.int('Row number'),
  slate: required.date('ET calendar date'),
  seen_at: nullable.timestamp('An instant'),
  line: nullable.numeric('Exact decimal'),
  games: nullable.int('Count'),
  flag: nullable.bool('True or false'),
  ...Object.fromEntries(texts.map((name) => [name, nullable.string('Text')])),
  ...Object.fromEntries(floats.map((name) => [name, nullable.float('Number')])),
};
const table: TableContract = {
  dataset: 'nba_raw',
  name: 'bulk',
  description: 'Bulk rows',
  columns,
  key: ['id'],
  writer: 'measurement',
};
const rows = Array.from({ length: ROWS }, (_, i) => ({
  id: i,
  slate: '2025-01-02',
  seen_at: '2025-01-02T23:00:00.123Z',
  line: `${(i % 40) + 0.5}`,
  games: i % 82,
  flag: i % 2 === 0,
  ...Object.fromEntries(texts.map((name) => [name, `${name} ${i % 500}`])),
  ...Object.fromEntries(floats.map((name, k) => [name, i * 0.37 + k])),
}));

const seconds = async (work: () => Promise<unknown>): Promise<string> => {
  const start = performance.now();
  await work();
  return ((performance.now() - start) / 1000).toFixed(2);
};

for (let run = 0; run < RUNS; run++) {
  const warehouse = await openDuckDb(':memory:');
  await warehouse.prepare([table]);
  const append = await seconds(() => warehouse.append(table, rows));
  const appendNew = await seconds(() => warehouse.appendNew(table, rows));
  const query = await seconds(() => warehouse.query('SELECT * FROM nba_raw.bulk'));
  const queryColumns = await seconds(() => warehouse.queryColumns('SELECT * FROM nba_raw.bulk'));
  await warehouse.close();
  process.stdout.write(
    `${JSON.stringify({ columns: Object.keys(columns).length, append, appendNew, query, queryColumns })}\n`,
  );
}
