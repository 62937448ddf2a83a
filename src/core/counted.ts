/** A number with its noun, as people write it: 1 file, 2 files, 1,200 rows. */
export function counted(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
}
