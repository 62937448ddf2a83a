import { describe, expect, it } from 'vitest';
import { boxColumns } from '#core/contracts/nba_raw.ts';
import { FEATURE_NAMES } from '#core/features.ts';
import {
  countedByMarketSql,
  countedSql,
  MAIN_MARKET,
  MARKETS,
  marketOf,
  PUBLISHED_MARKETS,
} from '#core/markets.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';

describe('the markets', () => {
  it('have ids and provider names of their own', () => {
    expect(new Set(MARKETS.map(({ id }) => id)).size).toBe(MARKETS.length);
    expect(new Set(MARKETS.map(({ oddsApiKey }) => oddsApiKey)).size).toBe(MARKETS.length);
  });

  it('count columns of the box score', () => {
    for (const { counts } of MARKETS)
      for (const column of counts) expect(Object.keys(boxColumns)).toContain(column);
  });

  it('that are sums count what their parts count, and reach as far as each of them', () => {
    const sums = MARKETS.filter(({ parts }) => parts.length > 0);
    expect(sums.map(({ id }) => id)).toEqual(['pra', 'pr', 'pa', 'ra']);
    for (const { parts, counts, max } of sums) {
      const own = parts.map(marketOf);
      expect(counts).toEqual(own.flatMap((part) => part?.counts ?? []));
      for (const part of own) expect(max).toBeGreaterThanOrEqual(part?.max ?? Number.POSITIVE_INFINITY);
    }
  });

  it('that are published are forecast by features that exist', () => {
    expect(PUBLISHED_MARKETS).toEqual(MARKETS);
    expect(PUBLISHED_MARKETS).toContain(MAIN_MARKET);
    for (const { features } of PUBLISHED_MARKETS) {
      const names = features.flatMap(({ stat: _, ofOthers = [], ...named }) => [
        ...Object.values(named),
        ...ofOthers,
      ]);
      expect(names.length).toBeGreaterThan(0);
      expect(FEATURE_NAMES).toEqual(expect.arrayContaining(names));
    }
  });

  it('count in SQL what they declare, and nothing where a part of the box score is missing', async () => {
    const warehouse = await openWarehouse({ tables: 'none' });
    const box = `SELECT 30 AS points, 11 AS reb, 7 AS ast, 4 AS fg3m, 2 AS stl, 1 AS blk, CAST(NULL AS INT64) AS tov`;
    const asked = MARKETS.map(({ id }) => `SELECT '${id}' AS market`).join(' UNION ALL ');
    const rows = await warehouse.query<{ market: string; outcome: number | null }>(
      `SELECT m.market, ${countedByMarketSql('m.market', 'b')} AS outcome
       FROM (${asked} UNION ALL SELECT 'dunks') m CROSS JOIN (${box}) b`,
    );
    expect(Object.fromEntries(rows.map(({ market, outcome }) => [market, outcome]))).toEqual({
      points: 30,
      rebounds: 11,
      assists: 7,
      threes: 4,
      pra: 48,
      pr: 41,
      pa: 37,
      ra: 18,
      steals: 2,
      blocks: 1,
      turnovers: null,
      dunks: null,
    });
    expect(countedSql(MAIN_MARKET, 'g')).toBe('g.points');
    await warehouse.close();
  });
});
