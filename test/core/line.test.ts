import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareLines, lineValue, parseLine, readLine, sideOf } from '#core/line.ts';

/** An exact decimal as a number of billionths, with its canonical text. */
const exact = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });
const written = (billionths: bigint): string => {
  const digits = String(billionths < 0n ? -billionths : billionths).padStart(10, '0');
  return `${billionths < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
};

describe('readLine', () => {
  it.each([
    ['24.50', '24.5'],
    ['25.0', '25'],
    ['+3.5', '3.5'],
    ['-3.50', '-3.5'],
    ['007', '7'],
    ['-0.0', '0'],
    [24.5, '24.5'],
    [' 8 ', '8'],
  ])('reads %s as %s', (text, line) => {
    expect(readLine(text)).toBe(line);
  });

  it.each(['', '.5', '5.', '1e3', '1,5', 'NaN', 'o24.5', '1.0000000001', '--1'])('refuses "%s"', (text) => {
    expect(readLine(text)).toBeUndefined();
    expect(() => parseLine(text)).toThrow(expect.objectContaining({ code: 'TIPOFF_BAD_INPUT' }));
  });

  it('gives one text for one value, whatever zeros it is written with', () => {
    fc.assert(
      fc.property(exact, fc.nat(5), (value, zeros) => {
        const line = parseLine(written(value));
        const sign = value < 0n ? '-' : '';
        expect(parseLine(line)).toBe(line);
        expect(parseLine(`${sign}${'0'.repeat(zeros)}${written(value).replace('-', '')}`)).toBe(line);
      }),
    );
  });

  it('keeps two values apart that a float would merge', () => {
    expect(Number('123456789.123456781')).toBe(Number('123456789.123456782'));
    expect(compareLines('123456789.123456781', '123456789.123456782')).toBeLessThan(0);
  });
});

describe('compareLines', () => {
  it('orders exactly as the numbers do', () => {
    fc.assert(
      fc.property(exact, exact, (a, b) => {
        expect(compareLines(parseLine(written(a)), parseLine(written(b)))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });
});

describe('sides and pushes', () => {
  it('pushes exactly when the result is the line', () => {
    fc.assert(
      fc.property(fc.nat(80), fc.nat(160), (actual, halves) => {
        const line = parseLine(halves / 2);
        expect(sideOf(actual, line)).toBe(
          actual * 2 > halves ? 'OVER' : actual * 2 < halves ? 'UNDER' : 'PUSH',
        );
      }),
    );
  });

  it('reads a line as a number for arithmetic', () => {
    expect(lineValue('24.5')).toBe(24.5);
  });
});
