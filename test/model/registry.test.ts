import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONTRACTS } from '#core/contracts/index.ts';
import { FEATURES } from '#core/features.ts';
import { type Artefact, artefactBytes, artefactHash } from '#model/artefact.ts';
import { featureContractHash } from '#model/features.ts';
import {
  artefactPath,
  listModels,
  loadModel,
  promoteModel,
  registerModel,
  retireModel,
} from '#model/registry.ts';
import { trainArtefact } from '#model/train.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type RecordedObjects, recordedObjects } from '#test/fakes/recorded-objects.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';
import { syntheticSet } from './synthetic-set.ts';

const base = trainArtefact([syntheticSet({ from: '2023-10-24', slates: 60, rowsPerSlate: 40 })], {
  modelId: 'ridge-a',
  cutoff: '2024-01-15',
  createdAt: '2024-01-15T12:00:00Z',
  codeVersion: 'abc1234',
  featureContractHash: featureContractHash(),
});
const model = (model_id: string, change: Partial<Artefact> = {}): Artefact => ({
  ...base,
  model_id,
  ...change,
});

let warehouse: Warehouse;
let objects: RecordedObjects;
let clock: VirtualClock;
const deps = () => ({ warehouse, objects, clock });
const register = (artefact: Artefact, status: 'candidate' | 'shadow' = 'candidate') =>
  registerModel(deps(), artefact, { status, by: 'test' });
const statuses = async () =>
  Object.fromEntries((await listModels(warehouse)).map((row) => [row.model_id, row.status]));

beforeEach(async () => {
  clock = virtualClock('2024-01-15T12:00:00Z');
  warehouse = await openWarehouse({ tables: 'none' });
  objects = recordedObjects();
  await warehouse.prepare(CONTRACTS);
});
afterEach(async () => {
  await warehouse.close();
  await objects.dispose();
});

describe('the model registry', () => {
  it('stores the bytes once and says in a row what they are', async () => {
    const row = await register(model('ridge-a'));
    expect(row).toMatchObject({
      model_id: 'ridge-a',
      status: 'candidate',
      status_changed_by: 'test',
      artefact_path: 'models/ridge-a.json',
      artefact_hash: artefactHash(base),
      data_cutoff: '2024-01-15',
      training_rows: base.training_rows,
      parent_model_id: null,
    });
    expect(JSON.parse(row.metrics)).toEqual({ points: base.markets['points']?.metrics });
    expect(
      Buffer.compare((await objects.get('models/ridge-a.json'))?.bytes ?? Buffer.of(), artefactBytes(base)),
    ).toBe(0);
    expect(await loadModel(deps(), 'ridge-a')).toEqual(base);
  });

  it('does nothing when the same artefact comes again', async () => {
    const row = await register(model('ridge-a'));
    expect(await register(model('ridge-a'))).toEqual(row);
    expect(objects.writes).toHaveLength(1);
    expect(await listModels(warehouse)).toHaveLength(1);
  });

  it('completes a registration that died between bytes and row', async () => {
    await objects.put('models/ridge-a.json', artefactBytes(base), { contentType: 'application/json' });
    expect(await register(model('ridge-a'))).toMatchObject({ model_id: 'ridge-a' });
  });

  it('refuses other bytes under an id that exists, in the store or in the registry', async () => {
    await register(model('ridge-a'));
    await expect(register(model('ridge-a', { code_version: 'other' }))).rejects.toMatchObject({
      code: 'TIPOFF_INTEGRITY',
    });
    await objects.delete('models/ridge-a.json');
    await expect(register(model('ridge-a', { code_version: 'other' }))).rejects.toMatchObject({
      code: 'TIPOFF_INTEGRITY',
    });
    expect((await listModels(warehouse))[0]?.artefact_hash).toBe(artefactHash(base));
  });

  it('holds its ground when another writer is faster: equal bytes are fine, others are not', async () => {
    const faster = (artefact: Artefact) => async () => {
      await objects.put(artefactPath(artefact.model_id), artefactBytes(artefact), {
        contentType: 'application/json',
      });
    };
    objects.beforePut = faster(model('ridge-a'));
    expect(await register(model('ridge-a'))).toMatchObject({ model_id: 'ridge-a' });
    objects.beforePut = faster(model('ridge-b', { code_version: 'other' }));
    await expect(register(model('ridge-b'))).rejects.toMatchObject({ code: 'TIPOFF_INTEGRITY' });
  });

  it('refuses an id that is no plain name', async () => {
    for (const id of ['../secrets', 'a/b', '']) {
      await expect(register(model(id))).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
    }
  });

  it('raises a shadow to candidate and never lowers a status', async () => {
    await register(model('ridge-a'), 'shadow');
    await register(model('ridge-a'), 'candidate');
    expect(await statuses()).toEqual({ 'ridge-a': 'candidate' });
    await register(model('ridge-a'), 'shadow');
    expect(await statuses()).toEqual({ 'ridge-a': 'candidate' });
    await promoteModel(deps(), 'ridge-a', 'test');
    await register(model('ridge-a'), 'candidate');
    expect(await statuses()).toEqual({ 'ridge-a': 'champion' });
  });
});

describe('loading', () => {
  it('refuses bytes that differ from the registered hash, and bytes that are gone', async () => {
    await register(model('ridge-a'));
    const bytes = artefactBytes(base);
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    await objects.put('models/ridge-a.json', bytes, { contentType: 'application/json' });
    await expect(loadModel(deps(), 'ridge-a')).rejects.toMatchObject({ code: 'TIPOFF_INTEGRITY' });
    await objects.delete('models/ridge-a.json');
    await expect(loadModel(deps(), 'ridge-a')).rejects.toMatchObject({ code: 'TIPOFF_INTEGRITY' });
  });

  it('names an unknown id', async () => {
    await expect(loadModel(deps(), 'ridge-x')).rejects.toMatchObject({
      code: 'TIPOFF_NOT_FOUND',
      message: expect.stringContaining('ridge-x'),
    });
  });
});

describe('promotion', () => {
  it('retires the champion before, and a rollback brings it back', async () => {
    await register(model('ridge-a'));
    await promoteModel(deps(), 'ridge-a', 'ann');
    expect((await register(model('ridge-b'))).parent_model_id).toBe('ridge-a');
    expect(await promoteModel(deps(), 'ridge-b', 'ben')).toMatchObject({
      status: 'champion',
      status_changed_by: 'ben',
    });
    expect(await statuses()).toEqual({ 'ridge-a': 'retired', 'ridge-b': 'champion' });
    await promoteModel(deps(), 'ridge-a', 'ann');
    expect(await statuses()).toEqual({ 'ridge-a': 'champion', 'ridge-b': 'retired' });
  });

  it('changes nothing for the champion itself', async () => {
    await register(model('ridge-a'));
    const row = await promoteModel(deps(), 'ridge-a', 'ann');
    clock.advance(1000);
    expect(await promoteModel(deps(), 'ridge-a', 'ben')).toEqual(row);
  });

  it('refuses a model that cannot be loaded, is unknown, or speaks another feature contract', async () => {
    await register(model('ridge-a'));
    await promoteModel(deps(), 'ridge-a', 'ann');
    await register(model('ridge-b'));
    await objects.delete('models/ridge-b.json');
    await expect(promoteModel(deps(), 'ridge-b', 'ann')).rejects.toMatchObject({ code: 'TIPOFF_INTEGRITY' });
    await expect(promoteModel(deps(), 'ridge-x', 'ann')).rejects.toMatchObject({ code: 'TIPOFF_NOT_FOUND' });
    await register(model('ridge-c', { feature_contract_hash: 'older' }));
    await expect(promoteModel(deps(), 'ridge-c', 'ann')).rejects.toMatchObject({ code: 'TIPOFF_NO_MODEL' });
    expect(await statuses()).toEqual({
      'ridge-a': 'champion',
      'ridge-b': 'candidate',
      'ridge-c': 'candidate',
    });
  });

  it('can be taken back without a successor', async () => {
    await register(model('ridge-a'));
    await promoteModel(deps(), 'ridge-a', 'ann');
    expect(await retireModel(deps(), 'ridge-a', 'ann')).toMatchObject({ status: 'retired' });
    await expect(retireModel(deps(), 'ridge-x', 'ann')).rejects.toMatchObject({ code: 'TIPOFF_NOT_FOUND' });
  });
});

describe('the hash of the feature contract', () => {
  it('changes with any name, group, necessity, definition or order', () => {
    const [first, ...rest] = FEATURES;
    if (first === undefined) throw new Error('no features');
    const changed = [
      [{ ...first, name: 'other' }, ...rest],
      [{ ...first, group: 'game' as const }, ...rest],
      [{ ...first, required: !first.required }, ...rest],
      [{ ...first, description: 'other' }, ...rest],
      [...rest, first],
      rest,
    ].map((features) => featureContractHash(features));
    expect(new Set([featureContractHash(), ...changed]).size).toBe(7);
    expect(featureContractHash([...FEATURES])).toBe(featureContractHash());
  });
});
