import { describe, expect, it } from 'vitest';
import { columnNames, tableId } from '#core/contracts/define.ts';
import { textDigest } from '#platform/sql/port.ts';
import type { TableRef, Warehouse } from '#platform/warehouse/port.ts';
import { byInstant, everyType, fullRow } from './tables.ts';

/** Creating, describing, listing and dropping, and the end of a warehouse. */
export function tableLifeContract(warehouse: () => Warehouse): void {
  const staging = { dataset: 'nba_raw', name: 'staging_b1_s0' } as const;

  describe('createTable', () => {
    it('creates an empty table of the same shape with labels and an expiry', async () => {
      const labels = { batch: 'b1', slate: '2025-01-02' };
      await warehouse().createTable(everyType, staging, { labels, expiresAt: '2025-01-03T00:00:00.000Z' });
      expect(await warehouse().describe(staging)).toEqual(await warehouse().describe(everyType));
      const [info] = await warehouse().listTables('nba_raw', 'staging_');
      expect(info).toMatchObject({
        ...staging,
        kind: 'table',
        rows: 0,
        labels,
        expiresAt: '2025-01-03T00:00:00.000Z',
      });
      expect(new Date(info?.createdAt ?? '').toISOString()).toBe(info?.createdAt);
    });

    it('refuses a name that exists and keeps what is there', async () => {
      await warehouse().createTable(everyType, staging, { labels: { batch: 'b1' } });
      await warehouse().append(everyType, [fullRow], staging);
      await expect(
        warehouse().createTable(everyType, staging, { labels: { batch: 'b2' } }),
      ).rejects.toMatchObject({ code: 'TIPOFF_SQL' });
      expect(await warehouse().listTables('nba_raw', 'staging_')).toMatchObject([
        { rows: 1, labels: { batch: 'b1' } },
      ]);
    });
  });

  describe('stage', () => {
    it('creates a table under another name with its rows, labels and expiry', async () => {
      const options = { labels: { batch: 'b1' }, expiresAt: '2025-01-03T00:00:00.000Z' };
      expect(await warehouse().stage(everyType, staging, [fullRow, { ...fullRow, id: 2 }], options)).toBe(2);
      expect(await warehouse().query('SELECT id FROM nba_raw.staging_b1_s0 ORDER BY id')).toEqual([
        { id: 1 },
        { id: 2 },
      ]);
      expect(await warehouse().query('SELECT id FROM nba_raw.every_type')).toEqual([]);
      expect(await warehouse().listTables('nba_raw', 'staging_')).toMatchObject([
        { ...staging, rows: 2, labels: { batch: 'b1' } },
      ]);
    });

    it('refuses a name that exists and keeps what is there', async () => {
      await warehouse().stage(everyType, staging, [fullRow]);
      await expect(warehouse().stage(everyType, staging, [{ ...fullRow, id: 2 }])).rejects.toMatchObject({
        code: 'TIPOFF_SQL',
      });
      expect(await warehouse().query('SELECT id FROM nba_raw.staging_b1_s0')).toEqual([{ id: 1 }]);
    });

    it('leaves no table when a row is refused', async () => {
      const refused = warehouse().stage(everyType, staging, [
        { ...fullRow, id: null },
      ] as unknown as (typeof fullRow)[]);
      await expect(refused).rejects.toMatchObject({ code: 'TIPOFF_SCHEMA_MISMATCH' });
      expect(await warehouse().listTables('nba_raw', 'staging_')).toEqual([]);
    });
  });

  describe('dropTable', () => {
    it('drops a table with its labels, and says when there was none', async () => {
      await warehouse().createTable(everyType, staging, { labels: { batch: 'b1' } });
      expect(await warehouse().dropTable(staging)).toBe(true);
      expect(await warehouse().dropTable(staging)).toBe(false);
      expect(await warehouse().describe(staging)).toBeUndefined();
      await warehouse().createTable(everyType, staging);
      expect(await warehouse().listTables('nba_raw', 'staging_')).toMatchObject([
        { labels: {}, expiresAt: null },
      ]);
    });
  });

  describe('addColumn', () => {
    const colour = { type: 'STRING', description: "What it's painted in" } as const;

    it('adds a nullable column at the end, null in the rows that stand', async () => {
      await warehouse().append(everyType, [fullRow]);
      expect(await warehouse().addColumn(everyType, 'colour', colour)).toBe(true);
      expect((await warehouse().describe(everyType))?.at(-1)).toEqual({
        name: 'colour',
        type: 'STRING',
        required: false,
        description: colour.description,
      });
      expect(await warehouse().query('SELECT id, colour FROM nba_raw.every_type')).toEqual([
        { id: 1, colour: null },
      ]);
    });

    it('lets rows of the wider contract in', async () => {
      const wider = {
        ...everyType,
        columns: { ...everyType.columns, colour: { ...colour, required: false } },
      } as const;
      await expect(warehouse().append(wider, [{ ...fullRow, colour: 'red' }])).rejects.toMatchObject({
        code: 'TIPOFF_SQL',
      });
      await warehouse().addColumn(everyType, 'colour', colour);
      await warehouse().append(wider, [{ ...fullRow, colour: 'red' }]);
      await warehouse().append(everyType, [{ ...fullRow, id: 2 }]);
      expect(await warehouse().query('SELECT colour FROM nba_raw.every_type ORDER BY id')).toEqual([
        { colour: 'red' },
        { colour: null },
      ]);
    });

    it('does nothing the second time and refuses another type', async () => {
      await warehouse().addColumn(everyType, 'colour', colour);
      expect(await warehouse().addColumn(everyType, 'colour', colour)).toBe(false);
      await expect(
        warehouse().addColumn(everyType, 'colour', { ...colour, type: 'INT64' }),
      ).rejects.toMatchObject({
        code: 'TIPOFF_SCHEMA_MISMATCH',
        details: { table: 'nba_raw.every_type', field: 'colour' },
      });
    });

    it('refuses a table that does not exist', async () => {
      await expect(
        warehouse().addColumn({ dataset: 'nba_raw', name: 'nowhere' }, 'colour', colour),
      ).rejects.toMatchObject({
        code: 'TIPOFF_SQL',
      });
    });
  });

  describe('alterTable', () => {
    it('changes what is named and leaves the rest', async () => {
      const layout = async () => (await warehouse().listTables('nba_raw', 'every_type'))[0]?.layout;
      const was = await layout();
      await warehouse().alterTable(everyType, {
        description: "Others' words",
        retentionDays: 30,
        columns: { label: 'A name' },
      });
      expect(await layout()).toEqual({ ...was, description: "Others' words", retentionDays: 30 });
      expect((await warehouse().describe(everyType))?.find(({ name }) => name === 'label')?.description).toBe(
        'A name',
      );
      await warehouse().alterTable(everyType, { retentionDays: null });
      expect(await layout()).toEqual({ ...was, description: "Others' words" });
    });

    it('refuses to change a table that does not exist', async () => {
      const nowhere = { dataset: 'nba_raw', name: 'nowhere' } as const;
      await expect(warehouse().alterTable(nowhere, { description: 'x' })).rejects.toMatchObject({
        code: 'TIPOFF_SQL',
      });
    });
  });

  describe('the function library', () => {
    it('is listed with its parameters, and made anew with the same definitions', async () => {
      const functions = await warehouse().listFunctions();
      expect(functions.find(({ name }) => name === 'days_between')).toEqual({
        name: 'days_between',
        parameters: ['a', 'b'],
        text: expect.stringMatching(/^[0-9a-f]{32}$/),
      });
      await warehouse().replaceFunctions();
      expect(await warehouse().listFunctions()).toEqual(functions);
    });
  });

  describe('createView', () => {
    it('creates and replaces a view that reads what is there now', async () => {
      const view = { dataset: 'nba_raw', name: 'labels' } as const;
      await warehouse().createView(view, 'SELECT id FROM nba_raw.every_type');
      await warehouse().createView(view, 'SELECT id, label FROM nba_raw.every_type');
      await warehouse().append(everyType, [fullRow]);
      expect(await warehouse().query('SELECT * FROM nba_raw.labels')).toEqual([{ id: 1, label: "it's" }]);
      expect((await warehouse().listTables('nba_raw', 'labels')).map((info) => info.kind)).toEqual(['view']);
      expect((await warehouse().describe(view))?.map((column) => column.name)).toEqual(['id', 'label']);
    });

    it('knows which text a view was made from', async () => {
      const view = { dataset: 'nba_raw', name: 'labels' } as const;
      await warehouse().createView(view, 'SELECT id,\n  label FROM nba_raw.every_type');
      expect(await warehouse().listTables('nba_raw', 'labels')).toMatchObject([
        { kind: 'view', text: textDigest('SELECT id, label FROM nba_raw.every_type') },
      ]);
    });
  });

  describe('listTables', () => {
    it('lists one dataset by prefix with row counts', async () => {
      await warehouse().append(everyType, [fullRow, { ...fullRow, id: 2 }]);
      expect((await warehouse().listTables('nba_raw')).map((info) => [info.name, info.rows])).toEqual([
        ['every_type', 2],
        ['nullable_key', 0],
      ]);
      expect((await warehouse().listTables('nba_raw', 'every')).map((info) => info.name)).toEqual([
        'every_type',
      ]);
      expect(await warehouse().listTables('nba_raw', 'every_%')).toEqual([]);
      expect(await warehouse().listTables('nba_orchestration')).toEqual([]);
    });
  });

  describe('layout', () => {
    it('says how a table was made', async () => {
      const [info] = await warehouse().listTables('nba_raw', 'every_type');
      expect(info?.layout).toEqual({
        description: everyType.description,
        partition: 'slate',
        cluster: [],
        partitionFilterRequired: false,
        retentionDays: null,
      });
    });
  });

  describe('describe', () => {
    it('gives names, portable types, requiredness and descriptions in order', async () => {
      const expected = Object.entries(everyType.columns).map(([name, { type, required, description }]) => ({
        name,
        type,
        required,
        description,
      }));
      expect(await warehouse().describe(everyType)).toEqual(expected);
    });

    it('tells a table that does not exist from one without columns of interest', async () => {
      expect(await warehouse().describe({ dataset: 'nba_raw', name: 'nowhere' })).toBeUndefined();
    });

    it('gives the shapes of those of many tables that exist, each by its name', async () => {
      const shapeOf = async (table: TableRef) =>
        (await warehouse().describe(table))?.map(({ description: _description, ...column }) => column);
      await warehouse().createTable(byInstant, staging);
      const shapes = await warehouse().shapesOf([
        staging,
        { dataset: 'nba_raw', name: 'nowhere' },
        everyType,
      ]);
      expect([...shapes.keys()].toSorted()).toEqual([tableId(everyType), tableId(staging)].toSorted());
      expect(shapes.get(tableId(everyType))).toEqual(await shapeOf(everyType));
      expect(shapes.get(tableId(staging))?.map(({ name }) => name)).toEqual(columnNames(byInstant));
      expect(shapes.get(tableId(staging))).toEqual(await shapeOf(staging));
    });
  });

  describe('prepare', () => {
    it('creates what is missing and leaves rows and shapes alone', async () => {
      await warehouse().append(everyType, [fullRow]);
      const wider = { ...everyType, columns: { ...everyType.columns, ...byInstant.columns } };
      await warehouse().prepare([wider, byInstant]);
      await warehouse().prepare([wider, byInstant]);
      expect((await warehouse().describe(everyType))?.length).toBe(Object.keys(everyType.columns).length);
      expect(await warehouse().query('SELECT COUNT(*) AS n FROM nba_raw.every_type')).toEqual([{ n: 1 }]);
      expect(await warehouse().describe(byInstant)).toBeDefined();
    });

    it('provides the fn library', async () => {
      expect(
        await warehouse().query("SELECT fn.days_between(DATE '2025-01-01', DATE '2025-01-03') AS days"),
      ).toEqual([{ days: 2 }]);
    });
  });

  describe('close', () => {
    it('finishes what was asked before, may be repeated, and refuses what comes after', async () => {
      const pending = warehouse().append(everyType, [fullRow]);
      const closing = warehouse().close();
      expect(await pending).toBe(1);
      await closing;
      await warehouse().close();
      await expect(warehouse().query('SELECT 1 AS one')).rejects.toMatchObject({
        code: 'TIPOFF_SQL',
        message: expect.stringMatching(/closed/),
      });
      await expect(warehouse().ping()).rejects.toMatchObject({ code: 'TIPOFF_SQL' });
    });
  });
}
