/**
 * What runs when, declared once: triggers of Google Cloud, schedules of GitHub, limits of silence and the documents follow.
 * GitHub starts scheduled runs late, by minutes as a rule and by hours at times, so that its limits are hours, and what has a
 * deadline (predictions before a tip-off) is run several times before it.
 */
interface Job {
  readonly what: string;
  /** Five fields in New York time, for Cloud Scheduler. */
  readonly cloud?: string;
  /** The workflow with its schedules in UTC, and the minutes that GitHub bills for one run. */
  readonly github?: {
    readonly workflow: string;
    readonly crons: readonly string[];
    readonly minutes: number;
  };
  /** Hours after which a job that has not run is silent, where it runs on GitHub. */
  readonly silentAfterHours: number;
}

/** Months with games; the morning run goes on in summer, as a sign of life. */
const SEASON = '1-6,10-12';

/** The last runs of the evening, each an hour after the other. In a public repository each takes over from the one before. */
export const LATE_CRONS = [
  `52 23 * ${SEASON} *`,
  `52 0 * ${SEASON} *`,
  `52 1 * ${SEASON} *`,
  `52 2 * ${SEASON} *`,
] as const;

export const JOBS_BY_CLOCK = {
  fetch: {
    what: 'schedule, box scores, availability, rosters, props',
    cloud: '15 8,12,15,17 * * *',
    silentAfterHours: 30,
  },
  day: {
    what: 'restore, fetch, all phases, canaries, site, save',
    cloud: '30 8,12,15,17 * * *',
    github: {
      workflow: 'day.yml',
      crons: [
        '37 13 * * *',
        `37 17 * ${SEASON} *`,
        `37 20 * ${SEASON} *`,
        `22 22 * ${SEASON} *`,
        ...LATE_CRONS,
      ],
      minutes: 4,
    },
    silentAfterHours: 30,
  },
  statuses: {
    what: 'who is out, as it is reported; on GitHub the runs of the day and the evening ask',
    cloud: '3-59/15 10-22 * * *',
    silentAfterHours: 30,
  },
  'last-call': {
    what: 'the day again 180 and 20 minutes before each tip-off',
    cloud: '*/5 10-22 * * *',
    silentAfterHours: 30,
  },
  canaries: {
    what: 'all checks; on GitHub alone every run of the day asks them too',
    cloud: '11,41 * * * *',
    github: { workflow: 'canaries.yml', crons: ['11 4,16 * * *'], minutes: 2 },
    silentAfterHours: 18,
  },
  'staging-cleanup': {
    what: 'tables that failed batches left',
    github: { workflow: 'staging-cleanup.yml', crons: ['23 9 * * *'], minutes: 2 },
    silentAfterHours: 30,
  },
  'schema-drift': {
    what: 'tables against contracts',
    github: { workflow: 'schema-drift.yml', crons: ['37 10 * * *'], minutes: 2 },
    silentAfterHours: 30,
  },
  'schema-snapshot': {
    what: 'what is deployed, as a file',
    github: { workflow: 'schema-snapshot.yml', crons: ['52 10 * * *'], minutes: 2 },
    silentAfterHours: 30,
  },
  'training-quality': {
    what: 'made-up values among required features',
    github: { workflow: 'training-quality.yml', crons: ['17 11 * * *'], minutes: 2 },
    silentAfterHours: 30,
  },
  watchdog: {
    what: 'schedules that stopped, jobs without a sign of life',
    github: { workflow: 'watchdog.yml', crons: ['7 5,17 * * *'], minutes: 2 },
    silentAfterHours: 30,
  },
} as const satisfies Readonly<Record<string, Job>>;

/** Minutes a month that GitHub gives to private repositories of a free account. */
const FREE_MINUTES = 2000;
const DAYS_OF_A_MONTH = 31;

/** What a month of the season bills in a private repository, before late runs and with as many as fit. */
export interface MinutesOfAMonth {
  readonly free: number;
  /** By workflow: runs a day, minutes of one, minutes of a month. */
  readonly rows: readonly {
    readonly workflow: string;
    readonly runs: number;
    readonly minutes: number;
    readonly month: number;
  }[];
  readonly month: number;
  /** Late runs a day that the free minutes pay besides. */
  readonly lateRuns: number;
  readonly withLateRuns: number;
}

/** Adds up the declared schedules: a run of a cron list counts once for each hour it names. */
export function minutesOfAMonth(free = FREE_MINUTES): MinutesOfAMonth {
  const isLate = (cron: string): boolean => LATE_CRONS.some((late) => late === cron);
  const rows = Object.values<Job>(JOBS_BY_CLOCK).flatMap(({ github }) => {
    if (github === undefined) return [];
    const runs = github.crons
      .filter((cron) => !isLate(cron))
      .reduce((total, cron) => total + timesADay(cron), 0);
    return [
      {
        workflow: github.workflow,
        runs,
        minutes: github.minutes,
        month: runs * github.minutes * DAYS_OF_A_MONTH,
      },
    ];
  });
  const month = rows.reduce((total, row) => total + row.month, 0);
  const one = JOBS_BY_CLOCK.day.github.minutes * DAYS_OF_A_MONTH;
  const lateRuns = Math.max(0, Math.min(LATE_CRONS.length, Math.floor((free - month) / one)));
  return { free, rows, month, lateRuns, withLateRuns: month + lateRuns * one };
}

/** Times a day that a cron with lists of minutes and hours names. */
function timesADay(cron: string): number {
  const [minutes = '', hours = ''] = cron.split(' ');
  return minutes.split(',').length * (hours === '*' ? 24 : hours.split(',').length);
}

/** Minutes before a tip-off at which its update begins: it has to be done a quarter of an hour before. */
const UPDATE_LEAD = 22;
/** Tip-offs within so many minutes share one update. */
const SHARED = 10;

export interface UpdateTime {
  /** When the update begins. */
  readonly at: Date;
  /** The first of the tip-offs it is for. */
  readonly tipoff: Date;
}

/** The updates of an evening: one before each tip-off that is still to come; what is due already is due now. */
export function updateTimes(tipoffs: readonly Date[], now: Date): UpdateTime[] {
  const ahead = tipoffs.map((tipoff) => tipoff.getTime()).filter((tipoff) => tipoff > now.getTime());
  const times: UpdateTime[] = [];
  for (const tipoff of ahead.sort((a, b) => a - b)) {
    const last = times.at(-1)?.tipoff.getTime();
    if (last !== undefined && tipoff - last <= SHARED * 60_000) continue;
    times.push({
      at: new Date(Math.max(tipoff - UPDATE_LEAD * 60_000, now.getTime())),
      tipoff: new Date(tipoff),
    });
  }
  return times;
}
