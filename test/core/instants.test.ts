import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slateOf } from '#core/calendar.ts';
import { isInstant, parseInstant, readInstant, readUtc } from '#core/instants.ts';
import { shiftedClock, virtualClock } from '#platform/clock.ts';

/** Texts that `Date.parse` takes, most of them for another instant, and that name none. */
const IMPOSSIBLE = [
  '2025-02-31T10:00:00Z',
  '2025-02-29T10:00:00Z',
  '1900-02-29T10:00:00Z',
  '2025-04-31T10:00:00+01:00',
  '2025-13-01T10:00:00Z',
  '2025-00-10T10:00:00Z',
  '2025-01-00T10:00:00Z',
  '2025-01-10T24:00:00Z',
  '2025-01-10T10:60:00Z',
  '2025-01-10T10:00:60Z',
  '2025-01-10T10:00:00+24:00',
  '2025-01-10T10:00:00+05:75',
  '2025-01-10T10:00:00',
  '2025-01-10 10:00:00Z',
  '2025-01-10',
  '10 Jan 2025 10:00 UTC',
  'now',
  '',
];

describe('an instant', () => {
  it.each(IMPOSSIBLE)('is not "%s"', (text) => {
    expect(readInstant(text)).toBeUndefined();
    expect(isInstant(text)).toBe(false);
    expect(() => parseInstant(text, '--at')).toThrow(
      expect.objectContaining({ code: 'TIPOFF_BAD_INPUT', message: expect.stringMatching(/^--at: .*saw "/) }),
    );
    expect(() => slateOf(text)).toThrow(expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }));
    expect(() => shiftedClock(text)).toThrow(expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }));
    expect(() => virtualClock(text)).toThrow(expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }));
  });

  it('may leave seconds out, carry fractions, and lie in any zone', () => {
    const texts = ['2025-01-10T17:00Z', '2025-01-10T12:00:00-05:00', '2025-01-10T22:30:00.000+05:30'];
    for (const text of texts) expect(parseInstant(text).toISOString()).toBe('2025-01-10T17:00:00.000Z');
    expect(parseInstant('2024-02-29T00:00:00Z').toISOString()).toBe('2024-02-29T00:00:00.000Z');
    expect(parseInstant('2025-01-10T17:00:00.1234567Z').toISOString()).toBe('2025-01-10T17:00:00.123Z');
  });

  it('is whatever a date prints', () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date('0000-01-01T00:00:00Z'),
          max: new Date('9999-12-31T23:59:59Z'),
          noInvalidDate: true,
        }),
        (date) => {
          expect(readInstant(date.toISOString())).toEqual(date);
        },
      ),
    );
  });

  it('of a provider that leaves the zone out is UTC', () => {
    expect(readUtc('2025-01-11 03:00:00.000')?.toISOString()).toBe('2025-01-11T03:00:00.000Z');
    expect(readUtc('2025-01-11T03:00:00.5Z')?.toISOString()).toBe('2025-01-11T03:00:00.500Z');
    expect(readUtc('2025-02-31 03:00:00')).toBeUndefined();
  });
});
