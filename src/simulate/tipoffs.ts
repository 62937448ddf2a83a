import type { Slate } from '#core/calendar.ts';
import type { Random } from './random.ts';
import { weekdayOf } from './season-calendar.ts';
import type { TimeZoneBand } from './teams.ts';

const EVENING: Readonly<Record<TimeZoneBand, readonly string[]>> = {
  eastern: ['19:00', '19:30', '19:00', '19:30', '20:00'],
  central: ['20:00', '19:30', '20:00', '20:30'],
  mountain: ['21:00', '21:00', '20:30', '22:00'],
  pacific: ['22:00', '22:30', '22:00', '21:30'],
};
const MATINEE: Readonly<Record<TimeZoneBand, readonly string[]>> = {
  eastern: ['12:30', '13:00', '15:00', '18:00'],
  central: ['13:00', '15:30', '18:00'],
  mountain: ['15:30', '17:00', '18:00'],
  pacific: ['15:30', '18:00', '18:30'],
};

/** Tip-off as a clock in New York shows it: evenings by the home team's zone, one weekend game in three earlier. */
export function drawTipoff(slate: Slate, zone: TimeZoneBand, random: Random): string {
  const weekend = [0, 6].includes(weekdayOf(slate));
  return random.pick((weekend && random.chance(0.35) ? MATINEE : EVENING)[zone]);
}
