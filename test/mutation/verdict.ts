import { addDays, type Slate } from '#core/calendar.ts';
import { messageOf } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import type { Mutant } from './mutants.ts';
import { healthyView } from './prepared.ts';
import type { DayView } from './view.ts';
import { FIRST_DAY, openWorld } from './world.ts';

export const VERDICTS = ['blocked', 'told', 'harmless', 'survivor'] as const;
type Verdict = (typeof VERDICTS)[number];

export interface Judged {
  readonly id: string;
  readonly operator: string;
  readonly place: string;
  readonly slates: number;
  readonly verdict: Verdict;
  /** What was said, or what is wrong and was not said. */
  readonly why: string;
  /** Every guard that noticed it. */
  readonly guards: readonly string[];
  /** Those of them that noticed it at the first moment at which anybody did. */
  readonly first: readonly string[];
  /** Checks whose incidents people heard of. */
  readonly told: readonly string[];
  /** Whether one of these incidents asks about the damaged place itself, and not only about what follows from it. */
  readonly isNamed: boolean;
  /** What was wrong, missing or at fault on a day on which it was told; absent where it was told before anything was. */
  readonly harm?: string;
  /**
   * The checks that told of it on such a day, and those whose incident another one explained then: it survives when none of them
   * says anything. Of the day with the fewest; where nothing was wrong yet, of the last day on which it was told.
   */
  readonly telling?: readonly string[];
  readonly cpuSeconds: number;
}

/** Days after the last damaged one on which a silent mutant is still watched: 48 hours. */
const DAYS_AFTER = 2;
/** Differences that nobody would call another forecast: points, and probability. */
const TOLERANCE = { points: 0.25, probability: 0.015 } as const;

/** What has come of a mutant so far. */
interface Course {
  verdict: Verdict;
  why: string;
  readonly said: string[];
  /** Checks whose incidents people heard of. */
  readonly told: Set<string>;
  isNamed: boolean;
  harm?: string;
  telling?: readonly string[];
  /** Every guard that noticed it. */
  readonly guards: Set<string>;
  /** Those of them that noticed it at the first moment at which anybody did. */
  first: readonly string[];
}

/**
 * Judges the mutants of one mutation on copies of the prepared world, day by day, against the healthy days. The longest is played,
 * and each shorter one is judged as it stands at the end of its own damage; one of which nothing was said by then is played by itself,
 * and watched.
 */
export async function judge(
  folder: string,
  mutants: readonly Mutant[],
  without: readonly string[] = [],
): Promise<Judged[]> {
  const [longest, ...shorter] = mutants.toSorted((a, b) => b.length - a.length);
  if (longest === undefined) return [];
  const judged: Judged[] = [];
  let from = process.cpuUsage();
  const conclude = (mutant: Mutant, course: Course): void => {
    const { user, system } = process.cpuUsage(from);
    from = process.cpuUsage();
    judged.push(judgedAs(mutant, course, (user + system) / 1e6, without.length === 0));
  };
  const course = await play(folder, longest, without, (i, now) => {
    const isOver = now.verdict === 'survivor';
    for (const mutant of shorter)
      if (now.verdict !== 'harmless' && (mutant.length === i + 1 || (isOver && mutant.length > i)))
        conclude(mutant, now);
  });
  conclude(longest, course);
  const done = new Set(judged.map(({ id }) => id));
  const silent = shorter.filter(({ id }) => !done.has(id));
  return [...judged, ...(await judge(folder, silent, without))];
}

/** Plays a mutant until its verdict stands. `onDay` is told how it stands at the end of each damaged day. */
async function play(
  folder: string,
  mutant: Mutant,
  without: readonly string[],
  onDay: (index: number, course: Course) => void,
): Promise<Course> {
  const days: Slate[] = Array.from({ length: mutant.length }, (_, i) => addDays(FIRST_DAY, i));
  const world = await openWorld(folder, {
    damage: mutant.damage,
    days,
    without,
    healthy: folder,
  });
  const course: Course = {
    verdict: 'harmless',
    why: 'what is visible, exported and graded is the same',
    said: [],
    told: new Set(),
    isNamed: false,
    guards: new Set(),
    first: [],
  };
  try {
    for (let i = 0; i < mutant.length + DAYS_AFTER; i++) {
      const healthy = await healthyView(folder, i);
      const view = await world.live(addDays(FIRST_DAY, i));
      const seen = compareViews(healthy, view, without);
      if (course.guards.size === 0) course.first = seen.first;
      for (const guard of seen.guards) course.guards.add(guard);
      const isFaulty = i < mutant.length;
      const missing = seen.missing ?? (isFaulty ? mutant.fault : undefined);
      const told = mutant.isForDigest === true ? { ...seen.listed, ...seen.told } : seen.told;
      if (seen.blocks.length > 0 && seen.wrong === undefined) {
        if (course.verdict === 'harmless') course.verdict = 'blocked';
        course.said.push(...seen.blocks);
      } else if (Object.keys(told).length > 0) {
        course.verdict = 'told';
        course.said.push(...Object.entries(told).map(([check, reason]) => `${check}: ${reason}`));
        for (const check of Object.keys(told)) course.told.add(check);
        const telling = { ...told, ...seen.explained };
        for (const [check, reason] of Object.entries(telling))
          course.isNamed ||= asksAbout(check, reason, mutant);
        const harm = seen.wrong ?? missing;
        hear(course, Object.keys(telling), harm && `${addDays(FIRST_DAY, i)}: ${harm}`);
      } else if (seen.wrong !== undefined || missing !== undefined) {
        course.verdict = 'survivor';
        course.why = `${addDays(FIRST_DAY, i)}: ${seen.wrong ?? missing}; nothing was said`;
      }
      if (isFaulty) onDay(i, course);
      // What was refused or told on each day of the damage has a verdict; only silence is watched further.
      const isStanding = course.verdict !== 'harmless' && i >= mutant.length - 1;
      if (course.verdict === 'survivor' || isStanding) break;
    }
  } catch (error) {
    course.verdict = 'survivor';
    course.why = `the world broke: ${messageOf(error)}`;
  } finally {
    await world.close();
  }
  return course;
}

/** Takes in who told of a mutant on a day, and of what harm. */
function hear(course: Course, telling: readonly string[], harm: string | undefined): void {
  const isFewest = telling.length < (course.telling?.length ?? Number.POSITIVE_INFINITY);
  if (harm === undefined ? course.harm === undefined : course.harm === undefined || isFewest)
    course.telling = telling.toSorted();
  if (harm !== undefined) course.harm ??= harm;
}

/** With every guard on, a mutant of which nobody says where the damage is survives as well. */
function judgedAs(mutant: Mutant, course: Course, cpuSeconds: number, isGuarded: boolean): Judged {
  const { said, told, harm, telling, guards, first, isNamed } = course;
  const isMisnamed = isGuarded && course.verdict === 'told' && !isNamed;
  const verdict = isMisnamed ? 'survivor' : course.verdict;
  const words = [...new Set(said)].slice(0, 3).join('; ');
  const why =
    course.verdict === 'harmless' || course.verdict === 'survivor'
      ? course.why
      : isMisnamed
        ? `told, but not of the damaged place: ${words}`
        : words;
  return {
    id: mutant.id,
    operator: mutant.operator,
    place: mutant.place,
    slates: mutant.length,
    verdict,
    why: why.slice(0, 300),
    guards: [...guards].sort(),
    first,
    told: [...told].sort(),
    isNamed,
    ...omitUndefined({ harm, telling }),
    cpuSeconds,
  };
}

/** Phases whose checks look at what is no table, or look at a table without a statement of their own: documents, state, models, jobs. */
const PHASES: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^export|exports$/, ['publish']],
  [/^nba_predictions\./, ['publish', 'predict', 'grade']],
  [/^registry|models$/, ['predict']],
  [/^nba_orchestration\./, ['operations']],
  [/^state|state$|job|staging/, ['predict', 'operations']],
  [/^(?:read|write) /, ['operations']],
  [/^installation: /, ['predict', 'operations']],
];
/** Where the rows of a table can be read under another name. */
const READ_AS: Readonly<Record<string, string>> = {
  'nba_raw.player_lines': 'nba_analytics.player_prop_lines',
  'nba_raw.schedule_games': 'nba_reference.schedule',
  'nba_reference.schedule': 'nba_reference.counted_games',
  'nba_predictions.staged_predictions': 'nba_predictions.player_prop_predictions',
  'nba_predictions.player_prop_predictions': 'nba_predictions.current_predictions',
  'nba_predictions.publications': 'nba_predictions.current_predictions',
};

/** True when a check reads the damaged table, when what it says names it or its column, or when it looks at that kind of place. */
export function asksAbout(
  check: string,
  reason: string,
  { place, damage }: Pick<Mutant, 'place' | 'damage'>,
): boolean {
  const canary = CATALOGUE.find(({ id }) => id === check);
  if (canary === undefined) return false;
  const damaged = [...(damage.touches ?? []), ...(/nba_[a-z]+(?:\.[a-z_]+)?/.exec(place) ?? [])];
  const names = damaged.flatMap((table) => [table, READ_AS[table] ?? table]);
  const column = /nba_[a-z]+\.[a-z_]+\.([a-z0-9]+_[a-z0-9_]+)/.exec(place)?.[1];
  if ([...names, ...(column === undefined ? [] : [column])].some((name) => reason.includes(name)))
    return true;
  const { look } = canary;
  if ('sql' in look) return names.some((name) => look.sql.includes(name));
  return PHASES.some(([pattern, phases]) => pattern.test(place) && phases.includes(canary.phase));
}

interface Seen {
  readonly blocks: readonly string[];
  /** What people were told, by check. */
  readonly told: Readonly<Record<string, string>>;
  /** What checks say whose incident another one explains. */
  readonly explained: Readonly<Record<string, string>>;
  /** What only the daily digest says, by check. */
  readonly listed: Readonly<Record<string, string>>;
  readonly guards: readonly string[];
  readonly first: readonly string[];
  /** A row or document that says something else than on a healthy day, or should not be there. */
  readonly wrong?: string;
  /** A row or document that is missing. */
  readonly missing?: string;
}

/** What a day says beyond a healthy one, and what of it is wrong or missing. What guards that are switched off say is left out. */
export function compareViews(healthy: DayView, view: DayView, without: readonly string[] = []): Seen {
  const blocks = Object.entries(view.blocks)
    .filter(([name, count]) => count > (healthy.blocks[name] ?? 0) && !without.includes(gateOf(name)))
    .map(([name, count]) => `${name} (${count})`);
  const news = (said: DayView['told'], usual: DayView['told']): Record<string, string> =>
    Object.fromEntries(Object.entries(said).filter(([check]) => !(check in usual)));
  const failing = Object.keys(view.failing).filter((check) => !(check in healthy.failing));
  const earliest = failing.map((check) => view.failing[check] ?? '').sort()[0];
  const gates = [...new Set(blocks.map(gateOf))];
  // That a phase was held or failed says no more than what held it, where that is known.
  const known = gates.filter((gate) => !/^\w+ (?:held|failed)$/.test(gate));
  const refused = known.length > 0 ? known : gates;
  const tables = (['visible', 'grades'] as const).map((name) => compareRows(name, healthy[name], view[name]));
  const isSame = tables.every(({ isExact }) => isExact);
  const documents = isSame ? compareDocuments(healthy.documents, view.documents) : {};
  const wrong = [...tables.map((table) => table.wrong), documents.wrong].find((text) => text !== undefined);
  const missing = [...tables.map((table) => table.missing), documents.missing].find(
    (text) => text !== undefined,
  );
  return {
    blocks,
    told: news(view.told, healthy.told),
    explained: news(view.explained, healthy.explained),
    listed: news(view.listed, healthy.listed),
    guards: [...failing, ...refused],
    // Loads and the daily job come before every look.
    first: refused.length > 0 ? refused : failing.filter((check) => view.failing[check] === earliest),
    ...(wrong === undefined ? {} : { wrong }),
    ...(missing === undefined ? {} : { missing }),
  };
}

/** The gate behind a refusal: a reason of quarantine or skip, a check of the audit, a refusal by its code. */
function gateOf(block: string): string {
  const name = block.replace(/ \(\d+\)$/, '');
  const audited = /^day held: TIPOFF_AUDIT_FAILED: (\w+)/.exec(name)?.[1];
  if (audited !== undefined) return `audit: ${audited}`;
  const held = /^(?:day|analytics|precompute) held: (results|schedule|roster):/.exec(name)?.[1];
  if (held !== undefined) return `held: ${held}`;
  const unable = /^failed: no forecast of \w+: (\w+)/.exec(name)?.[1];
  if (unable !== undefined) return `failed: ${unable}`;
  return /^(?:quarantine|skip|ingest|day|failed): \w+/.exec(name)?.[0] ?? name.replace(/:.*$/, '');
}

type Values = readonly (string | number | null)[];
interface Difference {
  readonly isExact?: boolean;
  readonly wrong?: string;
  readonly missing?: string;
}

function compareRows(
  name: string,
  healthy: Readonly<Record<string, Values>>,
  seen: Readonly<Record<string, Values>>,
): Difference {
  let isExact = true;
  let wrong: string | undefined;
  let missing: string | undefined;
  for (const [key, values] of Object.entries(seen)) {
    const expected = healthy[key];
    if (expected === undefined) {
      isExact = false;
      wrong ??= `${name} ${key} is there and should not be`;
      continue;
    }
    const at = values.findIndex((value, i) => value !== expected[i]);
    if (at < 0) continue;
    isExact = false;
    const far = values.findIndex((value, i) => !isNear(value, expected[i] ?? null));
    if (far >= 0) wrong ??= `${name} ${key}: ${String(values[far])} instead of ${String(expected[far])}`;
  }
  for (const key of Object.keys(healthy)) {
    if (key in seen) continue;
    isExact = false;
    missing ??= `${name} ${key} is missing`;
  }
  return {
    isExact,
    ...(wrong === undefined ? {} : { wrong }),
    ...(missing === undefined ? {} : { missing }),
  };
}

function isNear(value: string | number | null, expected: string | number | null): boolean {
  if (value === expected) return true;
  if (typeof value !== 'number' || typeof expected !== 'number') return false;
  const isShare = Math.abs(expected) < 1 && Math.abs(value) < 1;
  return Math.abs(value - expected) <= (isShare ? TOLERANCE.probability : TOLERANCE.points);
}

function compareDocuments(
  healthy: Readonly<Record<string, unknown>>,
  seen: Readonly<Record<string, unknown>>,
): Difference {
  let wrong: string | undefined;
  let missing: string | undefined;
  for (const [path, content] of Object.entries(healthy)) {
    if (!(path in seen)) missing ??= `document ${path} is missing`;
    else if (seen[path] !== content) wrong ??= `document ${path} differs`;
  }
  return { ...(wrong === undefined ? {} : { wrong }), ...(missing === undefined ? {} : { missing }) };
}
