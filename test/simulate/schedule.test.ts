import { describe, expect, it } from 'vitest';
import { addDays, easternTime, parseSlate, readGameId } from '#core/calendar.ts';
import { simulateLeague } from '#simulate/league.ts';
import { groupBy } from './league-checks.ts';

const SEASON = '2024-25';
const { tables } = simulateLeague({
  seed: 3,
  seasons: [SEASON],
  scenario: { noLines: true, noStatusFeed: true },
});
const games = tables.scheduleGames;
const published = games.filter((row) => row.statement === 'published');
const played = games.filter((row) => row.statement === 'played');
const regular = played.filter((row) => row.season_type === 'regular');

describe('the schedule of a simulated season', () => {
  it('publishes 82 games per team, half of them at home, before the season', () => {
    expect(published.length).toBe(1230);
    expect(new Set(published.map((row) => row.observed_at)).size).toBe(1);
    expect((published[0]?.observed_at ?? '') < '2024-09-01').toBe(true);
    expect([...groupBy(published, (row) => row.home_abbr).values()].map((rows) => rows.length)).toEqual(
      new Array(30).fill(41),
    );
    expect([...groupBy(published, (row) => row.away_abbr).values()].map((rows) => rows.length)).toEqual(
      new Array(30).fill(41),
    );
  });

  it('plays every published game once', () => {
    expect(regular.map((row) => row.source_game_key).sort()).toEqual(
      published.map((row) => row.source_game_key).sort(),
    );
    expect(regular.every((row) => row.status === 'final')).toBe(true);
  });

  it('uses official ids that name season and type', () => {
    const wrong = games.filter((row) => {
      const read = readGameId(row.source_game_key);
      return read?.season !== SEASON || read.seasonType !== row.season_type;
    });
    expect(wrong).toEqual([]);
  });

  it('lets nobody play twice a day or three days running, and sometimes two days running', () => {
    let backToBacks = 0;
    for (const team of new Set(regular.map((row) => row.home_abbr))) {
      const slates = regular
        .filter((row) => row.home_abbr === team || row.away_abbr === team)
        .map((row) => parseSlate(row.slate));
      const days = new Set(slates);
      expect(days.size).toBe(82);
      for (const day of days) {
        if (days.has(addDays(day, 1))) backToBacks += 1;
        expect(days.has(addDays(day, 1)) && days.has(addDays(day, 2))).toBe(false);
      }
    }
    expect(backToBacks / 30).toBeGreaterThan(6);
    expect(backToBacks / 30).toBeLessThan(20);
  });

  it('has games on both sides of both clock changes, at the same hours of the evening', () => {
    const hours = (from: string, to: string): string[] =>
      regular
        .filter((row) => row.slate >= from && row.slate <= to)
        .map(
          (row) =>
            `${easternTime(new Date(row.tipoff_at ?? ''))} ET, ${(row.tipoff_at ?? '').slice(11, 16)} UTC`,
        );
    expect(hours('2024-10-28', '2024-11-02')).toContain('19:00 ET, 23:00 UTC');
    expect(hours('2024-11-04', '2024-11-09')).toContain('19:00 ET, 00:00 UTC');
    expect(hours('2025-03-03', '2025-03-08')).toContain('19:00 ET, 00:00 UTC');
    expect(hours('2025-03-10', '2025-03-15')).toContain('19:00 ET, 23:00 UTC');
  });

  it('pauses for the All-Star break, Thanksgiving and the day before Christmas', () => {
    const slates = new Set(regular.map((row) => row.slate));
    const pause = [
      '2025-02-14',
      '2025-02-15',
      '2025-02-16',
      '2025-02-17',
      '2025-02-18',
      '2025-02-19',
      '2024-11-28',
      '2024-12-24',
    ];
    expect(pause.filter((day) => slates.has(day))).toEqual([]);
    expect([slates.has('2025-02-13'), slates.has('2025-02-20')]).toEqual([true, true]);
  });

  it('postpones one game the evening before and plays it weeks later', () => {
    const [off, ...more] = games.filter((row) => row.status === 'postponed');
    expect(more).toEqual([]);
    const first = published.find((row) => row.game_id === off?.game_id);
    const result = regular.find((row) => row.game_id === off?.game_id);
    expect(off?.slate).toBe(first?.slate);
    expect((off?.observed_at ?? '') < (first?.tipoff_at ?? '')).toBe(true);
    expect((result?.slate ?? '') > addDays(parseSlate(off?.slate ?? ''), 7)).toBe(true);
    expect(
      tables.teamBoxScores.filter((row) => row.game_id === off?.game_id).map((row) => row.slate),
    ).toEqual([result?.slate, result?.slate]);
  });

  it('moves one game by a day, with notice', () => {
    const called = new Set(games.filter((row) => row.status === 'postponed').map((row) => row.game_id));
    const [moved, ...more] = games.filter(
      (row) => row.status_text === 'Rescheduled' && !called.has(row.game_id),
    );
    expect(more).toEqual([]);
    const first = parseSlate(published.find((row) => row.game_id === moved?.game_id)?.slate ?? '');
    expect([addDays(first, 1), addDays(first, -1)]).toContain(moved?.slate);
    expect(regular.find((row) => row.game_id === moved?.game_id)?.slate).toBe(moved?.slate);
    expect((moved?.observed_at ?? '') < addDays(first, -7)).toBe(true);
  });

  it('ends with a play-in and best-of-seven playoffs of sixteen teams', () => {
    const playIn = played.filter((row) => row.season_type === 'play_in');
    const playoffs = played.filter((row) => row.season_type === 'playoffs');
    expect(playIn.length).toBe(6);
    expect(new Set(playoffs.flatMap((row) => [row.home_abbr, row.away_abbr])).size).toBe(16);
    const series = groupBy(playoffs, (row) => [row.home_abbr, row.away_abbr].sort().join());
    expect(series.size).toBe(15);
    for (const meetings of series.values()) {
      const wins = groupBy(meetings, (row) =>
        (row.home_score ?? 0) > (row.away_score ?? 0) ? row.home_abbr : row.away_abbr,
      );
      expect(Math.max(...[...wins.values()].map((won) => won.length))).toBe(4);
      expect(meetings.length).toBeLessThanOrEqual(7);
    }
    const first = playIn[0]?.slate ?? '';
    expect(regular.every((row) => row.slate < first)).toBe(true);
  });

  it('announces playoff games in a live feed and cancels those that are not necessary', () => {
    const cancelled = games.filter((row) => row.status === 'cancelled');
    const results = new Set(played.map((row) => row.game_id));
    expect(cancelled.length).toBeGreaterThan(0);
    expect(cancelled.filter((row) => results.has(row.game_id))).toEqual([]);
    const announced = new Set(
      games
        .filter((row) => row.statement === 'current' && row.status === 'scheduled')
        .map((row) => row.game_id),
    );
    expect(played.filter((row) => row.season_type !== 'regular' && !announced.has(row.game_id))).toEqual([]);
  });

  it('tells statements about one game in the order in which they were made', () => {
    for (const statements of groupBy(games, (row) => row.source_game_key).values()) {
      const times = statements.map((row) => row.observed_at ?? '');
      expect(times).toEqual([...times].sort());
    }
  });
});

describe('a season that is short', () => {
  it.each([
    [4, 2],
    [6, 10],
    [8, 24],
    [12, 30],
    [16, 20],
  ])('of %i teams and %i games each comes out even', (teams, gamesPerTeam) => {
    const short = simulateLeague({
      seed: 9,
      seasons: [SEASON],
      teams,
      gamesPerTeam,
      scenario: { noLines: true },
    }).tables;
    const results = short.scheduleGames.filter(
      (row) => row.statement === 'played' && row.season_type === 'regular',
    );
    expect(results.length).toBe((teams * gamesPerTeam) / 2);
  });
});
