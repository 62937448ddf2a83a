import { describe, expect, it } from 'vitest';
import { addDays, parseSlate } from '#core/calendar.ts';
import {
  accept,
  acknowledge,
  findIncident,
  listIncidents,
  pendingSlates,
  snooze,
} from '#guard/incidents/acknowledge.ts';
import { alert } from '#guard/incidents/alert.ts';
import type { CheckResult } from '#guard/incidents/update.ts';
import { checkDelivered, openOutbox } from '#platform/notify/outbox.ts';
import { alarmWorlds, check, NOON, passed, SLATE } from './alarm-world.ts';

const world = alarmWorlds();
const PHASES = ['analytics', 'precompute', 'predict', 'publish', 'grade'];

describe('one failure', () => {
  it('that repeats 30 times is one message with 29 edits', async () => {
    const w = await world();
    await w.run([check('gap')]);
    for (let i = 0; i < 29; i++) await w.later(30, [check('gap')]);
    expect(w.messages()).toBe(1);
    expect(w.slack.posts[0]?.edits).toBe(29);
    expect(w.slack.posts[0]?.text).toContain('seen by 30 runs');
  });

  it('that is critical has reminders in its thread, ever further apart', async () => {
    const w = await world();
    await w.run([check('gap', { severity: 'critical' })]);
    for (let i = 0; i < 29; i++) await w.later(30, [check('gap', { severity: 'critical' })]);
    expect(w.slack.top()).toHaveLength(1);
    // After 2, then 4, then 8 hours of the 14.5.
    expect(w.slack.replies().map(({ text }) => text.split('\n')[0])).toEqual([
      'CRITICAL: gap: still failing',
      'CRITICAL: gap: still failing',
      'CRITICAL: gap: still failing',
    ]);
  });

  it('turns its message green when it is over, in place', async () => {
    const w = await world();
    await w.run([check('gap')]);
    const alerted = await w.later(80, [passed('gap')]);
    expect(alerted.changes.resolved).toEqual(['gap']);
    expect(w.messages()).toBe(1);
    expect(w.slack.posts[0]).toMatchObject({
      edits: 1,
      text: expect.stringContaining('RESOLVED: gap: recovered after 1 h 20 min'),
    });
    expect(JSON.stringify(w.slack.posts[0]?.blocks)).toContain(':large_green_circle:');
  });

  it('that flaps five times adds one message', async () => {
    const w = await world();
    await w.run([check('gap')]);
    for (let flap = 0; flap < 5; flap++) {
      await w.later(30, [passed('gap')]);
      await w.later(30, [check('gap')]);
    }
    expect(w.messages()).toBe(2);
    expect(w.slack.posts[0]?.text).toContain('came back 5 times');
    await w.later(30, [passed('gap')]);
    expect((await findIncident(w.deps.state, 'gap')).status).toBe('open');
    await w.later(120, [passed('gap')]);
    expect((await findIncident(w.deps.state, 'gap')).status).toBe('resolved');
    expect(w.messages()).toBe(2);
  });

  it('that comes back the day after next is a new incident with a new message', async () => {
    const w = await world();
    await w.run([check('gap')]);
    await w.later(30, [passed('gap')]);
    await w.later(30 * 60, [check('gap')]);
    expect(w.slack.top()).toHaveLength(2);
    expect(await listIncidents(w.deps.state, 'all')).toMatchObject([
      { status: 'open' },
      { status: 'resolved' },
    ]);
  });

  it('that gets worse says so', async () => {
    const w = await world();
    await w.run([check('gap')]);
    await w.later(30, [check('gap', { severity: 'critical' })]);
    await w.later(30, [check('gap', { severity: 'critical' })]);
    expect(w.slack.replies()).toMatchObject([
      { isBroadcast: true, text: expect.stringContaining('got worse') },
    ]);
  });

  it('of mere information is not told, but kept for the digest', async () => {
    const w = await world();
    await w.run([check('gap', { severity: 'info' })]);
    expect(w.messages()).toBe(0);
    await alert(w.deps, []);
    expect(w.slack.posts).toMatchObject([
      { text: expect.stringContaining('INFO gap, open 0 min: 3 of 10 games have no predictions') },
    ]);
  });

  it('to run is an error and says so, even for a check that is only a warning', async () => {
    const w = await world();
    await w.run([
      check('gap', {
        status: 'error',
        seen: null,
        offenders: [],
        offender_count: 0,
        reason: 'column "lines" does not exist',
      }),
    ]);
    expect(w.slack.posts[0]?.text).toMatch(/^ERROR: gap could not be checked: column "lines" does not exist/);
  });

  it('buried in repeats of another one still has its own message', async () => {
    const w = await world();
    for (let i = 0; i < 12; i++)
      await w.later(30, [check('quality', { phase: 'precompute' }), passed('gap')]);
    await w.later(30, [check('quality', { phase: 'precompute' }), check('gap')]);
    expect(w.slack.top().map(({ text }) => text.split(':')[1])).toEqual([' quality', ' gap']);
  });

  it('is not over because a check was skipped', async () => {
    const w = await world();
    await w.run([check('gap')]);
    await w.later(30, [check('gap', { status: 'skip', reason: 'halted' })]);
    expect(await listIncidents(w.deps.state, 'open')).toHaveLength(1);
    expect((await pendingSlates(w.deps.state)).map(({ slate }) => slate)).toEqual([SLATE]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
    'of %d slates in a row is open on each of these days, and over with the first pass on all of them',
    async (k) => {
      const w = await world();
      const slates = Array.from({ length: k }, (_, i) => addDays(parseSlate(SLATE), i));
      for (const slate of slates) {
        await w.run([check('gap', { slate })], { slate });
        // A newer slate, a skip and time: none of them is a repair.
        w.clock.advance(12 * 60 * 60_000);
        await w.run([passed('gap', { slate: addDays(slate, 30) })], { slate: addDays(slate, 30) });
        await w.run([check('gap', { slate, status: 'skip', reason: 'halted' })], { slate });
        w.clock.advance(12 * 60 * 60_000);
        await w.run([passed('another')]);
        expect(await listIncidents(w.deps.state, 'open')).toMatchObject([{ fingerprint: 'gap' }]);
      }
      w.clock.advance(60 * 24 * 60 * 60_000);
      expect((await pendingSlates(w.deps.state)).map(({ slate }) => slate)).toEqual(slates);
      for (const [i, slate] of slates.entries()) {
        expect(await listIncidents(w.deps.state, 'open')).toHaveLength(1);
        w.clock.advance(60_000);
        await w.run([passed('gap', { slate })], { slate });
        expect(await pendingSlates(w.deps.state)).toHaveLength(k - i - 1);
      }
      expect(await findIncident(w.deps.state, 'gap')).toMatchObject({ status: 'resolved', occurrences: k });
    },
  );

  it('that a person accepts, with a reason, is closed for good on its slates, and told anew on another one', async () => {
    const w = await world();
    const next = parseSlate('2025-01-11');
    await w.run([check('gap')]);
    w.clock.advance(24 * 60 * 60_000);
    await w.run([check('gap', { slate: next })], { slate: next });
    const one = { by: 'ann', reason: 'the feed was down for good', through: parseSlate(SLATE) };
    expect(await accept(w.deps, 'gap', one)).toMatchObject({ status: 'open' });
    expect((await pendingSlates(w.deps.state)).map(({ slate }) => slate)).toEqual([next]);
    await expect(accept(w.deps, 'gap', one)).rejects.toThrow(/fails on no slate up to 2025-01-10/);
    expect(await accept(w.deps, 'gap', { by: 'ann', reason: 'as before' })).toMatchObject({
      status: 'accepted',
    });
    await w.deps.outbox.deliver();
    expect(w.slack.posts[0]?.text).toContain('what was not repaired is accepted');
    await w.later(30, [check('gap')]);
    await w.run([check('gap', { slate: next })], { slate: next });
    expect(await listIncidents(w.deps.state, 'open')).toEqual([]);
    const third = '2025-01-12';
    w.clock.advance(60_000);
    await w.run([check('gap', { slate: third })], { slate: third });
    expect(await listIncidents(w.deps.state, 'open')).toMatchObject([{ slates: { [third]: {} } }]);
  });

  it('of past slates is counted in every digest until it is repaired', async () => {
    const w = await world();
    await w.run([check('gap')]);
    for (let day = 0; day < 5; day++) {
      w.clock.advance(24 * 60 * 60_000);
      await alert(w.deps, []);
      expect(w.slack.posts.at(-1)?.text).toContain('1 hole in past slates');
      expect(w.slack.posts.at(-1)?.text).toContain('Not repaired: gap, 1 slate (2025-01-10)');
    }
  });

  it('that is about the present is one failure however long it lasts, and over when the check passes, past midnight too', async () => {
    const w = await world();
    const next = { slate: '2025-01-11', looks_at: 'now' as const };
    await w.run([check('jobs', { looks_at: 'now' })]);
    w.clock.advance(13 * 60 * 60_000);
    await w.run([check('jobs', next)], { slate: next.slate });
    expect((await pendingSlates(w.deps.state)).map(({ slate }) => slate)).toEqual([next.slate]);
    w.clock.advance(60 * 60_000);
    await w.run([passed('jobs', next)], { slate: next.slate });
    expect(await findIncident(w.deps.state, 'jobs')).toMatchObject({ status: 'resolved' });
  });

  it('on a second slate is the same incident, over when both are well', async () => {
    const w = await world();
    const next = { slate: '2025-01-11' };
    await w.run([check('gap')]);
    w.clock.advance(20 * 60 * 60_000);
    await w.run([check('gap', next)], next);
    await w.later(30, [passed('gap')]);
    expect((await pendingSlates(w.deps.state)).map(({ slate }) => slate)).toEqual(['2025-01-11']);
    w.clock.advance(60_000);
    await w.run([passed('gap', next)], next);
    expect(w.slack.top()).toHaveLength(1);
    expect(w.slack.posts[0]?.text).toContain('RESOLVED');
  });
});

describe('a repeated or late run', () => {
  it('changes nothing', async () => {
    const w = await world();
    const runs = [{ run_id: 'same', slate: SLATE, as_of: w.clock.now(), results: [check('gap')] }];
    await alert(w.deps, runs, { digest: false });
    const before = await findIncident(w.deps.state, 'gap');
    const again = await alert(w.deps, runs, { digest: false });
    expect(again.delivered).toMatchObject({ sent: 0, edited: 0, replied: 0 });
    expect(await findIncident(w.deps.state, 'gap')).toEqual(before);
  });

  it('about an earlier instant does not overrule what was seen since', async () => {
    const w = await world();
    await w.run([check('gap')]);
    await w.run([passed('gap')], { as_of: new Date(w.clock.now().getTime() - 3_600_000) });
    expect(await listIncidents(w.deps.state, 'open')).toHaveLength(1);
  });

  it('that failed earlier does not open again what has recovered since', async () => {
    const w = await world();
    await w.run([check('gap')]);
    await w.later(60, [passed('gap')]);
    await w.run([check('gap')], { as_of: new Date(w.clock.now().getTime() - 1_800_000) });
    expect(await listIncidents(w.deps.state, 'open')).toEqual([]);
  });
});

describe('a cause', () => {
  const cause = check('box-scores', { phase: 'ingest', severity: 'critical' });
  const effects = Array.from({ length: 8 }, (_, i) => {
    const at = i % PHASES.length;
    return check(`effect-${i}`, {
      phase: PHASES[at] ?? '',
      depends_on: [PHASES[at - 1] ?? 'ingest'],
      severity: i === 7 ? 'critical' : 'warning',
    });
  });
  const well = effects.map((effect) =>
    passed(effect.check, { phase: effect.phase, depends_on: effect.depends_on }),
  );

  it('with eight effects is one message that names them', async () => {
    const w = await world();
    const { changes } = await w.run([...effects, cause]);
    expect(w.messages()).toBe(1);
    expect(changes.hidden).toHaveLength(8);
    expect(w.slack.posts[0]?.text).toContain('Explains 8 more failing checks: effect-0, effect-1');
    expect(w.slack.posts[0]?.text).toContain('effect-0: 3 of 10 games have no predictions.');
  });

  it('that is over leaves its effects one run to follow', async () => {
    const w = await world();
    await w.run([...effects, cause]);
    await w.later(30, [...effects, passed('box-scores', { phase: 'ingest' })]);
    await w.later(30, [...well, passed('box-scores', { phase: 'ingest' })]);
    expect(w.messages()).toBe(1);
    expect(await listIncidents(w.deps.state, 'open')).toEqual([]);
  });

  it('that is over does not hide for ever what it left behind', async () => {
    const w = await world();
    const [left] = effects;
    if (left === undefined) throw new Error('no effect');
    await w.run([left, cause]);
    await w.later(30, [left, passed('box-scores', { phase: 'ingest' })]);
    expect(w.messages()).toBe(1);
    await w.later(30, [left, passed('box-scores', { phase: 'ingest' })]);
    expect(w.slack.top().map(({ text }) => text.split('\n')[0])).toContainEqual(
      expect.stringContaining('WARNING: effect-0'),
    );
  });

  it('is at least as bad as what it explains', async () => {
    const w = await world();
    await w.run([{ ...cause, severity: 'warning' }, ...effects]);
    expect(w.slack.posts[0]?.text).toMatch(/^CRITICAL: box-scores/);
  });

  it('of mere information hides nothing', async () => {
    const w = await world();
    await w.run([{ ...cause, severity: 'info' }, ...effects.slice(0, 1)]);
    expect(w.slack.top().map(({ text }) => text.split(':')[1])).toEqual([' effect-0']);
  });

  it('cannot be a check of the same phase that does not say so', async () => {
    const w = await world();
    await w.run([check('a', { depends_on: ['predict'] }), check('b', { depends_on: ['predict'] })]);
    expect(w.slack.top()).toHaveLength(2);
  });

  const told = async (results: readonly CheckResult[]): Promise<string[]> => {
    const w = await world();
    await w.run(results);
    return w.slack.top().map(({ text }) => text.split(':')[1]?.trim() ?? '');
  };

  it('can declare what it explains, of its own phase or of any other, and what that explains in turn', async () => {
    const heartbeat = check('job_heartbeats', {
      phase: 'operations',
      severity: 'critical',
      offenders: ['day: has not run today'],
      explains: [{ phases: ['analytics'], checks: ['work_died'], when: /^day: has not run/ }],
    });
    const died = check('work_died', { phase: 'operations' });
    const context = check('context_built', { phase: 'analytics', depends_on: ['ingest'] });
    const gap = check('prediction_gap', { depends_on: ['analytics'] });
    expect(await told([gap, context, died, heartbeat])).toEqual(['job_heartbeats']);
    const badly = { ...heartbeat, offenders: ['day: has not ended well for 3000 minutes'] };
    expect((await told([context, died, badly])).sort()).toEqual([
      'context_built',
      'job_heartbeats',
      'work_died',
    ]);
  });

  it('explains of those it names only what could not be asked, where it says so', async () => {
    const drift = check('contract_drift', {
      ...{ phase: 'operations', offenders: ['nba_raw.ingested_files: lacks withdrawn_at'] },
      explains: [{ unasked: true, when: /: lacks / }],
    });
    const share = check('rejected_share', { phase: 'ingest', status: 'error' });
    expect(await told([share, drift])).toEqual(['contract_drift']);
    const both = ['contract_drift', 'rejected_share'];
    expect((await told([{ ...share, status: 'fail' }, drift])).sort()).toEqual(both);
    const other = { ...drift, offenders: ['nba_raw.ingested_files: rows_read is STRING, expected INT64'] };
    expect((await told([share, other])).sort()).toEqual([
      'contract_drift',
      'rejected_share could not be checked',
    ]);
  });

  it('explains what is about the same, and nothing that is about more or does not name all', async () => {
    const offenders = ['0022400057 DUN: 1 players', '0022400058 CRL: 2 players'];
    const rows = check('box_rows_plausible', {
      ...{ offenders, offender_count: 2, severity: 'critical' },
      explains: [{ checks: ['team_counts'], about: /\b00\d{8}\b/ }],
    });
    const counts = (games: readonly string[], offender_count = games.length): CheckResult =>
      check('team_counts', { offenders: games.map((game) => `CRL ${game}: fga 100/3`), offender_count });
    expect(await told([counts(['0022400058']), rows])).toEqual(['box_rows_plausible']);
    const both = ['box_rows_plausible', 'team_counts'];
    expect((await told([counts(['0022400058', '0022400059']), rows])).sort()).toEqual(both);
    expect((await told([counts(['0022400058'], 30), rows])).sort()).toEqual(both);
    expect(await told([counts(['0022400058']), { ...rows, status: 'pass' }])).toEqual(['team_counts']);
  });
});

describe('care', () => {
  it('by acknowledgement keeps reminders away until there is news', async () => {
    const w = await world();
    const critical = check('gap', { severity: 'critical' });
    await w.run([critical]);
    await acknowledge(w.deps, 'gap', 'ann', 'on it');
    for (let i = 0; i < 20; i++) await w.later(30, [critical]);
    expect(w.messages()).toBe(1);
    expect(w.slack.posts[0]?.text).toContain('Acknowledged by ann, 2025-01-10 12:00 ET: on it.');
    const next = { slate: '2025-01-11' };
    await w.run([{ ...critical, ...next }], next);
    expect(w.slack.replies()).toMatchObject([
      { text: expect.stringContaining('now fails for another slate') },
    ]);
  });

  it('by a snooze ends with it', async () => {
    const w = await world();
    const critical = check('gap', { severity: 'critical' });
    await w.run([critical]);
    await snooze(w.deps, 'gap', 'ann', new Date(Date.parse(NOON) + 5 * 3_600_000), 'provider works on it');
    for (let i = 0; i < 9; i++) await w.later(30, [critical]);
    expect(w.messages()).toBe(1);
    await w.later(30, [critical]);
    expect(w.slack.replies()).toMatchObject([
      { text: expect.stringContaining('still failing now that the snooze has ended') },
    ]);
  });

  it('by a snooze does not cover what gets worse', async () => {
    const w = await world();
    await w.run([check('gap')]);
    await snooze(w.deps, 'gap', 'ann', new Date(Date.parse(NOON) + 5 * 3_600_000), 'known');
    await w.later(30, [check('gap', { severity: 'critical' })]);
    expect(w.slack.replies()).toHaveLength(1);
  });

  it.each([
    ['in the past', -1],
    ['without an end in sight', 15 * 24],
  ])('refuses a snooze %s', async (_what, hours) => {
    const w = await world();
    await w.run([check('gap')]);
    const until = new Date(Date.parse(NOON) + hours * 3_600_000);
    await expect(snooze(w.deps, 'gap', 'ann', until, 'x')).rejects.toMatchObject({
      code: 'TIPOFF_BAD_INPUT',
    });
  });

  it('for an incident that is over or unknown is refused', async () => {
    const w = await world();
    await w.run([check('gap')]);
    await w.later(30, [passed('gap')]);
    await expect(acknowledge(w.deps, 'gap', 'ann')).rejects.toMatchObject({ code: 'TIPOFF_CONFLICT' });
    await expect(acknowledge(w.deps, 'nope', 'ann')).rejects.toMatchObject({ code: 'TIPOFF_NOT_FOUND' });
  });
});

describe('while Slack is down', () => {
  it('nothing is lost: the fallback hears it once, the exit code is 3, and it comes later, once', async () => {
    const w = await world();
    w.slack.isDown = true;
    const failing = [
      check('gap', { severity: 'critical' }),
      check('other', { phase: 'ingest' }),
      check('third', { phase: 'ingest' }),
    ];
    const down = await w.run(failing);
    expect(down.delivered).toMatchObject({
      sent: 0,
      undelivered: [{ isOnFallback: true }, { isOnFallback: true }, { isOnFallback: true }],
    });
    expect(() => checkDelivered(down.delivered)).toThrow(expect.objectContaining({ code: 'TIPOFF_NOTIFY' }));
    expect(w.fallback.map(({ title }) => title.split(':')[0]).sort()).toEqual(['gap', 'other', 'third']);
    await w.deps.outbox.deliver();
    expect(w.fallback).toHaveLength(3);
    w.slack.isDown = false;
    const back = await w.deps.outbox.deliver();
    expect(back).toMatchObject({ sent: 3, undelivered: [] });
    expect(() => checkDelivered(back)).not.toThrow();
    expect(await w.deps.outbox.deliver()).toMatchObject({ sent: 0, edited: 0, replied: 0 });
    expect(w.slack.top()).toHaveLength(3);
  });

  it('an incident that came and went is still told', async () => {
    const w = await world();
    w.slack.isDown = true;
    await w.run([check('gap')]);
    await w.later(30, [passed('gap')]);
    w.slack.isDown = false;
    await w.deps.outbox.deliver();
    expect(w.slack.posts).toMatchObject([
      { text: expect.stringContaining('RESOLVED: gap: recovered after 30 min') },
    ]);
  });

  it('most notices are not even tried, so that a run does not wait for each', async () => {
    const w = await world();
    w.slack.isDown = true;
    await w.run(Array.from({ length: 10 }, (_, i) => check(`c${i}`, { phase: `p${i}` })));
    // Two notices with two tries and one look for the lost message between them.
    expect(w.slack.calls.filter(({ method }) => method === 'chat.postMessage').length).toBeLessThanOrEqual(4);
    expect(w.fallback).toHaveLength(10);
  });

  it('what gets worse before anybody was told is told once, as bad as it is', async () => {
    const w = await world();
    w.slack.isDown = true;
    await w.run([check('gap')]);
    await w.later(30, [check('gap', { severity: 'critical' })]);
    w.slack.isDown = false;
    await w.deps.outbox.deliver();
    expect(w.slack.posts).toMatchObject([{ text: expect.stringMatching(/^CRITICAL: gap/) }]);
  });

  it('a reply waits for Slack to return', async () => {
    const w = await world();
    await w.run([check('gap')]);
    w.slack.isDown = true;
    await w.later(30, [check('gap', { severity: 'critical' })]);
    w.slack.isDown = false;
    await w.later(30, [check('gap', { severity: 'critical' })]);
    expect(w.slack.replies()).toHaveLength(1);
    expect(w.slack.top()).toHaveLength(1);
  });

  it('a channel that asks to be left alone is left alone until then', async () => {
    const w = await world();
    w.slack.troubles.push({ limit: 900 });
    await w.run([check('gap')]);
    const calls = w.slack.calls.length;
    await w.later(10, [check('gap')]);
    expect(w.slack.calls.length).toBe(calls);
    await w.later(10, [check('gap')]);
    expect(w.slack.top()).toHaveLength(1);
  });

  it('an answer that was lost for good does not double the message', async () => {
    const w = await world();
    // Posted, but the answer is lost; then Slack is down for the look and the second try.
    w.slack.troubles.push('lost', 'broken', 'broken', 'broken');
    const first = await w.run([check('gap')]);
    expect(first.delivered.undelivered).toHaveLength(1);
    w.slack.troubles.length = 0;
    await w.deps.outbox.deliver();
    expect(w.slack.top()).toHaveLength(1);
    await w.later(30, [passed('gap')]);
    expect(w.slack.top()[0]?.text).toContain('RESOLVED');
  });

  it('a process that dies in the middle neither loses nor doubles', async () => {
    const w = await world();
    let posted = 0;
    const { notifier } = w.outboxDeps;
    const outbox = openOutbox({
      ...w.outboxDeps,
      runId: 'the dying one',
      notifier: {
        ...notifier,
        send: async (notice) => {
          posted++;
          await notifier.send(notice);
          // Nothing after this point runs, not even the handling of an error.
          return new Promise<never>(() => undefined);
        },
      },
    });
    void alert(
      { ...w.deps, outbox },
      [{ run_id: 'r', slate: SLATE, as_of: w.clock.now(), results: [check('gap')] }],
      {
        digest: false,
      },
    );
    while (w.slack.posts.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await w.deps.outbox.deliver()).toMatchObject({ sent: 0, undelivered: [] });
    w.clock.advance(6 * 60_000);
    expect(await w.deps.outbox.deliver()).toMatchObject({ sent: 1 });
    expect([posted, w.slack.top().length]).toEqual([1, 1]);
  });
});

describe('the digest', () => {
  it('comes once a day from nine in New York on, also when all is quiet', async () => {
    const w = await world();
    expect((await alert(w.deps, [])).digest).toBe(true);
    expect((await alert(w.deps, [])).digest).toBe(false);
    w.clock.set('2025-01-11T13:59:00Z');
    expect((await alert(w.deps, [])).digest).toBe(false);
    w.clock.set('2025-01-11T14:00:00Z');
    expect((await alert(w.deps, [])).digest).toBe(true);
    expect(w.slack.posts.map(({ text }) => text)).toEqual([
      expect.stringContaining('No incident was open since the last digest.'),
      expect.stringContaining('nothing is failing'),
    ]);
  });

  it('names what is open, worst first, and what ended', async () => {
    const w = await world();
    await w.run([check('minor'), check('major', { severity: 'critical' }), check('gone')]);
    await w.later(30, [check('minor'), check('major', { severity: 'critical' }), passed('gone')]);
    await alert(w.deps, []);
    const lines = w.slack.posts.at(-1)?.text.split('\n') ?? [];
    expect(lines).toEqual([
      'INFO: Daily digest: 2 open incidents, 3 new since yesterday',
      'CRITICAL major, open 30 min: 3 of 10 games have no predictions',
      'WARNING minor, open 30 min: 3 of 10 games have no predictions',
      'Recovered: gone after 30 min',
    ]);
  });
});
