import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseSlate, type Slate } from '#core/calendar.ts';
import { shots } from '#core/contracts/nba_raw.ts';
import type { RunReport, RunRequest } from '#guard/backfill/execute.ts';
import { backfillStatus, type RunDoc, readRuns, readUnits, unfinishedRun } from '#guard/backfill/ledger.ts';
import { resumeBackfill } from '#guard/backfill/run.ts';
import { backfillSteps } from '#guard/backfill/steps.ts';
import { tablesOf } from '#pipeline/processor.ts';
import { virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { itForSpread } from '#test/depth.ts';
import {
  type BackfillWorld,
  backfillWorld,
  computedWorld,
  contents,
  differences,
  STATEMENTS,
} from './world.ts';

// A season is backfilled in most tests.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** Statements that a budget counts in these tests. */
const BIG: ReadonlySet<string> = new Set(STATEMENTS.map(({ select }) => select));
const CODE = { codeVersion: 'test', functionLibrary: 'library' };

/** Does a piece of work when it is first asked for, and gives its result to whoever asks after that. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}

/** What one pass over the whole season gives, with nothing in its way. */
const season = once(async () => {
  const world = await computedWorld();
  try {
    return await contents(world.warehouse);
  } finally {
    await world.close();
  }
});

describe('a season, from raw rows', () => {
  let world: BackfillWorld;
  let report: Awaited<ReturnType<BackfillWorld['run']>>;
  const progress: { step: string; from: Slate; to: Slate }[] = [];
  beforeAll(async () => {
    world = await backfillWorld();
    report = await world.run({ chunk: 'month', onProgress: (one) => progress.push(one) });
  });
  afterAll(() => world.close());

  it('executes exactly the units it planned, with the history they need', () => {
    const names = (units: readonly { step: string; month: string; slates: number | readonly unknown[] }[]) =>
      units
        .map(
          ({ step, month, slates }) =>
            `${step} ${month} ${typeof slates === 'number' ? slates : slates.length}`,
        )
        .sort();
    expect(names(report.executed)).toEqual(names(report.plan.units));
    expect(
      report.plan.units.some(({ step, month }) => step === 'PlayerGameSummary' && month < '2024-07'),
    ).toBe(true);
    expect(report.plan.units.every(({ reason }) => reason === 'new')).toBe(true);
    expect([report.failed, report.blocked, report.stopped]).toEqual([[], [], null]);
  });

  it('gives what one pass over the whole season gives', async () => {
    const months = await contents(world.warehouse);
    expect(months.size).toBeGreaterThan(100);
    expect(differences(months, await season())).toEqual([]);
  });

  it('delivers by date: a month is complete before the next one begins', () => {
    const months = [...new Set(progress.map(({ to }) => to.slice(0, 7)))];
    expect(months).toEqual(months.toSorted());
    expect(progress.map(({ to }) => to.slice(0, 7))).toEqual(
      progress.map(({ to }) => to.slice(0, 7)).toSorted(),
    );
  });

  it('has nothing to do the second time, and says why', async () => {
    const again = await world.run();
    expect(again.plan.units).toEqual([]);
    expect(new Set(again.plan.skipped.map(({ reason }) => reason))).toEqual(
      new Set(['done with the same code, contract and inputs']),
    );
    expect((await readRuns(world.deps.state)).at(-1)).toMatchObject({ state: 'finished', planned_units: 0 });
  });

  it('shows in the status what stands', async () => {
    const status = await backfillStatus(world.deps.state);
    expect(status.steps.map(({ step }) => step).sort()).toEqual(STATEMENTS.map(({ name }) => name).sort());
    expect(status.steps.find(({ step }) => step === 'MLFeatureStore')).toMatchObject({
      slates: world.season.length,
      first: world.first,
      last: world.last,
      failed: 0,
    });
    expect(status.failures).toEqual([]);
  });

  it('notices rows that went missing behind its back, and what follows from them stands', async () => {
    const slate = world.season[4] ?? world.first;
    await world.warehouse.execute(
      'DELETE FROM nba_precompute.player_daily_cache WHERE slate = CAST(@slate AS DATE)',
      { slate },
    );
    const before = await contents(world.warehouse);
    const repaired = await world.run();
    expect(repaired.plan.units.map(({ step, slates, changed }) => [step, slates, changed])).toEqual([
      ['PlayerDailyCache', [slate], ['rows']],
    ]);
    expect(differences(before, await contents(world.warehouse))).toEqual([`PlayerDailyCache ${slate}`]);
  });

  it('with --force runs the range again, and nothing changes', async () => {
    const before = await contents(world.warehouse);
    const [from, to] = [world.season[2] ?? world.first, world.season[5] ?? world.last];
    const forced = await world.run({ from, to, force: true });
    expect(forced.plan.units.length).toBeGreaterThanOrEqual(STATEMENTS.length);
    expect(
      forced.plan.units.every(
        ({ reason, slates }) => reason === 'forced' && slates.every((one) => one >= from && one <= to),
      ),
    ).toBe(true);
    expect(differences(before, await contents(world.warehouse))).toEqual([]);
  });

  it('a statement that changed makes its units stale and those that read it, and no others', async () => {
    const steps = backfillSteps(
      CODE,
      STATEMENTS.map((one) =>
        one.name === 'PlayerShotZoneAnalysis'
          ? { ...one, select: `${one.select}\nWHERE u.slate IS NOT NULL` }
          : one,
      ).map((one) =>
        one.name === 'PlayerShotZoneAnalysis'
          ? { ...one, select: one.select.replace(/\nWHERE u\.slate IS NOT NULL$/, ' ') }
          : one,
      ),
    );
    const changed = await world.run({ steps, onlyStale: true });
    expect([...new Set(changed.plan.units.map(({ step, cascade }) => `${step} ${cascade}`))]).toEqual([
      'PlayerShotZoneAnalysis false',
      'PlayerCompositeFactors true',
      'MLFeatureStore true',
    ]);
    expect(changed.plan.units.find(({ step }) => step === 'PlayerShotZoneAnalysis')?.changed).toEqual([
      'code',
    ]);
    await world.run();
  });
});

describe('what does not run smoothly', () => {
  let world: BackfillWorld;
  afterEach(() => world.close());

  /** Fails in the first step of a world, and with it in everything. */
  async function failed(one: BackfillWorld): Promise<void> {
    const replaceRange: Warehouse['replaceRange'] = async (table, ...rest) => {
      if (table === STATEMENTS[0]?.table) throw new Error('planted');
      return one.warehouse.replaceRange(table, ...rest);
    };
    await one.run({}, { warehouse: { ...one.warehouse, replaceRange } });
  }

  /** What --only-failed gives after that in one go, computed once. */
  const repaired = once(async () => {
    const whole = await backfillWorld();
    try {
      await failed(whole);
      await whole.run({ onlyFailed: true });
      return await contents(whole.warehouse);
    } finally {
      await whole.close();
    }
  });

  it('records a failing month with its reason, lets the rest run, and takes it up again', async () => {
    world = await backfillWorld();
    const month = world.first.slice(0, 7);
    const broken = backfillSteps(
      CODE,
      STATEMENTS.map((one) =>
        one.name === 'PlayerShotZoneAnalysis'
          ? {
              ...one,
              select: `SELECT q.* FROM (${one.select}) q UNION ALL SELECT q.* FROM (${one.select}) q WHERE q.slate < DATE '${month}-28' AND q.slate >= DATE '${month}-01'`,
            }
          : one,
      ),
    );
    const first = await world.run({ steps: broken });
    expect(first.failed.map(({ step, month: at }) => `${step} ${at}`)).toEqual([
      `PlayerShotZoneAnalysis ${month}`,
    ]);
    expect(first.failed[0]?.reason).toContain('occur more than once');
    expect([...new Set(first.blocked.map(({ step, month: at }) => `${step} ${at}`))].sort()).toEqual([
      `MLFeatureStore ${month}`,
      `PlayerCompositeFactors ${month}`,
    ]);
    expect(unfinishedRun(await readRuns(world.deps.state))).toMatchObject({
      state: 'finished',
      failed_units: 1,
    });
    expect((await backfillStatus(world.deps.state)).failures[0]).toMatchObject({
      step: 'PlayerShotZoneAnalysis',
    });

    const second = await world.run({
      steps: broken.map((one) => backfillSteps(CODE).find(({ name }) => name === one.name) ?? one),
      onlyFailed: true,
    });
    expect(new Set(second.executed.map(({ step }) => step))).toEqual(
      new Set(['PlayerShotZoneAnalysis', 'PlayerCompositeFactors', 'MLFeatureStore']),
    );
    expect(second.plan.units.find(({ step }) => step === 'PlayerShotZoneAnalysis')).toMatchObject({
      reason: 'failed',
      month,
    });
    await world.run();
    expect(differences(await contents(world.warehouse), await season())).toEqual([]);
  });

  it('a budget stops before the spend, and the rest is there for the next run', async () => {
    world = await backfillWorld();
    const phases = ['analytics'] as const;
    const stopped = await world.run({
      phases,
      budget: { bytes: 25, estimate: async (sql) => (BIG.has(sql) ? 10 : 0) },
    });
    expect(stopped.stopped).toContain('the budget of 25 bytes would be exceeded');
    expect(new Set(stopped.executed.map(({ step }) => step))).toEqual(
      new Set(['PlayerGameSummary', 'TeamGameSummary']),
    );
    const rest = await world.run({ phases });
    expect(rest.executed.length + stopped.executed.length).toBe(stopped.plan.units.length);
  });

  itForSpread<[string, Partial<RunRequest>]>(
    [
      ['--only-stale', { onlyStale: true }],
      ['--force and --chunk month', { force: true, chunk: 'month' }],
    ],
    1,
  )('what a stopped run with %s left is resumed as it was asked, and as one run', async ([_, asked]) => {
    world = await backfillWorld();
    const phases = ['analytics'] as const;
    // The rest of the season is new, which --only-stale leaves alone.
    await world.run({ to: world.season[9] ?? world.last, phases });
    for (const table of ['player_game_summary', 'team_game_summary', 'upcoming_team_game_context']) {
      await world.warehouse.execute(`DELETE FROM nba_analytics.${table} WHERE slate = CAST(@slate AS DATE)`, {
        slate: world.first,
      });
    }
    const whole = (await world.run({ ...asked, phases, shouldStop: () => 'only planned' })).plan.units;
    const legs: RunReport[] = [];
    while (legs.at(-1)?.stopped !== null) {
      let done = 0;
      const onePiece: Partial<RunRequest> = {
        onProgress: () => done++,
        shouldStop: () => (done > 0 ? 'enough' : undefined),
      };
      legs.push(
        await resumeBackfill(world.deps, unfinishedRun(await readRuns(world.deps.state)), {
          by: 'test',
          ...onePiece,
        }),
      );
    }
    expect(legs.length).toBeGreaterThan(2);
    const counts = (units: readonly { step: string; month: string; slates: number }[]): string[] =>
      units.map(({ step, month, slates }) => `${step} ${month} ${slates}`).sort();
    expect(counts(legs.flatMap(({ executed }) => executed))).toEqual(
      counts(whole.map((one) => ({ ...one, slates: one.slates.length }))),
    );
    const [, run, ...others] = await readRuns(world.deps.state);
    expect(run).toMatchObject({
      state: 'finished',
      done_units: whole.length,
      planned_units: whole.length,
      reason: null,
    });
    expect(others).toEqual([]);
    expect(() => unfinishedRun([run as RunDoc])).toThrow('the last ones finished');
  });

  itForSpread([3, 1, 5], 1)(
    'what --only-failed repaired before it was stopped after %i pieces is followed when it is resumed',
    async (pieces) => {
      world = await backfillWorld();
      await failed(world);
      let done = 0;
      await world.run({
        onlyFailed: true,
        onProgress: () => done++,
        shouldStop: () => (done >= pieces ? 'enough' : undefined),
      });
      const resumed = await resumeBackfill(world.deps, unfinishedRun(await readRuns(world.deps.state)), {
        by: 'test',
      });
      expect([resumed.stopped, resumed.failed]).toEqual([null, []]);
      expect(differences(await repaired(), await contents(world.warehouse))).toEqual([]);
    },
  );

  it('computes no history for a range in which nothing is played', async () => {
    world = await backfillWorld();
    const report = await world.run({ from: parseSlate('2024-08-01'), to: parseSlate('2024-08-31') });
    expect([report.plan.slates, report.plan.units, report.executed]).toEqual([0, [], []]);
  });

  it('phases that are left out leave what needs them waiting, by name', async () => {
    world = await backfillWorld();
    const report = await world.run({ phases: ['precompute'] });
    expect(report.executed).toEqual([]);
    expect(report.plan.skipped.every(({ reason }) => reason.startsWith('waits for '))).toBe(true);
    expect(report.plan.skipped.some(({ reason }) => reason.includes('UpcomingPlayerGameContext of '))).toBe(
      true,
    );
  });

  it("today's slate goes before everything but its history, and is never taken for finished", async () => {
    const tonight = parseSlate('2024-11-05');
    const options = {
      seed: 5,
      seasons: ['2023-24', '2024-25'],
      teams: 4,
      gamesPerTeam: 10,
      playersPerTeam: 12,
      through: tonight,
    };
    world = await backfillWorld(options);
    const today = world.season.at(-1) ?? tonight;
    const clock = virtualClock(`${today}T17:00:00Z`);
    const order: string[] = [];
    const report = await world.run(
      {
        onProgress: ({ step, from, to }) =>
          order.push(`${step} ${from === today && to === today ? 'tonight' : 'past'}`),
      },
      { clock },
    );
    expect(report.failed).toEqual([]);
    const [firstTonight, lastTonight] = [
      order.findIndex((one) => one.endsWith('tonight')),
      order.findLastIndex((one) => one.endsWith('tonight')),
    ];
    expect(order.slice(0, firstTonight).every((one) => /^(Player|Team)GameSummary/.test(one))).toBe(true);
    expect(order.slice(firstTonight, lastTonight + 1).every((one) => one.endsWith('tonight'))).toBe(true);
    expect(order.slice(lastTonight + 1).some((one) => one.endsWith('past'))).toBe(true);
    clock.advance(3600_000);
    const later = await world.run({ shouldStop: () => 'only planned' }, { clock });
    expect(new Set(later.plan.units.flatMap(({ slates }) => slates))).toEqual(new Set([today]));
    expect([...(await readUnits(world.deps.state)).values()].length).toBeGreaterThan(0);
  });
});

describe('the declared needs', () => {
  it('cover every table that the processors say they read', async () => {
    const steps = backfillSteps(CODE);
    const FACET_TABLES: Readonly<Record<string, readonly string[]>> = {
      calendar: ['nba_reference.schedule'],
      games: ['nba_reference.schedule'],
      homes: ['nba_reference.schedule'],
      player_box: ['nba_raw.player_box_scores'],
      appearances: ['nba_analytics.player_game_summary'],
      stays: ['nba_raw.player_box_scores'],
      team_box: ['nba_raw.team_box_scores'],
      player_lines: ['nba_raw.player_lines'],
      game_lines: ['nba_raw.game_lines'],
      reports: ['nba_raw.injury_reports'],
      team_lists: ['nba_raw.team_statements'],
      report_times: ['nba_raw.availability_reports'],
      rosters: ['nba_raw.roster_players'],
      shots: ['nba_raw.shots'],
      names: ['nba_reference.players', 'nba_reference.player_aliases'],
    };
    for (const step of steps.filter(({ processor }) => processor !== undefined)) {
      const covered = step.needs.flatMap(({ kind, input }) => {
        const table = steps.find(({ name }) => name === input)?.table;
        return kind === 'facet'
          ? (FACET_TABLES[input] ?? [])
          : table === undefined
            ? []
            : [`${table.dataset}.${table.name}`];
      });
      expect(
        tablesOf(step.processor?.inputs ?? []).filter((table) => !covered.includes(table)),
        step.name,
      ).toEqual([]);
    }
  });

  it('are refused for a processor with an input that nothing covers', () => {
    const [one] = STATEMENTS;
    if (one === undefined) throw new Error('no statements');
    expect(() =>
      backfillSteps(CODE, [{ ...one, inputs: [...one.inputs, { table: shots, scope: 'slate' }] }]),
    ).toThrow(
      /PlayerGameSummary reads nba_raw.shots: expected a part of the ingested data or the table of a step, saw neither/,
    );
  });
});
