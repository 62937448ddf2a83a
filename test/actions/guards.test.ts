import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RowOf, TableContract } from '#core/contracts/define.ts';
import { playerGameSummary } from '#core/contracts/nba_analytics.ts';
import { mlFeatureStore } from '#core/contracts/nba_predictions.ts';
import { FEATURES } from '#core/features.ts';
import { readRuns } from '#guard/backfill/ledger.ts';
import { systemClock } from '#platform/clock.ts';
import { type Home, leagueHome, within } from '#test/actions/prepared-home.ts';
import { actionRunner } from '#test/actions/run-action.ts';
import { FAKE_TOKEN, type FakeSlack, fakeSlack } from '#test/fakes/slack-server.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

const { run, runProcess, folder } = actionRunner();
let home: Home;
beforeAll(async () => {
  home = await leagueHome();
});
afterAll(() => home.remove());

describe('run-canaries tells people', () => {
  let slack: FakeSlack;
  let here = '';
  beforeEach(async () => {
    slack = await fakeSlack();
    here = home.copy(folder());
  });
  afterEach(() => slack.close());
  const env = () => ({ TIPOFF_HOME: here, TIPOFF_SLACK_TOKEN: FAKE_TOKEN, TIPOFF_SLACK_API_URL: slack.url });

  it('once per incident: a second run with the same failures edits', async () => {
    const first = await run('run-canaries', {}, env());
    expect(first).toMatchObject({ code: 0, outputs: { verdict: 'failed', errors: '0', looked: 'true' } });
    const sent = slack.top().filter(({ key }) => key?.startsWith('digest') !== true).length;
    expect(sent).toBeGreaterThan(0);
    const second = await run('run-canaries', {}, env());
    expect(second.outputs['failing']).toBe(first.outputs['failing']);
    expect(slack.top().filter(({ key }) => key?.startsWith('digest') !== true)).toHaveLength(sent);
  });

  it('about nothing when it looks at one check or at the past', async () => {
    await run('run-canaries', { only: 'schedule_ahead' }, env());
    await run('run-canaries', { only: 'lines_present', as_of: '2025-06-30T20:00:00Z' }, env());
    expect(slack.calls).toEqual([]);
  });

  it('waits when Slack limits, and is green when every check it asked has passed', async () => {
    slack.troubles.push({ limit: 0 });
    expect(await run('run-canaries', {}, env())).toMatchObject({ code: 0, outputs: { verdict: 'failed' } });
    expect(slack.top().length).toBeGreaterThan(0);
    const green = await run('run-canaries', { only: 'contract_drift' }, env());
    expect(green).toMatchObject({
      code: 0,
      outputs: { verdict: 'ok', passed: '1', failed: '0', errors: '0', failing: '[]' },
    });
    expect(green.summary).toContain('1 passed, 0 failed');
  });

  it('or ends as could not run while Slack is down', async () => {
    slack.isDown = true;
    // An action has the clock of the machine: its pauses before Slack is asked again pass at once, its time limits do not.
    const sleep = systemClock.sleep;
    const pauses: number[] = [];
    const slept = vi.spyOn(systemClock, 'sleep').mockImplementation(async (milliseconds, signal) => {
      if (milliseconds > 2000) return sleep(milliseconds, signal);
      pauses.push(milliseconds);
    });
    onTestFinished(() => slept.mockRestore());
    expect(await run('run-canaries', {}, env())).toMatchObject({ code: 3, outputs: { verdict: 'error' } });
    expect(pauses.slice(0, 3)).toEqual([500, 1000, 2000]);
  });

  it('or says that it could not: exit code 3, and the alert in the summary', async () => {
    slack.troubles.push(...Array.from({ length: 40 }, () => ({ error: 'channel_not_found' })));
    const ran = await run('run-canaries', {}, env());
    expect(ran).toMatchObject({ code: 3, outputs: { verdict: 'error', looked: 'false' } });
    expect(ran.log).toContain('::error title=Alert not delivered%3A');
    expect(ran.summary).toContain('could not be delivered');
    expect(ran.log + ran.summary).not.toContain(FAKE_TOKEN);
  });
});

describe('dispatch-backfill in the embedded home', () => {
  it('plans, works through the plan once, and has nothing left to do', async () => {
    const here = home.copy(folder());
    const asked = { from: '2024-10-22', to: '2024-11-10', phases: 'analytics', reason: 'new home' };
    const rows = () =>
      within(here, ({ warehouse }) =>
        warehouse.query<{ n: number }>('SELECT COUNT(*) AS n FROM nba_analytics.player_game_summary'),
      );
    const dry = await run('dispatch-backfill', asked, { TIPOFF_HOME: here });
    expect(dry).toMatchObject({ code: 0, outputs: { verdict: 'ok', dispatched: 'false' } });
    expect(Number(dry.outputs['units'])).toBeGreaterThan(0);
    expect(dry.summary).toContain('| PlayerGameSummary |');
    expect(dry.summary).toContain('ETA in seconds');
    expect(await rows()).toEqual([{ n: 0 }]);

    const real = await runProcess('dispatch-backfill', { ...asked, dry_run: 'false' }, { TIPOFF_HOME: here });
    expect(real).toMatchObject({
      code: 0,
      outputs: { verdict: 'ok', dispatched: 'true', units: dry.outputs['units'] },
    });
    const [{ n } = { n: 0 }] = await rows();
    expect(n).toBeGreaterThan(0);
    const [ledger] = await within(here, ({ state }) => readRuns(state));
    expect(ledger?.by).toMatch(
      /\(new home \(asked by ann, https:\/\/github\.com\/someone\/tipoff\/actions\/runs\/77\/attempts\/2\)\)$/,
    );

    const again = await run('dispatch-backfill', { ...asked, dry_run: 'false' }, { TIPOFF_HOME: here });
    expect(again).toMatchObject({
      code: 0,
      outputs: { verdict: 'nothing', units: '0', request_id: real.outputs['request_id'] },
    });
    expect(await rows()).toEqual([{ n }]);
  });
});

describe('check-schema-drift', () => {
  it('agrees with the committed snapshot, without a home, a token or a network', async () => {
    const ran = await run('check-schema-drift', {}, { TIPOFF_HOME: '/dev/null/none' });
    expect(ran).toMatchObject({ code: 0, outputs: { verdict: 'ok', differences: '0' } });
  });

  it('could not find out, which is not green, when it does not know where the change began', async () => {
    const ran = await run(
      'check-schema-drift',
      { base: 'nowhere', head: 'HEAD' },
      { TIPOFF_HOME: '/dev/null/none' },
    );
    expect(ran).toMatchObject({ code: 2, outputs: { verdict: 'error' } });
  });

  it('names the table that is missing in the live schema, on the lines of its contract, with the statement', async () => {
    const here = home.copy(folder());
    const warehouse = await openWarehouse({ path: join(here, 'warehouse.duckdb'), tables: 'none' });
    await warehouse.dropTable(mlFeatureStore);
    await warehouse.close();
    const ran = await run('check-schema-drift', { against: 'live' }, { TIPOFF_HOME: here });
    expect(ran).toMatchObject({ code: 0, outputs: { verdict: 'failed' } });
    expect(Number(ran.outputs['differences'])).toBeGreaterThan(0);
    expect(ran.log).toMatch(/^::error (?=.*file=src\/core\/contracts\/nba_predictions).*ml_feature_store/m);
    expect(ran.summary).toContain('CREATE TABLE');
  });
});

describe('check-quality', () => {
  it('is not green over no rows: nothing seen is no proof', async () => {
    const ran = await run(
      'check-quality',
      { train_start: '2024-10-22' },
      { TIPOFF_HOME: home.copy(folder()) },
    );
    expect(ran.outputs).toMatchObject({ verdict: 'warning', passed: 'false' });
    expect(ran.summary).toContain('nothing seen is no proof');
  });

  it('is green when every row has every required feature, and says the same again', async () => {
    const here = home.copy(folder());
    await within(here, async ({ warehouse }) => {
      const row = {
        slate: '2024-11-10',
        game_id: '2024-11-10',
        feature_sources: 'h'.repeat(FEATURES.length),
      };
      await warehouse.append(mlFeatureStore, [{ ...filled(mlFeatureStore), ...row, player_id: 1 }]);
      const played = ['2024-11-01', '2024-11-10'].map((slate) => ({
        ...filled(playerGameSummary),
        player_id: 1,
        slate,
        game_id: slate,
        played: true,
      }));
      await warehouse.append(playerGameSummary, played);
    });
    const first = await run('check-quality', { train_start: '2024-10-22' }, { TIPOFF_HOME: here });
    expect(first).toMatchObject({ code: 0, outputs: { verdict: 'ok', passed: 'true' } });
    expect((await run('check-quality', { train_start: '2024-10-22' }, { TIPOFF_HOME: here })).report).toEqual(
      first.report,
    );
  });

  it('finds that more rows lack a required feature than may, and names the reason', async () => {
    const here = home.copy(folder());
    await within(here, async ({ warehouse }) => {
      const ids = Array.from({ length: 10 }, (_, i) => i + 1);
      const played = ['2024-11-01', '2024-11-10'].flatMap((slate) =>
        ids.map((player_id) => ({
          ...filled(playerGameSummary),
          player_id,
          slate,
          game_id: slate,
          played: true,
        })),
      );
      await warehouse.append(playerGameSummary, played);
      const lacking = {
        slate: '2024-11-10',
        game_id: '2024-11-10',
        feature_sources: 'm'.repeat(FEATURES.length),
      };
      await warehouse.append(
        mlFeatureStore,
        ids.map((player_id) => ({ ...filled(mlFeatureStore), ...lacking, player_id })),
      );
    });
    const ran = await run('check-quality', { train_start: '2024-10-22' }, { TIPOFF_HOME: here });
    expect(ran).toMatchObject({ code: 0, outputs: { verdict: 'failed', passed: 'false' } });
    expect(ran.summary).toContain('tipoff backfill plan --from');
  });

  it('refuses a date that is none', async () => {
    expect(await run('check-quality', { train_start: 'yesterday' })).toMatchObject({
      code: 2,
      outputs: { passed: 'false' },
    });
  });
});

const FILL = {
  STRING: 'x',
  INT64: 1,
  FLOAT64: 1,
  NUMERIC: '1',
  BOOL: false,
  DATE: '2024-11-10',
  TIMESTAMP: '2024-11-10T13:00:00.000Z',
} as const;

/** A row with something in every column. */
function filled<T extends TableContract>(table: T): Partial<RowOf<T>> {
  return Object.fromEntries(
    Object.entries(table.columns).map(([name, { type }]) => [name, FILL[type]]),
  ) as Partial<RowOf<T>>;
}
