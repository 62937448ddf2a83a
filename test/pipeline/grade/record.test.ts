import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseSlate } from '#core/calendar.ts';
import { grade } from '#pipeline/grade/grade.ts';
import {
  addBets,
  isoWeek,
  NO_BETS,
  RECORD_PER_SLATE,
  readRecord,
  slateRecords,
  tally,
} from '#pipeline/grade/record.ts';
import { virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';
import { addBoxScore, addGame, type GivenPrediction, publish, SLATE, withdraw } from './rows.ts';

let warehouse: Warehouse;
beforeEach(async () => {
  warehouse = await openWarehouse();
});
afterEach(() => warehouse.close());

const year = { from: '2024-10-01', to: '2025-09-30' };
const record = async () => {
  await grade({ warehouse, clock: virtualClock('2025-02-01T12:00:00Z') }, year);
  return readRecord(warehouse, year);
};
const season = async (record_class: string, system_id = 'ridge') =>
  (await record()).find(
    (row) => row.kind === 'season' && row.record_class === record_class && row.system_id === system_id,
  );
async function play(slate = SLATE, game_id = '0022400517'): Promise<void> {
  await addGame(warehouse, { slate, game_id, tipoff_at: `${slate}T23:59:00Z` });
  await addBoxScore(warehouse, { slate, game_id });
}
/** Everybody in the box scores has 20 points. */
const win: GivenPrediction = { player_id: 901, line: '15.5' };
const loss: GivenPrediction = { player_id: 902, line: '22.5' };
const push: GivenPrediction = { player_id: 903, line: '20' };
const absent: GivenPrediction = { player_id: 7 };

describe('the record', () => {
  it('counts wins and losses at their prices, pushes and voids apart, with Wilson’s interval', async () => {
    await play();
    await publish(warehouse, [
      win,
      loss,
      push,
      absent,
      { ...win, player_id: 904, recommendation: 'PASS', is_actionable: false },
    ]);
    const row = await season('live');
    expect(row?.picks).toEqual({
      wins: 1,
      losses: 1,
      pushes: 1,
      voids: 1,
      profit: -0.090909,
      decided: 2,
      hit_rate: 0.5,
      interval: { low: 0.094531, high: 0.905469 },
    });
    expect(row?.errors).toEqual({ rows: 4, mae: 4, bias: 4, within_3: 0, within_5: 1 });
  });

  it('tells picks from all sides, and a second line counts for no error twice', async () => {
    await play();
    await publish(warehouse, [
      win,
      { ...loss, is_actionable: false, filter_reason: 'low_value' },
      { ...win, line: '14.5', line_role: 'second' },
    ]);
    const row = await season('live');
    expect(row?.picks).toMatchObject({ wins: 2, losses: 0 });
    expect(row?.all_sides).toMatchObject({ wins: 1, losses: 1 });
    expect(row?.errors.rows).toBe(2);
  });

  it('never mixes live and backfill', async () => {
    await play();
    await publish(warehouse, [win, loss], { id: 'live-1' });
    await publish(
      warehouse,
      [win, { ...win, player_id: 902 }].map((row) => ({ ...row, record_class: 'backfill' })),
      { id: 'made-1', at: '2025-01-20T12:00:00Z' },
    );
    expect((await season('live'))?.picks).toMatchObject({ wins: 1, losses: 1 });
    expect((await season('backfill'))?.picks).toMatchObject({ wins: 2, losses: 0 });
    expect(new Set((await record()).map((row) => row.record_class))).toEqual(new Set(['live', 'backfill']));
  });

  it('counts a player once, with the last live version before tip-off', async () => {
    await play();
    await publish(warehouse, [win, loss], { id: 'morning', at: '2025-01-10T13:00:00Z' });
    await publish(warehouse, [{ ...win, line: '23.5' }], { id: 'noon', at: '2025-01-10T17:00:00Z' });
    expect((await season('live'))?.picks).toMatchObject({ wins: 0, losses: 2 });
  });

  it('leaves out what was withdrawn, also before the next grading', async () => {
    await play();
    await publish(warehouse, [win, loss]);
    expect(await record()).not.toEqual([]);
    await withdraw(warehouse, 'pub-1');
    expect(await readRecord(warehouse, year)).toEqual([]);
  });

  it('has the same mean error in whatever order an engine adds the errors up', async () => {
    await play();
    await publish(warehouse, [win]);
    await record();
    const [counted] = await warehouse.query<Record<string, unknown>>(RECORD_PER_SLATE.sql, year);
    const meanOf = async (absolute: number): Promise<number | null | undefined> => {
      const query = (async () => [{ ...counted, error_rows: 20, absolute }]) as Warehouse['query'];
      return (await readRecord({ ...warehouse, query }, year))[0]?.errors.mae;
    };
    // The twentieth part lies between two numbers of four decimals.
    const noise = 4e-15;
    expect(new Set(await Promise.all([12.345 - noise, 12.345, 12.345 + noise].map(meanOf))).size).toBe(1);
  });

  it('of single slates is that of each alone, and one statement reads a week', async () => {
    const slates = ['2024-12-01', '2024-12-30', '2025-01-01', '2025-01-06'].map(parseSlate);
    for (const [i, slate] of slates.entries()) {
      const game_id = `002240040${i}`;
      await play(slate, game_id);
      const about = { id: `pub-${i}`, slate, at: `${slate}T12:00:00Z` };
      await publish(warehouse, [{ ...(i % 2 === 0 ? win : loss), game_id }], about);
    }
    await record();
    const asked: unknown[] = [];
    const query: Warehouse['query'] = async (sql, params) => {
      asked.push(params);
      if (asked.length === 2) throw new Error('the warehouse is away');
      return warehouse.query(sql, params);
    };
    const records = slateRecords({ ...warehouse, query }, slates.toReversed());
    const alone = async (slate: string) =>
      (await readRecord(warehouse, { from: slate, to: slate })).filter(({ kind }) => kind === 'season');
    const [december, ...week] = slates;
    const elsewhere = parseSlate('2024-11-01');
    expect(await records(december ?? elsewhere)).toEqual(await alone('2024-12-01'));
    // What could not be read is read anew.
    await expect(records(week[0] ?? elsewhere)).rejects.toThrow('away');
    for (const slate of week) {
      expect(await alone(slate)).not.toEqual([]);
      expect(await records(slate)).toEqual(await alone(slate));
    }
    expect(await records(elsewhere)).toEqual([]);
    expect(asked).toEqual([
      { from: '2024-12-01', to: '2024-12-01' },
      ...Array(2).fill({ from: '2024-12-30', to: '2025-01-06' }),
      { from: elsewhere, to: elsewhere },
    ]);
  });

  it('is kept by system, month, ISO week and season', async () => {
    await play('2024-12-30', '0022400401');
    await play('2025-01-01', '0022400402');
    await play('2025-01-06', '0022400403');
    for (const [i, slate] of ['2024-12-30', '2025-01-01', '2025-01-06'].entries()) {
      const game_id = `002240040${i + 1}`;
      await publish(
        warehouse,
        [
          { ...win, game_id },
          { ...loss, game_id, system_id: 'ewma8' },
        ],
        { id: `pub-${i}`, slate, at: `${slate}T12:00:00Z` },
      );
    }
    const periods = (await record()).map(
      (row) => `${row.system_id} ${row.kind} ${row.period} ${row.picks.wins}-${row.picks.losses}`,
    );
    expect(periods).toEqual([
      'ewma8 season 2024-25 0-3',
      'ewma8 month 2024-12 0-1',
      'ewma8 month 2025-01 0-2',
      'ewma8 week 2025-W01 0-2',
      'ewma8 week 2025-W02 0-1',
      'ridge season 2024-25 3-0',
      'ridge month 2024-12 1-0',
      'ridge month 2025-01 2-0',
      'ridge week 2025-W01 2-0',
      'ridge week 2025-W02 1-0',
    ]);
  });
});

describe('a tally', () => {
  it('has no rate when nothing was decided', () => {
    expect(tally({ ...NO_BETS, pushes: 2 })).toMatchObject({ decided: 0, hit_rate: null, interval: null });
  });

  it('adds counts', () => {
    const one = { wins: 1, losses: 2, pushes: 3, voids: 4, profit: 0.5 };
    expect(addBets(one, addBets(one, NO_BETS))).toEqual({
      wins: 2,
      losses: 4,
      pushes: 6,
      voids: 8,
      profit: 1,
    });
  });
});

describe('the ISO week', () => {
  it.each([
    ['2024-12-29', '2024-W52'],
    ['2024-12-30', '2025-W01'],
    ['2025-01-05', '2025-W01'],
    ['2021-01-03', '2020-W53'],
    ['2027-01-01', '2026-W53'],
    ['2018-01-01', '2018-W01'],
  ])('of %s is %s', (date, week) => {
    expect(isoWeek(parseSlate(date))).toBe(week);
  });
});
