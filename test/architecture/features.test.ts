import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Slate } from '#core/calendar.ts';
import type { TableContract } from '#core/contracts/define.ts';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { columnsComputedIn, featureColumns } from '#core/contracts/nba_predictions.ts';
import { FEATURES, type Feature } from '#core/features.ts';
import { MAIN_MARKET } from '#core/markets.ts';
import { featureContractHash, modelColumns } from '#model/features.ts';
import { buildPlayerReference } from '#pipeline/analytics/reference.ts';
import { mlFeatureStoreSelect } from '#pipeline/precompute/ml-feature-store.ts';
import { playerCompositeFactorsSelect } from '#pipeline/precompute/player-composite-factors.ts';
import { playerDailyCacheSelect } from '#pipeline/precompute/player-daily-cache.ts';
import { HISTORY_FROM, NO_AS_OF, rangeParams } from '#pipeline/processor.ts';
import { duckdbTable } from '#platform/warehouse/ddl.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { featureTable } from '#scripts/docs.ts';
import { league, PROCESSORS } from '#test/pipeline/feature-world.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

const SRC = new URL('../../src/', import.meta.url).pathname;

/** What somebody would add to the list in core/features.ts, one of each place where a value may be computed. */
const ADDED: readonly Feature[] = [
  {
    name: 'dreb_ewma8',
    group: 'volume',
    required: true,
    description: 'E8 of defensive rebounds',
    value: { in: 'player_daily_cache', sql: (history) => history.ewma(8, 'dreb') },
    source: "CASE WHEN c.games_season > 0 THEN 'h' ELSE 's' END",
  },
  {
    name: 'freed_twice',
    group: 'availability',
    required: false,
    description: 'Twice the minutes that teammates leave',
    value: { in: 'player_composite_factors', sql: ({ freed }) => `2 * (${freed('min')})` },
    source: "'f'",
  },
  {
    name: 'is_opener',
    group: 'schedule',
    required: true,
    description: '1 in the first game of the team’s season',
    value: { in: 'ml_feature_store', sql: 'CASE WHEN g.team_games = 0 THEN 1 ELSE 0 END' },
    source: "'c'",
    isIndicator: true,
  },
];
const MORE = [...FEATURES, ...ADDED];
const NAMES = ADDED.map(({ name }) => name);

/** The contracts and statements as they would be with the longer list. */
const CHANGED: Readonly<
  Record<string, { readonly columns: TableContract['columns']; readonly select: string }>
> = {
  PlayerDailyCache: {
    columns: columnsComputedIn('player_daily_cache', MORE),
    select: playerDailyCacheSelect(MORE),
  },
  PlayerCompositeFactors: {
    columns: columnsComputedIn('player_composite_factors', MORE),
    select: playerCompositeFactorsSelect(MORE),
  },
  MLFeatureStore: { columns: featureColumns(MORE), select: mlFeatureStoreSelect(MORE) },
};
const changed = (table: TableContract): TableContract => {
  const columns = CHANGED[table.writer]?.columns;
  return columns === undefined ? table : { ...table, columns: { ...table.columns, ...columns } };
};

describe('a feature added to the list', () => {
  const simulated = league();
  const slate = simulated.slates.at(-1) ?? '';
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await openWarehouse({ tables: CONTRACTS.map(changed) });
    for (const { ref, sql } of VIEWS) await warehouse.createView(ref, sql);
    for (const { table, rows } of simulated.rows) await warehouse.append(table, rows);
    await buildPlayerReference(warehouse);
    for (const { name, table, select } of PROCESSORS) {
      const isWhole = name === 'ScheduleReference' || name.endsWith('GameSummary');
      const [from, to] = isWhole ? [HISTORY_FROM, '9999-12-31'] : [slate, slate];
      const params = rangeParams({ from: from as Slate, to: to as Slate, asOf: NO_AS_OF });
      const statement = CHANGED[name]?.select ?? select;
      await warehouse.replaceRange(changed(table), { column: 'slate', from, to }, statement, params);
    }
  });
  afterAll(() => warehouse.close());

  it('is a column of the store and of the table that computes it', () => {
    const tables = CONTRACTS.filter(({ writer }) => writer in CHANGED).map((table) =>
      duckdbTable(changed(table)),
    );
    for (const name of NAMES)
      expect(tables.filter((sql) => sql.includes(`${name} DOUBLE`)).length).toBeGreaterThan(0);
    expect(tables.find((sql) => sql.includes('ml_feature_store'))).toMatch(
      /dreb_ewma8 DOUBLE.*is_opener DOUBLE/s,
    );
  });

  it('has a value, a source letter at its place, and a say in the quality of the row', async () => {
    const rows = await warehouse.query<{
      player_id: number;
      season: string;
      dreb_ewma8: number | null;
      freed_twice: number | null;
      is_opener: number;
      feature_sources: string;
      required_default_count: number;
    }>('SELECT * FROM nba_predictions.ml_feature_store WHERE slate = CAST(@slate AS DATE)', { slate });
    expect(rows.length).toBeGreaterThan(20);
    const box = simulated.tables.playerBoxScores.filter(
      (row) =>
        row.played && row.slate < slate && ['regular', 'play_in', 'playoffs'].includes(row.season_type),
    );
    for (const row of rows) {
      const own = box
        .filter(({ player_id }) => player_id === row.player_id)
        .sort((a, b) => a.slate.localeCompare(b.slate));
      const weights = own.map(
        (game, i) => 0.5 ** ((own.length - 1 - i) / 8) * (game.season === own.at(-1)?.season ? 1 : 0.35),
      );
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const sum = weights.reduce((all, weight, i) => all + weight * (own[i]?.dreb ?? 0), 0);
      expect(row.feature_sources).toHaveLength(MORE.length);
      const letters = row.feature_sources.slice(FEATURES.length);
      if (own.length === 0) {
        expect(letters[0]).toBe('m');
        expect(row.required_default_count).toBeGreaterThan(0);
      } else {
        expect(row.dreb_ewma8).toBeCloseTo(sum / total, 5);
        expect(['h', 's']).toContain(letters[0]);
      }
      expect(letters[1]).toBe(row.freed_twice === null ? 'm' : 'f');
      expect([row.is_opener, letters[2]]).toEqual([0, 'c']);
    }
  });

  it('enters the vectors of the model, an indicator with the floor of one', () => {
    const [features] = MAIN_MARKET.features;
    if (features === undefined) throw new Error('no features of the main market');
    const columns = modelColumns(features, MORE);
    const added = columns.findIndex(({ name }) => name === NAMES[0]);
    expect(columns.slice(added, added + NAMES.length)).toEqual([
      { name: 'dreb_ewma8', factors: [{ feature: 'dreb_ewma8' }] },
      { name: 'freed_twice', factors: [{ feature: 'freed_twice' }] },
      { name: 'is_opener', factors: [{ feature: 'is_opener' }], floor: 1 },
    ]);
    expect(featureContractHash(MORE)).not.toBe(featureContractHash());
  });

  it('is in the docs', () => {
    const table = featureTable(MORE).join('\n');
    for (const { name, description } of ADDED) {
      expect(table).toContain(`\`${name}\``);
      expect(table).toContain(description);
    }
  });
});

describe('the list of features', () => {
  it('is the only place in the source that says what a feature is', () => {
    const definers = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .filter((name) =>
        /export (interface|type|class) Feature\b/.test(readFileSync(join(SRC, name), 'utf8')),
      );
    expect(definers).toEqual(['core/features.ts']);
  });

  it('names every feature once', () => {
    expect(new Set(FEATURES.map(({ name }) => name)).size).toBe(FEATURES.length);
  });
});
