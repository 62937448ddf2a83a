import { bytesText, MIN_BILLED } from '#core/billing.ts';
import { JOBS_BY_CLOCK, timesADay } from '#core/clock.ts';
import { JOBS } from '#scripts/provision/services.ts';
import { COMMANDS, type CommandUse } from './requests.ts';

/** A published price, where it was read, and what of it is free in a month. */
interface Price {
  readonly usd: number;
  /** What one unit is. */
  readonly unit: string;
  /** Units of a month that cost nothing. */
  readonly free: number;
  readonly source: string;
}

/** When the prices below were looked up. They are list prices of us-east1 in US dollars. */
const PRICES_AS_OF = '2026-11';

export const PRICES = {
  bigqueryTiB: {
    usd: 6.25,
    unit: 'TiB read on demand',
    free: 1,
    source: 'cloud.google.com/bigquery/pricing',
  },
  bigqueryGiB: {
    usd: 0.02,
    unit: 'GiB and month stored',
    free: 10,
    source: 'cloud.google.com/bigquery/pricing',
  },
  jobCpu: {
    usd: 0.000018,
    unit: 'vCPU-second of a job or of a service that is always on',
    free: 240_000,
    source: 'cloud.google.com/run/pricing',
  },
  jobMemory: {
    usd: 0.000002,
    unit: 'GiB-second of the same',
    free: 450_000,
    source: 'cloud.google.com/run/pricing',
  },
  requestCpu: {
    usd: 0.000024,
    unit: 'vCPU-second of a service while it answers',
    free: 180_000,
    source: 'cloud.google.com/run/pricing',
  },
  requestMemory: {
    usd: 0.0000025,
    unit: 'GiB-second of the same',
    free: 360_000,
    source: 'cloud.google.com/run/pricing',
  },
  requests: {
    usd: 0.4 / 1e6,
    unit: 'request of a service',
    free: 2_000_000,
    source: 'cloud.google.com/run/pricing',
  },
  reads: {
    usd: 0.03 / 1e5,
    unit: 'document read',
    free: 30 * 50_000,
    source: 'cloud.google.com/firestore/pricing',
  },
  writes: {
    usd: 0.09 / 1e5,
    unit: 'document written',
    free: 30 * 20_000,
    source: 'cloud.google.com/firestore/pricing',
  },
  pubsubGiB: {
    usd: 40 / 1024,
    unit: 'GiB published and delivered',
    free: 10,
    source: 'cloud.google.com/pubsub/pricing',
  },
  storageGiB: {
    usd: 0.02,
    unit: 'GiB and month of objects',
    free: 5,
    source: 'cloud.google.com/storage/pricing',
  },
  storageWrites: {
    usd: 0.005 / 1000,
    unit: 'object written or listed',
    free: 5000,
    source: 'cloud.google.com/storage/pricing',
  },
  imagesGiB: {
    usd: 0.1,
    unit: 'GiB and month of images',
    free: 0.5,
    source: 'cloud.google.com/artifact-registry/pricing',
  },
  triggers: {
    usd: 0.1,
    unit: 'trigger of the scheduler and month',
    free: 3,
    source: 'cloud.google.com/scheduler/pricing',
  },
  logsGiB: { usd: 0.5, unit: 'GiB of logs', free: 50, source: 'cloud.google.com/stackdriver/pricing' },
  secrets: {
    usd: 0.06,
    unit: 'version of a secret and month',
    free: 6,
    source: 'cloud.google.com/secret-manager/pricing',
  },
  // The price of a Linux runner for private repositories until the end of 2025, which was lowered since; public ones pay nothing.
  githubMinutes: {
    usd: 0.008,
    unit: 'minute of a Linux runner',
    free: 2000,
    source: 'docs.github.com/billing',
  },
} as const satisfies Record<string, Price>;
type Unit = keyof typeof PRICES;

const DAYS = 30;
const GIB = 2 ** 30;
const MONTH_SECONDS = DAYS * 86_400;
/** Looks of the scheduler at a coordinator on demand, and the sweeps of one that is always on, in a month. */
const LOOKS = DAYS * 288;
const SWEEPS = MONTH_SECONDS / 15;

/** What is measured or provisioned and not a price. */
export interface Usage {
  /** GiB that BigQuery bills for one run of the day and one of the canaries: docs/cost.md. */
  readonly dayGiB: number;
  readonly canariesGiB: number;
  readonly storedGiB: number;
  /** A run of the day: documents of Firestore and objects as the strict front counted them, seconds. */
  readonly day: {
    readonly reads: number;
    readonly writes: number;
    readonly objects: number;
    readonly seconds: number;
  };
  /** Times a day at which games begin: the day is run again before each of them. */
  readonly tipoffsADay: number;
  /** Seconds of the other jobs: a look whether the day is due, and the day that is. */
  readonly seconds: Readonly<Record<'fetch' | 'statuses' | 'due' | 'look' | 'canaries', number>>;
}

/** The scheduler asks the coordinator to look at batches, and to start one. */
const TRIGGERS_OF_SERVICES = 2;
/** Runs of the day before each tip-off: 180 and 20 minutes. */
const RUNS_BEFORE_A_TIPOFF = 2;
/** Tables that a look asks whether the day is due. */
const LOOKED_AT = 3;

/** A line of the bill. */
export interface BillLine {
  readonly service: string;
  readonly what: string;
  readonly unit: Unit;
  readonly amount: number;
}

/** Everything a month of the season uses, service by service. */
export function monthOf(usage: Usage, alwaysOn: boolean): BillLine[] {
  const { day, seconds } = usage;
  const { fetch, day: days, statuses, 'last-call': lastCall, canaries } = JOBS_BY_CLOCK;
  const monthly = ({ cloud }: { readonly cloud: string }): number => DAYS * timesADay(cloud);
  const due = DAYS * RUNS_BEFORE_A_TIPOFF * usage.tipoffsADay;
  const runs = monthly(days) + due;
  const jobSeconds =
    monthly(days) * day.seconds +
    due * seconds.due +
    monthly(fetch) * seconds.fetch +
    monthly(statuses) * seconds.statuses +
    monthly(lastCall) * seconds.look +
    monthly(canaries) * seconds.canaries;
  const onGitHub = DAYS * canaries.github.crons.reduce((sum, cron) => sum + timesADay(cron), 0);
  const line = (service: string, what: string, unit: Unit, amount: number): BillLine => ({
    service,
    what,
    unit,
    amount,
  });
  // A look asks each state of a batch that holds its slate: four queries, and as many reads when nothing is found.
  const looks = (alwaysOn ? SWEEPS : 0) + LOOKS;
  // The pulse of a coordinator that is always on: read and written every minute.
  const pulses = alwaysOn ? MONTH_SECONDS / 60 : 0;
  return [
    line('BigQuery', 'days', 'bigqueryTiB', (runs * usage.dayGiB) / 1024),
    line(
      'BigQuery',
      'looks whether one is due',
      'bigqueryTiB',
      (monthly(lastCall) * LOOKED_AT * MIN_BILLED) / 2 ** 40,
    ),
    line('BigQuery', 'canaries', 'bigqueryTiB', ((monthly(canaries) + onGitHub) * usage.canariesGiB) / 1024),
    line('BigQuery', 'tables', 'bigqueryGiB', usage.storedGiB),
    line('Cloud Run', 'jobs of the day, looks and canaries', 'jobCpu', jobSeconds),
    line('Cloud Run', 'their memory, 2 GiB', 'jobMemory', 2 * jobSeconds),
    ...(alwaysOn
      ? [
          line('Cloud Run', 'coordinator, always on', 'jobCpu', MONTH_SECONDS),
          line('Cloud Run', 'its memory, 2 GiB', 'jobMemory', 2 * MONTH_SECONDS),
        ]
      : [
          line(
            'Cloud Run',
            'coordinator and worker while they answer, two seconds a request',
            'requestCpu',
            2 * LOOKS,
          ),
          line('Cloud Run', 'their memory, 2 GiB', 'requestMemory', 4 * LOOKS),
        ]),
    line('Cloud Run', 'requests of the scheduler', 'requests', LOOKS),
    line('Firestore', 'reads of days and looks', 'reads', runs * day.reads + 5 * looks + pulses),
    line('Firestore', 'writes', 'writes', runs * day.writes + LOOKS + pulses),
    line('Pub/Sub', 'units of batches', 'pubsubGiB', (runs * 20 * 1024) / GIB),
    line('Cloud Storage', 'exports and models', 'storageGiB', 1),
    line('Cloud Storage', 'objects written', 'storageWrites', runs * day.objects),
    line('Artifact Registry', 'ten images of 0.4 GiB', 'imagesGiB', 4),
    line('Scheduler', 'triggers', 'triggers', Object.keys(JOBS).length + TRIGGERS_OF_SERVICES),
    line('Secret Manager', 'secrets', 'secrets', 2),
    line(
      'Logging',
      'a kilobyte a request, a megabyte a job',
      'logsGiB',
      (LOOKS * 1024 + (runs + monthly(fetch) + monthly(canaries)) * 2 ** 20) / GIB,
    ),
    line('GitHub', 'canaries, two minutes a run', 'githubMinutes', 2 * onGitHub),
    line('GitHub', 'cleanup, drift, quality, watchdog, deployments', 'githubMinutes', DAYS * 10),
  ];
}

/** What lines cost at list price, and beyond what is free. The free units of a price are shared by its lines. */
export function priced(lines: readonly BillLine[]): { readonly list: number; readonly beyondFree: number } {
  const amounts = new Map<Unit, number>();
  for (const { unit, amount } of lines) amounts.set(unit, (amounts.get(unit) ?? 0) + amount);
  let [list, beyondFree] = [0, 0];
  for (const [unit, amount] of amounts) {
    const { usd, free } = PRICES[unit];
    list += amount * usd;
    beyondFree += Math.max(0, amount - free) * usd;
  }
  return { list, beyondFree };
}

/** What docs/cost.md measured, and what the command line's test over the strict front holds. */
export const USAGE: Usage = {
  dayGiB: 1.94,
  canariesGiB: 1.06,
  storedGiB: 0.3,
  day: {
    reads: COMMANDS.day.reads,
    writes: COMMANDS.day.writes,
    objects: COMMANDS.day.objects,
    seconds: 360,
  },
  tipoffsADay: 5,
  seconds: { fetch: 60, statuses: 20, due: 120, look: 15, canaries: 90 },
};

/** US dollars of one command at list price: what BigQuery bills at least, documents, objects. */
function priceOf({ tables, reads, writes, objects }: CommandUse): number {
  return (
    ((tables * MIN_BILLED) / 2 ** 40) * PRICES.bigqueryTiB.usd +
    reads * PRICES.reads.usd +
    writes * PRICES.writes.usd +
    objects * PRICES.storageWrites.usd
  );
}

/** The table of what commands ask for, in Markdown. */
export function commandTable(): string[] {
  return [
    '| command | requests of BigQuery | reads at most | billed | requests of Firestore | documents read, written | requests of Pub/Sub and Storage | at list price |',
    '|---|---|---|---|---|---|---|---|',
    ...Object.entries<CommandUse>(COMMANDS).map(([command, use]) => {
      const cells = [
        use.bigquery,
        bytesText(use.kib * 1024),
        bytesText(use.tables * MIN_BILLED),
        use.firestore,
      ];
      return `| ${[command, ...cells, `${use.reads}, ${use.writes}`, use.rest, `$${priceOf(use).toFixed(4)}`].join(' | ')} |`;
    }),
  ];
}

/** The page docs/bill.md. */
export function billPage(): string {
  const section = (title: string, alwaysOn: boolean): string[] => {
    const lines = monthOf(USAGE, alwaysOn);
    const { list, beyondFree } = priced(lines);
    return [
      `## ${title}`,
      '',
      `**$${list.toFixed(2)}** a month at list price, **$${beyondFree.toFixed(2)}** beyond what is free.`,
      '',
      '| service | what | amount | at list price |',
      '|---|---|---|---|',
      ...lines.map(({ service, what, unit, amount }) => {
        const { usd, unit: words } = PRICES[unit];
        return `| ${service} | ${what} | ${amountText(amount)} ${words} | $${(amount * usd).toFixed(2)} |`;
      }),
      '',
    ];
  };
  return [
    '<!-- Generated by `npm run docs`. Do not edit. -->',
    '# The whole bill of a month of the season',
    '',
    `Published prices of ${PRICES_AS_OF}, us-east1, in US dollars; what is read on BigQuery is measured in [cost](cost.md), requests and documents by the`,
    'command line behind the strict front (`test/cloud`), seconds of jobs are assumed. Real bills were not seen by us. GitHub asks nothing of a',
    'public repository.',
    '',
    ...section('On demand (as provisioned)', false),
    ...section('Always on (`npm run provision -- --always-on`)', true),
    '## By command',
    '',
    'Counted by the strict front that `test/cloud/command-line.cloud.ts` runs the command line through, each command as its account, in a league of',
    'four teams with two seasons; the test fails when a command leaves these figures. `day` is the first of a project, with all features of its history',
    'to compute. What is read is an upper bound: whole rows of every table that a statement names. In so small a league every table is billed as',
    'its least, 10 MiB, each time a query names it; what a full league costs is in [cost](cost.md).',
    '',
    ...commandTable(),
    '',
    '## Prices',
    '',
    '| price | of a | free in a month | read at |',
    '|---|---|---|---|',
    ...Object.values(PRICES).map(
      ({ usd, unit, free, source }) => `| $${Number(usd.toPrecision(3))} | ${unit} | ${free} | ${source} |`,
    ),
    '',
  ].join('\n');
}

function amountText(amount: number): string {
  return amount >= 100 ? Math.round(amount).toLocaleString('en-US') : String(Number(amount.toPrecision(2)));
}
