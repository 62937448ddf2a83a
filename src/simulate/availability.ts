import type { Random } from '#core/random.ts';
import { MINUTE, type SlateClock } from './options.ts';
import { type Absence, LONG_ABSENCE, type SimulatedPlayer } from './players.ts';

/** The statuses of an availability report. */
export type Status = 'out' | 'doubtful' | 'questionable' | 'probable' | 'available';

/** What happens to one roster player tonight, and what the first report says about it. */
export interface Availability {
  readonly player: SimulatedPlayer;
  readonly plays: boolean;
  /** Status in the first report; null when no report before the last names him. */
  readonly listed: Status | null;
  readonly reason: string | null;
}

/** Probability that a player with a status plays, as a reader of the feed may expect. */
export const PLAYS_WHEN: Readonly<Record<Status, number>> = {
  out: 0,
  doubtful: 0.1,
  questionable: 0.5,
  probable: 0.9,
  available: 1,
};

/** No further player sits out once a team is down to this many. */
const FEWEST_AVAILABLE = 9;
/** Only the first players of the roster get the minor knocks that fill reports. */
const ROTATION_SIZE = 11;
const KNOCK = { chance: 0.055, questionable: 0.45, probable: 0.85, another: 0.3 };
const REST = { stars: 3, veteran: 30, chance: 0.16, youngChance: 0.05 };
const LATE_SCRATCH = 0.004;
const INJURY = 0.02;

const BODY = [
  'Left Ankle',
  'Right Ankle',
  'Left Knee',
  'Right Knee',
  'Lower Back',
  'Left Hamstring',
  'Right Calf',
  'Right Wrist',
  'Left Hip',
];
const TROUBLE = ['Sprain', 'Soreness', 'Strain', 'Contusion', 'Injury Management'];

/** Decides who plays tonight. Players in the middle of an absence stay away; others may sit out for a night. */
export function decideAvailability(
  roster: readonly SimulatedPlayer[],
  backToBack: boolean,
  random: Random,
): Availability[] {
  let available = roster.filter((player) => !isAway(player)).length;
  return roster.map((player, rank) => {
    const verdict = decide(player, rank, backToBack, available > FEWEST_AVAILABLE, random);
    if (!isAway(player) && !verdict.plays) available -= 1;
    return verdict;
  });
}

function decide(
  player: SimulatedPlayer,
  rank: number,
  backToBack: boolean,
  mayMiss: boolean,
  random: Random,
): Availability {
  const { absence } = player;
  if (absence !== null)
    return absence.gamesLeft > 0 ? stillAway(player, absence, random) : comingBack(player, absence, random);
  if (!mayMiss || rank >= ROTATION_SIZE) return { player, plays: true, listed: null, reason: null };
  const tired =
    rank < REST.stars &&
    backToBack &&
    random.chance(player.age >= REST.veteran ? REST.chance : REST.youngChance);
  if (tired) return sitsOut(player, 'out', 'Rest', 1);
  if (random.chance(LATE_SCRATCH)) return sitsOut(player, null, 'Injury/Illness - N/A; Illness', 1);
  if (!random.chance(KNOCK.chance)) return { player, plays: true, listed: null, reason: null };
  const kind = random.next();
  const listed: Status =
    kind < KNOCK.questionable ? 'questionable' : kind < KNOCK.probable ? 'probable' : 'doubtful';
  const reason = drawReason(random);
  if (random.chance(PLAYS_WHEN[listed])) return { player, plays: true, listed, reason };
  return sitsOut(player, listed, reason, random.chance(KNOCK.another) ? random.int(2, 3) : 1);
}

function sitsOut(
  player: SimulatedPlayer,
  listed: Status | null,
  reason: string,
  games: number,
): Availability {
  player.absence = { gamesLeft: games, reason, length: games };
  return { player, plays: false, listed, reason };
}

/** Last night of an absence, which outsiders cannot tell: as often questionable as on the night of the return. */
function stillAway(player: SimulatedPlayer, absence: Absence, random: Random): Availability {
  const unsure = random.next();
  const open = absence.gamesLeft === 1 && absence.length > 1;
  const listed: Status = !open || unsure > 0.4 ? 'out' : unsure < 0.35 ? 'questionable' : 'doubtful';
  return { player, plays: false, listed, reason: absence.reason };
}

function comingBack(player: SimulatedPlayer, absence: Absence, random: Random): Availability {
  const unsure = random.next();
  const listed: Status =
    unsure < 0.35 && absence.length > 1 ? 'questionable' : unsure < 0.5 ? 'probable' : 'available';
  return { player, plays: true, listed, reason: absence.reason };
}

function isAway(player: SimulatedPlayer): boolean {
  return player.absence !== null && player.absence.gamesLeft > 0;
}

/** Advances absences by one game and draws tonight's injuries: mostly a few games, occasionally up to forty. */
export function recordGame(availability: readonly Availability[], random: Random): void {
  let here = availability.filter(({ plays }) => plays).length;
  for (const { player, plays } of availability) {
    if (plays) {
      player.absence = null;
      player.gamesSinceReturn += 1;
      if (random.chance(INJURY) && here > FEWEST_AVAILABLE) {
        const games = drawLength(random);
        player.absence = { gamesLeft: games, reason: drawReason(random), length: games };
        here -= 1;
      }
    } else if (player.absence !== null) {
      player.absence.gamesLeft -= 1;
      if (player.absence.gamesLeft === 0 && player.absence.length >= LONG_ABSENCE)
        player.gamesSinceReturn = 0;
    }
  }
}

function drawLength(random: Random): number {
  const severity = random.next();
  if (severity < 0.6) return random.int(1, 3);
  return severity < 0.9 ? random.int(4, 12) : random.int(13, 40);
}

function drawReason(random: Random): string {
  return `Injury/Illness - ${random.pick(BODY)}; ${random.pick(TROUBLE)}`;
}

/** A player's status over the reports of a game day, oldest first. */
export interface StatusHistory {
  readonly availability: Availability;
  readonly statements: readonly Statement[];
}

interface Statement {
  readonly reportAt: number;
  readonly status: Status;
}

/** Times of day at which a player's status may change, New York time. */
const NEWS_TIMES = ['11:00', '13:30', '17:30'];
/** Times of the day's reports, New York time, always less than three hours apart; some repeat the previous one. */
const REPORT_TIMES = ['11:00', '13:30', '15:30', '17:30', '19:30'];
const DAY_BEFORE = '17:30';
/** Games before this hour get a report the evening before. */
const EARLY_TIPOFF = '15:00';
const SUBMITTED_BY = '13:00';
/** The last report comes half an hour before tip-off. */
const LAST_REPORT = 30 * MINUTE;
/** Probability that a doubtful status is resolved from one report to the next, and in the last one. */
const RESOLVED = { next: 0.3, last: 0.85 };

/** Instants of news about a game; all before tip-off, the last half an hour before. */
export function newsTimes({ today, dayBefore }: SlateClock, tipoff: number): number[] {
  const times = NEWS_TIMES.map(today).filter((at) => at <= tipoff - LAST_REPORT - 15 * MINUTE);
  const eve = tipoff < today(EARLY_TIPOFF) ? [dayBefore(DAY_BEFORE)] : [];
  return [...eve, ...times, tipoff - LAST_REPORT];
}

/**
 * Instants of the league's reports on the day of a slate, ascending: at fixed times and half an hour before
 * every tip-off. Each report covers all games still to come.
 */
export function reportTimes({ today }: SlateClock, tipoffs: readonly number[]): number[] {
  const times = [...REPORT_TIMES.map(today), ...tipoffs.map((tipoff) => tipoff - LAST_REPORT)];
  return [...new Set(times)].sort((a, b) => a - b);
}

/** Instant (ms) at which a team on a back-to-back submits its list; the other teams are in every report. */
export function backToBackSubmission({ today }: SlateClock, tipoff: number): number {
  return Math.min(today(SUBMITTED_BY), tipoff - LAST_REPORT);
}

/**
 * The status histories of a team's players over a day's reports. Doubts are resolved towards what will
 * happen, at a rate independent of it, so an unresolved "questionable" stays 50/50. Absent players not yet
 * named appear in the last report as late scratches.
 */
export function writeReports(
  availabilities: readonly Availability[],
  times: readonly number[],
  random: Random,
): StatusHistory[] {
  const histories: StatusHistory[] = [];
  for (const availability of availabilities) {
    const { listed, plays } = availability;
    if (listed === null) {
      const last = times[times.length - 1];
      if (!plays && last !== undefined)
        histories.push({ availability, statements: [{ reportAt: last, status: 'out' }] });
      continue;
    }
    let status = listed;
    const statements = times.map((reportAt, index) => {
      const last = index === times.length - 1;
      const open = status !== 'out' && status !== 'available';
      const resolves = open && index > 0 && random.chance(last ? RESOLVED.last : RESOLVED.next);
      if (resolves) status = plays ? 'available' : 'out';
      return { reportAt, status };
    });
    histories.push({ availability, statements });
  }
  return histories;
}

/** The newest status at or before an instant; null when no report had named the player. */
export function statusAt(history: StatusHistory, instant: number): Status | null {
  let status: Status | null = null;
  for (const statement of history.statements) if (statement.reportAt <= instant) status = statement.status;
  return status;
}
