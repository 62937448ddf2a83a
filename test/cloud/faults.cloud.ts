import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#platform/clock.ts';
import { openPubSubTransport, type Transport } from '#platform/queue/pubsub/transport.ts';
import { openFirestoreState } from '#platform/state/firestore/store.ts';
import type { StateStore } from '#platform/state/port.ts';
import { type GrpcProxy, grpcProxy } from '#test/fakes/grpc-proxy.ts';
import { offered } from './offered.ts';

const [firestore, pubsub] = [offered('firestore'), offered('pubsub')];

const [CANCELLED, DEADLINE, NOT_FOUND, DENIED, EXHAUSTED, PRECONDITION, ABORTED, INTERNAL, UNAVAILABLE] = [
  1, 4, 5, 7, 8, 9, 10, 13, 14,
];

describe.skipIf(firestore === undefined)('Firestore under faults', () => {
  let proxy: GrpcProxy;
  let state: StateStore;
  let projectId: string;
  beforeEach(async () => {
    proxy = await grpcProxy(firestore ?? '');
    projectId = `tipoff-${randomUUID().slice(0, 8)}`;
    state = openFirestoreState({ projectId, emulator: proxy.at, clock: systemClock });
    await state.create('counters', 'a', { n: 0 });
  });
  afterEach(async () => {
    await state.close();
    await proxy.close();
  });
  const count = async (): Promise<number | undefined> =>
    (await state.get<{ n: number }>('counters', 'a'))?.data.n;
  const add = (): Promise<void> =>
    state.transaction(async (tx) => {
      const found = await tx.get<{ n: number }>('counters', 'a');
      tx.put('counters', 'a', { n: (found?.data.n ?? 0) + 1 });
    });

  it.each([
    ['aborted, as by contention', ABORTED],
    ['unavailable', UNAVAILABLE],
    ['over quota for a moment', EXHAUSTED],
  ])('counts once when a commit was refused as %s', async (_, code) => {
    proxy.inject({ method: 'Commit', how: 'refuse', code, times: 2 });
    await add().catch((error: unknown) => {
      // What the client does not repeat is transient for the caller, and has changed nothing.
      expect(error).toMatchObject({ code: 'TIPOFF_PROVIDER_DOWN', transient: true });
    });
    const after = await count();
    expect(after).toBeLessThanOrEqual(1);
    if (after === 0) await add();
    expect(await count()).toBe(1);
  });

  it.each([
    ['unavailable', UNAVAILABLE],
    ['over time', DEADLINE],
    ['an internal error', INTERNAL],
    ['cancelled', CANCELLED],
  ])('counts once when a commit landed and its answer was lost: %s', async (_, code) => {
    proxy.inject({ method: 'Commit', how: 'lose', code, times: 1 });
    await add();
    expect(await count()).toBe(1);
    expect((await state.get('counters', 'a'))?.version).toBe(2);
  });

  it('counts once when its answer was lost and others have written since', async () => {
    const direct = openFirestoreState({ projectId, emulator: firestore ?? '', clock: systemClock });
    const others = Promise.all(
      Array.from({ length: 5 }, () =>
        direct.transaction(async (tx) => {
          const found = await tx.get<{ n: number }>('counters', 'a');
          tx.put('counters', 'a', { n: (found?.data.n ?? 0) + 10 });
        }),
      ),
    );
    // The client repeats the commit some hundred milliseconds later: meanwhile the others land.
    proxy.inject({ method: 'Commit', how: 'lose', code: UNAVAILABLE, times: 3 });
    await Promise.all([add(), others]);
    expect(await count()).toBe(51);
    await direct.close();
  });

  it('creates once when the answer was lost, and knows the document for its own', async () => {
    proxy.inject({ method: 'Commit', how: 'lose', code: UNAVAILABLE, times: 1 });
    expect(await state.create('leases', 'one', { owner: 'us' })).toBe(true);
    expect(await state.create('leases', 'one', { owner: 'them' })).toBe(false);
    expect((await state.get('leases', 'one'))?.data).toEqual({ owner: 'us' });
  });

  it('does not repeat a commit that is refused for good', async () => {
    proxy.inject({ method: 'Commit', how: 'refuse', code: DENIED, times: 50 });
    const before = proxy.called.length;
    await expect(add()).rejects.toMatchObject({ code: 'TIPOFF_PROVIDER', transient: false });
    expect(proxy.called.slice(before).filter((method) => method === 'Commit')).toHaveLength(1);
  });

  it.each([
    ['forbidden', DENIED],
    ['a database that is not there', NOT_FOUND],
  ])('gives up a read that is refused for good after the two repeats of the client: %s', async (_, code) => {
    proxy.inject({ method: 'BatchGetDocuments', how: 'refuse', code, times: 50 });
    const before = proxy.called.length;
    await expect(state.get('counters', 'a')).rejects.toMatchObject({
      code: 'TIPOFF_PROVIDER',
      transient: false,
    });
    expect(
      proxy.called.slice(before).filter((method) => method === 'BatchGetDocuments').length,
    ).toBeLessThanOrEqual(3);
  });

  it('never takes a failed read for a missing document or an empty list', async () => {
    proxy.inject({ method: 'BatchGetDocuments', how: 'refuse', code: DENIED, times: 3 });
    proxy.inject({ method: 'RunQuery', how: 'refuse', code: DENIED, times: 3 });
    await expect(state.get('counters', 'nobody')).rejects.toMatchObject({ code: 'TIPOFF_PROVIDER' });
    await expect(state.list('counters')).rejects.toMatchObject({ code: 'TIPOFF_PROVIDER' });
    expect([await state.get('counters', 'nobody'), (await state.list('counters')).length]).toEqual([
      undefined,
      1,
    ]);
  });

  it('repeats a read that was unavailable', async () => {
    proxy.inject({ method: 'BatchGetDocuments', how: 'refuse', code: UNAVAILABLE, times: 2 });
    expect(await count()).toBe(0);
  });

  it('loses no update of many contenders while commits are refused and answers lost', async () => {
    proxy.inject({ method: 'Commit', how: 'refuse', code: ABORTED, times: 3 });
    proxy.inject({ method: 'Commit', how: 'lose', code: UNAVAILABLE, times: 2 });
    proxy.inject({ method: 'Commit', how: 'refuse', code: PRECONDITION, times: 2 });
    await Promise.all(Array.from({ length: 6 }, add));
    expect(await count()).toBe(6);
  });
});

describe.skipIf(pubsub === undefined)('Pub/Sub under faults', () => {
  let proxy: GrpcProxy;
  let transport: Transport;
  beforeEach(async () => {
    proxy = await grpcProxy(pubsub ?? '');
    transport = openPubSubTransport({
      projectId: `tipoff-${randomUUID().slice(0, 8)}`,
      emulator: proxy.at,
      createMissing: true,
    });
    await transport.publish('warm-up', [{ id: 'x', json: '0' }]);
  });
  afterEach(async () => {
    await transport.close();
    await proxy.close();
  });
  const ids = async (): Promise<string[]> => (await transport.pull('units', 10)).map(({ id }) => id);

  it.each([UNAVAILABLE, ABORTED, INTERNAL])('publishes after it was refused with %i', async (code) => {
    proxy.inject({ method: 'Publish', how: 'refuse', code, times: 2 });
    await transport.publish('units', [{ id: 'a', json: '1' }]);
    expect(await ids()).toEqual(['a']);
  });

  it('hands a message out under its one id, however often its publication was repeated', async () => {
    proxy.inject({ method: 'Publish', how: 'lose', code: UNAVAILABLE, times: 1 });
    await transport.publish('units', [{ id: 'a', json: '1' }]);
    expect(new Set(await ids())).toEqual(new Set(['a']));
  });

  it.each([DENIED, NOT_FOUND])('does not repeat what is refused for good: %i', async (code) => {
    proxy.inject({ method: 'Publish', how: 'refuse', code, times: 50 });
    const before = proxy.called.length;
    await expect(transport.publish('warm-up', [{ id: 'a', json: '1' }])).rejects.toMatchObject({
      code: 'TIPOFF_PROVIDER',
    });
    expect(proxy.called.slice(before)).toEqual(['Publish']);
  });

  it('never takes a failed pull for an empty queue', async () => {
    await transport.publish('units', [{ id: 'a', json: '1' }]);
    proxy.inject({ method: 'Pull', how: 'refuse', code: DENIED, times: 1 });
    await expect(transport.pull('units', 1)).rejects.toMatchObject({ code: 'TIPOFF_PROVIDER' });
    expect(await ids()).toEqual(['a']);
  });
});
