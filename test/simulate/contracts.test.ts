import { describe, expect, it } from 'vitest';
import { SEASON_TYPES, slateOf } from '#core/calendar.ts';
import { playerBoxScores } from '#core/contracts/nba_raw.ts';
import { isAmericanOdds } from '#core/odds.ts';
import { checkRecords } from '#platform/warehouse/records.ts';
import { tinyLeague } from '#test/fakes/tiny-league.ts';

const league = tinyLeague({ withShots: true, withRosters: true });
const { tables } = league;

describe('rows of the simulated league', () => {
  it.each(league.rows.map(({ table, rows }) => ({ name: table.name, table, rows })))(
    'fit the contract of $name',
    ({ table, rows }) => {
      expect(rows.length).toBeGreaterThan(0);
      checkRecords(table, rows);
      const columns = Object.keys(table.columns).sort();
      expect(rows.every((row) => Object.keys(row).sort().join() === columns.join())).toBe(true);
    },
  );

  it('would not fit with a wrong value', () => {
    const [row] = tables.playerBoxScores;
    expect(() => checkRecords(playerBoxScores, [{ ...row, minutes: '12' }])).toThrow('minutes');
  });

  it.each(league.rows.map(({ table, rows }) => ({ name: table.name, table, rows })))(
    'stay in the plausible ranges of $name',
    ({ table, rows }) => {
      const outside = Object.entries(table.columns).flatMap(([name, { range }]) =>
        range === undefined
          ? []
          : rows
              .map((row) => row[name])
              .filter((x) => typeof x === 'number' && (x < range[0] || x > range[1])),
      );
      expect(outside).toEqual([]);
    },
  );

  it.each(league.rows.map(({ table, rows }) => ({ name: table.name, table, rows })))(
    'have an id of their own in $name',
    ({ table, rows }) => {
      const keys = rows.map((row) => table.key.map((column) => String(row[column])).join('|'));
      expect(new Set(keys).size).toBe(rows.length);
    },
  );

  it('all say that they are simulated', () => {
    const sources = new Set(
      league.rows.flatMap(({ rows }) =>
        rows.map((row) => `${String(row['source'])} / ${String(row['source_file'])}`),
      ),
    );
    expect([...sources]).toEqual(['simulated / simulated-league seed=11']);
  });

  it('carry the slate of their tip-off in New York', () => {
    const wrong = tables.scheduleGames.filter(
      (row) => row.tipoff_at !== null && slateOf(row.tipoff_at) !== row.slate,
    );
    expect(wrong).toEqual([]);
    expect(tables.scheduleGames.every((row) => SEASON_TYPES.some((type) => type === row.season_type))).toBe(
      true,
    );
  });

  it('quote American odds on both sides with a margin for the bookmaker', () => {
    const prices = tables.playerLines.flatMap((row) => [row.over_price ?? 0, row.under_price ?? 0]);
    expect(prices.every(isAmericanOdds)).toBe(true);
  });

  it('has a shot for every attempt of the box scores', () => {
    const attempts = tables.playerBoxScores.reduce((sum, row) => sum + (row.fga ?? 0), 0);
    const made = tables.playerBoxScores.reduce((sum, row) => sum + (row.fgm ?? 0), 0);
    expect(tables.shots.length).toBe(attempts);
    expect(tables.shots.filter((shot) => shot.made).length).toBe(made);
  });
});
