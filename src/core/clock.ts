/**
 * A scheduled job. Google Cloud triggers, GitHub schedules, heartbeat limits and the docs are derived from this list. GitHub
 * starts scheduled runs late, usually by minutes and sometimes by hours: its limits are in hours, and work with a deadline
 * (predictions before a tip-off) is scheduled several times before it.
 */
interface Job {
  readonly what: string;
  /** Five fields in New York time, for Cloud Scheduler. */
  readonly cloud?: string;
  /** The workflow with its schedules in UTC. */
  readonly github?: { readonly workflow: string; readonly crons: readonly string[] };
  /** Hours without a run after which the job counts as silent, where it runs on GitHub. */
  readonly silentAfterHours: number;
}

/** Months with games; the morning run goes on in summer, as a sign of life. */
const SEASON = '1-6,10-12';

/** The last runs of the evening, an hour apart. In a public repository each takes over from the one before. */
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
    github: { workflow: 'canaries.yml', crons: ['11 4,16 * * *'] },
    silentAfterHours: 18,
  },
  'staging-cleanup': {
    what: 'tables that failed batches left',
    github: { workflow: 'staging-cleanup.yml', crons: ['23 9 * * *'] },
    silentAfterHours: 30,
  },
  'schema-drift': {
    what: 'tables against contracts',
    github: { workflow: 'schema-drift.yml', crons: ['37 10 * * *'] },
    silentAfterHours: 30,
  },
  'schema-snapshot': {
    what: 'what is deployed, as a file',
    github: { workflow: 'schema-snapshot.yml', crons: ['52 10 * * *'] },
    silentAfterHours: 30,
  },
  'training-quality': {
    what: 'made-up values among required features',
    github: { workflow: 'training-quality.yml', crons: ['17 11 * * *'] },
    silentAfterHours: 30,
  },
  watchdog: {
    what: 'schedules that stopped, jobs without a sign of life',
    github: { workflow: 'watchdog.yml', crons: ['7 5,17 * * *'] },
    silentAfterHours: 30,
  },
} as const satisfies Readonly<Record<string, Job>>;

/** The jobs that GitHub starts: their workflow and its schedules. */
export const GITHUB_JOBS: readonly {
  readonly name: string;
  readonly workflow: string;
  readonly crons: readonly string[];
  readonly silentAfterHours: number;
}[] = Object.entries<Job>(JOBS_BY_CLOCK).flatMap(([name, { github, silentAfterHours }]) =>
  github === undefined ? [] : [{ name, ...github, silentAfterHours }],
);

/** Times a day that a cron starts, by its minutes and hours. */
export function timesADay(cron: string): number {
  const [minutes = '', hours = ''] = cron.split(' ');
  return valuesOf(minutes, 60) * valuesOf(hours, 24);
}

/** How many values a cron field selects: comma-separated values, ranges (`a-b`) or all (`*`), optionally with a step (`/n`). */
function valuesOf(field: string, all: number): number {
  return field.split(',').reduce((sum, part) => {
    const [range = '', step = '1'] = part.split('/');
    const [from = 0, to = from] = range === '*' ? [0, all - 1] : range.split('-').map(Number);
    return sum + Math.floor((to - from) / Number(step)) + 1;
  }, 0);
}
