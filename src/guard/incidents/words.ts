import { easternTime, slateOf } from '#core/calendar.ts';

/** An instant as people in New York read it: "2025-01-10 09:00 ET". */
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

/** "1 run", "2 runs". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** A sentence without its full stop, for use inside another. */
export function clause(sentence: string): string {
  return sentence.replace(/[.\s]+$/, '');
}
