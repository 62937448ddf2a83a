/**
 * Share of the last kept decimal by which a value is moved away from zero before it is rounded. Engines differ in how they
 * round a value that lies half way between two decimals, and in the last bits of a sum; both are far smaller than this.
 */
const NUDGE = 1e-4;

/** SQL of both engines that rounds a FLOAT64 to decimals, half away from zero: the same value whichever engine computes it. */
export function roundedSql(expression: string, decimals: number): string {
  return `ROUND(${expression} + SIGN(${expression}) * ${(NUDGE * 10 ** -decimals).toExponential()}, ${decimals})`;
}

/** The number that `roundedSql` stores. */
export function rounded(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return (Math.sign(value) * Math.round(Math.abs(value) * scale + NUDGE)) / scale;
}
