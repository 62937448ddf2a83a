import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { playerGameSummary } from '#core/contracts/nba_analytics.ts';
import type { PredictionGrade } from '#core/contracts/nba_predictions.ts';
import { grade } from '#pipeline/grade/grade.ts';
import { type VirtualClock, virtualClock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { summaryRow } from '#test/model/feature-rows.ts';
import { openWarehouse } from '#test/platform/warehouse/open.ts';
import {
  addBoxScore,
  addGame,
  GAME,
  type GivenPrediction,
  publish,
  SLATE,
  TIPOFF,
  withdraw,
} from './rows.ts';

let warehouse: Warehouse;
let clock: VirtualClock;
beforeEach(async () => {
  clock = virtualClock('2025-01-11T12:00:00Z');
  warehouse = await openWarehouse();
});
afterEach(() => warehouse.close());

const run = (from = SLATE, to = SLATE) => grade({ warehouse, clock }, { from, to });
const grades = () =>
  warehouse.query<PredictionGrade>('SELECT * FROM nba_predictions.prediction_grades ORDER BY prediction_id');
const scored = (points: number | null, more: object = {}) =>
  warehouse.append(playerGameSummary, [
    summaryRow({ slate: SLATE, game_id: GAME, player_id: 7, points, minutes: 33, ...more }),
  ]);
/** Grades one prediction of player 7 in a complete game. */
async function gradeOne(row: GivenPrediction): Promise<PredictionGrade> {
  await addGame(warehouse);
  await addBoxScore(warehouse);
  await publish(warehouse, [row]);
  await run();
  const [only, ...others] = await grades();
  if (only === undefined || others.length > 0) throw new Error('expected one grade');
  return only;
}

describe('a bet', () => {
  it('wins when the result is on its side of the line, at its price', async () => {
    await scored(21);
    expect(await gradeOne({ over_price: -120 })).toMatchObject({
      outcome: 'win',
      is_correct: true,
      void_reason: null,
      actual: 21,
      actual_minutes: 33,
      signed_error: 3,
      absolute_error: 3,
      within_3: true,
      within_5: true,
      actual_margin: 0.5,
      price: -120,
      profit: 0.833333,
      graded_at: '2025-01-11T12:00:00.000Z',
    });
  });

  it('loses one unit on the other side', async () => {
    await scored(19);
    expect(await gradeOne({ over_price: 150 })).toMatchObject({
      outcome: 'loss',
      is_correct: false,
      profit: -1,
      within_3: false,
      within_5: true,
    });
  });

  it('earns the price of UNDER when that was the side, plus odds included', async () => {
    await scored(20);
    expect(await gradeOne({ recommendation: 'UNDER', over_price: -150, under_price: 130 })).toMatchObject({
      outcome: 'win',
      price: 130,
      profit: 1.3,
    });
  });

  it('pushes on the line exactly: neither win nor loss', async () => {
    await scored(21);
    expect(await gradeOne({ line: '21' })).toMatchObject({
      outcome: 'push',
      is_correct: null,
      profit: 0,
      actual_margin: 0,
      price: -110,
    });
  });

  it('does not push beside an exact line that is close to a whole number', async () => {
    await scored(21);
    expect(await gradeOne({ line: '20.999999999' })).toMatchObject({ outcome: 'win' });
  });

  it.each([null, 0, -50])('is priced at -110 where the source says %s', async (over_price) => {
    await scored(30);
    expect(await gradeOne({ over_price })).toMatchObject({ price: -110, profit: 0.909091, outcome: 'win' });
  });
});

describe('no bet', () => {
  it.each([
    { recommendation: 'PASS' },
    { recommendation: 'NO_LINE', line: null, edge: null, line_role: 'none' },
    { recommendation: 'OVER', line: null },
  ])('$recommendation with line $line has errors and no outcome', async (row) => {
    await scored(30);
    expect(await gradeOne({ ...row, is_actionable: false })).toMatchObject({
      outcome: 'no_bet',
      is_correct: null,
      price: null,
      profit: null,
      signed_error: -6,
      within_3: false,
      within_5: false,
    });
  });
});

describe('a player who did not play in a complete game', () => {
  it.each([
    ['Out', 'dnp_injury_confirmed'],
    ['doubtful', 'dnp_injury_confirmed'],
    ['questionable', 'dnp_late_scratch'],
    ['probable', 'dnp_late_scratch'],
    ['available', 'dnp_unknown'],
    [null, 'dnp_unknown'],
  ])('is void; status %s at prediction time gives %s', async (injury_status, void_reason) => {
    await scored(null, { played: false, minutes: null });
    expect(await gradeOne({ injury_status })).toMatchObject({
      outcome: 'void',
      is_correct: null,
      void_reason,
      profit: 0,
      actual: null,
      actual_minutes: null,
      absolute_error: null,
      within_3: null,
      actual_margin: null,
    });
  });

  it('is void without any row of his, and with zero points in no minutes', async () => {
    expect(await gradeOne({})).toMatchObject({ outcome: 'void', void_reason: 'dnp_unknown' });
    await scored(0, { minutes: 0 });
    await run();
    expect(await grades()).toMatchObject([{ outcome: 'void' }]);
  });

  it('is not void with zero points in real minutes', async () => {
    await scored(0, { minutes: 4.2 });
    expect(await gradeOne({})).toMatchObject({ outcome: 'loss', actual: 0, actual_minutes: 4.2 });
  });

  it('voids a PASS too, which neither wins nor costs', async () => {
    expect(await gradeOne({ recommendation: 'PASS' })).toMatchObject({
      outcome: 'void',
      profit: null,
      price: null,
    });
  });
});

describe('an unfinished game', () => {
  it.each(['scheduled', 'live'])(
    'leaves rows ungraded while it is %s, whatever the summaries hold',
    async (status) => {
      await addGame(warehouse, { status });
      await addBoxScore(warehouse);
      await publish(warehouse, [{}, { player_id: 901 }]);
      expect(await run()).toMatchObject({
        graded: 0,
        pendingRows: 2,
        pending: { not_final: { rows: 2, games: 1 } },
      });
      expect(await grades()).toEqual([]);
    },
  );

  it.each([
    { home: 0, away: 0 },
    { home: 5, away: 4 },
    { home: 4, away: 5 },
  ])(
    'a missing or half box score ($home and $away players) is no absence: it stays pending',
    async (players) => {
      await addGame(warehouse);
      await addBoxScore(warehouse, players);
      await publish(warehouse, [{}]);
      expect(await run()).toMatchObject({ graded: 0, pending: { no_box_score: { rows: 1, games: 1 } } });
      expect(await grades()).toEqual([]);
    },
  );

  it('waits for the points of a player who was on court', async () => {
    await addGame(warehouse);
    await addBoxScore(warehouse);
    await scored(null);
    await publish(warehouse, [{}]);
    expect(await run()).toMatchObject({ graded: 0, pending: { no_actual: { rows: 1 } } });
  });

  it('is not graded with the result of another date, nor without a schedule', async () => {
    await addGame(warehouse, { slate: '2025-02-20', was_moved: true });
    await addBoxScore(warehouse, { slate: '2025-02-20' });
    await publish(warehouse, [{ player_id: 901 }, { player_id: 902, game_id: '0022499999' }]);
    expect(await run(SLATE, '2025-02-28')).toMatchObject({
      graded: 0,
      pending: { not_played_on_slate: { rows: 1 }, unknown_game: { rows: 1 } },
      pendingRows: 2,
    });
  });

  it('is reported beside the finished ones', async () => {
    await addGame(warehouse);
    await addGame(warehouse, { game_id: '0022400518', status: 'live' });
    await addBoxScore(warehouse);
    await publish(warehouse, [
      { player_id: 901, line: '20' },
      { player_id: 902 },
      { player_id: 7 },
      { player_id: 8, game_id: '0022400518' },
    ]);
    expect(await run()).toEqual({
      from: SLATE,
      to: SLATE,
      graded: 3,
      games: 1,
      slates: [SLATE],
      outcomes: { win: 0, loss: 1, push: 1, void: 1, no_bet: 0 },
      pending: {
        not_final: { rows: 1, games: 1 },
        no_box_score: { rows: 0, games: 0 },
        no_actual: { rows: 0, games: 0 },
        not_played_on_slate: { rows: 0, games: 0 },
        unknown_game: { rows: 0, games: 0 },
      },
      pendingRows: 1,
    });
  });
});

describe('the record class', () => {
  it('is live only when the publication came before the tip-off that the schedule knows', async () => {
    await scored(25);
    await addGame(warehouse);
    await addBoxScore(warehouse);
    await publish(warehouse, [{ record_class: 'live' }], { id: 'early', at: '2025-01-10T23:59:59.999Z' });
    await publish(warehouse, [{ record_class: 'live' }], { id: 'late', at: TIPOFF });
    await publish(warehouse, [{ record_class: 'backfill' }], { id: 'made', at: '2025-01-10T12:00:00.000Z' });
    await run();
    const classes = Object.fromEntries((await grades()).map((row) => [row.publication_id, row.record_class]));
    expect(classes).toEqual({ early: 'live', late: 'backfill', made: 'backfill' });
  });
});

describe('grading again', () => {
  const prepare = async () => {
    await addGame(warehouse);
    await addBoxScore(warehouse);
    await publish(warehouse, [{ player_id: 901 }, { player_id: 951 }], { id: 'one' });
    await publish(warehouse, [{ player_id: 902 }], { id: 'two' });
  };

  it('gives the same rows', async () => {
    await prepare();
    await run();
    const before = await grades();
    clock.advance(3_600_000);
    await run();
    const after = await grades();
    expect(after.map((row) => ({ ...row, graded_at: '' }))).toEqual(
      before.map((row) => ({ ...row, graded_at: '' })),
    );
    expect(after).toHaveLength(3);
  });

  it('removes the grades of a publication that was withdrawn', async () => {
    await prepare();
    await run();
    await withdraw(warehouse, 'one');
    expect((await run()).graded).toBe(1);
    expect((await grades()).map((row) => row.publication_id)).toEqual(['two']);
  });

  it('follows a corrected box score and leaves other slates alone', async () => {
    await prepare();
    await addGame(warehouse, {
      game_id: '0022400400',
      slate: '2025-01-05',
      tipoff_at: '2025-01-06T00:00:00Z',
    });
    await addBoxScore(warehouse, { game_id: '0022400400', slate: '2025-01-05' });
    await publish(warehouse, [{ player_id: 903, game_id: '0022400400' }], {
      id: 'older',
      slate: '2025-01-05',
      at: '2025-01-05T12:00:00Z',
    });
    await run('2025-01-01', SLATE);
    await warehouse.execute(
      "UPDATE nba_analytics.player_game_summary SET points = 40 WHERE slate = CAST('2025-01-10' AS DATE)",
    );
    expect((await run()).outcomes.win).toBe(3);
    expect((await grades()).map((row) => [row.publication_id, row.outcome])).toEqual([
      ['older', 'loss'],
      ['one', 'win'],
      ['one', 'win'],
      ['two', 'win'],
    ]);
  });

  it('refuses a range that is none', async () => {
    await expect(run('2025-01-11', '2025-01-10')).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
    await expect(run('yesterday', '2025-01-10')).rejects.toMatchObject({ code: 'TIPOFF_BAD_INPUT' });
  });

  it('is an error, not nothing to grade, when a table cannot be read', async () => {
    await warehouse.dropTable({ dataset: 'nba_predictions', name: 'publications' });
    await expect(run()).rejects.toMatchObject({ code: 'TIPOFF_SQL' });
  });
});
