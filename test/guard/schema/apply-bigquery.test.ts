import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defineTable, nullable, required, tableId, type ViewContract } from '#core/contracts/define.ts';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { schemaChanges } from '#core/contracts/nba_orchestration.ts';
import { applySchema } from '#guard/schema/apply.ts';
import { codeSchema } from '#guard/schema/code-schema.ts';
import { compare } from '#guard/schema/compare.ts';
import { dryRunStatements } from '#guard/schema/dry-run.ts';
import { liveSnapshot, schemaOfWarehouse } from '#guard/schema/live-schema.ts';
import type { Schema } from '#guard/schema/model.ts';
import { readSchemaFiles, schemaFiles } from '#guard/schema/schema-files.ts';
import { virtualClock } from '#platform/clock.ts';
import { FUNCTIONS } from '#platform/sql/port.ts';
import { openBigQuery } from '#platform/warehouse/bigquery/warehouse.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type FakeBigQuery, fakeBigQuery } from '#test/fakes/bigquery-server.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

// Every test makes a whole project by calls over HTTP.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let server: FakeBigQuery;
let warehouse: Warehouse;
beforeEach(async () => {
  server = await fakeBigQuery();
  warehouse = openBigQuery({
    projectId: 'p',
    location: 'EU',
    endpoint: server.url,
    clock: virtualClock('2026-02-08T12:00:00Z'),
  });
  // The fake has no engine: it is told which columns a view has.
  server.answer((sql) => {
    const id = /^CREATE OR REPLACE VIEW (\S+)/.exec(sql)?.[1];
    const columns =
      codeSchema(CONTRACTS, [...VIEWS, view]).views.find((each) => each.id === id)?.columns ?? [];
    return { fields: columns.map((name) => ({ name, type: 'STRING' })) };
  });
});
afterEach(async () => {
  await warehouse.close();
  await server.close();
});

const described = {
  dataset: 'nba_predictions',
  name: 'outage_rows',
  description: "What the worker's run writes",
  key: ['prediction_id'],
  partition: 'slate',
  cluster: ['prediction_id'],
  partitionFilterRequired: true,
  retentionDays: 30,
  writer: 'worker',
} as const;
const columns = { prediction_id: required.string('Prediction'), slate: required.date('Slate') } as const;
const before = defineTable({ ...described, columns });
const view: ViewContract = {
  ref: { dataset: 'nba_predictions', name: 'outage_view' },
  sql: 'SELECT s.run_id FROM nba_orchestration.schema_changes s',
  columns: ['run_id'],
};

const compareSchemas = async (live: Schema, wanted: Schema) => compare(live, wanted);

function apply(
  contracts: Parameters<typeof codeSchema>[0] = CONTRACTS,
  views: readonly ViewContract[] = VIEWS,
  dryRun = false,
) {
  const clock = virtualClock('2026-02-08T12:00:00Z');
  const who = { clock, runId: 'run', by: 'test', codeVersion: '1', compare: compareSchemas };
  return applySchema({ ...who, warehouse, contracts, views }, dryRun);
}

/** What a project has after everything was made in it. */
let made: Pick<FakeBigQuery, 'tables' | 'routines'> | undefined;

/** Makes everything in the empty project of a test, by `apply` the first time. */
async function makeProject(): Promise<void> {
  if (made === undefined) {
    await apply();
    made = structuredClone({ tables: server.tables, routines: server.routines });
    return;
  }
  for (const kind of ['tables', 'routines'] as const)
    for (const [id, one] of structuredClone(made[kind])) server[kind].set(id, one);
}

/** The statements sent since a point, in order; loads of receipts are left out. */
function statements(since = 0): string[] {
  return server.jobs.slice(since).flatMap(({ configuration }) => configuration.query?.query ?? []);
}

/** Receipts of changes, as they were loaded. */
function receipts(): { finding: string; statement: string; engine: string }[] {
  return server.jobs
    .filter(({ configuration }) => configuration.load !== undefined)
    .flatMap(({ lines }) => lines as never[]);
}

describe('schema apply on BigQuery', () => {
  it('makes everything in an empty project, and nothing the second time', async () => {
    const dry = await apply(CONTRACTS, VIEWS, true);
    expect(server.arrived.every(({ method }) => method === 'GET')).toBe(true);
    const first = await apply();
    expect(first.applied.map(({ id }) => id)).toEqual(dry.applied.map(({ id }) => id));
    expect(first.applied.length).toBe(CONTRACTS.length + VIEWS.length + FUNCTIONS.length);
    expect(receipts()).toHaveLength(first.applied.length);
    expect(receipts().every(({ engine }) => engine === 'bigquery')).toBe(true);
    expect([...server.tables.keys()].sort()).toEqual(
      [...CONTRACTS.map(tableId), ...VIEWS.map(({ ref }) => tableId(ref))].sort(),
    );
    const sent = server.jobs.length;
    expect(await apply()).toEqual({ dryRun: false, engine: 'bigquery', applied: [], refused: [], left: [] });
    expect(server.jobs.length).toBe(sent);
  });

  it('makes a table complete in one request, and says the same in one statement', async () => {
    const report = await apply([before, schemaChanges], []);
    expect(server.tables.get('nba_predictions.outage_rows')).toMatchObject({
      description: described.description,
      timePartitioning: { type: 'DAY', field: 'slate', expirationMs: '2592000000' },
      clustering: { fields: ['prediction_id'] },
      requirePartitionFilter: true,
      schema: {
        fields: [
          { name: 'prediction_id', type: 'STRING', mode: 'REQUIRED', description: 'Prediction' },
          { name: 'slate', type: 'DATE', mode: 'REQUIRED', description: 'Slate' },
        ],
      },
    });
    expect(report.applied.find(({ table }) => table === 'nba_predictions.outage_rows')?.fix.bigquery).toEqual(
      [
        "CREATE TABLE nba_predictions.outage_rows (prediction_id STRING NOT NULL OPTIONS (description = 'Prediction'), slate DATE NOT NULL OPTIONS (description = 'Slate')) " +
          "PARTITION BY slate CLUSTER BY prediction_id OPTIONS (description = 'What the worker\\'s run writes', require_partition_filter = TRUE, partition_expiration_days = 30)",
      ],
    );
  });

  it('adds a column, changes words and wider limits by the statements it names', async () => {
    await apply([before, schemaChanges], [view]);
    const after = defineTable({
      ...described,
      description: 'Other words',
      partitionFilterRequired: false,
      retentionDays: 60,
      columns: {
        ...columns,
        slate: required.date("The slate's day"),
        line_source: nullable.string("Who's the line from"),
      },
    });
    const since = server.jobs.length;
    const report = await apply([after, schemaChanges], [view]);
    expect(report.refused).toEqual([]);
    const wanted = [
      "ALTER TABLE nba_predictions.outage_rows ADD COLUMN IF NOT EXISTS line_source STRING OPTIONS (description = 'Who\\'s the line from')",
      "ALTER TABLE nba_predictions.outage_rows SET OPTIONS (description = 'Other words')",
      "ALTER TABLE nba_predictions.outage_rows ALTER COLUMN slate SET OPTIONS (description = 'The slate\\'s day')",
      'ALTER TABLE nba_predictions.outage_rows SET OPTIONS (require_partition_filter = FALSE)',
      'ALTER TABLE nba_predictions.outage_rows SET OPTIONS (partition_expiration_days = 60)',
    ];
    expect(statements(since).slice(0, 5)).toEqual(wanted);
    expect(statements(since)[5]).toMatch(
      /^CREATE OR REPLACE VIEW nba_predictions\.outage_view OPTIONS \(labels = /,
    );
    expect(
      receipts()
        .map(({ statement }) => statement)
        .slice(-5),
    ).toEqual(wanted.map((sql) => sql.replace('IF NOT EXISTS ', '')));
    expect((await apply([after, schemaChanges], [view])).applied).toEqual([]);
  });

  it('replaces functions and views that are not those of the code, each by one statement', async () => {
    await makeProject();
    server.routines.delete('clamp');
    server.routines.set('dow', { ...server.routines.get('dow'), definitionBody: '0' });
    const known = server.tables.get('nba_predictions.current_predictions');
    // Somebody replaced the view by hand: our label is gone.
    server.tables.set('nba_predictions.current_predictions', {
      ...known,
      labels: {},
      view: { query: 'SELECT 1' },
    });
    const since = server.jobs.length;
    expect((await apply()).applied.map(({ id }) => id.split(' ').slice(0, 2).join(' '))).toEqual([
      'function_added fn.clamp',
      'function_body_changed fn.dow',
      'view_text_changed nba_predictions.current_predictions',
    ]);
    const sent = statements(since).filter((sql) => sql.includes('FUNCTION'));
    expect(sent).toContain('CREATE OR REPLACE FUNCTION fn.dow(d DATE) AS (EXTRACT(DAYOFWEEK FROM d))');
    expect(sent).toContain(
      'CREATE OR REPLACE FUNCTION fn.clamp(x ANY TYPE, lo ANY TYPE, hi ANY TYPE) AS (LEAST(GREATEST(x, lo), hi))',
    );
    expect((await apply()).applied).toEqual([]);
  });

  it('names the column that a table lacks, a repeated one for what it is, and a default set by hand', async () => {
    await apply([before, schemaChanges], []);
    const table = server.tables.get('nba_predictions.outage_rows');
    const fields = [
      { name: 'prediction_id', type: 'STRING', mode: 'REPEATED' },
      { name: 'extra', type: 'INTEGER', mode: 'NULLABLE', defaultValueExpression: '7' },
    ];
    server.tables.set('nba_predictions.outage_rows', { ...table, schema: { fields } });
    const found = compare(await schemaOfWarehouse(warehouse), codeSchema([before, schemaChanges], []));
    expect(found.map(({ kind, column, before: was }) => [kind, column, was])).toEqual([
      ['column_removed', 'extra', 'INT64 NULLABLE'],
      ['mode_repeated', 'prediction_id', 'REPEATED'],
      ['column_added', 'slate', null],
    ]);
  });
});

describe('every statement, dry', () => {
  const text = (sql: string) => ({ owner: 'canary planted', path: 'a.ts', line: 3, sql, isWhole: true });

  it('is looked at by BigQuery without being run; a refusal is told with its owner', async () => {
    server.answer((sql) =>
      sql.includes('nowhere')
        ? { error: { reason: 'invalidQuery', message: 'Unrecognized name: nowhere' } }
        : { bytes: 7 },
    );
    const report = await dryRunStatements(warehouse, [
      text(
        'SELECT game_id FROM nba_raw.shots WHERE slate = CAST(@slate AS DATE) AND game_id IN UNNEST(@ids)',
      ),
      text('SELECT nowhere FROM nba_raw.shots'),
      { ...text('SELECT game_id FROM nba_raw.shots'), isWhole: false },
    ]);
    expect(report).toMatchObject({
      statements: 2,
      bytes: 7,
      refused: [{ owner: 'canary planted', path: 'a.ts', line: 3 }],
    });
    expect(report?.refused[0]?.message).toContain('Unrecognized name: nowhere');
    expect(server.jobs).toEqual([]);
  });

  it('is left to the tests where the engine cannot', async () => {
    expect(await dryRunStatements({}, [text('SELECT 1 AS one')])).toBeUndefined();
  });
});

describe('the snapshot of one schema', () => {
  it('is byte for byte the same file from DuckDB, from BigQuery and from the contracts', async () => {
    const code = codeSchema();
    await makeProject();
    const duckdb = await openWarehouse();
    const ofDuckDb = schemaFiles(liveSnapshot(await schemaOfWarehouse(duckdb), code), 'snapshot');
    await duckdb.close();
    const ofBigQuery = schemaFiles(liveSnapshot(await schemaOfWarehouse(warehouse), code), 'snapshot');
    expect(ofBigQuery).toEqual(ofDuckDb);
    expect(ofBigQuery).toEqual(schemaFiles(code, 'snapshot'));
    expect(compare(readSchemaFiles(ofBigQuery, 'snapshot'), code)).toEqual([]);
  });

  it('is another file when one of them differs in a column, a function or the text of a view', async () => {
    const code = codeSchema();
    await makeProject();
    server.routines.set('dow', { ...server.routines.get('dow'), definitionBody: '0' });
    const known = server.tables.get('nba_predictions.current_predictions');
    server.tables.set('nba_predictions.current_predictions', {
      ...known,
      labels: {},
      view: { query: 'SELECT 1' },
    });
    const files = schemaFiles(liveSnapshot(await schemaOfWarehouse(warehouse), code), 'snapshot');
    const changed = schemaFiles(code, 'snapshot').filter(
      ({ path, text }) => files.find((file) => file.path === path)?.text !== text,
    );
    expect(changed.map(({ path }) => path)).toEqual(['nba_predictions.json', 'fn.json']);
    expect(compare(readSchemaFiles(files, 'snapshot'), code).map(({ kind }) => kind)).toEqual([
      'function_body_changed',
      'view_text_changed',
    ]);
  });
});
