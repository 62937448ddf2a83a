import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { TipoffError } from '#core/errors.ts';
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
import { namesIn, SETTINGS } from './config/settings.ts';

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

/** Where the data is stored: in a folder on this machine, or in a Google Cloud project. */
type Place = { readonly profile: 'embedded' } | { readonly profile: 'gcp'; readonly gcp: GcpConfig };

type Settings = z.infer<typeof SETTINGS>;

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

function placeOf(data: Settings): Place {
  if (data.TIPOFF_PROFILE === 'embedded') return { profile: 'embedded' };
  const { TIPOFF_GCP_PROJECT: project, TIPOFF_GCP_BUCKET: bucket } = data;
  if (project === undefined || bucket === undefined) {
    const missing = [
      ...(project === undefined ? ['TIPOFF_GCP_PROJECT'] : []),
      ...(bucket === undefined ? ['TIPOFF_GCP_BUCKET'] : []),
    ];
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `expected ${missing.join(' and ')} with TIPOFF_PROFILE=gcp, saw no value`,
      {
        hint: 'Set the variables named above as docs/configuration.md describes, or leave TIPOFF_PROFILE out to work in a folder.',
      },
    );
  }
  return {
    profile: 'gcp',
    gcp: {
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
      emulators: omitUndefined({
        bigquery: data.TIPOFF_GCP_BIGQUERY_URL,
        storage: data.TIPOFF_GCP_STORAGE_URL,
        firestore: data.TIPOFF_GCP_FIRESTORE_EMULATOR,
        pubsub: data.TIPOFF_GCP_PUBSUB_EMULATOR,
      }),
    },
  };
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
