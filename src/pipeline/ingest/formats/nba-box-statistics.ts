import { RowRejection } from '#pipeline/ingest/rejection.ts';
import { optionalNumber, requiredCount } from './fields.ts';
import type { JsonObject } from './json-payload.ts';

/** Minutes of a payload: "PT27M30.00S", "PT240M00.00S", "27:30", "27.000000:30", 27; '' is null. Throws RowRejection bad_number. */
export function readMinutes(field: string, text: string): number | null {
  if (text === '') return null;
  const iso = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$/.exec(text);
  const clock = /^(\d+)(?:\.0+)?(?::([0-5]\d))?$/.exec(text);
  const minutes =
    iso !== null && text !== 'PT'
      ? Number(iso[1] ?? 0) * 60 + Number(iso[2] ?? 0) + Number(iso[3] ?? 0) / 60
      : clock !== null
        ? Number(clock[1]) + Number(clock[2] ?? 0) / 60
        : undefined;
  if (minutes === undefined) {
    throw new RowRejection(field, 'bad_number', `expected minutes as PT27M30.00S or 27:30, saw "${text}"`);
  }
  return Math.round(minutes * 1000) / 1000;
}

const NAMES = {
  points: 'points',
  fgm: 'fieldGoalsMade',
  fga: 'fieldGoalsAttempted',
  fg3m: 'threePointersMade',
  fg3a: 'threePointersAttempted',
  ftm: 'freeThrowsMade',
  fta: 'freeThrowsAttempted',
  oreb: 'reboundsOffensive',
  dreb: 'reboundsDefensive',
  reb: 'reboundsTotal',
  ast: 'assists',
  stl: 'steals',
  blk: 'blocks',
  tov: 'turnovers',
  pf: 'foulsPersonal',
} as const;

export type BoxCounts = Readonly<Record<keyof typeof NAMES, number>>;

/**
 * The counts of a player or a team, checked against each other. Rebounds are offensive plus defensive ones: the live
 * feed adds to a team's total those no player is credited with, which its box scores elsewhere leave out.
 * Throws RowRejection missing_field, bad_number, impossible_value.
 */
export function readBoxCounts(statistics: JsonObject, whose: 'player' | 'team'): BoxCounts {
  const entries = Object.entries(NAMES).map(([column, name]) => [column, requiredCount(name, statistics[name])] as const);
  const counts = Object.fromEntries(entries) as unknown as BoxCounts;
  const limits = [
    ['fgm', 'fga'],
    ['fg3m', 'fg3a'],
    ['ftm', 'fta'],
    ['fg3m', 'fgm'],
  ] as const;
  for (const [part, whole] of limits) {
    if (counts[part] > counts[whole]) {
      throw new RowRejection(NAMES[part], 'impossible_value', `expected at most ${NAMES[whole]} = ${counts[whole]}, saw ${counts[part]}`);
    }
  }
  const points = 2 * counts.fgm + counts.fg3m + counts.ftm;
  if (points !== counts.points) {
    throw new RowRejection('points', 'impossible_value', `expected ${points} from the field goals and free throws, saw ${counts.points}`);
  }
  const reb = counts.oreb + counts.dreb;
  if (whose === 'player' ? counts.reb !== reb : counts.reb < reb) {
    throw new RowRejection('reboundsTotal', 'impossible_value', `expected ${counts.oreb} + ${counts.dreb}, saw ${counts.reb}`);
  }
  return { ...counts, reb };
}

/** Plus-minus; null where the payload has none. */
export function readPlusMinus(statistics: JsonObject): number | null {
  return optionalNumber('plusMinusPoints', statistics['plusMinusPoints']);
}

/** The counts of somebody who did not play: not zero, but not there. */
export const NO_COUNTS: Readonly<Record<keyof typeof NAMES | 'plus_minus', null>> = {
  points: null,
  fgm: null,
  fga: null,
  fg3m: null,
  fg3a: null,
  ftm: null,
  fta: null,
  oreb: null,
  dreb: null,
  reb: null,
  ast: null,
  stl: null,
  blk: null,
  tov: null,
  pf: null,
  plus_minus: null,
};
