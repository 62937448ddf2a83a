import { existsSync, rmSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { addDays, parseSlate, type Slate } from '#core/calendar.ts';
import { countOutcomes, isFailing, type OutcomeStatus } from '#core/check.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import type { CanaryResult } from '#guard/canaries/definition.ts';
import { runCanaries } from '#guard/canaries/run.ts';
import { type DayResult, type PhaseReport, runDay } from '#pipeline/day.ts';
import { exportSeasonSubsets } from '#pipeline/exports/export.ts';
import { type RecordRow, readRecord } from '#pipeline/grade/record.ts';
import { type Clock, shiftedClock } from '#platform/clock.ts';
import { makeWithParents } from '#platform/folders.ts';
import { describeLeague, loadLeague, simulateLeague } from '#simulate/league.ts';
import { canaryDeps } from './canaries.ts';
import { type App, openApp } from './compose.ts';
import type { Config } from './config.ts';
import { dayDeps } from './day.ts';
import { DEMONSTRATION_MARKER, isDemonstration } from './demonstration.ts';
import { buildSite } from './site/build.ts';
import { siteSeason } from './site/documents.ts';

/** The evening the demonstration ends on. */
const TONIGHT = parseSlate('2024-12-14');
/** Noon ET: reports and lines of the morning are there, no game has begun. */
const NOON = 'T17:00:00Z';
/** A season somewhat shorter than the real one keeps the demonstration short; its pace of games is the real one. */
const GAMES_PER_TEAM = 60;

export interface DemoOptions {
  readonly config: Config;
  /** Home of the demonstration; an earlier demonstration in it is replaced. */
  readonly home: string;
  readonly seed: number;
  readonly say: (line: string) => void;
  readonly onPhase: (slate: Slate, phase: PhaseReport) => void;
}

export interface DemoResult {
  readonly home: string;
  /** The instant at which the demonstration ends; later commands on its home should use it as `--at`. */
  readonly now: string;
  /** The first page of the site. */
  readonly site: string;
  readonly league: readonly string[];
  readonly yesterday: DayResult;
  readonly tonight: DayResult;
  /** Graded record so far, live predictions only. */
  readonly record: readonly RecordRow[];
  /** The results of the checks at the end: counts by status, and those that failed or could not run. */
  readonly checks: DemoChecks;
  readonly outputs: readonly string[];
}

/** The league of the example: small enough to read, long enough to train on. It ends on 11 January 2025. */
const EXAMPLE = { seed: 7, teams: 10, gamesPerTeam: 44, playersPerTeam: 12, through: '2025-01-12' } as const;

/**
 * Writes the files of the example. Throws TIPOFF_BAD_INPUT for a folder that has anything in it, and TIPOFF_STORAGE for one that
 * cannot be made or written.
 */
export async function writeExample(
  folder: string,
): Promise<{ readonly name: string; readonly lines: number }[]> {
  const unwritable = (cause: unknown): TipoffError =>
    new TipoffError('TIPOFF_STORAGE', `the files could not be written to ${folder}: ${messageOf(cause)}`, {
      hint: 'Name a folder that can be written, with 10 MB of room.',
      details: { folder },
      cause,
    });
  let there: readonly string[];
  try {
    makeWithParents(resolve(folder));
    there = await readdir(folder);
  } catch (error) {
    throw unwritable(error);
  }
  if (there.length > 0) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected a new or an empty folder, saw ${folder} with ${there[0]}`,
      {
        hint: 'Name another folder.',
        details: { folder },
      },
    );
  }
  const { exampleFiles } = await import('#simulate/example-files.ts');
  const files = exampleFiles(EXAMPLE);
  try {
    for (const { name, text } of files) await writeFile(join(folder, name), text);
  } catch (error) {
    throw unwritable(error);
  }
  return files.map(({ name, text }) => ({ name, lines: text.split('\n').length - 1 }));
}

export interface DemoChecks {
  readonly counts: Readonly<Record<OutcomeStatus, number>>;
  readonly troubles: readonly CanaryResult[];
}

/**
 * A simulated league in a home of its own: yesterday is predicted at noon as it was then known, its games are played and
 * graded, tonight's slate is predicted, and all checks run. `look` is called before the home is closed.
 */
export async function runDemo(
  options: DemoOptions,
  look: (app: App, result: DemoResult) => Promise<void>,
): Promise<DemoResult> {
  const { say } = options;
  say('Two seasons of an invented league are played …');
  const league = simulateLeague({ seed: options.seed, through: TONIGHT, gamesPerTeam: GAMES_PER_TEAM });
  const facts = describeLeague(league);
  for (const fact of facts) say(fact);
  await clear(options.home);
  const yesterday = addDays(TONIGHT, -1);
  const config: Config = { ...options.config, profile: 'embedded', home: options.home };

  let present = shiftedClock(`${yesterday}${NOON}`);
  const clock: Clock = {
    now: () => present.now(),
    sleep: (milliseconds, signal) => present.sleep(milliseconds, signal),
  };
  const app = await openApp(config, { command: 'demo', clock, write: say });
  const live = async (slate: Slate, since?: string): Promise<DayResult> => {
    present = shiftedClock(`${slate}${NOON}`);
    const { loaded } = await loadLeague(app.warehouse, league, {
      clock,
      ...omitUndefined({ since }),
    });
    const rows = Object.values(loaded).reduce((total, count) => total + count, 0);
    say(
      `It is ${slate}, noon in New York. ${rows.toLocaleString('en-US')} rows became known${since === undefined ? ' until now' : ''}.`,
    );
    return runDay(await dayDeps(app, 'tipoff demo'), {
      slate,
      by: 'tipoff demo',
      onPhase: (phase) => options.onPhase(slate, phase),
    });
  };
  try {
    await writeFile(
      join(options.home, DEMONSTRATION_MARKER),
      `${JSON.stringify({ seed: options.seed, tonight: TONIGHT })}\n`,
    );
    const first = await live(yesterday);
    const tonight = await live(TONIGHT, `${yesterday}${NOON.replace('Z', '.000Z')}`);
    const exported = await exportSeasonSubsets(
      { warehouse: app.warehouse, objects: app.exports, clock, dataSource: 'simulated' },
      { season: '2024-25' },
    );
    const record = (await readRecord(app.warehouse, { from: yesterday, to: TONIGHT })).filter(
      ({ kind }) => kind === 'season',
    );
    const subsets = exported.documents
      .filter(({ result }) => result !== 'not_ready')
      .map(({ location }) => location);
    const checks = await runChecks(app);
    const site = await buildSite(app, { folder: join(options.home, 'site'), span: await siteSeason(app) });
    const result = {
      home: options.home,
      now: nextMinute(clock.now()),
      site: site.index,
      league: facts,
      yesterday: first,
      tonight,
      record,
      checks,
      outputs: [...first.outputs, ...tonight.outputs, ...subsets],
    };
    await look(app, result);
    return result;
  } finally {
    await app.close();
  }
}

/** The next full minute: later than everything that happened, and short to type. */
function nextMinute(now: Date): string {
  return `${new Date(now.getTime() + 60_000).toISOString().slice(0, 16)}Z`;
}

async function runChecks(app: App): Promise<DemoChecks> {
  const { results } = await runCanaries(canaryDeps(app), { canaries: CATALOGUE });
  return { counts: countOutcomes(results), troubles: results.filter(isFailing) };
}

/** Empties the folder of an earlier demonstration. A folder with anything else in it is refused: it may be real work. */
async function clear(home: string): Promise<void> {
  if (!existsSync(home)) return;
  if (!isDemonstration(home) && (await readdir(home)).length > 0) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `${home} is not empty and holds no demonstration`, {
      hint: 'Give the demonstration a folder of its own with --home.',
      details: { home },
    });
  }
  rmSync(home, { recursive: true, force: true });
}
