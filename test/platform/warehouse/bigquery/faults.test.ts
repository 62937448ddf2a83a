import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import { type BigQueryWarehouse, openBigQuery } from '#platform/warehouse/bigquery/warehouse.ts';
import { everyType, fullRow } from '#test/contract/warehouse/tables.ts';
import { type FakeBigQuery, fakeBigQuery, refusal } from '#test/fakes/bigquery-server.ts';
import type { Arrived, Fault } from '#test/fakes/loopback.ts';

const RETRIES = 3;
const startsJob = ({ method, path }: Arrived): boolean =>
  method === 'POST' && /\/(?:jobs|queries)$/.test(path);
const isLoad = ({ path }: Arrived): boolean => path.startsWith('/upload/');

describe('BigQuery under faults', () => {
  let server: FakeBigQuery;
  let clock: VirtualClock;
  let warehouse: BigQueryWarehouse;
  beforeEach(async () => {
    server = await fakeBigQuery();
    clock = virtualClock('2025-01-10T15:00:00Z');
    warehouse = openBigQuery({
      projectId: 'p',
      location: 'EU',
      endpoint: server.url,
      clock,
      retries: RETRIES,
    });
  });
  afterEach(async () => {
    await warehouse.close();
    await server.close();
  });
  const starts = (): number => server.arrived.filter(startsJob).length;

  describe('an answer that never came', () => {
    it.each<[string, Omit<Fault, 'when' | 'times'>, number]>([
      ['after the job was accepted', { lose: true }, 2],
      ['before the job was accepted', { drop: true }, 2],
    ])('does not double a load: %s', async (_what, fault, requests) => {
      server.inject({ when: isLoad, times: 1, ...fault });
      expect(await warehouse.append(everyType, [fullRow, { ...fullRow, id: 2 }])).toBe(2);
      expect(server.jobs.map((job) => job.lines.length)).toEqual([2]);
      expect(server.arrived.filter(isLoad)).toHaveLength(requests);
    });

    it('is not waited for without an end, and asked for again', async () => {
      const impatient = openBigQuery({
        ...{ projectId: 'p', location: 'EU', endpoint: server.url, clock, retries: RETRIES, requestMs: 200 },
      });
      server.answer(() => ({ changed: 7 }));
      server.inject({ when: startsJob, keep: true, times: 1 });
      expect(await impatient.execute('DELETE FROM nba_raw.every_type WHERE id = 1')).toBe(7);
      expect(starts()).toBe(2);
      server.inject({ when: startsJob, keep: true, times: RETRIES + 1 });
      await expect(impatient.execute('DELETE FROM nba_raw.every_type WHERE id = 2')).rejects.toMatchObject({
        code: 'TIPOFF_WAREHOUSE_BUSY',
        message: expect.stringContaining('no answer within 0.2 s'),
      });
      await impatient.close();
    });

    it('does not double a statement, and gives its result', async () => {
      server.answer(() => ({ changed: 7 }));
      server.inject({ when: startsJob, lose: true, times: 1 });
      expect(await warehouse.execute('DELETE FROM nba_raw.every_type WHERE id = 1')).toBe(7);
      expect([server.jobs.length, starts()]).toEqual([1, 2]);
    });

    it('does not mistake a dropped table for one that was never there', async () => {
      await warehouse.createTable(everyType);
      server.inject({ when: ({ method }) => method === 'DELETE', lose: true, times: 1 });
      expect(await warehouse.dropTable(everyType)).toBe(true);
      expect(await warehouse.dropTable(everyType)).toBe(false);
    });

    it('does not mistake its own table for somebody else’s', async () => {
      server.inject({
        when: ({ method, path }) => method === 'POST' && path.endsWith('/tables'),
        lose: true,
        times: 1,
      });
      await warehouse.createTable(everyType);
      await expect(warehouse.createTable(everyType)).rejects.toMatchObject({ code: 'TIPOFF_SQL' });
    });
  });

  describe('a refused request', () => {
    it.each([
      [403, 'rateLimitExceeded'],
      [403, 'jobRateLimitExceeded'],
      [408, 'timeout'],
      [429, 'rateLimitExceeded'],
      [429, 'somethingNew'],
      [500, 'internalError'],
      [500, 'backendError'],
      [502, 'badGateway'],
      [503, 'backendError'],
      [503, 'tableUnavailable'],
    ])('is sent again after %i %s, and succeeds', async (status, reason) => {
      server.answer(() => ({ changed: 1 }));
      server.inject({ when: startsJob, refuse: refusal(status, reason), times: RETRIES });
      expect(await warehouse.execute('DELETE FROM nba_raw.every_type WHERE id = 1')).toBe(1);
      expect([starts(), server.jobs.length]).toEqual([RETRIES + 1, 1]);
    });

    it.each([
      [400, 'invalidQuery'],
      [400, 'invalid'],
      [401, 'authError'],
      [403, 'accessDenied'],
      [403, 'quotaExceeded'],
      [403, 'billingNotEnabled'],
      [404, 'notFound'],
      [409, 'duplicate'],
    ])('is not sent again after %i %s', async (status, reason) => {
      server.inject({ when: startsJob, refuse: refusal(status, reason, `because ${reason}`), times: 100 });
      await expect(warehouse.query('SELECT 1 AS one')).rejects.toMatchObject({
        code: 'TIPOFF_SQL',
        transient: false,
        message: expect.stringContaining(`because ${reason}`),
      });
      expect([starts(), clock.slept]).toEqual([1, []]);
    });

    it('is given up as transient when the budget is used up, after growing pauses', async () => {
      server.inject({ when: startsJob, refuse: refusal(503, 'backendError'), times: 100 });
      await expect(warehouse.query('SELECT 1 AS one')).rejects.toMatchObject({
        code: 'TIPOFF_WAREHOUSE_BUSY',
        transient: true,
        details: { attempts: RETRIES + 1 },
      });
      expect([starts(), server.jobs.length]).toEqual([RETRIES + 1, 0]);
      const [first = 0, second = 0, third = 0, ...more] = clock.slept;
      expect(more).toEqual([]);
      expect([
        first >= 250 && first <= 500,
        second >= 500 && second <= 1000,
        third >= 1000 && third <= 2000,
      ]).toEqual([true, true, true]);
    });

    it('while a job is looked at does not start the job anew', async () => {
      server.answer(() => ({ fields: [{ name: 'one', type: 'INT64' }], rows: [['1']] }));
      server.inject({
        when: ({ method, path }) => method === 'GET' && path.includes('/jobs/'),
        refuse: refusal(500, 'backendError'),
        times: 1,
      });
      server.inject({
        when: ({ path }) => path.includes('/queries/'),
        refuse: refusal(503, 'backendError'),
        times: 1,
      });
      expect(await warehouse.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      expect(server.jobs).toHaveLength(1);
    });
  });

  describe('a job that failed', () => {
    const failing = (times: number, reason: string, message = reason): void => {
      let left = times;
      server.answer(() => {
        left -= 1;
        return left >= 0 ? { error: { reason, message } } : { changed: 3 };
      });
    };

    it.each([
      ['backendError', 'Backend error'],
      ['jobBackendError', 'Retry the job'],
      ['jobInternalError', 'Retry the job'],
      ['jobRateLimitExceeded', 'Too many jobs'],
      ['tableUnavailable', 'Try again'],
      ['rateLimitExceeded', 'Too many table update operations'],
      ['invalidQuery', 'Could not serialize access to table p:nba_raw.every_type due to concurrent update'],
    ])('is run again as a new one after %s: %s', async (reason, message) => {
      failing(2, reason, message);
      expect(await warehouse.execute('DELETE FROM nba_raw.every_type WHERE id = 1')).toBe(3);
      expect(new Set(server.jobs.map(({ id }) => id)).size).toBe(3);
    });

    it.each([
      'invalidQuery',
      'notFound',
      'accessDenied',
      'quotaExceeded',
      'resourcesExceeded',
      'responseTooLarge',
      'stopped',
      'bytesBilledLimitExceeded',
    ])('is not run again after %s', async (reason) => {
      failing(100, reason);
      const failed = warehouse.execute('DELETE FROM nba_raw.every_type WHERE id = 1');
      await expect(failed).rejects.toMatchObject({
        code: 'TIPOFF_SQL',
        transient: false,
        details: { reason },
      });
      expect(server.jobs).toHaveLength(1);
    });

    it('shares one budget between requests and jobs', async () => {
      failing(100, 'backendError');
      server.inject({ when: startsJob, refuse: refusal(500, 'internalError'), times: 2 });
      await expect(warehouse.execute('DELETE FROM nba_raw.every_type WHERE id = 1')).rejects.toMatchObject({
        code: 'TIPOFF_WAREHOUSE_BUSY',
      });
      expect([starts(), server.jobs.length]).toEqual([RETRIES + 1, 2]);
    });

    it('says which statement it was, and that a required column was null', async () => {
      failing(1, 'invalidQuery', 'Required field id cannot be null');
      const failed = warehouse.execute('UPDATE nba_raw.every_type SET id = NULL WHERE TRUE');
      await expect(failed).rejects.toMatchObject({
        code: 'TIPOFF_SCHEMA_MISMATCH',
        details: { statement: expect.stringContaining('UPDATE') },
      });
    });
  });

  it('never shows a failed read as an empty one', async () => {
    server.answer(() => ({ fields: [{ name: 'id', type: 'INT64' }], rows: [['1'], ['2'], ['3']] }));
    server.inject({
      when: ({ query }) => query.get('pageToken') === '2',
      refuse: refusal(400, 'invalid'),
      times: 100,
    });
    await expect(warehouse.query('SELECT id FROM nba_raw.every_type')).rejects.toMatchObject({
      code: 'TIPOFF_SQL',
    });
    for (const dataset of ['nba_raw', 'nba_reference'] as const) {
      server.inject({
        when: ({ path }) => path.includes(dataset),
        refuse: refusal(403, 'accessDenied'),
        times: 1,
      });
      await expect(warehouse.listTables(dataset)).rejects.toMatchObject({ code: 'TIPOFF_SQL' });
    }
  });
});
