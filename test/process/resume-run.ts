import { cp } from 'node:fs/promises';
import { type BackfillEnd, backfillProcess, type KillPoint } from './resume-child.ts';
import { enteredIn, type HomeContents, type ResumeTemplate, readContents } from './resume-home.ts';

/** A season as it is computed when nothing happens: the measure of all others. */
export interface Undisturbed extends HomeContents {
  /** Pieces of work that a process reports. */
  readonly pieces: number;
}

export interface ResumeRun {
  readonly kills: readonly KillPoint[];
  /** Pieces of work written twice over all kills. */
  readonly redone: number;
  readonly problems: readonly string[];
}

/** Months, so that a season is many pieces of work; predictions are one piece per slate. */
const run = ({ from, to }: ResumeTemplate): string[] => [
  'run',
  '--from',
  from,
  '--to',
  to,
  '--chunk',
  'month',
];
/** About as long as a piece of work takes here, and as long as a process needs to come up. */
const PIECE_MILLISECONDS = 60;
const BOOT_MILLISECONDS = 1500;

/** Computes the season in one process on a copy of the template. */
export async function undisturbed(template: ResumeTemplate, home: string): Promise<Undisturbed> {
  await cp(template.home, home, { recursive: true });
  const end = await backfillProcess(home, run(template));
  if (end.report === undefined) throw new Error(`the undisturbed run ended with ${end.code}\n${end.log}`);
  return { ...(await readContents(home)), pieces: end.pieces };
}

/**
 * Starts the season on a copy of the template and kills the process `kills` times at random points, each time resuming
 * where it stopped, then lets it come to its end. Every resumed process must plan nothing that the ledger holds, at most one
 * piece of work may have been written twice for each kill, and every table must be that of the undisturbed run.
 */
export async function resumeRun(
  template: ResumeTemplate,
  measure: Undisturbed,
  options: { readonly home: string; readonly kills: number; readonly random: () => number },
): Promise<ResumeRun> {
  const { home, random } = options;
  await cp(template.home, home, { recursive: true });
  const kills: KillPoint[] = [];
  const problems: string[] = [];
  let left = measure.pieces;
  let entered = new Set<string>();
  let last: BackfillEnd | undefined;
  while (last === undefined || last.killed) {
    // The first of several kills come early enough to leave something for the others.
    const wanted = options.kills - kills.length;
    const at = wanted > 0 ? pointWithin(left / wanted, random) : undefined;
    // A process that was killed before it had written down its run is started again, not resumed.
    const args = entered.size === 0 ? run(template) : ['resume'];
    last = await backfillProcess(home, args, at);
    if (last.killed && at !== undefined) kills.push(at);
    else if (last.report === undefined) throw new Error(`the process ended with ${last.code}\n${last.log}`);
    left -= last.pieces;
    if (last.report !== undefined && entered.size > 0)
      problems.push(...plannedAgain(last.report.plan.units, entered));
    entered = await enteredIn(home);
  }
  const contents = await readContents(home);
  problems.push(...differences(measure.tables, contents.tables));
  if (contents.redone > kills.length)
    problems.push(`${contents.redone} pieces of work were written twice after ${kills.length} kills`);
  return { kills, redone: contents.redone, problems };
}

/** A point among the next pieces of work; now and then one before the first, while the process comes up and plans. */
function pointWithin(pieces: number, random: () => number): KillPoint {
  const at = Math.floor(random() * (pieces + 1));
  return {
    pieces: at,
    milliseconds: Math.floor(random() * (at === 0 ? BOOT_MILLISECONDS : PIECE_MILLISECONDS)),
  };
}

function plannedAgain(
  units: readonly { readonly step: string; readonly slates: readonly string[] }[],
  entered: ReadonlySet<string>,
): string[] {
  const again = units
    .flatMap(({ step, slates }) => slates.map((slate) => `${step} ${slate}`))
    .filter((key) => entered.has(key));
  return again.length === 0
    ? []
    : [`resume planned ${again.length} that the ledger holds: ${again.slice(0, 3).join(', ')}`];
}

function differences(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] {
  const keys = [...new Set([...a.keys(), ...b.keys()])].filter((key) => a.get(key) !== b.get(key)).sort();
  return keys.length === 0
    ? []
    : [
        `${keys.length} of ${a.size} tables by slate differ from the undisturbed run: ${keys.slice(0, 5).join(', ')}`,
      ];
}
