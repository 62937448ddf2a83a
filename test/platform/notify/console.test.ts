import { expect, it } from 'vitest';
import { consoleNotifier } from '#platform/notify/console.ts';
import type { Notice } from '#platform/notify/port.ts';

const NOTICE: Notice = {
  key: 'k',
  severity: 'warning',
  title: 'Injury feed is 5 hours old',
  lines: ['last report 13:00 ET', 'expected by 17:30 ET'],
  repair: 'tipoff ingest injuries',
};

it('prints a notice for people', async () => {
  const lines: string[] = [];
  const ref = await consoleNotifier((line) => lines.push(line)).send({
    ...NOTICE,
    runbook: 'docs/runbooks/injuries.md',
  });
  expect(ref).toEqual({ channel: 'console', id: 'k' });
  expect(lines).toEqual([
    '[WARNING] Injury feed is 5 hours old',
    '  last report 13:00 ET',
    '  expected by 17:30 ET',
    '  repair: tipoff ingest injuries',
    '  runbook: docs/runbooks/injuries.md',
  ]);
});

it('prints what an update changed, against the last text', async () => {
  const lines: string[] = [];
  const notifier = consoleNotifier((line) => lines.push(line));
  const ref = await notifier.send(NOTICE);
  lines.length = 0;
  await notifier.update(ref, {
    ...NOTICE,
    severity: 'error',
    lines: ['last report 13:00 ET', 'expected by 18:30 ET'],
  });
  await notifier.update(ref, {
    key: 'k',
    severity: 'resolved',
    title: 'Injury feed is fresh',
    lines: ['last report 13:00 ET'],
  });
  await notifier.update(ref, {
    key: 'k',
    severity: 'resolved',
    title: 'Injury feed is fresh',
    lines: ['last report 13:00 ET'],
  });
  expect(lines).toEqual([
    '[WARNING -> ERROR] Injury feed is 5 hours old',
    '  - expected by 17:30 ET',
    '  + expected by 18:30 ET',
    '[ERROR -> RESOLVED] Injury feed is fresh',
    '  - expected by 18:30 ET',
    '  - repair: tipoff ingest injuries',
    '[RESOLVED] Injury feed is fresh',
    '  (otherwise unchanged)',
  ]);
});

it('prints an update of a notice it never printed in full', async () => {
  const lines: string[] = [];
  await consoleNotifier((line) => lines.push(line)).update({ channel: 'console', id: 'k' }, NOTICE);
  expect(lines).toHaveLength(4);
});

it('keeps outside text from breaking the layout or steering the terminal', async () => {
  const lines: string[] = [];
  await consoleNotifier((line) => lines.push(line)).send({
    ...NOTICE,
    title: 'a\u001b[2Jb\nc',
    lines: ['x\r\ny'],
  });
  expect(lines.slice(0, 2)).toEqual(['[WARNING] a [2Jb c', '  x y']);
});

it('does not take an update as shown that could not be printed', async () => {
  const lines: string[] = [];
  let broken = false;
  const notifier = consoleNotifier((line) => {
    if (broken) throw new Error('write EPIPE');
    lines.push(line);
  });
  const ref = await notifier.send(NOTICE);
  const worse: Notice = { ...NOTICE, severity: 'critical' };
  broken = true;
  await expect(notifier.update(ref, worse)).rejects.toMatchObject({
    code: 'TIPOFF_NOTIFY',
    message: expect.stringContaining('EPIPE'),
  });
  broken = false;
  await notifier.update(ref, worse);
  expect(lines.at(-2)).toBe('[WARNING -> CRITICAL] Injury feed is 5 hours old');
});

it('refuses a reference of another notice or channel', async () => {
  const notifier = consoleNotifier(() => undefined);
  await expect(notifier.update({ channel: 'slack', id: 'k' }, NOTICE)).rejects.toMatchObject({
    code: 'TIPOFF_BAD_INPUT',
  });
  await expect(notifier.update({ channel: 'console', id: 'other' }, NOTICE)).rejects.toMatchObject({
    code: 'TIPOFF_BAD_INPUT',
  });
});
