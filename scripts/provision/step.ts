/** A command line without a shell: nothing in it is ever interpreted. */
export interface Command {
  readonly tool: 'gcloud' | 'bq';
  readonly args: readonly string[];
}

/** One thing an installation has. Looking changes nothing; making is done only when looking says it is not there. */
export interface Step {
  /** What it is, as the plan prints it. */
  readonly title: string;
  readonly look: Command;
  /** Judges the answer: JSON of the look, or undefined when the thing does not exist. */
  readonly stands: (answer: unknown) => boolean;
  readonly make: Command;
  /** Other commands for a thing that is there but not as it should be. */
  readonly change?: Command;
}

export function gcloud(...args: string[]): Command {
  return { tool: 'gcloud', args };
}

export function bq(...args: string[]): Command {
  return { tool: 'bq', args };
}

/** The command as one would type it. */
export function typed({ tool, args }: Command): string {
  return [
    tool,
    ...args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`)),
  ].join(' ');
}

/** True for whatever was found. */
export function exists(answer: unknown): boolean {
  return answer !== undefined;
}
