import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mondayBefore, parseSlate } from '#core/calendar.ts';
import { schedule } from '#core/contracts/nba_reference.ts';
import { TipoffError } from '#core/errors.ts';
import { MAIN_MARKET, MARKETS } from '#core/markets.ts';
import { artefactBytes, modelOf } from '#model/artefact.ts';
import { featureContractHash } from '#model/features.ts';
import { type ModelSourceOptions, modelSource, seasonModelSource } from '#model/model-source.ts';
import { listModels, loadModel, promoteModel, retireModel } from '#model/registry.ts';
import { trainArtefact } from '#model/train.ts';
import { contentHash, promoteJudged, registerTrained, train } from '#model/train-run.ts';
import { readTrainingSets } from '#model/training-set.ts';
import { virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { gameRow } from '#test/fakes/prediction-world.ts';
import { type RecordedObjects, recordedObjects } from '#test/fakes/recorded-objects.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';
import { storeSet } from './feature-rows.ts';
import { syntheticSet } from './synthetic-set.ts';

const set = syntheticSet({ from: '2023-10-24', slates: 90, rowsPerSlate: 20, lined: 0.5 });
let stored: Warehouse;
beforeAll(async () => {
  stored = await openWarehouse();
  await storeSet(stored, set);
  return () => stored.close();
});

let objects: RecordedObjects;
let clock: ReturnType<typeof virtualClock>;
let refused: TipoffError | undefined;
const admit = async () => {
  if (refused !== undefined) throw refused;
};
const deps = () => ({
  warehouse: stored,
  objects,
  clock,
  codeVersion: 'abc1234',
  admit,
  markets: [MAIN_MARKET],
});
const source = (options: Partial<ModelSourceOptions> = {}) =>
  modelSource(deps(), { trainWhenMissing: false, by: 'test', ...options });
const slate = parseSlate;
const statuses = async () =>
  Object.fromEntries((await listModels(stored)).map((row) => [row.data_cutoff, row.status]));

beforeEach(() => {
  objects = recordedObjects();
  refused = undefined;
  clock = virtualClock('2024-02-01T12:00:00Z');
});
afterEach(async () => {
  await stored.execute('DELETE FROM nba_predictions.model_registry WHERE 1 = 1');
  await objects.dispose();
});

describe('train', () => {
  it('registers a candidate under an id made of cut-off and content', async () => {
    const { artefact, row } = await train(deps(), { cutoff: '2024-01-08', by: 'ann' });
    expect(row).toMatchObject({
      model_id: artefact.model_id,
      status: 'candidate',
      status_changed_by: 'ann',
      data_cutoff: '2024-01-08',
    });
    expect(artefact.model_id).toBe(`ridge-2024-01-08-${contentHash(artefact).slice(0, 8)}`);
    expect(artefact.created_at).toBe('2024-02-01T12:00:00.000Z');
    expect(await loadModel(deps(), row.model_id)).toEqual(artefact);
  });

  it('makes one model of several markets, which believe lines by what all of them have shown', async () => {
    const markets = MARKETS.filter(({ id }) => ['points', 'rebounds', 'pr'].includes(id));
    const { artefact, row } = await train({ ...deps(), markets }, { cutoff: '2024-01-08', by: 'ann' });
    const alone = await train(deps(), { cutoff: '2024-01-08', by: 'ann' });
    expect(Object.keys(artefact.markets).sort()).toEqual(['points', 'pr', 'rebounds']);
    expect(Object.keys(JSON.parse(row.metrics)).sort()).toEqual(['points', 'pr', 'rebounds']);
    expect(artefact.markets['points']?.ridge).toEqual(alone.artefact.markets['points']?.ridge);
    for (const { belief } of Object.values(artefact.markets))
      expect(belief.without_feed).toEqual(alone.artefact.markets['points']?.belief.without_feed);
    await promoteModel(deps(), row.model_id, 'ann');
    const served = await source().forSlate(slate('2024-01-09'));
    expect(served.markets.map(({ market }) => market.id)).toEqual(['points', 'rebounds', 'pr']);
  });

  it('finds the same model when it is trained again later, also after dying between bytes and row', async () => {
    const once = await train(deps(), { cutoff: '2024-01-08', by: 'ann' });
    clock.advance(86_400_000);
    expect(await train(deps(), { cutoff: '2024-01-08', by: 'ben' })).toEqual(once);
    await stored.execute('DELETE FROM nba_predictions.model_registry WHERE 1 = 1');
    expect((await train(deps(), { cutoff: '2024-01-08', by: 'ben' })).artefact).toEqual(once.artefact);
    expect(objects.writes).toHaveLength(1);
  });

  it('promotes at once when asked to', async () => {
    await train(deps(), { cutoff: '2024-01-01', by: 'ann', promote: true });
    const { row } = await train(deps(), { cutoff: '2024-01-08', by: 'ann', promote: true });
    expect(row.status).toBe('champion');
    expect(await statuses()).toEqual({ '2024-01-01': 'retired', '2024-01-08': 'champion' });
  });

  it('sees nothing at or after the cut-off: other results there change no byte', async () => {
    const { artefact } = await train(deps(), { cutoff: '2024-01-08', by: 'ann' });
    const scrambled = await openWarehouse();
    const target = set.target.map((points, row) =>
      (set.slates[row] ?? '') >= '2024-01-08' ? 70 - points : points,
    );
    await storeSet(scrambled, { ...set, target });
    const elsewhere = recordedObjects();
    const other = await train(
      { ...deps(), warehouse: scrambled, objects: elsewhere },
      { cutoff: '2024-01-08', by: 'ann' },
    );
    await scrambled.close();
    await elsewhere.dispose();
    expect(other.artefact).toEqual(artefact);
  });

  it('leaves nothing behind when there is too little history', async () => {
    await expect(train(deps(), { cutoff: '2023-11-01', by: 'ann' })).rejects.toMatchObject({
      code: 'TIPOFF_NO_MODEL',
    });
    await expect(train(deps(), { cutoff: 'soon', by: 'ann' })).rejects.toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
    });
    expect(objects.writes).toHaveLength(0);
    expect(await listModels(stored)).toEqual([]);
  });
});

describe('the model of a slate', () => {
  it('is the newest candidate not after the slate and not too old', async () => {
    for (const cutoff of ['2024-01-01', '2024-01-05', '2024-01-12'])
      await train(deps(), { cutoff, by: 'ann' });
    const at = async (text: string) => (await source().forSlate(slate(text))).dataCutoff;
    expect(await at('2024-01-11')).toBe('2024-01-05');
    expect(await at('2024-01-12')).toBe('2024-01-12');
    expect(await at('2024-01-19')).toBe('2024-01-12');
    await expect(at('2024-01-20')).rejects.toMatchObject({
      code: 'TIPOFF_NO_MODEL',
      message: expect.stringContaining('3 too old'),
    });
    await expect(at('2023-12-31')).rejects.toMatchObject({ code: 'TIPOFF_NO_MODEL' });
  });

  it('is the champion for sixty days, also when a candidate is newer', async () => {
    await train(deps(), { cutoff: '2024-01-01', by: 'ann', promote: true });
    await train(deps(), { cutoff: '2024-01-08', by: 'ann' });
    expect((await source().forSlate(slate('2024-01-10'))).dataCutoff).toBe('2024-01-01');
    expect((await source().forSlate(slate('2024-03-01'))).dataCutoff).toBe('2024-01-01');
    await expect(source().forSlate(slate('2024-03-02'))).rejects.toMatchObject({ code: 'TIPOFF_NO_MODEL' });
  });

  it('is never a shadow, a retired model or one of another feature contract', async () => {
    await seasonModelSource(deps(), {
      from: slate('2024-01-08'),
      to: slate('2024-01-14'),
      by: 'test',
    }).forSlate(slate('2024-01-10'));
    await expect(source().forSlate(slate('2024-01-10'))).rejects.toMatchObject({
      message: expect.stringContaining('1 shadow'),
    });
    const { row } = await train(deps(), { cutoff: '2024-01-08', by: 'ann' });
    expect((await source().forSlate(slate('2024-01-10'))).modelId).toBe(row.model_id);
    const open = source();
    await open.forSlate(slate('2024-01-10'));
    await retireModel(deps(), row.model_id, 'ann');
    await expect(open.forSlate(slate('2024-01-10'))).rejects.toMatchObject({
      message: expect.stringContaining('1 retired'),
    });
    await stored.execute(
      "UPDATE nba_predictions.model_registry SET status = 'candidate', feature_contract_hash = 'older' WHERE 1 = 1",
    );
    await expect(source().forSlate(slate('2024-01-10'))).rejects.toMatchObject({
      message: expect.stringContaining('other feature contract'),
    });
  });

  it('hints at training when there is none, and trains when allowed to, once for all who ask', async () => {
    await expect(source().forSlate(slate('2024-01-10'))).rejects.toMatchObject({
      hint: expect.stringContaining('tipoff train'),
    });
    const open = source({ trainWhenMissing: true });
    const [one, two] = await Promise.all([
      open.forSlate(slate('2024-01-10')),
      open.forSlate(slate('2024-01-10')),
    ]);
    expect(one).toBe(two);
    expect(one.dataCutoff).toBe('2024-01-10');
    expect(await statuses()).toEqual({ '2024-01-10': 'candidate' });
    expect((await open.forSlate(slate('2024-01-11'))).modelId).toBe(one.modelId);
  });

  it('does not bring a retired model back by training it again', async () => {
    const { row } = await train(deps(), { cutoff: '2024-01-10', by: 'ann' });
    await retireModel(deps(), row.model_id, 'ann');
    await expect(source({ trainWhenMissing: true }).forSlate(slate('2024-01-10'))).rejects.toMatchObject({
      code: 'TIPOFF_NO_MODEL',
    });
    await promoteModel(deps(), row.model_id, 'ann');
    expect((await source().forSlate(slate('2024-01-10'))).modelId).toBe(row.model_id);
  });

  it('refuses to serve an artefact whose bytes changed', async () => {
    const { row } = await train(deps(), { cutoff: '2024-01-10', by: 'ann' });
    await objects.put(row.artefact_path, '{}', { contentType: 'application/json' });
    await expect(source().forSlate(slate('2024-01-10'))).rejects.toMatchObject({ code: 'TIPOFF_INTEGRITY' });
  });
});

describe('the gates of training', () => {
  const refusedBy = (gate: string) =>
    expect.objectContaining({ code: 'TIPOFF_AUDIT_FAILED', message: expect.stringContaining(gate) });
  const despite = (gate: string, reason = 'a test') => ({ gates: [gate], reason });

  it('let nothing be learnt from a feature that has seen the game, unless somebody answers for it', async () => {
    const leaking = await openWarehouse();
    const at = set.features.indexOf('pts_ewma4');
    await storeSet(leaking, { ...set, columns: set.columns.with(at, set.target) });
    const own = { ...deps(), warehouse: leaking };
    const request = { cutoff: '2024-01-08', by: 'ann' };
    await expect(train(own, request)).rejects.toEqual(refusedBy('no_leak: '));
    expect(await listModels(leaking)).toEqual([]);
    await expect(train(own, { ...request, despite: despite('no_leak', ' ') })).rejects.toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
    });
    await expect(train(own, { ...request, despite: despite('luck') })).rejects.toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
    });
    expect((await train(own, { ...request, despite: despite('no_leak') })).row.status).toBe('candidate');
    await leaking.close();
  });

  it('refuse a history that ends long before the games do', async () => {
    const stale = await openWarehouse();
    await storeSet(stale, set);
    const game = { ...gameRow('2024-02-20', 900), slate: '2024-02-20', season: '2023-24', status: 'final' };
    await stale.append(schedule, [game]);
    const own = { ...deps(), warehouse: stale };
    await expect(train(own, { cutoff: '2024-02-25', by: 'ann' })).rejects.toEqual(
      refusedBy('history_is_fresh: '),
    );
    expect((await train(own, { cutoff: '2024-02-20', by: 'ann' })).row.status).toBe('candidate');
    await stale.close();
  });

  it('keep a champion before a candidate that forecasts worse on rows that neither has seen', async () => {
    const { artefact } = await train(deps(), { cutoff: '2023-12-20', by: 'ann', promote: true });
    const points = modelOf(artefact, MAIN_MARKET);
    const ridge = { ...points.ridge, intercept: points.ridge.intercept + 4 };
    const bad = { ...artefact, markets: { points: { ...points, ridge } } };
    const { row } = await registerTrained(deps(), bad, { status: 'candidate', by: 'ann' });
    await expect(promoteJudged(deps(), row.model_id, { by: 'ann' })).rejects.toEqual(
      refusedBy('worse forecasts, a bias of'),
    );
    const taken = await promoteJudged(deps(), row.model_id, {
      by: 'ann',
      despite: despite('no_loss_to_champion', 'lines were wrong'),
    });
    expect(taken.row).toMatchObject({
      status: 'champion',
      status_changed_by: 'ann, despite no_loss_to_champion: lines were wrong',
    });
    // The way back asks nothing, and the good one would win again on its own.
    const back = await promoteJudged(deps(), artefact.model_id, { by: 'ann' });
    expect(back).toMatchObject({ row: { status: 'champion' }, outcomes: [] });
  });

  it('hold a twin of a young candidate against the champion, and say when nobody can tell', async () => {
    const champion = await train(deps(), { cutoff: '2023-12-04', by: 'ann', promote: true });
    const later = await train(deps(), { cutoff: '2024-01-20', by: 'ann' });
    const { outcomes } = await promoteJudged(deps(), later.row.model_id, { by: 'ann' });
    expect(outcomes.map(({ check, status }) => `${check} ${status}`)).toEqual([
      'no_leak pass',
      'history_is_fresh pass',
      'no_loss_to_champion pass',
    ]);
    expect(outcomes.at(-1)?.seen).toContain('from 2023-12-23');
    const next = await train(deps(), { cutoff: '2024-01-21', by: 'ann' });
    const young = await promoteJudged(deps(), next.row.model_id, { by: 'ann' });
    expect(young.outcomes.at(-1)).toMatchObject({ check: 'no_loss_to_champion', status: 'skip' });
    expect(champion.row.status).toBe('champion');
  });
});

describe('a history that may not be learnt from', () => {
  beforeEach(() => {
    refused = new TipoffError('TIPOFF_AUDIT_FAILED', '30 of 100 training rows lack a required feature', {
      hint: 'Repair them.',
    });
  });

  it('gives no model, whoever asks, and leaves no trace', async () => {
    const range = { from: slate('2023-12-20'), to: slate('2024-01-20'), by: 'backfill' };
    const asked = [
      () => train(deps(), { cutoff: '2024-01-08', by: 'ann', promote: true }),
      () => source({ trainWhenMissing: true }).forSlate(slate('2024-01-10')),
      () => seasonModelSource(deps(), range).forSlate(slate('2024-01-10')),
    ];
    for (const ask of asked) await expect(ask()).rejects.toBe(refused);
    expect(await listModels(stored)).toEqual([]);
    expect(objects.writes).toEqual([]);
  });
});

describe('models for a backfill', () => {
  const range = { from: slate('2023-12-20'), to: slate('2024-01-20'), by: 'backfill' };

  it('are the weekly ones: each slate has the Monday of its week, equal to training for that cut-off', async () => {
    const season = seasonModelSource(deps(), range);
    for (const day of ['2023-12-20', '2024-01-08', '2024-01-14', '2024-01-20'].map(slate)) {
      const model = await season.forSlate(day);
      expect(model.dataCutoff).toBe(mondayBefore(day));
      const kept = await loadModel(deps(), model.modelId);
      const alone = trainArtefact(
        await readTrainingSets(stored, { before: model.dataCutoff }, [MAIN_MARKET]),
        {
          cutoff: model.dataCutoff,
          modelId: kept.model_id,
          createdAt: kept.created_at,
          codeVersion: 'abc1234',
          featureContractHash: featureContractHash(),
        },
      );
      expect(Buffer.compare(artefactBytes(alone), artefactBytes(kept))).toBe(0);
      clock.advance(1000);
      expect((await train(deps(), { cutoff: model.dataCutoff, by: 'ann' })).artefact).toEqual(kept);
    }
  });

  it('are registered as shadow, and only those that a slate asked for', async () => {
    const season = seasonModelSource(deps(), range);
    expect(await listModels(stored)).toEqual([]);
    await season.forSlate(slate('2024-01-09'));
    await season.forSlate(slate('2024-01-10'));
    expect(await statuses()).toEqual({ '2024-01-08': 'shadow' });
    expect(objects.writes).toHaveLength(1);
  });

  it('leave a champion what it is', async () => {
    await train(deps(), { cutoff: '2024-01-08', by: 'ann', promote: true });
    await seasonModelSource(deps(), range).forSlate(slate('2024-01-10'));
    expect(await statuses()).toEqual({ '2024-01-08': 'champion' });
  });

  it('say which week has too little history, and refuse slates outside the range', async () => {
    const early = seasonModelSource(deps(), { ...range, from: slate('2023-10-24') });
    await expect(early.forSlate(slate('2023-10-25'))).rejects.toMatchObject({ code: 'TIPOFF_NO_MODEL' });
    expect((await early.forSlate(slate('2024-01-10'))).dataCutoff).toBe('2024-01-08');
    await expect(early.forSlate(slate('2024-01-21'))).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
  });
});
