import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDays,
  daysBetween,
  easternInstant,
  easternTime,
  isDate,
  parseSlate,
  readGameId,
  restoreGameId,
  seasonOf,
  seasonSpan,
  slateOf,
} from '#core/calendar.ts';

const date = fc.date({
  min: new Date('2000-01-01T12:00:00Z'),
  max: new Date('2039-12-31T12:00:00Z'),
  noInvalidDate: true,
});

describe('a slate', () => {
  it('is the calendar date in New York, not in London', () => {
    expect(slateOf('2025-01-11T03:30:00Z')).toBe('2025-01-10');
    expect(slateOf('2025-01-11T05:00:00Z')).toBe('2025-01-11');
    expect(slateOf('2024-07-01T03:59:59Z')).toBe('2024-06-30');
  });

  it('follows both clock changes', () => {
    expect(slateOf('2024-11-03T03:59:00Z')).toBe('2024-11-02');
    expect(slateOf('2024-11-04T04:59:00Z')).toBe('2024-11-03');
    expect(slateOf('2025-03-10T03:59:00Z')).toBe('2025-03-09');
  });

  it('refuses dates that do not exist', () => {
    for (const text of ['2025-02-30', '2025-13-01', '2025-1-1', 'TODAY', '']) {
      expect(isDate(text)).toBe(false);
      expect(() => parseSlate(text)).toThrow(/expected a date as YYYY-MM-DD/);
    }
  });

  it('is a day that exists, of every month of two hundred years', () => {
    const wrong: string[] = [];
    for (let month = Date.UTC(1896, 0); month < Date.UTC(2104, 0); ) {
      const next = new Date(month).setUTCMonth(new Date(month).getUTCMonth() + 1);
      const days = (next - month) / 86_400_000;
      for (const day of [0, 1, 27, 28, 29, 30, 31, 32]) {
        const text = `${new Date(month).toISOString().slice(0, 8)}${String(day).padStart(2, '0')}`;
        if (isDate(text) !== (day >= 1 && day <= days)) wrong.push(text);
      }
      month = next;
    }
    expect(wrong).toEqual([]);
  });

  it('counts days across clock changes and leap days', () => {
    expect(addDays(parseSlate('2024-02-28'), 1)).toBe('2024-02-29');
    expect(daysBetween(parseSlate('2024-11-01'), parseSlate('2024-11-05'))).toBe(4);
    fc.assert(
      fc.property(date, fc.integer({ min: -4000, max: 4000 }), (day, days) => {
        const slate = slateOf(day);
        expect(daysBetween(slate, addDays(slate, days))).toBe(days);
      }),
    );
  });
});

describe('eastern wall-clock time', () => {
  it('becomes the right instant in winter and summer', () => {
    expect(easternInstant(parseSlate('2025-01-10'), '19:30').toISOString()).toBe('2025-01-11T00:30:00.000Z');
    expect(easternInstant(parseSlate('2025-04-10'), '19:30').toISOString()).toBe('2025-04-10T23:30:00.000Z');
  });

  it('takes the first of a repeated hour and steps over a skipped one', () => {
    expect(easternInstant(parseSlate('2024-11-03'), '01:30').toISOString()).toBe('2024-11-03T05:30:00.000Z');
    expect(easternInstant(parseSlate('2025-03-09'), '02:30').toISOString()).toBe('2025-03-09T07:30:00.000Z');
  });

  it('comes back as it went in', () => {
    fc.assert(
      fc.property(
        date,
        fc.integer({ min: 3, max: 23 }),
        fc.integer({ min: 0, max: 59 }),
        (day, hour, minute) => {
          const slate = slateOf(day);
          const time = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
          const instant = easternInstant(slate, time);
          expect(slateOf(instant)).toBe(slate);
          expect(easternTime(instant)).toBe(time);
        },
      ),
    );
  });
});

describe('seasons and game ids', () => {
  it('start in October', () => {
    expect(seasonOf(parseSlate('2024-10-22'))).toBe('2024-25');
    expect(seasonOf(parseSlate('2025-06-22'))).toBe('2024-25');
    expect(seasonSpan('2024-25')).toEqual({ from: '2024-10-01', to: '2025-09-30' });
    expect(() => seasonSpan('2024-26')).toThrow(/expected a season/);
  });

  it('are read from official ids, with leading zeros restored', () => {
    expect(readGameId('0022400517')).toEqual({ season: '2024-25', seasonType: 'regular' });
    expect(restoreGameId('22400517')).toBe('0022400517');
    expect(restoreGameId(42400161)).toBe('0042400161');
    expect(restoreGameId('2021900002')).toBeUndefined();
    expect(restoreGameId('1022400001')).toBeUndefined();
  });
});
