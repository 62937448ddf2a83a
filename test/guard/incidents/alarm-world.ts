import { afterEach } from 'vitest';
import { type AlertDeps, type Alerted, alert } from '#guard/incidents/alert.ts';
import type { CheckResult, CheckRun } from '#guard/incidents/update.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import { type OutboxDeps, openOutbox } from '#platform/notify/outbox.ts';
import type { Notice } from '#platform/notify/port.ts';
import { parseChannels } from '#platform/notify/slack/channels.ts';
import { slackNotifier } from '#platform/notify/slack/notifier.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import { FAKE_TOKEN, type FakeSlack, fakeSlack } from '#test/fakes/slack-server.ts';

export const SLATE = '2025-01-10';
/** 12:00 in New York. */
export const NOON = '2025-01-10T17:00:00.000Z';
const MINUTE = 60_000;

export function check(id: string, change: Partial<CheckResult> = {}): CheckResult {
  return {
    check: id,
    phase: 'predict',
    severity: 'warning',
    status: 'fail',
    question: `Is ${id} well?`,
    seen: 3,
    expected: '0 games without predictions',
    offenders: ['BOS @ NYK', 'LAL @ DEN', 'MIA @ CHI'],
    offender_count: 3,
    slate: SLATE,
    repair: `tipoff predict ${SLATE} --mode RETRY`,
    runbook: `docs/runbooks/${id}.md`,
    reason: '3 of 10 games have no predictions.',
    depends_on: [],
    ...change,
  };
}

export const passed = (id: string, change: Partial<CheckResult> = {}): CheckResult =>
  check(id, {
    status: 'pass',
    seen: 0,
    offenders: [],
    offender_count: 0,
    reason: 'All games have predictions.',
    ...change,
  });

export interface AlarmWorld {
  readonly slack: FakeSlack;
  readonly clock: VirtualClock;
  readonly deps: AlertDeps;
  /** What the outbox of this process works with. */
  readonly outboxDeps: OutboxDeps;
  /** Notices told on the fallback. */
  readonly fallback: Notice[];
  /** One run of the checks now, delivered; no digest. */
  run(results: readonly CheckResult[], change?: Partial<CheckRun>): Promise<Alerted>;
  /** Moves the clock by minutes, then runs. */
  later(minutes: number, results: readonly CheckResult[]): Promise<Alerted>;
  /** Messages in channel and threads. */
  messages(): number;
}

/** A maker of worlds with a real state store and Slack over HTTP, closed after each test; call it once in a test file. */
export function alarmWorlds(): () => Promise<AlarmWorld> {
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });
  return async () => {
    const clock = virtualClock(NOON);
    const slack = await fakeSlack();
    const state = openSqliteState(':memory:', { clock });
    closers.push(
      () => slack.close(),
      () => state.close(),
    );
    const fallback: Notice[] = [];
    const outboxDeps: OutboxDeps = {
      state,
      clock,
      runId: 'this process',
      notifier: slackNotifier({
        token: FAKE_TOKEN,
        channels: parseChannels(''),
        clock,
        apiUrl: slack.url,
        timeout: 2000,
        attempts: 2,
      }),
      fallback: {
        send: async (notice) => {
          fallback.push(notice);
          return { channel: 'fallback', id: notice.key };
        },
      },
    };
    const deps: AlertDeps = { state, clock, outbox: openOutbox(outboxDeps) };
    let number = 0;
    const world: AlarmWorld = {
      slack,
      clock,
      deps,
      outboxDeps,
      fallback,
      run: (results, change) =>
        alert(deps, [{ run_id: `run-${++number}`, slate: SLATE, as_of: clock.now(), results, ...change }], {
          digest: false,
        }),
      later: (minutes, results) => {
        clock.advance(minutes * MINUTE);
        return world.run(results);
      },
      messages: () => slack.posts.length,
    };
    return world;
  };
}
