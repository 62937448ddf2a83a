import type { Command } from 'commander';
import type { App } from '#app/compose.ts';
import { userName } from '#app/config/process.ts';
import { type Config, processConfig } from '#app/config.ts';
import { addDays, parseSlate, type Slate, slateOf } from '#core/calendar.ts';
import { TipoffError } from '#core/errors.ts';
import { parseInstant } from '#core/instants.ts';
import { type Clock, shiftedClock, systemClock } from '#platform/clock.ts';
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
  /** Reads a slate as people write it: a date, or `today`, `yesterday`, `tomorrow` in New York; nothing means today. */
  slate(text?: string): Slate;
  /** Opens the home for one piece of work and closes it whatever happens. */
  withApp<T>(work: (app: App) => Promise<T>): Promise<T>;
  /** The same with another embedded home. */
  withHome<T>(home: string, work: (app: App) => Promise<T>): Promise<T>;
}

/** The program's connection to the outside, given by `main` and by tests. */
export interface CliHost {
  readonly streams: Streams;
  /** Sets the exit code of the command. */
  readonly exit: (code: 0 | 1 | 2 | 3) => void;
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
  const voice = terminal(host.streams, options.json === true);
  const base = processConfig();
  if (options.home !== undefined && base.profile === 'gcp' && kind === 'anywhere')
    throw twoPlaces(options.home, base.gcp.project);
  const config = options.home === undefined ? base : { ...base, home: options.home };
  const clock = clockAt(options.at);
  const withConfig = async <T>(which: Config, work: (app: App) => Promise<T>): Promise<T> => {
    const { openApp } = await import('#app/compose.ts');
    const app = await openApp(which, {
      command: commandLine(command),
      clock,
      write: (line) => voice.progress(line),
    });
    try {
      for (const note of app.notes) voice.progress(note);
      return await work(app);
    } finally {
      await app.close();
    }
  };
  return {
    terminal: voice,
    config,
    clock,
    slate: (text = 'today') => readSlate(text, clock),
    withApp: (work) => withConfig(config, work),
    withHome: (home, work) => withConfig({ ...config, profile: 'embedded', home } as Config, work),
  };
}

const DAYS: Readonly<Record<string, number>> = { yesterday: -1, today: 0, tomorrow: 1 };

function readSlate(text: string, clock: Clock): Slate {
  const days = Object.hasOwn(DAYS, text) ? DAYS[text] : undefined;
  return days === undefined ? parseSlate(text) : addDays(slateOf(clock.now()), days);
}

function clockAt(at: string | undefined): Clock {
  if (at === undefined) return systemClock;
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

function commandLine(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null && at.parent !== null; at = at.parent)
    names.unshift(at.name());
  return [...names, ...command.args].join(' ');
}
