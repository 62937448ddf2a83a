import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { App } from '#app/compose.ts';
import { userName } from '#app/config/process.ts';
import { type Config, processConfig } from '#app/config.ts';
import type { StoreOptions } from '#app/stores/stores.ts';
import { addDays, parseSlate, type Slate, slateOf } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { shellWord } from '#core/format.ts';
import { parseInstant } from '#core/instants.ts';
import { type Clock, shiftedClock, systemClock } from '#platform/clock.ts';
import { requireHome } from '#platform/home.ts';
import { openRelay, RELAY_ACCESS, type RunCommand } from './relay.ts';
import { type Streams, type Terminal, terminal } from './terminal.ts';

/** Who runs the command, for audit trails: `tipoff day by ann`, with the reason where one was given. */
export function actor(verb: string, why?: string): string {
  const user = userName();
  return `tipoff ${verb}${user === undefined ? '' : ` by ${user}`}${why === undefined ? '' : ` (${why})`}`;
}

/** Parses an option that counts. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value > 0) return value;
  throw new InvalidArgumentError('expected a whole number of 1 or more');
}

/** Options every verb has. */
interface GlobalOptions {
  readonly home?: string;
  readonly json?: boolean;
  readonly at?: string;
}

/** What a verb works with. */
export interface VerbContext {
  readonly terminal: Terminal;
  readonly config: Config;
  readonly clock: Clock;
  /** Resolves a path of the command line, for a relayed command against the caller's folder. */
  path(text: string): string;
  /** Says how the commands of a report reach this home, which was named on the command line and is not in them. Silent without --home. */
  sayHome(): void;
  /** Parses a slate: a date, or `today`, `yesterday` or `tomorrow` in New York; today when absent. */
  slate(text?: string): Slate;
  /** Opens the home, runs the work and always closes the home. TIPOFF_NOT_FOUND where there is no home. */
  withApp<T>(work: (app: App) => Promise<T>): Promise<T>;
  /** The same, for verbs that load data: creates the home if there is none. */
  withNewApp<T>(work: (app: App) => Promise<T>): Promise<T>;
  /** `withApp` and `withNewApp` for verbs about the tables themselves: opening creates no tables, which would hide missing ones. */
  withTables<T>(work: (app: App) => Promise<T>): Promise<T>;
  withNewTables<T>(work: (app: App) => Promise<T>): Promise<T>;
  /** The same with another embedded home. */
  withHome<T>(home: string, work: (app: App) => Promise<T>): Promise<T>;
}

/** The program's connection to the outside, given by `main` and by tests. */
export interface CliHost {
  readonly streams: Streams;
  /** Sets the exit code of the command. */
  readonly exit: (code: 0 | 1 | 2 | 3) => void;
  /** Runs the commands of other processes on a home that this one has opened; absent where none are accepted. */
  readonly runOn?: (app: App, owner: Owner) => RunCommand;
  /** Set for a relayed command: the opened home it works on, the owner of that home, and the caller's folder. */
  readonly guest?: { readonly app: App; readonly owner: Owner; readonly cwd: string };
}

/** The command that has a home. */
export interface Owner {
  readonly command: string;
  /** ISO instant. */
  readonly since: string;
  /** Its last line of progress. */
  lastProgress(): string | undefined;
}

/**
 * Builds the context of a verb from the options of its command line. A `local` verb works in a folder whatever the profile; for
 * any other verb, `--home` together with the profile `gcp` is TIPOFF_BAD_INPUT, because one of the two is a mistake.
 */
export function contextOf(
  host: CliHost,
  command: Command,
  kind: 'local' | 'anywhere' = 'anywhere',
): VerbContext {
  const options = command.optsWithGlobals<GlobalOptions>();
  const latest: { line?: string } = {};
  const voice = terminal(host.streams, options.json === true);
  const remembering =
    (say: (line: string) => void) =>
    (line: string): void => {
      latest.line = line;
      say(line);
    };
  const progress = remembering(voice.progress);
  const { guest } = host;
  const base = guest?.app.config ?? processConfig();
  if (options.home !== undefined && base.profile === 'gcp' && kind === 'anywhere')
    throw twoPlaces(options.home, base.gcp.project);
  const config = options.home === undefined || guest !== undefined ? base : { ...base, home: options.home };
  const clock = clockAt(options.at, guest?.app.clock ?? systemClock);
  const name = commandName(command);
  const withConfig = async <T>(
    which: Config,
    work: (app: App) => Promise<T>,
    { prepare = true }: Pick<StoreOptions, 'prepare'> = {},
  ): Promise<T> => {
    const { openApp } = await import('#app/compose.ts');
    const line = [name, ...command.args].join(' ');
    const app = await openApp(which, {
      command: line,
      clock,
      prepare,
      write: progress,
      meanwhile: voice.meanwhile,
    });
    const owner = { command: line, since: clock.now().toISOString(), lastProgress: () => latest.line };
    const relay =
      host.runOn === undefined || which.profile !== 'embedded'
        ? undefined
        : await openRelay(which.home, host.runOn(app, owner));
    try {
      for (const note of app.notes) progress(note);
      if (relay?.problem !== undefined)
        progress(`other commands cannot use this home meanwhile: ${relay.problem}`);
      return await onTables(work, app);
    } finally {
      await relay?.close();
      await app.close();
    }
  };
  const withExisting: typeof withConfig = async (which, work, options) => {
    if (which.profile === 'embedded') requireHome(which.home);
    return withConfig(which, work, options);
  };
  const here = async <T>(work: (app: App) => Promise<T>, open: typeof withConfig): Promise<T> => {
    if (guest === undefined) return open(config, work);
    admit(name, guest);
    return onTables(work, { ...guest.app, clock, meanwhile: voice.meanwhile });
  };
  return {
    terminal: { ...voice, progress, doing: remembering(voice.doing) },
    config,
    clock,
    sayHome: () => {
      if (options.home !== undefined)
        voice.line(
          `The commands above are for this home after: export TIPOFF_HOME=${shellWord(resolve(config.home))}`,
        );
    },
    path: (text) => (guest === undefined ? text : resolve(guest.cwd, text)),
    slate: (text = 'today') => readSlate(text, clock),
    withApp: (work) => here(work, withExisting),
    withNewApp: (work) => here(work, withConfig),
    withTables: (work) => here(work, (which, asked) => withExisting(which, asked, { prepare: false })),
    withNewTables: (work) => here(work, (which, asked) => withConfig(which, asked, { prepare: false })),
    withHome: (home, work) => withExisting({ ...config, profile: 'embedded', home } as Config, work),
  };
}

/** Runs the work. A failure caused by tables of an older version is reported as such, because the engine's message does not say so. */
async function onTables<T>(work: (app: App) => Promise<T>, app: App): Promise<T> {
  try {
    return await work(app);
  } catch (error) {
    if (!(error instanceof TipoffError) || error.code !== 'TIPOFF_SQL') throw error;
    const [{ causedByOldTables }, { CONTRACTS }] = await Promise.all([
      import('#guard/schema/old-tables.ts'),
      import('#core/contracts/index.ts'),
    ]);
    throw await causedByOldTables(error, app.warehouse, CONTRACTS);
  }
}

/** Throws TIPOFF_HOME_LOCKED unless the owner of the home may run this command for another process. */
function admit(name: string, { app, owner }: NonNullable<CliHost['guest']>): void {
  const access = Object.hasOwn(RELAY_ACCESS, name) ? RELAY_ACCESS[name] : 'alone';
  if (access === 'reads') return;
  if (access === 'writes' && owner.command.split(' ')[0] === 'serve') {
    app.rightOfWay.cede();
    return;
  }
  const last = owner.lastProgress();
  const { home } = app.config;
  throw new TipoffError(
    'TIPOFF_HOME_LOCKED',
    `the home ${home} is in use by process ${process.pid} (${owner.command}) since ${owner.since}${last === undefined ? '' : `; it said last: ${last}`}`,
    {
      hint: `Wait until process ${process.pid} has ended, or stop it; commands that only read work meanwhile.`,
      details: { home, pid: process.pid, command: owner.command, startedAt: owner.since },
    },
  );
}

const DAYS: Readonly<Record<string, number>> = { yesterday: -1, today: 0, tomorrow: 1 };

function readSlate(text: string, clock: Clock): Slate {
  const days = Object.hasOwn(DAYS, text) ? DAYS[text] : undefined;
  return days === undefined ? parseSlate(text) : addDays(slateOf(clock.now()), days);
}

function clockAt(at: string | undefined, present: Clock): Clock {
  if (at === undefined) return present;
  return shiftedClock(parseInstant(at, '--at'));
}

function twoPlaces(home: string, project: string): TipoffError {
  return new TipoffError(
    'TIPOFF_BAD_INPUT',
    `--home: expected no folder with TIPOFF_PROFILE=gcp, saw ${home} beside project ${project}`,
    {
      hint: 'Leave --home out to work in the project, or set TIPOFF_PROFILE=embedded to work in the folder.',
      details: { home, project },
    },
  );
}

/** The verb, with the group it is in: `batch reset`. */
function commandName(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null && at.parent !== null; at = at.parent)
    names.unshift(at.name());
  return names.join(' ');
}
