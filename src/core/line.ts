import { TipoffError } from './errors.ts';

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d{1,9}))?$/;
const SCALE = 9;

/** A betting line as an exact decimal in canonical form: no plus sign, no leading or trailing zeros ("24.5", "25", "-3.5"). */
export type Line = string;

/** Reads a line exactly, without passing through a float. Undefined for anything but a decimal with at most nine places. */
export function readLine(text: string | number): Line | undefined {
  const match = DECIMAL.exec(String(text).trim());
  if (match === null) return undefined;
  const whole = (match[2] ?? '').replace(/^0+(?=\d)/, '');
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  const magnitude = fraction === '' ? whole : `${whole}.${fraction}`;
  return match[1] === '-' && magnitude !== '0' ? `-${magnitude}` : magnitude;
}

/** Reads a line or throws TIPOFF_BAD_INPUT. */
export function parseLine(text: string | number): Line {
  const line = readLine(text);
  if (line === undefined) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected a line as a decimal with at most nine places, saw "${String(text)}"`,
      {
        hint: 'Write the line as quoted, for example 24.5.',
      },
    );
  }
  return line;
}

/** Negative when a is below b, zero when they are equal, positive when a is above b. Exact. */
export function compareLines(a: Line, b: Line): number {
  const difference = scaled(a) - scaled(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** How a whole-number result compares with a line: over, under, or push when it hits the line exactly. */
export function sideOf(actual: number, line: Line): 'OVER' | 'UNDER' | 'PUSH' {
  const order = compareLines(parseLine(actual), line);
  return order > 0 ? 'OVER' : order < 0 ? 'UNDER' : 'PUSH';
}

/** The line as a float, for model arithmetic only; never a key and never compared for equality. */
export function lineValue(line: Line): number {
  return Number(line);
}

function scaled(line: Line): bigint {
  const match = DECIMAL.exec(parseLine(line));
  const digits = `${match?.[2] ?? '0'}${(match?.[3] ?? '').padEnd(SCALE, '0')}`;
  return match?.[1] === '-' ? -BigInt(digits) : BigInt(digits);
}
