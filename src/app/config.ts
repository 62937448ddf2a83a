import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { TipoffError } from '#core/errors.ts';
import { PUBLISHED_MARKETS } from '#core/markets.ts';
import { editDistance } from '#core/names.ts';
import { omitUndefined } from '#core/omit-undefined.ts';
import { checkedSource } from '#pipeline/ingest/declared-sources.ts';
import {
  type ChannelRules,
  DEFAULT_CHANNEL,
  type Owners,
  parseChannels,
  parseOwners,
} from '#platform/notify/slack/channels.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { processEnvironment } from './config/process.ts';

const blankIsAbsent = (value: unknown): unknown => (value === '' ? undefined : value);

/** One variable: its shape, what it does, and whether its value is a secret. A blank value counts as absent. */
function setting<T extends z.ZodType>(type: T, description: string, more: { readonly secret?: true } = {}) {
  return z.preprocess(blankIsAbsent, type).meta({ description, ...more });
}

/** Default byte limit of one query: many times the largest statement over five seasons. */
const DEFAULT_QUERY_BYTES = 20_000_000_000;

/** Default byte limit of one canary run. */
const DEFAULT_CANARY_BYTES = 20_000_000_000;
/** Default byte limit of one backfill: many times five seasons. */
const DEFAULT_BACKFILL_BYTES = 100_000_000_000;

/** What The Odds API can be asked for: the markets whose lines are read. */
const ODDS_KEYS = PUBLISHED_MARKETS.map(({ oddsApiKey }) => oddsApiKey);

const hostAndPort = z.string().regex(/^[^\s/:]+:\d+$/, 'expected host:port');

/** The variables of the profile `gcp`. */
const GCP_SETTINGS = {
  TIPOFF_GCP_PROJECT: setting(
    z
      .string()
      .regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'expected a project id')
      .optional(),
    'Project of BigQuery, Firestore, Pub/Sub and Cloud Storage. One project is one installation; profile `gcp` needs it.',
  ),
  TIPOFF_GCP_LOCATION: setting(
    z.string().default('US'),
    'Where the datasets lie and the jobs of BigQuery run.',
  ),
  TIPOFF_GCP_BUCKET: setting(
    z.string().optional(),
    'Bucket of Cloud Storage for exports (folder `exports`) and models (folder `models`); profile `gcp` needs it.',
  ),
  TIPOFF_GCP_EXPORTS_URL: setting(
    z.url().optional(),
    'Address under which the folder `exports` is served; `gs://…` when absent.',
  ),
  TIPOFF_GCP_FIRESTORE_DATABASE: setting(
    z.string().default('(default)'),
    'Database of Firestore for batches, leases and incidents.',
  ),
  TIPOFF_GCP_TOPIC_PREFIX: setting(
    z.string().default('tipoff-'),
    'Stands before the names of topics and of the subscriptions that workers pull from.',
  ),
  TIPOFF_GCP_QUERY_BYTES: setting(
    z.coerce.number().int().min(10_485_760).default(DEFAULT_QUERY_BYTES),
    'Bytes one query may bill; BigQuery refuses a larger one before it starts.',
  ),
  TIPOFF_GCP_CANARY_BYTES: setting(
    z.coerce.number().int().min(0).default(DEFAULT_CANARY_BYTES),
    'Bytes that one run of the canaries may read; a check that would go beyond is ERROR, and is not asked.',
  ),
  TIPOFF_GCP_BACKFILL_BYTES: setting(
    z.coerce.number().int().min(0).default(DEFAULT_BACKFILL_BYTES),
    'Bytes that one backfill may read; it stops before the step that would go beyond, and can be resumed.',
  ),
  TIPOFF_GCP_QUERY_RETRIES: setting(
    z.coerce.number().int().min(0).max(20).default(5),
    'Tries after the first that one operation on BigQuery may make.',
  ),
  TIPOFF_GCP_BIGQUERY_URL: setting(z.url().optional(), 'An emulator to use instead of BigQuery.'),
  TIPOFF_GCP_STORAGE_URL: setting(z.url().optional(), 'A server to use instead of Cloud Storage.'),
  TIPOFF_GCP_FIRESTORE_EMULATOR: setting(hostAndPort.optional(), 'An emulator of Firestore, as `host:port`.'),
  TIPOFF_GCP_PUBSUB_EMULATOR: setting(
    hostAndPort.optional(),
    'An emulator of Pub/Sub, as `host:port`; its topics and subscriptions must be made before.',
  ),
};

/** Where an installation on Google Cloud keeps its data. */
export interface GcpConfig {
  readonly project: string;
  readonly location: string;
  readonly bucket: string;
  readonly exportsUrl?: string;
  readonly firestoreDatabase: string;
  readonly topicPrefix: string;
  /** Bytes that one query may bill. */
  readonly queryBytes: number;
  /** Bytes that one run of the canaries may read. */
  readonly canaryBytes: number;
  /** Bytes that one backfill may read. */
  readonly backfillBytes: number;
  /** Retries of one BigQuery operation. */
  readonly queryRetries: number;
  /** Emulators to use instead of the real services; each may be absent. */
  readonly emulators: {
    readonly bigquery?: string;
    readonly storage?: string;
    readonly firestore?: string;
    readonly pubsub?: string;
  };
}

const gcpSettings = z.object(GCP_SETTINGS);

/** The configuration of Google Cloud from checked variables, or the names of those that are missing. */
function gcpConfig(data: z.infer<typeof gcpSettings>): GcpConfig | { readonly missing: readonly string[] } {
  const { TIPOFF_GCP_PROJECT: project, TIPOFF_GCP_BUCKET: bucket } = data;
  if (project === undefined || bucket === undefined) {
    return {
      missing: [
        ...(project === undefined ? ['TIPOFF_GCP_PROJECT'] : []),
        ...(bucket === undefined ? ['TIPOFF_GCP_BUCKET'] : []),
      ],
    };
  }
  return {
    project,
    bucket,
    location: data.TIPOFF_GCP_LOCATION,
    ...omitUndefined({ exportsUrl: data.TIPOFF_GCP_EXPORTS_URL }),
    firestoreDatabase: data.TIPOFF_GCP_FIRESTORE_DATABASE,
    topicPrefix: data.TIPOFF_GCP_TOPIC_PREFIX,
    queryBytes: data.TIPOFF_GCP_QUERY_BYTES,
    canaryBytes: data.TIPOFF_GCP_CANARY_BYTES,
    backfillBytes: data.TIPOFF_GCP_BACKFILL_BYTES,
    queryRetries: data.TIPOFF_GCP_QUERY_RETRIES,
    emulators: {
      ...omitUndefined({
        bigquery: data.TIPOFF_GCP_BIGQUERY_URL,
        storage: data.TIPOFF_GCP_STORAGE_URL,
        firestore: data.TIPOFF_GCP_FIRESTORE_EMULATOR,
        pubsub: data.TIPOFF_GCP_PUBSUB_EMULATOR,
      }),
    },
  };
}

/** Every variable Tipoff reads, with what it does; `docs/configuration.md` is written from this. */
export const SETTINGS = z.object({
  TIPOFF_PROFILE: setting(
    z.enum(['embedded', 'gcp']).default('embedded'),
    'Where the data lives: `embedded` is a folder of this machine, `gcp` a project of Google Cloud.',
  ),
  TIPOFF_HOME: setting(
    z.string().default('.tipoff'),
    'Folder of the embedded home; `--home` goes before it.',
  ),
  ...GCP_SETTINGS,
  TIPOFF_CODE_VERSION: setting(
    z.string().optional(),
    'What rows say of the code that made them; the version of the package when absent. An image knows its own and does not ask.',
  ),
  TIPOFF_EXPECTED_VERSION: setting(
    z.string().optional(),
    'Version of main; the checks compare what runs with it.',
  ),
  TIPOFF_REQUIRED_SETTINGS: setting(
    z.string().optional(),
    'Names of variables this installation needs, separated by commas; deep health and a canary name those without a value.',
  ),
  TIPOFF_SCHEDULED_JOBS: setting(
    z.string().optional(),
    'Jobs this installation schedules, separated by commas (`day,staging-cleanup,services`); a canary misses one that never reports.',
  ),
  TIPOFF_SOURCES: setting(
    z.string().optional(),
    'Sources this installation has from its first slate on, separated by commas: `lines` (any book), `availability`, `lines/<bookmaker>/<market>`, `game_lines/<bookmaker>`. What `fetch` asks for (availability, and lines where ODDS_API_KEY is set) and what comes again and again need not be named; `tipoff sources` shows and changes the list.',
  ),
  TIPOFF_CHECKS: setting(
    z.string().default('checks'),
    'Folder with checks of your own, beside the folder `checks` of the home; docs/operations.md describes its files.',
  ),
  TIPOFF_BACKUP: setting(
    z.string().optional(),
    'Where back-ups of the embedded home go: `github` (a draft release of GITHUB_REPOSITORY), `gs://bucket/folder`, or a folder. A canary watches their age once it is set.',
  ),
  TIPOFF_BACKUP_KEY: setting(
    z.string().optional(),
    'Secret text of 20 characters or more under which back-ups are encrypted. Without it a back-up has to be asked for with `--plain`.',
    { secret: true },
  ),
  GITHUB_REPOSITORY: setting(
    z.string().optional(),
    'Repository whose release keeps the back-ups, as `owner/name`; GitHub sets it.',
  ),
  GITHUB_TOKEN: setting(
    z.string().optional(),
    'Token that may write contents of that repository; workflows pass their own.',
    { secret: true },
  ),
  GITHUB_API_URL: setting(z.url().optional(), 'Address of the API of GitHub; GitHub sets it.'),
  TIPOFF_MAX_PICKS: setting(
    z.coerce.number().int().min(0).optional(),
    'Picks of a slate, the best by expected value, one a player at most; 10 when absent.',
  ),
  ODDS_API_KEY: setting(
    z.string().optional(),
    'Key of The Odds API; without it the live props provider says so and is not used.',
    {
      secret: true,
    },
  ),
  TIPOFF_SLACK_TOKEN: setting(z.string().optional(), 'Bot token; without it notices go to the console.', {
    secret: true,
  }),
  TIPOFF_SLACK_CHANNEL: setting(
    z.string().optional(),
    `Channel of everything that has no channel of its own; \`${DEFAULT_CHANNEL}\` when absent.`,
  ),
  TIPOFF_SLACK_CHANNELS: setting(
    z.string().optional(),
    'Channels by severity and phase, for example `predict/critical=#nba-predictions,warning=#nba-alerts`; the most exact rule wins.',
  ),
  TIPOFF_SLACK_OWNERS: setting(
    z.string().optional(),
    'Who is called by a problem, by phase: ids of people or groups, for example `predict=U024BE7LH,*=S0614TZR7`; nobody when absent.',
  ),
  TIPOFF_RUN_URL: setting(z.url().optional(), 'Page of the run on the web; messages link to it.'),
  TIPOFF_SITE_URL: setting(z.url().optional(), 'Address of the site; messages link to it.'),
  TIPOFF_SLACK_API_URL: setting(
    z.url().optional(),
    'Another host for Slack: a proxy, or a server of a test.',
  ),
  TIPOFF_REPOSITORY_URL: setting(
    z.url().optional(),
    'Address of the source on the web; messages link to its runbooks.',
  ),
  TIPOFF_NBA_URL: setting(
    z.url().optional(),
    "Another host for the league's statistics: a mirror, or a server of a test.",
  ),
  TIPOFF_NBA_STATS_URL: setting(
    z.url().optional(),
    "Another host for the league's statistics service, which lists the players.",
  ),
  TIPOFF_INJURY_REPORT_URL: setting(z.url().optional(), "Another host for the league's injury reports."),
  TIPOFF_ESPN_URL: setting(z.url().optional(), 'Another host for ESPN, the second source.'),
  TIPOFF_ODDS_URL: setting(z.url().optional(), 'Another host for The Odds API.'),
  TIPOFF_ODDS_MARKETS: setting(
    z
      .string()
      .refine(
        (text) => namesIn(text).every((name) => ODDS_KEYS.includes(name.replace(/_alternate$/, ''))),
        `expected markets of The Odds API: ${ODDS_KEYS.join(', ')}`,
      )
      .optional(),
    'Markets that are asked of The Odds API, separated by commas, for example `player_points`; all when absent. One event costs markets × regions requests.',
  ),
  TIPOFF_ODDS_REGIONS: setting(
    z.string().optional(),
    'Regions that are asked of The Odds API, separated by commas; `us,us_dfs` when absent.',
  ),
  TIPOFF_API_KEY: setting(
    z.string().min(24, 'expected 24 characters or more').optional(),
    'Key that callers of the services show in `X-API-Key`; made for each run of `serve` when absent.',
    { secret: true },
  ),
  TIPOFF_OIDC_AUDIENCE: setting(
    z.string().optional(),
    'Audience of the identity tokens the services accept: their own address.',
  ),
  TIPOFF_OIDC_ACCOUNTS: setting(
    z.string().optional(),
    'Accounts whose identity tokens are accepted, separated by commas; goes with the audience.',
  ),
  TIPOFF_OIDC_READERS: setting(
    z.string().optional(),
    'Those of the accounts that may only look: what changes something refuses them.',
  ),
  K_SERVICE: setting(
    z.string().optional(),
    'Name of the service, set by Cloud Run: there, work in the background begins with the first request that proves who it is from and came by the address of the service, so that a candidate without traffic does none.',
  ),
  PORT: setting(
    z.coerce.number().int().min(0).max(65_535).optional(),
    'Port of the services when the command line names none; 8080 when both are silent.',
  ),
});

/** Where the data is stored: in a folder on this machine, or in a Google Cloud project. */
type Place = { readonly profile: 'embedded' } | { readonly profile: 'gcp'; readonly gcp: GcpConfig };

/** Everything configured through the environment, read once at the start of a command. */
export type Config = BaseConfig & Place;

interface BaseConfig {
  /** Folder of the embedded home. */
  readonly home: string;
  /** The code version that is recorded in rows. */
  readonly codeVersion: string;
  /** Version of main, which the checks compare with the running one. */
  readonly expectedVersion?: string;
  /** Variables that this installation declares as needed but lacks. */
  readonly missingSettings: readonly string[];
  /** Variables that nobody reads and that are nearly one of the settings, each as a sentence. */
  readonly misspeltSettings: readonly string[];
  /** Jobs that this installation schedules; the checks report one that never runs. */
  readonly scheduledJobs: readonly string[];
  /** Sources this installation has from its first slate on. */
  readonly sources: readonly string[];
  /** A second folder with the user's own checks, besides that of the home; it need not exist. */
  readonly checkFolder: string;
  /** Where back-ups of the embedded home are stored, and their key. */
  readonly backup: BackupConfig;
  /** Maximum number of picks per slate, chosen by expected value. */
  readonly maxPicks?: number;
  /** Key of The Odds API; without it the live props provider is not used, which is reported. */
  readonly oddsApiKey?: string;
  /** Slack, for notices; the console when absent. */
  readonly slack?: SlackConfig;
  /** Address of the source on the web, for links to runbooks. */
  readonly repositoryUrl?: string;
  /** Other hosts of the providers: a mirror, or a server of a test. */
  readonly nbaUrl?: string;
  readonly nbaStatsUrl?: string;
  readonly injuryReportUrl?: string;
  readonly espnUrl?: string;
  readonly oddsUrl?: string;
  /** What to request from The Odds API; everything when empty. */
  readonly oddsMarkets: readonly string[];
  readonly oddsRegions: readonly string[];
  /** API key of the services; generated for each run of `serve` when absent. Secret. */
  readonly apiKey?: string;
  /** Whose identity tokens the services accept. */
  readonly oidc?: {
    readonly audience: string;
    readonly accounts: readonly string[];
    readonly readers: readonly string[];
  };
  /** True on Cloud Run, where a process may be a candidate that has no traffic yet. */
  readonly awaitsTraffic: boolean;
  /** Port of the services when the command line names none. */
  readonly port?: number;
}

export interface BackupConfig {
  /** `github`, `gs://bucket/folder` or a folder; undefined when no back-up is declared. */
  readonly place?: string;
  /** Secret text. */
  readonly key?: string;
  readonly github: { readonly repository?: string; readonly token?: string; readonly apiUrl?: string };
}

interface SlackConfig {
  readonly token: string;
  readonly channels: ChannelRules;
  readonly owners: Owners;
  readonly repositoryUrl?: string;
  readonly runUrl?: string;
  readonly siteUrl?: string;
  /** Another host: a proxy, or a server of a test. */
  readonly apiUrl?: string;
}

/** Letters by which the name of a variable may differ from a setting and be meant for it. */
const MAX_LETTERS = 2;

/** Says which variables are nearly a setting: a value under such a name is not used, and looks as if it were. */
function misspelt(names: readonly string[]): string[] {
  const known = Object.keys(SETTINGS.shape);
  return names
    .filter((name) => name.startsWith('TIPOFF_') && !known.includes(name))
    .flatMap((name) => {
      const meant = known.find((setting_) => editDistance(name, setting_) <= MAX_LETTERS);
      return meant === undefined ? [] : [`${name} is not a setting and is not read; ${meant} is one`];
    });
}

/** Reads the configuration. Throws TIPOFF_BAD_INPUT naming every variable that is wrong; values of secrets are never repeated. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const parsed = SETTINGS.safeParse(environment);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path: [name], message }) => {
      const isSecret = SETTINGS.shape[name as keyof typeof SETTINGS.shape]?.meta()?.['secret'] === true;
      const expected = message.replace(/^Invalid (?:input|option): /, '').replace(/, received .*$/, '');
      return `${String(name)}: ${expected}${isSecret ? '' : `, saw "${environment[String(name)]}"`}`;
    });
    throw new TipoffError('TIPOFF_BAD_INPUT', `the environment is not right: ${wrong.join('; ')}`, {
      hint: 'Set the variables named above as docs/configuration.md describes, or leave them out.',
    });
  }
  const { data } = parsed;
  return {
    ...placeOf(data),
    home: data.TIPOFF_HOME,
    codeVersion: data.TIPOFF_CODE_VERSION ?? packageJson.version,
    ...omitUndefined({ expectedVersion: data.TIPOFF_EXPECTED_VERSION }),
    missingSettings: namesIn(data.TIPOFF_REQUIRED_SETTINGS).filter(
      (name) => (environment[name] ?? '') === '',
    ),
    misspeltSettings: misspelt(Object.keys(environment)),
    scheduledJobs: namesIn(data.TIPOFF_SCHEDULED_JOBS),
    sources: namesIn(data.TIPOFF_SOURCES).map(checkedSource),
    checkFolder: data.TIPOFF_CHECKS,
    oddsMarkets: namesIn(data.TIPOFF_ODDS_MARKETS),
    oddsRegions: namesIn(data.TIPOFF_ODDS_REGIONS),
    backup: {
      ...omitUndefined({ place: data.TIPOFF_BACKUP, key: data.TIPOFF_BACKUP_KEY }),
      github: omitUndefined({
        repository: data.GITHUB_REPOSITORY,
        token: data.GITHUB_TOKEN,
        apiUrl: data.GITHUB_API_URL,
      }),
    },
    awaitsTraffic: data.K_SERVICE !== undefined,
    ...omitUndefined({ maxPicks: data.TIPOFF_MAX_PICKS, oddsApiKey: data.ODDS_API_KEY }),
    ...(data.TIPOFF_SLACK_TOKEN === undefined
      ? {}
      : {
          slack: {
            token: data.TIPOFF_SLACK_TOKEN,
            channels: parseChannels(
              data.TIPOFF_SLACK_CHANNELS ?? '',
              data.TIPOFF_SLACK_CHANNEL ?? DEFAULT_CHANNEL,
            ),
            owners: parseOwners(data.TIPOFF_SLACK_OWNERS ?? ''),
            ...omitUndefined({
              apiUrl: data.TIPOFF_SLACK_API_URL,
              repositoryUrl: data.TIPOFF_REPOSITORY_URL,
              runUrl: data.TIPOFF_RUN_URL,
              siteUrl: data.TIPOFF_SITE_URL,
            }),
          },
        }),
    ...omitUndefined({
      repositoryUrl: data.TIPOFF_REPOSITORY_URL,
      nbaUrl: data.TIPOFF_NBA_URL,
      nbaStatsUrl: data.TIPOFF_NBA_STATS_URL,
      injuryReportUrl: data.TIPOFF_INJURY_REPORT_URL,
      espnUrl: data.TIPOFF_ESPN_URL,
      oddsUrl: data.TIPOFF_ODDS_URL,
      apiKey: data.TIPOFF_API_KEY,
    }),
    ...oidcOf(data.TIPOFF_OIDC_AUDIENCE, data.TIPOFF_OIDC_ACCOUNTS, data.TIPOFF_OIDC_READERS),
    ...omitUndefined({ port: data.PORT }),
  };
}

function placeOf(data: z.infer<typeof SETTINGS>): Place {
  if (data.TIPOFF_PROFILE === 'embedded') return { profile: 'embedded' };
  const gcp = gcpConfig(data);
  if (!('missing' in gcp)) return { profile: 'gcp', gcp };
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    `expected ${gcp.missing.join(' and ')} with TIPOFF_PROFILE=gcp, saw no value`,
    {
      hint: 'Set the variables named above as docs/configuration.md describes, or leave TIPOFF_PROFILE out to work in a folder.',
    },
  );
}

/** Audience and accounts must be set together: an audience without accounts would admit nobody, or tempt an operator to admit everybody. */
function oidcOf(
  audience: string | undefined,
  accounts: string | undefined,
  readers: string | undefined,
): Pick<Config, 'oidc'> {
  if (audience === undefined && accounts === undefined) return {};
  const given = namesIn(accounts);
  if (audience !== undefined && given.length > 0)
    return { oidc: { audience, accounts: given, readers: namesIn(readers) } };
  throw new TipoffError(
    'TIPOFF_BAD_INPUT',
    'expected TIPOFF_OIDC_AUDIENCE and TIPOFF_OIDC_ACCOUNTS together, saw one of them',
    {
      hint: 'Set the address of the service as audience, and the accounts that may call, separated by commas.',
    },
  );
}

/** The names in a comma-separated list. */
function namesIn(list: string | undefined): string[] {
  return (list ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** File in which the build of an image records its version. */
const BUILD_FILE = new URL('../../build.json', import.meta.url);
const build = z.object({ version: z.string().min(1) });

/**
 * The configuration of this process. In an image the version is the one it was built with, whatever a variable says, because a
 * deployment's declaration does not prove which code runs.
 */
export function processConfig(): Config {
  if (!existsSync(BUILD_FILE)) return readConfig(processEnvironment());
  const { version } = build.parse(JSON.parse(readFileSync(BUILD_FILE, 'utf8')));
  return readConfig({ ...processEnvironment(), TIPOFF_CODE_VERSION: version });
}
