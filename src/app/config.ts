import { z } from 'zod';
import { TipoffError } from '#core/errors.ts';
import packageJson from '../../package.json' with { type: 'json' };

const blankIsAbsent = (value: unknown): unknown => (value === '' ? undefined : value);

const schema = z.object({
  TIPOFF_PROFILE: z.preprocess(blankIsAbsent, z.enum(['embedded']).default('embedded')),
  TIPOFF_HOME: z.preprocess(blankIsAbsent, z.string().default('.tipoff')),
  TIPOFF_CODE_VERSION: z.preprocess(blankIsAbsent, z.string().optional()),
  ODDS_API_KEY: z.preprocess(blankIsAbsent, z.string().optional()),
  TIPOFF_NBA_URL: z.preprocess(blankIsAbsent, z.url().optional()),
  TIPOFF_ODDS_URL: z.preprocess(blankIsAbsent, z.url().optional()),
});

/** Everything the environment decides, read once at the start of a command. */
export interface Config {
  /** Where the data lives: `embedded` is a folder of this machine. */
  readonly profile: 'embedded';
  /** Folder of the embedded home. */
  readonly home: string;
  /** What rows say of the code that made them. */
  readonly codeVersion: string;
  /** Key of The Odds API; without it the live props provider says so and is not used. */
  readonly oddsApiKey?: string;
  /** Other hosts of the providers: a mirror, or a server of a test. */
  readonly nbaUrl?: string;
  readonly oddsUrl?: string;
}

/** Reads the configuration. Throws TIPOFF_BAD_INPUT naming every variable that is wrong; values of secrets are never repeated. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const parsed = schema.safeParse(environment);
  if (!parsed.success) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `the environment is not right: ${z.prettifyError(parsed.error)}`, {
      hint: 'Set the variables named above as the README describes, or leave them out.',
    });
  }
  const { data } = parsed;
  return {
    profile: data.TIPOFF_PROFILE,
    home: data.TIPOFF_HOME,
    codeVersion: data.TIPOFF_CODE_VERSION ?? packageJson.version,
    ...(data.ODDS_API_KEY === undefined ? {} : { oddsApiKey: data.ODDS_API_KEY }),
    ...(data.TIPOFF_NBA_URL === undefined ? {} : { nbaUrl: data.TIPOFF_NBA_URL }),
    ...(data.TIPOFF_ODDS_URL === undefined ? {} : { oddsUrl: data.TIPOFF_ODDS_URL }),
  };
}

/** The configuration of this process. */
export function processConfig(): Config {
  return readConfig(process.env);
}
