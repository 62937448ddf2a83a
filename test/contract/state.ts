import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VirtualClock } from '#platform/clock.ts';
import type { Doc, StateQuery, StateStore } from '#platform/state/port.ts';

/** A fresh, empty store and what the suite needs around it. */
export interface StateUnderTest {
  readonly store: StateStore;
  /** The clock the store was opened with. */
  readonly clock: VirtualClock;
  /** Another handle on the same documents, as a second process would have. */
  another(): Promise<StateStore>;
  /** Closes and removes everything. */
  dispose(): Promise<void>;
}

/** What every StateStore must do. `runs`: how many random histories the model test plays. */
export function stateContract(name: string, open: () => Promise<StateUnderTest>, { runs = 60 } = {}): void {
  describe(`${name} keeps the state store contract`, () => {
    let subject: StateUnderTest;
    let store: StateStore;
    beforeEach(async () => {
      subject = await open();
      store = subject.store;
    });
    afterEach(() => subject.dispose());

    const put = (collection: string, id: string, data: object, on = store): Promise<void> =>
      on.transaction(async (tx) => tx.put(collection, id, data));
    const idsOf = async (query?: StateQuery): Promise<string[]> =>
      (await store.list('c', query)).map((doc) => doc.id);

    describe('single documents', () => {
      it('says undefined for a missing document', async () => {
        expect(await store.get('c', 'nobody')).toBeUndefined();
        expect(await store.list('nothing')).toEqual([]);
      });

      it('creates once, and keeps the first on a second create', async () => {
        expect(await store.create('c', 'a', { n: 1 })).toBe(true);
        expect(await store.create('c', 'a', { n: 2 })).toBe(false);
        expect(await store.get('c', 'a')).toEqual({
          collection: 'c',
          id: 'a',
          data: { n: 1 },
          version: 1,
          updatedAt: subject.clock.now().toISOString(),
        });
      });

      it('counts versions and dates writes by its clock', async () => {
        await store.create('c', 'a', { n: 1 });
        subject.clock.advance(90_000);
        await put('c', 'a', { n: 2 });
        const doc = await store.get('c', 'a');
        expect([doc?.version, doc?.updatedAt, doc?.data]).toEqual([
          2,
          subject.clock.now().toISOString(),
          { n: 2 },
        ]);
      });

      it('replaces a document whole', async () => {
        await store.create('c', 'a', { old: 1, both: 1 });
        await put('c', 'a', { both: 2 });
        expect((await store.get('c', 'a'))?.data).toEqual({ both: 2 });
      });

      it('tells an empty document and a null field from a missing one', async () => {
        await store.create('c', 'empty', {});
        await store.create('c', 'null', { field: null });
        expect((await store.get('c', 'empty'))?.data).toEqual({});
        expect((await store.get('c', 'null'))?.data).toEqual({ field: null });
      });

      it('keeps nested data, odd text and every digit of a number', async () => {
        const data = {
          list: [1, [null, { deep: 'ü\u0000"\\\n😀' }]],
          pi: Math.PI,
          tiny: 5e-324,
          big: 2 ** 53 - 1,
          flag: false,
        };
        await store.create('c', 'a', data);
        expect((await store.get('c', 'a'))?.data).toEqual(data);
      });

      it.each([
        ['not a number', { x: Number.NaN }],
        ['infinity', { x: Number.POSITIVE_INFINITY }],
        ['a date', { x: new Date(0) }],
        ['a map', { x: new Map() }],
        ['undefined in an array', { x: [undefined] }],
        ['a function', { x: () => 1 }],
        ['a bigint', { x: 1n }],
        ['an array as document', []],
      ])('refuses %s, which JSON would change in silence', async (_what, data) => {
        await expect(store.create('c', 'a', data)).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
        await expect(put('c', 'a', data)).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
        expect(await store.get('c', 'a')).toBeUndefined();
      });

      it.each(['', '.', '..', 'a/b', 'a\u0000b', '\ud800', 'x'.repeat(1501)])(
        'refuses the id %j',
        async (id) => {
          await expect(store.get('c', id)).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
          await expect(store.create('c', id, {})).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
          await expect(put('c', id, {})).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
        },
      );

      it('hands out copies', async () => {
        await store.create('c', 'a', { list: [1] });
        const doc = await store.get<{ list: number[] }>('c', 'a');
        doc?.data.list.push(2);
        expect((await store.get('c', 'a'))?.data).toEqual({ list: [1] });
      });

      it('answers a ping, and fails every call after close', async () => {
        await store.ping();
        await store.close();
        await store.close();
        await expect(store.ping()).rejects.toThrow();
        await expect(store.list('c')).rejects.toThrow();
      });
    });

    describe('lists', () => {
      it('orders by id and keeps collections apart', async () => {
        for (const id of ['b', 'a', 'B', '10', '9', 'é', '😀', '\uffee']) await store.create('c', id, {});
        await store.create('other', 'x', {});
        expect(await idsOf()).toEqual(['10', '9', 'B', 'a', 'b', 'é', '\uffee', '😀']);
      });

      it('filters by type and value', async () => {
        const values = {
          yes: true,
          no: false,
          one: 1,
          text: '1',
          word: 'true',
          float: 0.1,
          none: null,
          zero: 0,
          quote: `it's "x" \\ ü`,
        };
        for (const [id, v] of Object.entries(values)) await store.create('c', id, { v });
        await store.create('c', 'missing', {});
        expect(await idsOf({ where: { v: true } })).toEqual(['yes']);
        expect(await idsOf({ where: { v: false } })).toEqual(['no']);
        expect(await idsOf({ where: { v: 1 } })).toEqual(['one']);
        expect(await idsOf({ where: { v: '1' } })).toEqual(['text']);
        expect(await idsOf({ where: { v: 0.1 } })).toEqual(['float']);
        expect(await idsOf({ where: { v: -0 } })).toEqual(['zero']);
        expect(await idsOf({ where: { v: values.quote } })).toEqual(['quote']);
        expect(await idsOf({ where: { v: 'TRUE' } })).toEqual([]);
      });

      it('needs every field of where to match', async () => {
        await store.create('c', 'a', { x: 1, y: 'u' });
        await store.create('c', 'b', { x: 1, y: 'v' });
        expect(await idsOf({ where: { x: 1, y: 'v' } })).toEqual(['b']);
        expect(await idsOf({ where: { x: 1 } })).toEqual(['a', 'b']);
      });

      it('takes prefixes literally', async () => {
        for (const id of ['a%b', 'a_b', 'axb', 'A%b', 'a', 'b', 'a😀', 'a\u{10ffff}z'])
          await store.create('c', id, {});
        expect(await idsOf({ idPrefix: 'a%' })).toEqual(['a%b']);
        expect(await idsOf({ idPrefix: 'a_' })).toEqual(['a_b']);
        expect(await idsOf({ idPrefix: 'a' })).toEqual(['a', 'a%b', 'a_b', 'axb', 'a😀', 'a\u{10ffff}z']);
        expect(await idsOf({ idPrefix: 'a\u{10ffff}' })).toEqual(['a\u{10ffff}z']);
        expect(await idsOf({ idPrefix: 'zz' })).toEqual([]);
      });

      it('limits, with prefix and filter', async () => {
        for (const id of ['a1', 'a2', 'a3', 'b1']) await store.create('c', id, { odd: id !== 'a2' });
        expect(await idsOf({ limit: 2 })).toEqual(['a1', 'a2']);
        expect(await idsOf({ idPrefix: 'a', where: { odd: true }, limit: 2 })).toEqual(['a1', 'a3']);
        await expect(idsOf({ limit: 0 })).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
      });

      it('refuses fields it cannot ask for', async () => {
        await expect(idsOf({ where: { 'a.b': 1 } })).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
        await expect(idsOf({ where: { "x') OR 1=1 --": 1 } })).rejects.toMatchObject({
          code: 'TIPOFF_BAD_INPUT',
        });
        await expect(idsOf({ where: { x: Number.NaN } })).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
      });
    });

    describe('transactions', () => {
      it('returns what the body returned, and lands all its writes', async () => {
        await store.create('c', 'gone', {});
        const result = await store.transaction(async (tx) => {
          const gone = await tx.get('c', 'gone');
          tx.put('c', 'a', { n: 1 });
          tx.put('d', 'b', { n: 2 });
          tx.delete('c', 'gone');
          return gone?.id;
        });
        expect(result).toBe('gone');
        expect([await idsOf(), (await store.list('d')).map((doc) => doc.id)]).toEqual([['a'], ['b']]);
      });

      it('lands nothing when the body throws', async () => {
        const failing = store.transaction(async (tx) => {
          tx.put('c', 'a', {});
          throw new Error('body failed');
        });
        await expect(failing).rejects.toThrow('body failed');
        expect(await idsOf()).toEqual([]);
      });

      it('counts one version however often one transaction puts a document', async () => {
        await store.create('c', 'a', { n: 0 });
        await store.transaction(async (tx) => {
          tx.put('c', 'a', { n: 1 });
          tx.delete('c', 'a');
          tx.put('c', 'a', { n: 2 });
        });
        expect(await store.get('c', 'a')).toMatchObject({ data: { n: 2 }, version: 2 });
      });

      it('refuses a read after the first write', async () => {
        const reading = store.transaction(async (tx) => {
          tx.put('c', 'a', {});
          return tx.get('c', 'a');
        });
        await expect(reading).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
        const listing = store.transaction(async (tx) => {
          tx.delete('c', 'a');
          return tx.list('c');
        });
        await expect(listing).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
        expect(await idsOf()).toEqual([]);
      });

      it('runs again when a document it read has changed', async () => {
        await store.create('c', 'a', { n: 1 });
        const other = await subject.another();
        let runs = 0;
        await store.transaction(async (tx) => {
          runs += 1;
          const n = (await tx.get<{ n: number }>('c', 'a'))?.data.n ?? 0;
          if (runs === 1) await put('c', 'a', { n: 10 }, other);
          tx.put('c', 'a', { n: n + 1 });
        });
        expect([runs, (await store.get('c', 'a'))?.data]).toEqual([2, { n: 11 }]);
      });

      it('runs again when a document it missed has appeared', async () => {
        let runs = 0;
        const winner = await store.transaction(async (tx) => {
          runs += 1;
          const there = await tx.get<{ by: string }>('c', 'a');
          if (runs === 1) await store.create('c', 'a', { by: 'other' });
          if (there !== undefined) return there.data.by;
          tx.put('c', 'a', { by: 'me' });
          return 'me';
        });
        expect([runs, winner]).toEqual([2, 'other']);
      });

      it('runs again when a document was deleted and made anew with the same version', async () => {
        await store.create('c', 'a', { n: 1 });
        let runs = 0;
        await store.transaction(async (tx) => {
          runs += 1;
          const n = (await tx.get<{ n: number }>('c', 'a'))?.data.n;
          if (runs === 1) {
            await store.transaction(async (inner) => inner.delete('c', 'a'));
            await store.create('c', 'a', { n: 100 });
          }
          tx.put('c', 'copy', { n });
        });
        expect((await store.get('c', 'copy'))?.data).toEqual({ n: 100 });
      });

      it.each<[string, (store: StateStore) => Promise<unknown>]>([
        ['gained', (on) => on.create('c', 'n', { open: true })],
        ['lost', (on) => on.transaction(async (tx) => tx.delete('c', 'a'))],
        ['changed', (on) => on.transaction(async (tx) => tx.put('c', 'a', { open: false }))],
      ])('runs again when a list it read has %s a document', async (_what, change) => {
        await store.create('c', 'a', { open: true });
        await store.create('c', 'b', { open: true });
        let runs = 0;
        await store.transaction(async (tx) => {
          runs += 1;
          const open = await tx.list('c', { where: { open: true } });
          if (runs === 1) await change(store);
          tx.put('sum', 'open', { ids: open.map((doc) => doc.id) });
        });
        expect([runs, (await store.get('sum', 'open'))?.data]).toEqual([
          2,
          { ids: await idsOf({ where: { open: true } }) },
        ]);
      });

      it('does not mind changes to what it did not read', async () => {
        await store.create('c', 'a', { open: true });
        let runs = 0;
        await store.transaction(async (tx) => {
          runs += 1;
          await tx.get('c', 'a');
          await put('c', 'unrelated', { open: false });
          tx.put('c', 'done', {});
        });
        expect(runs).toBe(1);
      });

      it('never shows a body two states mixed', async () => {
        await put('c', 'left', { n: 1 });
        await put('c', 'right', { n: 1 });
        const pairs: unknown[] = [];
        let runs = 0;
        await store.transaction(async (tx) => {
          runs += 1;
          const left = await tx.get<{ n: number }>('c', 'left');
          if (runs === 1) {
            await store.transaction(async (inner) => {
              inner.put('c', 'left', { n: 2 });
              inner.put('c', 'right', { n: 2 });
            });
          }
          const right = await tx.get<{ n: number }>('c', 'right');
          pairs.push([left?.data.n, right?.data.n]);
        });
        expect(pairs.at(-1)).toEqual([2, 2]);
        expect(pairs).not.toContainEqual([1, 2]);
      });

      it('does not believe the error of a body that worked on outdated documents', async () => {
        await store.create('c', 'a', { n: 1 });
        let runs = 0;
        const result = await store.transaction(async (tx) => {
          runs += 1;
          const n = (await tx.get<{ n: number }>('c', 'a'))?.data.n;
          if (runs === 1) await put('c', 'a', { n: 2 });
          if (n === 1) throw new Error('one is not enough');
          return n;
        });
        expect([runs, result]).toEqual([2, 2]);
      });

      it('gives up with a transient error when it always loses', async () => {
        await store.create('c', 'a', { n: 0 });
        let runs = 0;
        const losing = store.transaction(async (tx) => {
          runs += 1;
          await tx.get('c', 'a');
          await put('c', 'a', { n: runs });
          tx.put('c', 'mine', {});
        });
        await expect(losing).rejects.toMatchObject({ code: 'TIPOFF_STATE_CONFLICT', transient: true });
        expect(runs).toBeGreaterThan(1);
        expect(await store.get('c', 'mine')).toBeUndefined();
      });

      it('loses no update among many at once, on two handles', async () => {
        const handles = [store, await subject.another()];
        const add = (on: StateStore): Promise<void> =>
          on.transaction(async (tx) => {
            const n = (await tx.get<{ n: number }>('c', 'counter'))?.data.n ?? 0;
            await Promise.resolve();
            tx.put('c', 'counter', { n: n + 1 });
          });
        await Promise.all(Array.from({ length: 60 }, (_, i) => add(handles[i % 2] ?? store)));
        expect(await store.get('c', 'counter')).toMatchObject({ data: { n: 60 }, version: 60 });
      });

      it('lets exactly one of many starters create', async () => {
        const handles = [store, await subject.another()];
        const won = await Promise.all(
          Array.from({ length: 20 }, (_, i) => (handles[i % 2] ?? store).create('c', 'batch', { by: i })),
        );
        expect(won.filter(Boolean)).toHaveLength(1);
        expect((await store.get('c', 'batch'))?.data).toEqual({ by: won.indexOf(true) });
      });

      it('is dead after its end', async () => {
        const handle = await store.transaction(async (tx) => tx);
        await expect(handle.get('c', 'a')).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
        expect(() => handle.put('c', 'a', {})).toThrow('after its end');
      });
    });

    it('behaves like a map under any history of writes', async () => {
      const id = fc.constantFrom('a', 'b', 'a%', 'a_', 'ab', 'é');
      const value = fc.record({
        v: fc.oneof(fc.boolean(), fc.integer({ min: 0, max: 2 }), fc.constantFrom('1', 'true', 'x')),
      });
      const step = fc.oneof(
        fc.record({ op: fc.constant('create' as const), id, value }),
        fc.record({
          op: fc.constant('writes' as const),
          changes: fc.array(fc.record({ id, value: fc.option(value) }), { maxLength: 4 }),
          fails: fc.boolean(),
        }),
        fc.record({
          op: fc.constant('list' as const),
          idPrefix: fc.constantFrom('', 'a', 'a%', 'a_'),
          where: fc.option(value),
          limit: fc.integer({ min: 1, max: 4 }),
        }),
      );
      let history = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          history += 1;
          const collection = `h${history}`;
          const model = new Map<string, { data: object; version: number }>();
          const shown = (docs: Doc[]): unknown =>
            docs.map(({ id: at, data, version }) => [at, data, version]);
          const expected = (keep: (at: string, data: object) => boolean): unknown[] =>
            [...model]
              .filter(([at, { data }]) => keep(at, data))
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([at, { data, version }]) => [at, data, version]);
          for (const s of steps) {
            if (s.op === 'create') {
              expect(await store.create(collection, s.id, s.value)).toBe(!model.has(s.id));
              if (!model.has(s.id)) model.set(s.id, { data: s.value, version: 1 });
            } else if (s.op === 'writes') {
              const writing = store.transaction(async (tx) => {
                for (const change of s.changes) {
                  if (change.value === null) tx.delete(collection, change.id);
                  else tx.put(collection, change.id, change.value);
                }
                if (s.fails) throw new Error('planned');
              });
              if (s.fails) {
                await expect(writing).rejects.toThrow('planned');
                continue;
              }
              await writing;
              for (const [at, data] of new Map(s.changes.map((change) => [change.id, change.value]))) {
                if (data === null) model.delete(at);
                else model.set(at, { data, version: (model.get(at)?.version ?? 0) + 1 });
              }
            } else {
              const { idPrefix, where, limit } = s;
              const found = await store.list(collection, {
                idPrefix,
                limit,
                ...(where === null ? {} : { where }),
              });
              const matching = expected(
                (at, data) =>
                  at.startsWith(idPrefix) &&
                  (where === null || JSON.stringify(data) === JSON.stringify(where)),
              );
              expect(shown(found)).toEqual(matching.slice(0, limit));
            }
            expect(shown(await store.list(collection))).toEqual(expected(() => true));
          }
        }),
        { numRuns: runs },
      );
    });
  });
}
