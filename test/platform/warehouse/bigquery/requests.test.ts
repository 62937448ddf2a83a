import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { virtualClock } from '#platform/clock.ts';
import { type BigQueryWarehouse, openBigQuery } from '#platform/warehouse/bigquery/warehouse.ts';
import { everyType, fullRow } from '#test/contract/warehouse/tables.ts';
import { type FakeBigQuery, fakeBigQuery } from '#test/fakes/bigquery-server.ts';

describe('what BigQuery is asked', () => {
  let server: FakeBigQuery;
  let warehouse: BigQueryWarehouse;
  beforeEach(async () => {
    server = await fakeBigQuery();
    const clock = virtualClock('2025-01-10T15:00:00Z');
    const limits = {
      maximumBytesBilled: 5_000_000_000,
      labels: { component: 'worker' },
      jobTimeoutMs: 60_000,
    };
    warehouse = openBigQuery({ projectId: 'p', location: 'EU', endpoint: server.url, clock, ...limits });
  });
  afterEach(async () => {
    await warehouse.close();
    await server.close();
  });
  const configuration = (at = 0) => server.jobs[at]?.configuration;

  it('binds the named parameters with their types, and null and the empty list as literals', async () => {
    const sql =
      "SELECT @text AS a, @whole AS b, @broken AS c, @flag AS d, @nothing AS e, '@text' AS f, 1 IN UNNEST(@none) AS g, 'x' IN UNNEST(@some) AS h";
    const params = {
      text: "it's",
      whole: 3,
      broken: 0.5,
      flag: true,
      nothing: null,
      none: [],
      some: ['x', 'y'],
      unused: 1,
    };
    await warehouse.query(sql, params);
    expect(configuration()?.query?.query).toBe(sql.replace('@nothing', 'NULL').replace('@none', '[]'));
    expect(configuration()?.query?.queryParameters).toEqual([
      { name: 'text', parameterType: { type: 'STRING' }, parameterValue: { value: "it's" } },
      { name: 'whole', parameterType: { type: 'INT64' }, parameterValue: { value: '3' } },
      { name: 'broken', parameterType: { type: 'FLOAT64' }, parameterValue: { value: '0.5' } },
      { name: 'flag', parameterType: { type: 'BOOL' }, parameterValue: { value: 'true' } },
      {
        name: 'some',
        parameterType: { type: 'ARRAY', arrayType: { type: 'STRING' } },
        parameterValue: { arrayValues: [{ value: 'x' }, { value: 'y' }] },
      },
    ]);
  });

  it('limits what a query may bill, labels the job, and bounds its time', async () => {
    await warehouse.query('SELECT 1 AS one');
    expect(configuration()).toMatchObject({ labels: { component: 'worker' }, jobTimeoutMs: '60000' });
    expect(configuration()?.query).toMatchObject({ maximumBytesBilled: '5000000000', useLegacySql: false });
  });

  it('loads with an explicit schema, without guessing, all rows or none', async () => {
    await warehouse.append(everyType, [{ ...fullRow, rounded: -1.23456 }], {
      dataset: 'nba_raw',
      name: 'staging_1',
    });
    expect(server.arrived[0]?.path).toBe('/upload/bigquery/v2/projects/p/jobs');
    expect(configuration()?.load).toMatchObject({
      destinationTable: { projectId: 'p', datasetId: 'nba_raw', tableId: 'staging_1' },
      autodetect: false,
      maxBadRecords: 0,
      ignoreUnknownValues: false,
      writeDisposition: 'WRITE_APPEND',
      createDisposition: 'CREATE_NEVER',
      sourceFormat: 'NEWLINE_DELIMITED_JSON',
    });
    const expected = Object.entries(everyType.columns).map(([name, { type, required }]) => [
      name,
      type,
      required ? 'REQUIRED' : 'NULLABLE',
    ]);
    const schema = configuration()?.load?.schema as {
      fields: { name: string; type: string; mode: string }[];
    };
    expect(schema.fields.map(({ name, type, mode }) => [name, type, mode])).toEqual(expected);
    expect(server.jobs[0]?.lines).toEqual([{ ...fullRow, rounded: -1.235 }]);
  });

  it('asks nothing for no rows, and nothing for rows that break the contract', async () => {
    expect(await warehouse.append(everyType, [])).toBe(0);
    expect(await warehouse.appendNew(everyType, [])).toBe(0);
    await expect(warehouse.append(everyType, [{ id: 1 }])).rejects.toMatchObject({
      code: 'TIPOFF_SCHEMA_MISMATCH',
    });
    expect(server.arrived).toEqual([]);
  });

  it('merges a few new rows by one statement that has them as parameters', async () => {
    await warehouse.appendNew(everyType, [{ ...fullRow, rounded: 0.1, ratio: null }]);
    const [merge, ...more] = server.jobs.map((job) => job.configuration.query);
    expect(more).toEqual([]);
    expect(merge?.query).toContain('CAST(@row0_2 AS STRING) AS label');
    expect(merge?.query).toContain('CAST(NULL AS FLOAT64) AS ratio');
    expect(merge?.query).toContain('0 AS wire_order');
    expect(merge?.queryParameters).toEqual(
      expect.arrayContaining([
        { name: 'row0_0', parameterType: { type: 'INT64' }, parameterValue: { value: '1' } },
        { name: 'row0_2', parameterType: { type: 'STRING' }, parameterValue: { value: "it's" } },
        { name: 'row0_5', parameterType: { type: 'STRING' }, parameterValue: { value: '0.1' } },
      ]),
    );
  });

  it('merges new rows by their key within the partitions they touch, and cleans up even after a failure', async () => {
    server.answer((sql) =>
      sql.startsWith('MERGE') ? { error: { reason: 'invalidQuery', message: 'planned' } } : {},
    );
    const rows = Array.from({ length: 101 }, (_, id) => ({
      ...{ ...fullRow, id, slate: id === 7 ? '2025-01-05' : '2024-12-31' },
    }));
    await expect(warehouse.appendNew(everyType, rows)).rejects.toMatchObject({
      message: expect.stringContaining('planned'),
    });
    const [create, load, merge, drop] = server.jobs.map((job) => job.configuration.query?.query ?? 'LOAD');
    expect(create).toMatch(/^CREATE TABLE nba_raw\.tipoff_wire_\w+ .*expiration_timestamp/s);
    expect(load).toBe('LOAD');
    expect(merge).toContain(
      "t.id = s.id AND t.slate = s.slate AND t.slate BETWEEN DATE '2024-12-31' AND DATE '2025-01-05'",
    );
    expect(drop).toMatch(/^DROP TABLE IF EXISTS nba_raw\.tipoff_wire_/);
  });

  it('replaces a range in one script with one transaction, its values as literals', async () => {
    const fields = Object.entries(everyType.columns).map(([name, { type }]) => ({ name, type }));
    const outcome = ['outside', 'doubled', 'incomplete', 'broken', 'breach', 'replaced'].map((name) => ({
      name,
      type: 'INT64',
    }));
    server.answer((_, { dryRun }) =>
      dryRun === true ? { fields } : { fields: outcome, rows: [['0', '0', '0', '0', '', '4']] },
    );
    const range = { column: 'slate', from: '2025-01-01', to: '2025-01-02', extraWhere: 'label = @label' };
    expect(
      await warehouse.replaceRange(
        everyType,
        range,
        'SELECT * FROM nba_raw.every_type WHERE label = @label',
        {
          label: "a'; DROP TABLE x --\\",
        },
      ),
    ).toBe(4);
    const script = server.jobs[0]?.configuration.query?.query ?? '';
    expect(server.jobs).toHaveLength(1);
    expect(script).toMatch(
      /BEGIN TRANSACTION;\s+DELETE FROM nba_raw\.every_type WHERE .*;\s+INSERT INTO .*;\s+COMMIT TRANSACTION;/s,
    );
    expect(script).toContain(
      "slate BETWEEN CAST('2025-01-01' AS DATE) AND CAST('2025-01-02' AS DATE) AND (label = 'a\\u0027; DROP TABLE x --\\u005c')",
    );
    expect(server.jobs[0]?.configuration.query?.queryParameters).toEqual([]);
  });

  it('says what a statement would read without running it', async () => {
    server.answer(() => ({ bytes: 123_456, fields: [{ name: 'id', type: 'INTEGER', mode: 'REQUIRED' }] }));
    expect(await warehouse.dryRun('SELECT id FROM nba_raw.every_type')).toEqual({
      bytes: 123_456,
      columns: [{ name: 'id', type: 'INT64', required: true }],
    });
    expect(server.jobs).toEqual([]);
    server.answer(() => ({ error: { reason: 'invalidQuery', message: 'Unrecognized name' } }));
    await expect(warehouse.dryRun('SELECT nothing FROM nba_raw.every_type')).rejects.toMatchObject({
      code: 'TIPOFF_SQL',
    });
  });

  it('reads every page, and every type as the port has it', async () => {
    const types = ['INTEGER', 'FLOAT', 'NUMERIC', 'BOOLEAN', 'DATE', 'TIMESTAMP', 'STRING'];
    const fields = types.map((type) => ({ name: type.toLowerCase(), type }));
    const row = ['9007199254740991', '0.1', '24.500000000', 'false', '2025-01-02', '1735860600123000', 'ü'];
    server.answer(() => ({
      fields,
      rows: [row, row.map(() => null), ['-1', '1E-9', '-1E-9', 'true', '0001-01-01', '-1.5', '']],
    }));
    const [first, second, third] = await warehouse.query('SELECT 1 AS one');
    expect(first).toEqual({
      ...{ integer: 9_007_199_254_740_991, float: 0.1, numeric: '24.5', boolean: false, date: '2025-01-02' },
      ...{ timestamp: '2025-01-02T23:30:00.123Z', string: 'ü' },
    });
    expect(new Set(Object.values(second ?? {}))).toEqual(new Set([null]));
    expect(third).toMatchObject({
      integer: -1,
      float: 1e-9,
      numeric: '-0.000000001',
      boolean: true,
      timestamp: '1969-12-31T23:59:58.500Z',
      string: '',
    });
    const columns = await warehouse.queryColumns('SELECT 1 AS one');
    expect([columns.rowCount, [...columns.numbers('boolean')], columns.strings('numeric')]).toEqual([
      3,
      [0, Number.NaN, 1],
      ['24.5', null, '-0.000000001'],
    ]);
    expect(() => columns.numbers('string')).toThrow(expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }));
  });

  it('creates tables complete in one request, with labels and expiry', async () => {
    const table = { ...everyType, cluster: ['label'], partitionFilterRequired: true, retentionDays: 30 };
    await warehouse.createTable(
      table,
      { dataset: 'nba_raw', name: 's1' },
      { labels: { batch: 'b1' }, expiresAt: '2025-01-03T00:00:00.000Z' },
    );
    expect(server.tables.get('nba_raw.s1')).toMatchObject({
      labels: { batch: 'b1' },
      expirationTime: '1735862400000',
      timePartitioning: { type: 'DAY', field: 'slate', expirationMs: '2592000000' },
      clustering: { fields: ['label'] },
      requirePartitionFilter: true,
    });
    expect(await warehouse.listTables('nba_raw', 's')).toMatchObject([
      {
        ...{
          name: 's1',
          kind: 'table',
          labels: { batch: 'b1' },
          expiresAt: '2025-01-03T00:00:00.000Z',
          rows: 0,
        },
        layout: { partition: 'slate', cluster: ['label'], partitionFilterRequired: true, retentionDays: 30 },
      },
    ]);
    await expect(
      warehouse.createTable(everyType, { dataset: 'nba_raw', name: 's2' }, { labels: { Batch: 'B 1' } }),
    ).rejects.toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
    });
  });

  it('prepares once: the second time finds functions and tables as they are', async () => {
    await warehouse.prepare([everyType]);
    const [jobs, arrived] = [server.jobs.length, server.arrived.length];
    expect(
      server.jobs.every((job) => job.configuration.query?.query.startsWith('CREATE OR REPLACE FUNCTION fn.')),
    ).toBe(true);
    expect(jobs).toBeGreaterThan(10);
    await warehouse.prepare([everyType]);
    expect(server.jobs.length).toBe(jobs);
    expect(server.arrived.slice(arrived).every(({ method }) => method === 'GET')).toBe(true);
  });
});
