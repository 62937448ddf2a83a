import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Notice, Notifier } from '#platform/notify/port.ts';

/** A notifier and the eyes of those it tells. */
export interface NotifierUnderTest {
  readonly notifier: Notifier;
  /** Everything people have been shown so far, as text. */
  shown(): string;
  /** Makes every delivery from now on fail. */
  breakDown(): void;
  /** Closes and removes everything. */
  dispose(): Promise<void>;
}

const NOTICE: Notice = {
  key: 'canary:lines-present:2025-01-10',
  severity: 'error',
  title: 'No lines for 3 of 8 games',
  lines: ['slate 2025-01-10', 'expected 8 games, saw 5'],
  repair: 'tipoff ingest lines 2025-01-10',
  runbook: 'docs/runbooks/lines-present.md',
};

/** What every Notifier must do. */
export function notifierContract(name: string, open: () => Promise<NotifierUnderTest>): void {
  describe(`${name} keeps the notifier contract`, () => {
    let subject: NotifierUnderTest;
    beforeEach(async () => {
      subject = await open();
    });
    afterEach(() => subject.dispose());

    it('shows title, severity, lines, repair and runbook', async () => {
      await subject.notifier.send(NOTICE);
      const text = subject.shown();
      for (const part of [
        NOTICE.title,
        ...NOTICE.lines,
        'tipoff ingest lines 2025-01-10',
        'docs/runbooks/lines-present.md',
      ])
        expect(text).toContain(part);
      expect(text).toMatch(/error/i);
    });

    it('gives a reference by which the notice is updated', async () => {
      const ref = await subject.notifier.send(NOTICE);
      expect([ref.channel, ref.id].every((part) => part !== '')).toBe(true);
      await subject.notifier.update(ref, {
        ...NOTICE,
        severity: 'resolved',
        lines: ['slate 2025-01-10', 'all 8 games have lines'],
      });
      expect(subject.shown()).toContain('all 8 games have lines');
      expect(subject.shown()).toMatch(/resolved/i);
    });

    it('says more below a notice', async () => {
      const ref = await subject.notifier.send(NOTICE);
      const reply = await subject.notifier.reply(ref, {
        ...NOTICE,
        key: `${NOTICE.key}:reply`,
        title: 'Still no lines',
        lines: ['after 4 h'],
      });
      expect(reply.channel).toBe(ref.channel);
      expect(subject.shown()).toContain('Still no lines');
      expect(subject.shown()).toContain('after 4 h');
    });

    it('finds what it sent by its key, and nothing else', async () => {
      const ref = await subject.notifier.send(NOTICE);
      expect(await subject.notifier.find(NOTICE)).toEqual(ref);
      expect(await subject.notifier.find({ ...NOTICE, key: 'never sent' })).toBeUndefined();
    });

    it('says when a notice could not be delivered', async () => {
      const ref = await subject.notifier.send(NOTICE);
      subject.breakDown();
      const undelivered = { code: 'TIPOFF_NOTIFY', transient: true };
      await expect(subject.notifier.send({ ...NOTICE, key: 'another' })).rejects.toMatchObject(undelivered);
      await expect(subject.notifier.update(ref, { ...NOTICE, severity: 'resolved' })).rejects.toMatchObject(
        undelivered,
      );
      await expect(subject.notifier.reply(ref, { ...NOTICE, key: 'a reply' })).rejects.toMatchObject(
        undelivered,
      );
    });
  });
}
