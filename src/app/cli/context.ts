import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { App } from '#app/compose.ts';
import { userName } from '#app/config/process.ts';
import { type Config, processConfig } from '#app/config.ts';
import type { StoreOptions } from '#app/stores/stores.ts';
import { addDays, parseSlate, type Slate, slateOf } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
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
  /** A path as this process reads it: one that the command of another process gave begins in that one's folder. */
  path(text: string): string;
  /** Reads a slate as people write it: a date, or `today`, `yesterday`, `tomorrow` in New York; nothing means today. */
  slate(text?: string): Slate;
  /** Opens the home for one piece of work and closes it whatever happens. TIPOFF_NOT_FOUND where there is no home. */
  withApp<T>(work: (app: App) => Promise<T>): Promise<T>;
  /** The same, for verbs that bring data: a home that is not there is made. */
  withNewApp<T>(work: (app: App) => Promise<T>): Promise<T>;
  /** `withApp` and `withNewApp` of verbs about the tables themselves: no table is made on opening, which would hide that it is missing. */
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
  /** Runs the commands of other processes on a home that this one has opened; absent where nobody shall be let in. */
  readonly runOn?: (app: App, owner: Owner) => RunCommand;
  /** A command of another process: the opened home that it works on, who has it, and the caller's folder. */
  readonly guest?: { readonly app: App; readonly owner: Owner; readonly cwd: string };
}

/** The command that has a home. */
export interface Owner {
  readonly command: string;
  /** ISO instant. */
  readonly since: string;
  /** What it said last of its progress. */
  lastSaid(): string | undefined;
}

/**
 * Builds the context of a verb from the options of its command line. A verb that is `local` works in a folder whatever the
 * profile; for any other, a folder beside the profile `gcp` is TIPOFF_BAD_INPUT, because one of the two is a mistake.
 */
export function contextOf(
  host: CliHost,
  command: Command,
  kind: 'local' | 'anywhere' = 'anywhere',
): VerbContext {
  const options = command.optsWithGlobals<GlobalOptions>();
  const said: { line?: string } = {};
  const voice = terminal(host.streams, options.json === true);
  const remembering =
    (say: (line: string) => void) =>
    (line: string): void => {
      said.line = line;
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
    const owner = { command: line, since: clock.now().toISOString(), lastSaid: () => said.line };
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
    path: (text) => (guest === undefined ? text : resolve(guest.cwd, text)),
    slate: (text = 'today') => readSlate(text, clock),
    withApp: (work) => here(work, withExisting),
    withNewApp: (work) => here(work, withConfig),
    withTables: (work) => here(work, (which, asked) => withExisting(which, asked, { prepare: false })),
    withNewTables: (work) => here(work, (which, asked) => withConfig(which, asked, { prepare: false })),
    withHome: (home, work) => withExisting({ ...config, profile: 'embedded', home } as Config, work),
  };
}

/** Works, and says so when the tables are too old for it: no reader knows that from what an engine says. */
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

/** Lets a command of another process in, or says who is at work. */
function admit(name: string, { app, owner }: NonNullable<CliHost['guest']>): void {
  const company = Object.hasOwn(RELAY_ACCESS, name) ? RELAY_ACCESS[name] : 'alone';
  if (company === 'reads') return;
  if (company === 'writes' && owner.command.split(' ')[0] === 'serve') {
    app.rightOfWay.cede();
    return;
  }
  const last = owner.lastSaid();
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
