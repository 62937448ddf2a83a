import { z } from 'zod';
import { PUBLISHED_MARKETS } from '#core/markets.ts';
import { DEFAULT_CHANNEL } from '#platform/notify/slack/channels.ts';

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

/** The names in a comma-separated list. */
export function namesIn(list: string | undefined): string[] {
  return (list ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
