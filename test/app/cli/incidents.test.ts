import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '#app/cli/program.ts';
import { readConfig } from '#app/config.ts';
import { updateIncidents } from '#guard/incidents/update.ts';
import { virtualClock } from '#platform/clock.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { homeWithoutRows } from '#test/app/empty-home.ts';
import { FAKE_TOKEN, type FakeSlack, fakeSlack } from '#test/fakes/slack-server.ts';
import { check, NOON, SLATE } from '#test/guard/incidents/alarm-world.ts';
import { temporaryFolder } from '#test/platform/temporary-folder.ts';
import { holdWarehouse } from '#test/platform/warehouse/held.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slack: FakeSlack;
let letGo: () => void;
beforeEach(async () => {
  folder = await temporaryFolder();
  await homeWithoutRows(join(folder.path, 'home'));
  letGo = await holdWarehouse(join(folder.path, 'home'));
  slack = await fakeSlack();
  vi.stubEnv('TIPOFF_SLACK_TOKEN', FAKE_TOKEN);
  vi.stubEnv('TIPOFF_SLACK_API_URL', slack.url);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await slack.close();
  letGo();
  await folder.remove();
});

async function tipoff(...args: string[]) {
  const streams = { out: '', err: '' };
  const code = await main([...args, '--home', join(folder.path, 'home'), '--at', NOON], {
    out: (text) => {
      streams.out += text;
    },
    err: (text) => {
      streams.err += text;
    },
  });
  return { code, ...streams };
}

/** A failing check in the state of the home. */
async function fail(id: string): Promise<void> {
  const state = openSqliteState(join(folder.path, 'home', 'state.sqlite'), { clock: virtualClock(NOON) });
  await updateIncidents(state, [{ run_id: id, slate: SLATE, as_of: new Date(NOON), results: [check(id)] }]);
  await state.close();
}

describe('incidents', () => {
  it('are listed, shown, acknowledged and snoozed, and people see it', async () => {
    expect((await tipoff('incidents', 'list')).out).toContain('No open incidents.');
    await fail('gap');
    expect((await tipoff('incidents', 'list')).out).toMatch(/gap@20250110T1700 +open +warning/);
    expect((await tipoff('incidents', 'show', 'gap')).out).toContain(
      'repair:  tipoff predict 2025-01-10 --mode RETRY',
    );
    expect((await tipoff('incidents', 'ack', 'gap', '--note', 'on it')).code).toBe(0);
    expect(slack.posts).toMatchObject([{ text: expect.stringContaining('on it.') }]);
    expect((await tipoff('incidents', 'snooze', 'gap', '--for', '4h', '--reason', 'known')).code).toBe(0);
    expect(slack.posts).toMatchObject([{ edits: 1, text: expect.stringContaining('Snoozed by') }]);
    expect(JSON.parse((await tipoff('incidents', 'list', '--json')).out)).toMatchObject([
      { fingerprint: 'gap', snooze: { why: 'known' } },
    ]);
  });

  it('that cannot be delivered are on the console, end with exit code 3, and come later', async () => {
    await tipoff('incidents', 'list');
    await fail('gap');
    slack.troubles.push({ error: 'channel_not_found' });
    const down = await tipoff('incidents', 'deliver');
    expect(down.code).toBe(3);
    expect(down.out).toContain('[WARNING] gap: 3 of 10 games have no predictions');
    expect(down.out).toContain('0 new messages, 0 edited, 0 replies, 1 not delivered.');
    expect(down.out + down.err).not.toContain(FAKE_TOKEN);
    const up = await tipoff('incidents', 'deliver');
    expect([up.code, slack.posts.length]).toEqual([0, 1]);
  });

  it.each([
    ['an unknown incident', ['incidents', 'show', 'nope'], 'nope'],
    ['a snooze without an end', ['incidents', 'snooze', 'gap', '--for', 'ever', '--reason', 'x'], '--for'],
  ])('refuse %s with exit code 2', async (_what, args, seen) => {
    const { code, err } = await tipoff(...args);
    expect([code, err.includes(seen)]).toEqual([2, true]);
  });
});

describe('status', () => {
  it('is one screen, one JSON document, or a page', async () => {
    const page = join(folder.path, 'out', 'status.html');
    const { code, out } = await tipoff('status', SLATE, '--html', page);
    expect([code, out.split('\n').length]).toEqual([0, expect.any(Number)]);
    expect(out).toContain(`${SLATE} as of 2025-01-10 12:00 ET`);
    const html = await readFile(page, 'utf8');
    expect(html).toContain('tipoffDocument("health",');
    // Nothing is loaded from anywhere: every script is inside, and allowed by its hash.
    expect(html).toMatch(/default-src 'none'.*script-src 'sha256-\S+' 'sha256-\S+';/);
    expect(html).not.toMatch(/<script src|<link rel="stylesheet"/);
    const json = JSON.parse((await tipoff('status', '--json')).out);
    expect(json).toMatchObject({ slate: SLATE, answers: { length: 15 } });
  });

  it('refuses a page that cannot be written', async () => {
    const { code, err } = await tipoff(
      'status',
      SLATE,
      '--html',
      join(folder.path, 'home', 'state.sqlite', 'status.html'),
    );
    expect([code, err.includes('TIPOFF_STORAGE')]).toEqual([3, true]);
  });
});

describe('the configuration of Slack', () => {
  it('is read from the environment, with #canary-alerts as the default', () => {
    expect(readConfig({ TIPOFF_SLACK_TOKEN: 't' }).slack).toEqual({
      token: 't',
      channels: { default: '#canary-alerts', rules: [] },
      owners: new Map(),
    });
    expect(readConfig({ TIPOFF_SLACK_CHANNEL: '#x' }).slack).toBeUndefined();
    expect(
      readConfig({
        TIPOFF_SLACK_TOKEN: 't',
        TIPOFF_SLACK_CHANNEL: '#x',
        TIPOFF_SLACK_CHANNELS: 'warning=#w,predict/critical=#p',
      }).slack?.channels,
    ).toEqual({
      default: '#x',
      rules: [
        { phase: 'predict', severity: 'critical', channel: '#p' },
        { severity: 'warning', channel: '#w' },
      ],
    });
  });

  it.each(['warning', 'warning=', 'a/b=#c', 'predict/critical=#p=#q', '=#c', 'warning=no channel'])(
    'refuses the rule "%s"',
    (rule) => {
      expect(() => readConfig({ TIPOFF_SLACK_TOKEN: 'secret', TIPOFF_SLACK_CHANNELS: rule })).toThrow(
        expect.objectContaining({ code: 'TIPOFF_BAD_INPUT', message: expect.not.stringContaining('secret') }),
      );
    },
  );
});
