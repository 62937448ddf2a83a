import { easternTime, slateOf } from './calendar.ts';

/** An instant in New York time: "2025-01-10 09:00 ET". */
export function when(instant: string): string {
  const date = new Date(instant);
  return `${slateOf(date)} ${easternTime(date)} ET`;
}

/** A span between two instants in at most two units: "3 h 20 min", "2 d 4 h". */
export function span(from: string, to: string): string {
  const minutes = Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 60_000));
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60];
  if (days > 0) return hours === 0 ? `${days} d` : `${days} d ${hours} h`;
  if (hours > 0) return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
  return `${rest} min`;
}

/** A number of seconds: "3.2 s", "1 min 5 s". */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** A number with its noun: "1 run", "2 runs", "1,200 rows". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`;
}

/** "3 of 10". */
export function outOf(part: number, whole: number): string {
  return `${part} of ${whole}`;
}

/** A share between 0 and 1 in percent: 0.246 is "24.6 %". */
export function percent(share: number | null | undefined, decimals = 1): string {
  return share === null || share === undefined ? 'unknown' : `${(100 * share).toFixed(decimals)} %`;
}

/** A share as a whole percentage. Anything less than the whole is shown as 99 % at most. */
export function percentOf(part: number, whole: number): string {
  if (whole === 0) return 'none';
  const share = (part / whole) * 100;
  return `${part < whole ? Math.min(99, Math.round(share)) : Math.round(share)} %`;
}

/** A sentence without its full stop, for use inside another. */
export function clause(sentence: string): string {
  return sentence.replace(/[.\s]+$/, '');
}

/** A word as a shell reads it back: quoted where it has a space or another character that means something to a shell. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
