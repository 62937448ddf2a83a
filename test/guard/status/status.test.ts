import { describe, expect, it } from 'vitest';
import { isFailing, type Outcome, outcome } from '#core/check.ts';
import { phaseRuns } from '#core/contracts/nba_orchestration.ts';
import { modelRegistry } from '#core/contracts/nba_predictions.ts';
import { playerBoxScores, playerLines } from '#core/contracts/nba_raw.ts';
import { canariesNamed } from '#guard/canaries/catalogue/catalogue.ts';
import { halt } from '#guard/canaries/halt.ts';
import { beat } from '#guard/canaries/heartbeats.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { accept } from '#guard/incidents/acknowledge.ts';
import { updateIncidents } from '#guard/incidents/update.ts';
import { asJudged, QUESTIONS, readStatus, statusLines } from '#guard/status/status.ts';
import { runBatch } from '#pipeline/batch/run.ts';
import { gameRow, players, predictionWorlds, SLATE } from '#test/fakes/prediction-world.ts';
import { check, passed } from '#test/guard/incidents/alarm-world.ts';
import { boxRow, lineRow } from '#test/pipeline/analytics/rows.ts';
import { NOON, statusWorlds } from './status-world.ts';

const world = statusWorlds();
const predictionWorld = predictionWorlds();

describe('the status', () => {
  it('answers fifteen questions, in order, from an empty warehouse too', async () => {
    const { answers } = await (await world()).read();
    expect(answers.map(({ number }) => number)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    expect(answers.filter(({ verdict }) => verdict === 'unknown')).toEqual([]);
  });

  it('asks about today in New York when no slate is named', async () => {
    const w = await world({ at: '2025-01-11T03:00:00Z' });
    expect((await readStatus(w)).slate).toBe('2025-01-10');
  });

  it('says unknown for what cannot be read, and still answers the rest', async () => {
    const w = await world({ own: true });
    await w.warehouse.dropTable({ dataset: 'nba_orchestration', name: 'heartbeats' });
    const { answers, verdict } = await w.read();
    expect(answers.filter((answer) => answer.verdict === 'unknown').map(({ name }) => name)).toEqual([
      'Jobs',
    ]);
    expect(answers[10]?.answer).toContain('heartbeats');
    expect(verdict).toBe('bad');
  });

  it('is calm on a day without games', async () => {
    const w = await world({ games: 0 });
    const { answers, no_games } = await w.read();
    expect(no_games).toContain('no games on 2025-01-10');
    expect([1, 4, 6, 7, 13].map((number) => answers[number - 1]?.verdict)).toEqual([
      'idle',
      'idle',
      'idle',
      'idle',
      'idle',
    ]);
  });

  it('fits one screen', async () => {
    const lines = statusLines(await (await world()).read());
    expect(lines.length).toBeLessThanOrEqual(40);
    expect(lines[0]).toMatch(/^2025-01-10 as of 2025-01-10 13:00 ET: BAD\. 2 games\. Alerts: 0 open/);
    expect(lines).toContainEqual(
      expect.stringMatching(/^BAD {3}1 Predictions +None: 2 games and no predictions\.$/),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^ +-> tipoff day 2025-01-10$/));
  });
});

describe('the model', () => {
  it.each([
    ['2025-01-06', 'good', 'trained on data before 2025-01-06, 4 days old'],
    ['2024-11-06', 'attention', '65 days old: retraining is due'],
    [
      '2025-01-13',
      'idle',
      'is younger than this slate: it has learnt from data before 2025-01-13 and does not predict it',
    ],
  ])('of a champion with the cut-off %s is %s', async (data_cutoff, verdict, words) => {
    const w = await world({ own: true });
    const at = '2025-01-06T12:00:00.000Z';
    const row = {
      ...{
        model_id: 'ridge-one',
        family: 'ridge',
        market: 'points',
        status: 'champion',
        status_changed_at: at,
        status_changed_by: 'test',
        created_at: at,
      },
      ...{
        artefact_path: 'models/ridge-one',
        artefact_hash: 'hash',
        code_version: 'test',
        feature_contract_hash: 'contract',
      },
      ...{
        data_cutoff,
        training_from: '2023-10-24',
        training_rows: 9000,
        calibration_rows: 3000,
        config: '{}',
        metrics: '{}',
      },
    };
    await w.warehouse.append(modelRegistry, [{ ...row, parent_model_id: null }]);
    expect(await w.answer(14)).toMatchObject({ verdict, answer: expect.stringContaining(words) });
  });
});

describe('what is loaded and not processed', () => {
  it('is processed, not asked for again', async () => {
    const w = await world({ own: true, at: '2025-01-10T22:00:00.000Z' });
    // The canary skips where no line was loaded for a week: whether there is a market is nobody's guess.
    const before = (await w.read()).answers;
    expect(before[6]).toMatchObject({ number: 7, verdict: 'idle', next: 'tipoff ingest <file of lines>' });
    expect(before[1]).toMatchObject({
      number: 2,
      verdict: 'bad',
      next: 'tipoff ingest <box scores>, then tipoff day 2025-01-10',
    });
    await w.warehouse.append(playerLines, [lineRow({}), lineRow({ player_name: 'Bo Invented' })]);
    const { game_id } = gameRow('2025-01-09', 90);
    const boxes = ['AAA', 'BBB'].map((team_abbr, i) =>
      boxRow({ slate: '2025-01-09', game_id, team_abbr, player_id: i + 1 }),
    );
    await w.warehouse.append(playerBoxScores, boxes);
    const { answers } = await w.read();
    expect(answers[6]).toMatchObject({
      number: 7,
      verdict: 'idle',
      answer: expect.stringContaining(
        'No points lines for any of 2 games; 2 quotes of the date are loaded and not processed.',
      ),
      next: 'tipoff day 2025-01-10',
    });
    expect(answers[1]).toMatchObject({
      number: 2,
      verdict: 'bad',
      answer: expect.stringContaining('missing: BBB @ AAA, whose box scores are loaded'),
      next: 'tipoff day 2025-01-10',
    });
  });
});

describe('predictions', () => {
  it('that are not there are bad from nine on, and not due before', async () => {
    expect(await (await world()).answer(1)).toMatchObject({ verdict: 'bad', next: 'tipoff day 2025-01-10' });
    expect(await (await world({ at: '2025-01-10T13:00:00Z' })).answer(1)).toMatchObject({ verdict: 'idle' });
  });

  it('are counted by game and system; a game without any is named', async () => {
    const p = await predictionWorld(players(25), { games: 3 });
    await runBatch(p.deps, { slate: SLATE, mode: 'FIRST', by: 'test' });
    const w = await world();
    const { answers } = await readStatus({ ...w, warehouse: p.warehouse, state: p.deps.state }, SLATE);
    expect(answers[0]).toMatchObject({
      verdict: 'attention',
      answer: expect.stringMatching(
        /^25 of 25 players in 2 of 3 games, \d+ picks \(ewma8 25, market 25, minutes_rate 25, ridge 25\); none for BBB @ AAA\.$/,
      ),
    });
    expect(answers[0]?.table?.rows.map((row) => row.slice(2, 4))).toEqual([
      [20, 20],
      [5, 5],
      [0, 0],
    ]);
    expect(answers[12]).toMatchObject({
      answer: expect.stringMatching(/^\d+ of 25 forecasts of ridge are picks/),
    });
  });

  it('that are missing because players were skipped are explained', async () => {
    const p = await predictionWorld([
      ...players(2),
      { id: 3, features: { required_default_count: 2 } },
      { id: 4, context: { injury_status: 'out' } },
    ]);
    await runBatch(p.deps, { slate: SLATE, mode: 'FIRST', by: 'test' });
    const w = await world();
    const { answers } = await readStatus({ ...w, warehouse: p.warehouse, state: p.deps.state }, SLATE);
    expect(answers[12]?.table?.rows).toEqual(
      expect.arrayContaining([
        ['required_feature_missing', 'gate of FIRST', 1],
        ['player_out', 'gate of FIRST', 1],
      ]),
    );
    expect(answers[5]).toMatchObject({ answer: expect.stringContaining('1 blocked (25.0 %)') });
    expect(answers[7]).toMatchObject({
      verdict: 'bad',
      answer: expect.stringContaining('predictions.json is missing'),
    });
  });
});

describe('operations', () => {
  const run = {
    run_id: 'r',
    phase: 'precompute',
    slate_from: SLATE,
    slate_to: SLATE,
    row_count: 0,
    code_version: 'v1',
  };
  const at = { started_at: '2025-01-10T17:00:00.000Z', finished_at: '2025-01-10T17:01:00.000Z' };

  it('name the processor that is held and what for', async () => {
    const w = await world({ own: true });
    await w.warehouse.append(phaseRuns, [
      {
        ...run,
        ...at,
        processor: 'PlayerDailyCache',
        verdict: 'held',
        reason: 'results: 3 of 9 games have box scores.',
      },
    ]);
    expect(await w.answer(4)).toMatchObject({
      verdict: 'attention',
      answer: expect.stringContaining('precompute 1 held, 0 failed: results: 3 of 9 games have box scores.'),
    });
  });

  it('tell versions apart', async () => {
    const w = await world({ own: true });
    await w.warehouse.append(phaseRuns, [
      { ...run, ...at, processor: 'A', verdict: 'done' },
      { ...run, ...at, processor: 'B', verdict: 'done', code_version: 'v0' },
    ]);
    expect(await w.answer(3)).toMatchObject({
      verdict: 'attention',
      answer: expect.stringContaining('1 of 2 processors last ran another version'),
    });
    const { answers } = await readStatus(
      { ...w, deployment: { ...w.deployment, expectedVersion: 'v2' } },
      SLATE,
    );
    expect(answers[2]).toMatchObject({ verdict: 'attention', answer: 'This command is v1, main is v2.' });
  });

  it('find a stuck batch and since when', async () => {
    const p = await predictionWorld(players(3));
    await p.deps.state.create('batches', 'b1', {
      batch_id: 'b1',
      slate: SLATE,
      mode: 'FIRST',
      state: 'running',
      by: 'test',
      created_at: '2025-01-10T17:00:00.000Z',
      progress_at: '2025-01-10T17:10:00.000Z',
      reason: null,
    });
    const w = await world();
    const { answers } = await readStatus({ ...w, state: p.deps.state }, SLATE);
    expect(answers[8]).toMatchObject({ verdict: 'bad', answer: '1 batch stuck: b1 running for 50 min.' });
  });

  it.each([
    ['alive', 30, true, 'good', '1 job is alive: day.'],
    ['late', 26 * 60, true, 'bad', /^day late/],
    ['failed for good', 30, false, 'bad', /^day never succeeded/],
  ])('see a job that is %s', async (_what, minutes, ok, verdict, answer) => {
    const w = await world({ at: '2025-01-09T10:00:00Z', own: true });
    w.clock.set(new Date(Date.parse(NOON) - minutes * 60_000));
    await beat(w, { job: 'day', ok, maxSilenceSeconds: 86_400 });
    w.clock.set(NOON);
    expect(await w.answer(11)).toMatchObject({
      verdict,
      answer: typeof answer === 'string' ? answer : expect.stringMatching(answer),
    });
  });

  it.each([
    [
      'moving',
      { state: 'running', updated_at: '2025-01-10T17:58:00.000Z' },
      'good',
      /^Alive: .*40 of 100 units; done about 2025-01-10 14:25 ET/,
    ],
    [
      'dead',
      { state: 'running', updated_at: '2025-01-10T17:00:00.000Z' },
      'attention',
      /^Dead: .*nothing since 2025-01-10 12:00 ET/,
    ],
    [
      'stopped',
      { state: 'stopped', updated_at: NOON, reason: 'disk full.' },
      'attention',
      /^Stopped: .*; disk full\.$/,
    ],
    [
      'over, with units that were held',
      { state: 'finished', updated_at: NOON, finished_at: NOON, done_units: 100, held_units: 30 },
      'attention',
      /the last one ended on 2025-01-10: .*, 70 of 100 units, 30 held\.$/,
    ],
    [
      'over and done',
      { state: 'finished', updated_at: NOON, finished_at: NOON, done_units: 100 },
      'idle',
      /the last one finished on 2025-01-10: .*, 100 of 100 units\.$/,
    ],
  ])('see a backfill that is %s', async (_what, change, verdict, answer) => {
    const w = await world();
    const doc = {
      run_id: 'r1',
      from: '2024-11-01',
      to: '2025-01-09',
      planned_units: 100,
      done_units: 40,
      failed_units: 0,
      finished_at: null,
      reason: null,
    };
    await w.state.create('backfill_runs', 'r1', {
      ...doc,
      started_at: '2025-01-10T17:00:00.000Z',
      ...change,
    });
    expect(await w.answer(12)).toMatchObject({ verdict, answer: expect.stringMatching(answer) });
  });
});

describe('failures', () => {
  const runAt = (
    id: string,
    instant: string,
    results: Parameters<typeof updateIncidents>[1][number]['results'],
  ) => ({
    run_id: id,
    slate: SLATE,
    as_of: new Date(instant),
    results,
  });

  it('are told with their effects, and whether anybody has them', async () => {
    const w = await world();
    await updateIncidents(w.state, [
      runAt('r', '2025-01-10T17:00:00Z', [
        check('box_scores', { phase: 'ingest', severity: 'critical' }),
        check('gap', { depends_on: ['ingest'] }),
      ]),
    ]);
    const status = await w.read();
    expect(status.answers[9]).toMatchObject({
      verdict: 'bad',
      answer: 'Real: 1 cause (box_scores) with 1 effect, 1 unacknowledged.',
      next: 'tipoff incidents show box_scores',
    });
    expect(status.alerts).toEqual({ open: 1, unacknowledged: 1, undelivered: 1 });
  });

  it('are none during a halt, and it says why', async () => {
    const w = await world();
    await halt(w, { until: new Date('2025-01-11T12:00:00Z'), reason: 'provider outage', by: 'ann' });
    expect(await w.answer(10)).toMatchObject({
      verdict: 'idle',
      answer: 'Nothing fails; halted until 2025-01-11 07:00 ET: provider outage.',
    });
  });

  it('that are over count as repaired only when a check has passed', async () => {
    const w = await world();
    await updateIncidents(w.state, [
      runAt('r1', '2025-01-09T17:00:00Z', [check('gap'), check('other', { phase: 'ingest' })]),
      runAt('r2', '2025-01-09T18:00:00Z', [passed('gap')]),
      runAt('r3', '2025-01-11T17:00:00Z', [passed('gap')]),
    ]);
    w.clock.set('2025-01-10T20:00:00Z');
    expect(await w.answer(15)).toMatchObject({
      verdict: 'good',
      answer: '1 of 1 repairs proven by a passing check.',
    });
    await accept({ state: w.state, clock: w.clock }, 'other', { by: 'ann', reason: 'known' });
    expect(await w.answer(15)).toMatchObject({
      answer: '1 of 2 repairs proven by a passing check; accepted as it is: other.',
    });
  });
});

describe('the history', () => {
  it('has the last slates with their coverage and quality', async () => {
    const p = await predictionWorld(players(4));
    await runBatch(p.deps, { slate: SLATE, mode: 'FIRST', by: 'test' });
    const w = await world();
    const { history } = await readStatus({ ...w, warehouse: p.warehouse, state: p.deps.state }, SLATE);
    expect(history).toEqual([
      {
        slate: SLATE,
        games: 1,
        games_predicted: 1,
        in_operation: true,
        expected: 4,
        predicted: 4,
        coverage: 100,
        ready: 100,
        mean_quality: 95,
      },
    ]);
  });
});

describe('a question that a canary asks as well', () => {
  it.each([
    ['before anything is due', '2025-01-10T09:00:00.000Z', false],
    ['in the morning', '2025-01-10T15:00:00.000Z', false],
    ['before the first tip-off', '2025-01-10T23:30:00.000Z', false],
    ['during a halt', '2025-01-10T23:30:00.000Z', true],
  ])('has its verdict %s', async (_when, at, isHalted) => {
    const w = await world({ at });
    if (isHalted)
      await halt(w, { until: new Date('2025-01-11T12:00:00Z'), reason: 'moving house', by: 'ann' });
    const { answers } = await w.read();
    for (const { number, name, canaries: ids = [] } of QUESTIONS) {
      if (ids.length === 0) continue;
      const canaries = canariesNamed(ids);
      const { results } = await runCanaries(w, { canaries, asOf: new Date(at), store: false });
      const isCritical = results.some((one) => isFailing(one) && one.severity === 'critical');
      const verdict = answers[number - 1]?.verdict;
      expect([name, verdict === 'bad' || verdict === 'unknown']).toEqual([name, isCritical]);
      if (results.some(isFailing)) expect([name, verdict]).not.toEqual([name, 'good']);
    }
  });

  const of = (change: Partial<Outcome>): Outcome =>
    outcome({ check: 'gap', status: 'pass', reason: 'as it is.', ...change });
  const bad = { verdict: 'bad', answer: 'None.' } as const;
  const good = { verdict: 'good', answer: 'All.' } as const;

  it.each([
    ['fails', good, [of({ status: 'fail' }), of({})], 'bad', 'All. gap: as it is.'],
    ['warns', bad, [of({ status: 'fail', severity: 'warning' })], 'attention', 'None.'],
    ['cannot look', good, [of({ status: 'error' })], 'unknown', 'All. gap: as it is.'],
    ['skips', bad, [of({ status: 'skip' })], 'idle', 'None. Not judged: as it is.'],
    ['passes', bad, [of({}), of({ status: 'skip' })], 'attention', 'None.'],
    ['passes too', good, [of({})], 'good', 'All.'],
  ] as const)('says so when the canary %s', (_what, found, outcomes, verdict, answer) => {
    expect(asJudged(found, outcomes)).toMatchObject({ verdict, answer });
  });
});
