import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import { checkDelivered, OUTBOX, type OutboxDoc, openOutbox } from '#platform/notify/outbox.ts';
import type { Notice } from '#platform/notify/port.ts';
import type { StateStore } from '#platform/state/port.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import type { NotifierUnderTest } from './notifier.ts';

/** A notifier that can be broken and mended, and counts what people see. */
export interface ChannelUnderTest extends Omit<NotifierUnderTest, 'breakDown'> {
  /** Makes every delivery fail, or work again. */
  setDown(isDown: boolean): void;
  /** Messages that people see: those that were sent, not those that were edited. */
  messages(): number;
}

const KEY = 'batch:2025-01-10-first-001';
const NOTICE: Omit<Notice, 'key'> = {
  severity: 'error',
  title: 'The batch failed',
  lines: ['40 players missing'],
};
const MENDED: Omit<Notice, 'key'> = { severity: 'resolved', title: 'The batch was published', lines: [] };
const MINUTE = 60_000;

/** What an outbox must do over every notifier. */
export function outboxContract(name: string, open: (clock: VirtualClock) => Promise<ChannelUnderTest>): void {
  describe(`an outbox over ${name}`, () => {
    let clock: VirtualClock;
    let state: StateStore;
    let channel: ChannelUnderTest;
    let heard: Notice[];
    beforeEach(async () => {
      clock = virtualClock('2025-01-10T17:00:00Z');
      state = openSqliteState(':memory:', { clock });
      channel = await open(clock);
      heard = [];
    });
    afterEach(async () => {
      await channel.dispose();
      await state.close();
    });
    const fallback = {
      send: async (notice: Notice) => {
        heard.push(notice);
        return { channel: 'fallback', id: notice.key };
      },
    };
    const outbox = (runId = 'this process') =>
      openOutbox({ state, clock, notifier: channel.notifier, fallback, runId });
    const pending = () => state.list<OutboxDoc>(OUTBOX, { where: { status: 'pending' } });

    it('sends what is new, edits what it said under the key, and says the same thing once', async () => {
      expect(await outbox().post(KEY, NOTICE)).toEqual({ how: 'sent', warnings: [] });
      expect(await outbox().post(KEY, NOTICE)).toEqual({ how: 'unchanged', warnings: [] });
      expect(await outbox('another').post(KEY, MENDED)).toEqual({ how: 'edited', warnings: [] });
      expect(channel.messages()).toBe(1);
      expect(channel.shown()).toContain('The batch was published');
    });

    it('threads a reply under the message, once', async () => {
      await outbox().post(KEY, NOTICE);
      const reply = { ...NOTICE, title: 'Still failing' };
      expect(await outbox().post(`${KEY}:1`, reply, { thread: KEY })).toMatchObject({ how: 'replied' });
      expect(await outbox().post(`${KEY}:1`, reply, { thread: KEY })).toMatchObject({ how: 'unchanged' });
      expect(channel.shown()).toContain('Still failing');
    });

    it('edits only what is there when asked for no more', async () => {
      expect(await outbox().post(KEY, MENDED, { onlyEdit: true })).toMatchObject({ how: 'left out' });
      expect(channel.messages()).toBe(0);
      await outbox().post(KEY, NOTICE);
      expect(await outbox().post(KEY, MENDED, { onlyEdit: true })).toMatchObject({ how: 'edited' });
    });

    it('says what it could not deliver, tells the fallback once, keeps it, and delivers it later, once', async () => {
      channel.setDown(true);
      const posted = await outbox().post(KEY, NOTICE);
      expect(posted).toMatchObject({ how: 'undelivered', undelivered: { key: KEY, isOnFallback: true } });
      expect(() => checkDelivered({ undelivered: [posted.undelivered ?? expect.fail()] })).toThrow(
        expect.objectContaining({
          code: 'TIPOFF_NOTIFY',
          message: expect.stringContaining('The batch failed'),
        }),
      );
      await outbox('the next run').deliver();
      expect(heard.map(({ title }) => title)).toEqual(['The batch failed']);
      expect((await pending()).map(({ data }) => [data.key, data.attempts])).toEqual([[KEY, 2]]);
      channel.setDown(false);
      expect(await outbox('the run after').deliver()).toMatchObject({ sent: 1, undelivered: [] });
      expect(await outbox().deliver()).toMatchObject({ sent: 0, edited: 0, undelivered: [] });
      expect(channel.messages()).toBe(1);
      expect(await pending()).toEqual([]);
    });

    it('holds a reply back until its message is there', async () => {
      channel.setDown(true);
      await outbox().post(KEY, NOTICE);
      expect(await outbox().post(`${KEY}:1`, NOTICE, { thread: KEY })).toMatchObject({ how: 'undelivered' });
      channel.setDown(false);
      expect(await outbox().deliver()).toMatchObject({ sent: 1, replied: 1 });
    });

    it('is one message for two processes that post the same thing at once', async () => {
      const [one, other] = await Promise.all([
        outbox('one').post(KEY, NOTICE),
        outbox('other').post(KEY, NOTICE),
      ]);
      expect([one.how, other.how]).toEqual(expect.arrayContaining(['sent']));
      expect(channel.messages()).toBe(1);
      expect(await pending()).toEqual([]);
    });

    it('is one message for two posts of one process at once, and shows the newer', async () => {
      const own = outbox();
      await Promise.all([own.post(KEY, NOTICE), own.post(KEY, MENDED)]);
      expect(channel.messages()).toBe(1);
      expect(channel.shown()).toContain('The batch was published');
      expect(await pending()).toEqual([]);
    });

    it('does not double what a process sent and died before it could note it', async () => {
      const { notifier } = channel;
      const dying = openOutbox({
        state,
        clock,
        runId: 'the dying one',
        notifier: {
          ...notifier,
          send: async (notice) => {
            await notifier.send(notice);
            // Nothing after this point runs, not even the handling of an error.
            return new Promise<never>(() => undefined);
          },
        },
      });
      void dying.post(KEY, NOTICE);
      while (channel.messages() === 0) await new Promise((resolve) => setImmediate(resolve));
      expect(await outbox().post(KEY, NOTICE)).toMatchObject({ how: 'in progress' });
      clock.advance(6 * MINUTE);
      expect(await outbox().deliver()).toMatchObject({ undelivered: [] });
      expect(channel.messages()).toBe(1);
      expect(await pending()).toEqual([]);
    });

    it('finds a message again whose reference was lost', async () => {
      await outbox().post(KEY, NOTICE);
      await state.transaction(async (tx) => {
        const doc = (await tx.get<OutboxDoc>(OUTBOX, KEY))?.data ?? expect.fail();
        tx.put(OUTBOX, KEY, { ...doc, ref: null });
      });
      expect(await outbox().post(KEY, MENDED)).toEqual({ how: 'edited', warnings: [] });
      expect(channel.messages()).toBe(1);
    });

    it('finds a message again where no state outlives the process', async () => {
      const forgetful = async (notice: Omit<Notice, 'key'>, onlyEdit = false) => {
        const fresh = openSqliteState(':memory:', { clock });
        const { notifier } = channel;
        try {
          const own = openOutbox({ state: fresh, clock, notifier, runId: 'a job', isStateLost: true });
          return (await own.post(KEY, notice, { onlyEdit })).how;
        } finally {
          await fresh.close();
        }
      };
      expect(await forgetful(MENDED, true)).toBe('left out');
      expect(await forgetful(NOTICE)).toBe('sent');
      expect(await forgetful(MENDED, true)).toBe('edited');
      expect(channel.messages()).toBe(1);
    });
  });
}
