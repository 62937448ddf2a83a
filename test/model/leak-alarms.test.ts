import { beforeAll, describe, expect, it } from 'vitest';
import { addDays, parseSlate } from '#core/calendar.ts';
import { playerPropLines } from '#core/contracts/nba_analytics.ts';
import { MARKETS, type MarketId } from '#core/markets.ts';
import type { TrainingSet } from '#model/dataset.ts';
import { evaluate } from '#model/evaluate.ts';
import { trainingOutcomes } from '#model/gates.ts';
import { leakAlarms, type MarketKnowledge, readKnowledge, trainingAlarms } from '#model/leak-alarms.ts';
import type { MarketScores } from '#model/report.ts';
import { readTrainingSets } from '#model/training-set.ts';
import { buildPlayerReference } from '#pipeline/analytics/reference.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { leagueWarehouse, simulatedLeague } from '#test/fakes/leagues.ts';
import { compute } from '#test/pipeline/feature-world.ts';
import { lineRow } from './feature-rows.ts';
import { syntheticSet } from './synthetic-set.ts';

/** Large enough for what absences foretell to mean anything. */
const LEAGUE = { seed: 3, seasons: ['2024-25'], teams: 8, gamesPerTeam: 40, playersPerTeam: 12 };

/** What a look at the statuses after the game would make of them. */
const STATUSES_OF_AFTER_THE_GAME = `
  UPDATE nba_precompute.player_availability SET p_plays = CASE WHEN EXISTS (
    SELECT 1 FROM nba_analytics.player_game_summary g
    WHERE g.slate = player_availability.slate AND g.team_abbr = player_availability.team_abbr
      AND g.player_id = player_availability.player_id AND g.played
  ) THEN 1 ELSE 0 END WHERE TRUE`;

describe('leaks that are planted in a league, market by market', () => {
  let world: Warehouse;
  let sets: readonly TrainingSet[];
  const league = simulatedLeague(LEAGUE);
  const [from = '', to = ''] = [league.slates[0], league.slates.at(-1)];
  let honest: readonly MarketKnowledge[];
  let afterStatuses: readonly MarketKnowledge[];
  let afterLines: readonly MarketKnowledge[];
  const setOf = (id: MarketId): TrainingSet => {
    const found = sets.find(({ market }) => market?.id === id);
    if (found === undefined) throw new Error(`no rows of ${id}`);
    return found;
  };
  const rung = (one: TrainingSet, knowledge: readonly MarketKnowledge[] = []): string[] =>
    trainingAlarms([one], knowledge).map(({ kind, market, of }) => `${kind} ${market} ${of}`);
  /** A set with another column in the place of a feature. */
  const planted = (
    set: TrainingSet,
    name: string,
    value: (x: number, row: number) => number,
  ): TrainingSet => {
    const at = set.features.indexOf(name);
    return { ...set, columns: set.columns.with(at, (set.columns[at] ?? new Float64Array(0)).map(value)) };
  };

  beforeAll(async () => {
    world = await leagueWarehouse(LEAGUE);
    await buildPlayerReference(world);
    await compute(world, from, to);
    sets = await readTrainingSets(world, { before: addDays(parseSlate(to), 1) }, MARKETS);
    honest = await readKnowledge(world, { from, to });
    await world.execute(STATUSES_OF_AFTER_THE_GAME);
    afterStatuses = await readKnowledge(world, { from, to });
    const line = lineRow({
      slate: to,
      player_id: 1,
      game_id: 'g',
      line: '4.5',
      snapshot_at: `${to}T17:00:01.000Z`,
    });
    await world.append(
      playerPropLines,
      MARKETS.map(({ id }) => ({ ...line, market: id })),
    );
    afterLines = await readKnowledge(world, { from, to });
    return () => world.close();
  });

  it('are none in the league as it is', () => {
    expect(honest.every(({ games }) => games >= 320)).toBe(true);
    expect(trainingAlarms(sets, honest)).toEqual([]);
  });

  it.each(MARKETS)('ring in $id for the result in a feature', ({ id, features }) => {
    const set = setOf(id);
    const name = features[0]?.ewma8 ?? '';
    const leaked = planted(set, name, (x, row) => 0.2 * x + 0.8 * (set.target[row] ?? x));
    expect(rung(leaked)).toContain(`correlation ${id} ${name}`);
  });

  it.each(MARKETS)(
    'ring in $id for an average that holds tonight’s box score',
    ({ id, features, counts }) => {
      const set = setOf(id);
      const [own, count] = [features[0]?.ewma8 ?? '', counts[0] ?? 'points'];
      // One game of an average with a half-life of eight weighs 8 %.
      const leaked = planted(set, own, (x, row) => x + 0.08 * ((set.counts?.get(count)?.[row] ?? x) - x));
      expect(rung(leaked)).toContain(`step ${id} ${own}`);
      expect(rung(leaked).some((alarm) => alarm.startsWith('correlation'))).toBe(false);
    },
  );

  it.each(MARKETS)('ring in $id for statuses of after the cut-off', ({ id }) => {
    expect(rung(setOf(id), afterStatuses)).toContain(`recovery ${id} statuses`);
  });

  it.each(MARKETS)('ring in $id for a closing line that is used before its time', ({ id }) => {
    expect(rung(setOf(id), afterLines)).toContain(`late_line ${id} lines`);
  });

  it('stop a training, which says what nobody could have known', async () => {
    const outcomes = await trainingOutcomes(world, sets, addDays(parseSlate(to), 1));
    const leak = outcomes.find(({ check }) => check === 'no_leak');
    expect(leak?.status).toBe('fail');
    expect(leak?.offenders).toContain('statuses that foretell 100 % of absences in points');
    expect(leak?.offenders?.join()).toMatch(/1 of \d+ lines of points, quoted after their cut-off/);
  });
});

const set = syntheticSet({ from: '2023-10-24', slates: 110, rowsPerSlate: 40, lined: 0.4 });
const report = evaluate(set, {
  from: '2024-01-15',
  to: '2024-01-31',
  codeVersion: 'c',
  featureContractHash: 'h',
});

describe('alarms of figures', () => {
  const limits = (alarm: { kind: string; of: string }): string => `${alarm.kind} ${alarm.of}`;

  it('ring for a feature that has seen the game', () => {
    const at = set.features.indexOf('pts_ewma4');
    const clean = set.columns[at] ?? new Float64Array(0);
    const leaked: TrainingSet = {
      ...set,
      columns: set.columns.with(
        at,
        clean.map((x, row) => 0.2 * x + 0.8 * (set.target[row] ?? 0)),
      ),
    };
    expect(leakAlarms([leaked], [], report).map(limits)).toContain('correlation pts_ewma4');
  });

  it.each(MARKETS)('ring in $id for a feature that has seen the game', (market) => {
    const at = set.features.indexOf(market.features[0]?.ewma8 ?? '');
    const columns = set.columns.with(
      at,
      set.target.map((actual, row) => actual + (row % 3)),
    );
    const clean: TrainingSet = { ...set, market };
    const rung = (one: TrainingSet) =>
      leakAlarms([one], [], { ...report, markets: [] }).filter(({ of }) => of === set.features[at]);
    expect(rung(clean)).toEqual([]);
    expect(rung({ ...clean, columns })).toMatchObject([
      { kind: 'correlation', market: market.id, limit: 0.83 },
    ]);
  });

  const nothing: TrainingSet = { ...set, features: [], columns: [] };
  const ridge = report.markets.find(({ system }) => system === 'ridge');
  if (ridge?.line === null || ridge?.line === undefined) throw new Error('no scores at lines');
  const { line } = ridge;
  const base: MarketScores = {
    ...ridge,
    system: 'ewma8',
    champion: false,
    n: 21_000,
    rmse: 6.268,
    mae_median: 4.873,
    line: null,
  };
  const honest: MarketScores = { ...ridge, n: 21_000, rmse: 6.178, mae_median: 4.764, bias: 0.1, line: null };
  const rung = (scores: Partial<MarketScores>): string[] =>
    leakAlarms([nothing], [], { ...report, markets: [base, { ...honest, ...scores }] }).map(limits);

  it('ring for an error that is too small, alone or beside the average of eight games', () => {
    expect(rung({ mae_median: 4.5 })).toEqual(['mae ridge']);
    expect(rung({ rmse: 5.8 })).toEqual(['rmse_ratio ridge']);
    expect(rung({ bias: -1.46 })).toEqual(['bias ridge']);
  });

  it('ring for probabilities and sides at lines that nobody can have', () => {
    const bin = { n: 1200, claimed: 0.6, won: 0.6, low: 0.57, high: 0.63 };
    expect(rung({ line: { ...line, n: 1200, brier: 0.236, market_brier: null, bins: [bin] } })).toEqual([
      'brier ridge',
      'hit_rate ridge',
    ]);
  });

  it.each(MARKETS)('ring in $id for an error no honest forecast of it can have', ({ id }) => {
    const rung = leakAlarms([nothing], [], {
      ...report,
      markets: [
        { ...base, market: id, rmse: 2, mae_median: 99 },
        { ...honest, market: id, rmse: 1.8, mae_median: 99 },
      ],
    });
    expect(rung).toMatchObject([{ kind: 'rmse_ratio', market: id, of: 'ridge' }]);
  });

  it('stay silent for honest figures and for few rows', () => {
    const bin = { n: 4000, claimed: 0.52, won: 0.52, low: 0.5, high: 0.54 };
    expect(rung({ line: { ...line, n: 4000, brier: 0.2496, market_brier: null, bins: [bin] } })).toEqual([]);
    expect(rung({ n: 1000, mae_median: 4.2, rmse: 5 })).toEqual([]);
    // Three easy weeks are no leak.
    expect(rung({ n: 2700, mae_median: 4.5 })).toEqual([]);
  });
});
