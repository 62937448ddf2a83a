import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseSlate } from '#core/calendar.ts';
import type { DataSource } from '#pipeline/exports/document.ts';
import { compareExports, exportSlates } from '#pipeline/exports/export.ts';
import { readManifest } from '#pipeline/exports/stored-documents.ts';
import { grade } from '#pipeline/grade/grade.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type RecordedObjects, recordedObjects } from '#test/fakes/recorded-objects.ts';
import { addBoxScore, addGame, publish, SLATE, withdraw } from '#test/pipeline/grade/rows.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

let warehouse: Warehouse;
let objects: RecordedObjects;
let clock: VirtualClock;
let dataSource: DataSource;
beforeEach(async () => {
  warehouse = await openWarehouse();
  objects = recordedObjects();
  clock = virtualClock('2025-01-10T18:00:00Z');
  dataSource = 'real';
});
afterEach(async () => {
  await warehouse.close();
  await objects.dispose();
});

const deps = () => ({ warehouse, objects, clock, dataSource });
const run = (only?: readonly ('picks' | 'predictions' | 'results')[]) =>
  exportSlates(deps(), { slates: [SLATE], ...(only === undefined ? {} : { only }) });
const path = (kind: string) => `exports/${SLATE}/${kind}.json`;
async function document(kind: string) {
  const stored = await objects.get(kind.includes('/') ? kind : path(kind));
  if (stored === undefined) throw new Error(`no document ${kind}`);
  return JSON.parse(new TextDecoder().decode(stored.bytes));
}
const results = (report: { documents: readonly { kind: string; result: string }[] }) =>
  Object.fromEntries(report.documents.map((outcome) => [outcome.kind, outcome.result]));
const pick = (player_id: number, edge: number, more: object = {}) => ({
  player_id,
  edge,
  expected_value: Math.abs(edge) / 100,
  ...more,
});
const unpicked = (player_id: number) => ({ player_id, is_actionable: false, filter_reason: 'low_value' });

describe('picks', () => {
  it('are the actionable rows, ranked by expected value within a system, the most informed system first', async () => {
    await addGame(warehouse);
    await publish(warehouse, [
      pick(1, 4),
      pick(2, -6, { recommendation: 'UNDER' }),
      pick(3, 4, { expected_value: 0.05 }),
      unpicked(4),
      pick(1, 3, { system_id: 'market' }),
      pick(1, 9, { system_id: 'ewma8' }),
    ]);
    await run();
    const { rows, ...head } = await document('picks');
    expect(head).toEqual({
      schema_version: 2,
      kind: 'picks',
      status: 'ok',
      slate: SLATE,
      season: null,
      generated_at: '2025-01-10T18:00:00.000Z',
      data_source: 'real',
      simulated: false,
      publication_ids: ['pub-1'],
      row_count: 5,
    });
    expect(
      rows.map((row: { system_id: string; rank: number; player_id: number }) => [
        row.system_id,
        row.rank,
        row.player_id,
      ]),
    ).toEqual([
      ['market', 1, 1],
      ['ridge', 1, 2],
      ['ridge', 2, 3],
      ['ridge', 3, 1],
      ['ewma8', 1, 1],
    ]);
    expect(rows[1]).toMatchObject({
      line: '20.5',
      recommendation: 'UNDER',
      record_class: 'live',
      published_at: '2025-01-10T17:00:00.000Z',
    });
  });

  it('show what is visible only: the newest publication of a player, nothing withdrawn', async () => {
    await addGame(warehouse);
    await publish(warehouse, [pick(1, 4), pick(2, 5)], { id: 'a', at: '2025-01-10T13:00:00Z' });
    await publish(warehouse, [pick(1, 7)], { id: 'b', at: '2025-01-10T15:00:00Z' });
    await publish(warehouse, [pick(2, 9)], { id: 'c', at: '2025-01-10T16:00:00Z' });
    await withdraw(warehouse, 'c');
    await run();
    const shown = (await document('picks')).rows.map((row: { publication_id: string; player_id: number }) => [
      row.publication_id,
      row.player_id,
    ]);
    expect(shown).toEqual([
      ['b', 1],
      ['a', 2],
    ]);
    expect((await document('predictions')).publication_ids).toEqual(['a', 'b']);
  });
});

describe('predictions', () => {
  it('are all visible rows, filtered ones with their reason', async () => {
    await addGame(warehouse);
    await publish(warehouse, [
      pick(1, 4),
      unpicked(2),
      { player_id: 3, recommendation: 'NO_LINE', line: null, edge: null, is_actionable: false },
    ]);
    await run();
    const { rows, row_count } = await document('predictions');
    expect(row_count).toBe(3);
    expect(rows[1]).toMatchObject({ player_id: 2, filter_reason: 'low_value' });
    expect(rows[2]).toMatchObject({ line: null, recommendation: 'NO_LINE' });
  });
});

describe('the comparison with the tables', () => {
  /** Overwrites the results of the slate, and says what is wrong with them. */
  const differenceAfter = async (change: (stored: { record: { picks: object }[] }) => object) => {
    const stored = await document('results');
    await objects.put(path('results'), JSON.stringify({ ...stored, ...change(stored) }), {
      contentType: 'application/json',
    });
    const compared = await compareExports(deps(), [parseSlate(SLATE)]);
    return compared.find((one) => one.path === path('results'))?.difference;
  };

  it('sees a number of the record, a missing entry of it, and not its order', async () => {
    await addGame(warehouse);
    await addBoxScore(warehouse);
    await publish(warehouse, [{ player_id: 901 }, { player_id: 902, system_id: 'ewma8' }]);
    await grade({ warehouse, clock }, { from: SLATE, to: SLATE });
    await run(['results']);
    expect(await differenceAfter(({ record }) => ({ record: record.toReversed() }))).toBeNull();
    expect(
      await differenceAfter(({ record: [first, ...others] }) => ({
        record: [{ ...first, picks: { ...first?.picks, wins: 9 } }, ...others],
      })),
    ).toMatch(/^has record .*, the tables say /);
    expect(await differenceAfter(({ record }) => ({ record: record.slice(1) }))).toMatch(/^has record /);
  });
});

describe('results', () => {
  it('are the grades of the slate, live and backfill apart, with the record of each', async () => {
    await addGame(warehouse);
    await addBoxScore(warehouse);
    await publish(warehouse, [{ player_id: 901, line: '15.5' }, { player_id: 902 }], { id: 'a' });
    await publish(warehouse, [{ player_id: 901, line: '30.5', record_class: 'backfill' }], {
      id: 'b',
      at: '2025-01-12T00:00:00Z',
    });
    await grade({ warehouse, clock }, { from: SLATE, to: SLATE });
    await run(['results']);
    const { rows, record } = await document('results');
    expect(
      rows.map((row: { record_class: string; outcome: string }) => `${row.record_class} ${row.outcome}`),
    ).toEqual(['live win', 'live loss', 'backfill loss']);
    expect(record).toMatchObject([
      { record_class: 'backfill', system_id: 'ridge', picks: { wins: 0, losses: 1 } },
      { record_class: 'live', system_id: 'ridge', picks: { wins: 1, losses: 1 } },
    ]);
  });

  it('are not written before there are any', async () => {
    await addGame(warehouse, { status: 'scheduled' });
    await publish(warehouse, [pick(1, 4)]);
    expect(results(await run())).toEqual({ picks: 'written', predictions: 'written', results: 'not_ready' });
    expect(await objects.get(path('results'))).toBeUndefined();
  });
});

describe('content', () => {
  beforeEach(async () => {
    await addGame(warehouse);
    await publish(warehouse, [pick(1, 4), pick(2, 5)]);
  });

  it('is not rewritten while it is the same, whatever the time', async () => {
    await run();
    const before = objects.writes.length;
    clock.advance(3_600_000);
    expect(results(await run())).toMatchObject({ picks: 'unchanged', predictions: 'unchanged' });
    expect(objects.writes).toHaveLength(before);
    expect((await document('picks')).generated_at).toBe('2025-01-10T18:00:00.000Z');
  });

  it('is the same bytes for the same data but for the time', async () => {
    await run();
    const first = await document('picks');
    await objects.delete(path('picks'));
    clock.advance(3_600_000);
    await run();
    const second = await document('picks');
    expect(second.generated_at).toBe('2025-01-10T19:00:00.000Z');
    expect(JSON.stringify({ ...second, generated_at: '' })).toBe(
      JSON.stringify({ ...first, generated_at: '' }),
    );
  });

  it('is rewritten when anything changed', async () => {
    await run();
    await warehouse.execute(
      'UPDATE nba_predictions.player_prop_predictions SET edge = 6 WHERE player_id = 1',
    );
    expect(results(await run())).toMatchObject({ picks: 'written', predictions: 'written' });
  });

  it.each(['simulated', 'mixed'] as const)('says when its games are %s', async (source) => {
    dataSource = source;
    await run();
    expect(await document('picks')).toMatchObject({ simulated: true, data_source: source });
    expect(await document('exports/manifest.json')).toMatchObject({ simulated: true });
  });

  it('is cached shortly tonight and for a day afterwards', async () => {
    await run(['picks']);
    clock.set('2025-01-13T12:00:00Z');
    await objects.delete(path('picks'));
    await run(['picks']);
    const caches = objects.writes
      .filter((write) => write.path === path('picks'))
      .map((write) => write.cacheControl);
    expect(caches).toEqual(['public, max-age=60', 'public, max-age=86400']);
  });
});

describe('good is never overwritten with empty', () => {
  const bytes = async (kind: string) => (await objects.get(path(kind)))?.etag;
  beforeEach(async () => {
    await addGame(warehouse);
    await publish(warehouse, [pick(1, 4), pick(2, 5)]);
    await run();
  });

  it('when rows are gone without a word: refused with both counts, the stored document stands', async () => {
    const before = await bytes('predictions');
    await warehouse.execute(
      'DELETE FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE)',
      { slate: SLATE },
    );
    await expect(run()).rejects.toMatchObject({
      code: 'TIPOFF_NOT_READY',
      message: expect.stringMatching(
        /picks\.json: refused to overwrite 2 stored rows with 0 rows.*predictions\.json/,
      ),
    });
    expect(await bytes('predictions')).toBe(before);
  });

  it('when no row is actionable any more in the same publication', async () => {
    await warehouse.execute(
      'UPDATE nba_predictions.player_prop_predictions SET is_actionable = FALSE WHERE player_id > 0',
    );
    await expect(run()).rejects.toMatchObject({
      code: 'TIPOFF_NOT_READY',
      details: { stored_rows: 2, new_rows: 0 },
    });
    expect((await document('picks')).row_count).toBe(2);
    // The documents beside it are exported all the same.
    expect((await document('predictions')).rows[0]).toMatchObject({ is_actionable: false });
  });

  it('when only some of the picks were replaced and the others just vanished', async () => {
    await publish(warehouse, [unpicked(1)], { id: 'pub-2', at: '2025-01-10T17:30:00Z' });
    await warehouse.execute(
      'UPDATE nba_predictions.player_prop_predictions SET is_actionable = FALSE WHERE player_id = 2',
    );
    await expect(run(['picks'])).rejects.toMatchObject({
      code: 'TIPOFF_NOT_READY',
      message: expect.stringContaining('2 stored rows'),
    });
  });

  it('when the stored document does not say whose rows it holds', async () => {
    await objects.put(path('picks'), '{"row_count":2,"publication_ids":["pub-1"],"rows":[]}', {
      contentType: 'application/json',
    });
    await warehouse.execute(
      'UPDATE nba_predictions.player_prop_predictions SET is_actionable = FALSE WHERE player_id > 0',
    );
    await expect(run(['picks'])).rejects.toMatchObject({ code: 'TIPOFF_NOT_READY' });
  });

  it('when the schedule is not loaded, which does not prove that there are no games', async () => {
    await warehouse.execute('DELETE FROM nba_predictions.player_prop_predictions WHERE player_id > 0');
    await warehouse.execute('DELETE FROM nba_reference.schedule WHERE is_counted');
    await expect(run()).rejects.toMatchObject({ code: 'TIPOFF_NOT_READY' });
  });

  it('when the stored object cannot be read as a document', async () => {
    await objects.put(path('picks'), '{"rows": [', { contentType: 'application/json' });
    await warehouse.execute(
      'UPDATE nba_predictions.player_prop_predictions SET is_actionable = FALSE WHERE player_id > 0',
    );
    await expect(run(['picks'])).rejects.toMatchObject({
      code: 'TIPOFF_NOT_READY',
      message: expect.stringContaining('no readable document'),
    });
    await warehouse.execute(
      'UPDATE nba_predictions.player_prop_predictions SET is_actionable = TRUE WHERE player_id > 0',
    );
    expect(results(await run(['picks']))).toEqual({ picks: 'written' });
  });

  it('when grades vanish without a withdrawal', async () => {
    await addBoxScore(warehouse);
    await grade({ warehouse, clock }, { from: SLATE, to: SLATE });
    await run();
    await warehouse.execute('DELETE FROM nba_predictions.prediction_grades WHERE player_id > 0');
    await expect(run(['results'])).rejects.toMatchObject({ code: 'TIPOFF_NOT_READY' });
  });

  it('and a read that failed writes nothing', async () => {
    await warehouse.dropTable({ dataset: 'nba_predictions', name: 'player_prop_predictions' });
    const writes = objects.writes.length;
    await expect(run()).rejects.toMatchObject({ code: 'TIPOFF_SQL' });
    expect(objects.writes).toHaveLength(writes);
  });

  it('but a withdrawal on purpose is written as such, with its reason, once', async () => {
    await withdraw(warehouse, 'pub-1');
    expect(results(await run())).toMatchObject({ picks: 'written', predictions: 'written' });
    expect(await document('predictions')).toMatchObject({
      status: 'withdrawn',
      row_count: 0,
      rows: [],
      publication_ids: [],
      withdrawn: [{ publication_id: 'pub-1', withdrawn_at: '2025-01-12T12:00:00.000Z' }],
    });
    clock.advance(60_000);
    expect(results(await run())).toMatchObject({ picks: 'unchanged', predictions: 'unchanged' });
  });

  it('and withdrawing one publication does not excuse the loss of another', async () => {
    await publish(warehouse, [pick(3, 8)], { id: 'pub-2' });
    await run();
    await withdraw(warehouse, 'pub-2');
    await warehouse.execute(
      "DELETE FROM nba_predictions.player_prop_predictions WHERE publication_id = 'pub-1'",
    );
    await expect(run(['predictions'])).rejects.toMatchObject({
      code: 'TIPOFF_NOT_READY',
      message: expect.stringContaining('3 stored rows'),
    });
  });

  it('but a slate that lost its games says so', async () => {
    await addGame(warehouse, { game_id: '0022400600', slate: '2025-01-20' });
    await warehouse.execute('DELETE FROM nba_predictions.player_prop_predictions WHERE player_id > 0');
    await warehouse.execute(
      "UPDATE nba_reference.schedule SET status = 'postponed' WHERE game_id = '0022400517'",
    );
    expect(results(await run(['picks', 'predictions']))).toEqual({
      picks: 'written',
      predictions: 'written',
    });
    expect(await document('picks')).toMatchObject({ status: 'no_games', rows: [] });
  });

  it('but picks that a newer publication replaced one by one may become none', async () => {
    await publish(warehouse, [unpicked(1)], { id: 'pub-2', at: '2025-01-10T17:30:00Z' });
    await run();
    expect((await document('picks')).rows).toMatchObject([{ player_id: 2 }]);
    await publish(warehouse, [unpicked(2)], { id: 'pub-3', at: '2025-01-10T17:40:00Z' });
    await run();
    expect(await document('picks')).toMatchObject({
      status: 'empty',
      rows: [],
      publication_ids: ['pub-1', 'pub-2', 'pub-3'],
    });
  });
});

describe('nothing stored', () => {
  it('and nothing published: nothing is written', async () => {
    await addGame(warehouse);
    expect(results(await run())).toEqual({
      picks: 'not_ready',
      predictions: 'not_ready',
      results: 'not_ready',
    });
    expect(await objects.list('exports/2025')).toEqual([]);
  });

  it('and published without a pick: an empty list of picks', async () => {
    await addGame(warehouse);
    await publish(warehouse, [unpicked(1)]);
    expect(results(await run())).toMatchObject({ picks: 'written' });
    expect(await document('picks')).toMatchObject({
      status: 'empty',
      row_count: 0,
      publication_ids: ['pub-1'],
    });
  });
});

describe('two writers', () => {
  it('do not overwrite each other unread: the decision is taken anew', async () => {
    await addGame(warehouse);
    await publish(warehouse, [unpicked(1)]);
    const good = JSON.stringify({
      row_count: 1,
      publication_ids: ['pub-9'],
      rows: [{ player_id: 9, publication_id: 'pub-9' }],
    });
    objects.beforePut = (where) => objects.put(where, good, { contentType: 'application/json' });
    await expect(run(['picks'])).rejects.toMatchObject({
      code: 'TIPOFF_NOT_READY',
      message: expect.stringContaining('1 stored rows'),
    });
    expect(new TextDecoder().decode((await objects.get(path('picks')))?.bytes)).toBe(good);
  });
});

describe('the manifest', () => {
  it('lists every document there is, and drops what is gone', async () => {
    await addGame(warehouse);
    await publish(warehouse, [pick(1, 4)]);
    await run();
    await objects.put('exports/2025-01-01/picks.json', '{"kind":"picks","row_count":3}', {
      contentType: 'application/json',
    });
    await run();
    const entries = async () =>
      (await document('exports/manifest.json')).documents.map(
        (entry: { path: string; row_count: number }) => [entry.path, entry.row_count],
      );
    expect(await entries()).toEqual([
      ['exports/2025-01-01/picks.json', 3],
      [path('picks'), 1],
      [path('predictions'), 1],
    ]);
    await objects.delete('exports/2025-01-01/picks.json');
    await publish(warehouse, [pick(2, 4)], { id: 'pub-2' });
    await run();
    expect(await entries()).toEqual([
      [path('picks'), 2],
      [path('predictions'), 2],
    ]);
  });

  it('says whether its entries are those that were written, and trusts none of them otherwise', async () => {
    await addGame(warehouse);
    await publish(warehouse, [pick(1, 4), unpicked(2)]);
    await run(['predictions']);
    expect(await readManifest(objects)).toMatchObject({ isWhole: true, entries: [{ row_count: 2 }] });
    const stored = await document('exports/manifest.json');
    const [entry] = stored.documents;
    await objects.put(
      'exports/manifest.json',
      JSON.stringify({ ...stored, documents: [{ ...entry, row_count: 11 }] }),
      { contentType: 'application/json' },
    );
    expect(await readManifest(objects)).toMatchObject({ isWhole: false, entries: [{ row_count: 11 }] });
    expect(results(await run(['predictions']))).toEqual({ predictions: 'unchanged' });
    expect(await readManifest(objects)).toMatchObject({ isWhole: true, entries: [{ row_count: 2 }] });
  });

  it('survives a lost race and bytes that are no manifest', async () => {
    await addGame(warehouse);
    await publish(warehouse, [pick(1, 4)]);
    await objects.put('exports/manifest.json', 'oops', { contentType: 'application/json' });
    await run(['picks']);
    expect((await document('exports/manifest.json')).documents).toHaveLength(1);
    await run(['picks', 'predictions']);
    expect((await document('exports/manifest.json')).documents).toHaveLength(2);
  });
});
