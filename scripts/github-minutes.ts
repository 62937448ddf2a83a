import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { GITHUB_JOBS, JOBS_BY_CLOCK, LATE_CRONS, timesADay } from '#core/clock.ts';

/** The file that `npm run measure:github` writes. */
export const MEASURED_FILE = join(import.meta.dirname, 'github-minutes.json');

const measured = z.strictObject({
  /** Machine and date of the measurement. */
  where: z.string(),
  /** Contents of the home that was used. */
  home: z.string(),
  /** Values that were not measured directly; empty when all were. */
  note: z.string(),
  /** Processor seconds of `npm ci --ignore-scripts` with packages in the cache. */
  install: z.number(),
  /** Processor seconds of one run by workflow, without set-up. */
  seconds: z.record(z.string(), z.number()),
});
export type Measured = z.output<typeof measured>;

/** Reads the measurements. Throws when the file is not as `npm run measure:github` writes it. */
export function readMeasured(): Measured {
  return measured.parse(JSON.parse(readFileSync(MEASURED_FILE, 'utf8')));
}

/** Free minutes per month for private repositories of a GitHub Free account. */
const FREE_MINUTES = 2000;
const DAYS_OF_A_MONTH = 31;
/** Assumed seconds on a hosted runner per processor second here: its two processors are no faster, and shared. */
export const FACTOR = 2;
/** Overhead of a job in seconds, including checkout and the installation of Node. */
export const RUNNER_SECONDS = 15;
/** Seconds that a run of `day` waits for providers: about fifty requests at a polite pace. */
const WAITING_SECONDS = 40;

/** Minutes billed for a month of the season in a private repository, without late runs and with as many as fit. */
interface MinutesOfAMonth {
  readonly free: number;
  /** Per workflow: runs a day, measured processor seconds, minutes billed per run and per month. */
  readonly rows: readonly {
    readonly workflow: string;
    readonly runs: number;
    readonly seconds: number;
    readonly minutes: number;
    readonly month: number;
  }[];
  readonly month: number;
  /** Late runs per day that the free minutes also cover. */
  readonly lateRuns: number;
  readonly withLateRuns: number;
}

/** Minutes that GitHub bills for one run; every job is rounded up. */
function billed(workflow: string, { install, seconds }: Measured): number {
  const own = seconds[workflow];
  if (own === undefined) throw new Error(`${workflow} was not measured: npm run measure:github`);
  const waiting = workflow === JOBS_BY_CLOCK.day.github.workflow ? WAITING_SECONDS : 0;
  return Math.ceil((RUNNER_SECONDS + waiting + FACTOR * (install + own)) / 60);
}

/** Computes the month from the declared schedules and the measured runs. */
export function minutesOfAMonth(given: Measured, free = FREE_MINUTES): MinutesOfAMonth {
  const isLate = (cron: string): boolean => LATE_CRONS.some((late) => late === cron);
  const rows = GITHUB_JOBS.map(({ workflow, crons }) => {
    const runs = crons.filter((cron) => !isLate(cron)).reduce((total, cron) => total + timesADay(cron), 0);
    const minutes = billed(workflow, given);
    return {
      workflow,
      runs,
      seconds: given.seconds[workflow] ?? 0,
      minutes,
      month: runs * minutes * DAYS_OF_A_MONTH,
    };
  });
  const month = rows.reduce((total, row) => total + row.month, 0);
  const one = billed(JOBS_BY_CLOCK.day.github.workflow, given) * DAYS_OF_A_MONTH;
  const lateRuns = Math.max(0, Math.min(LATE_CRONS.length, Math.floor((free - month) / one)));
  return { free, rows, month, lateRuns, withLateRuns: month + lateRuns * one };
}

/** The calculation as a Markdown table, with its assumptions. */
export function minutesTable(given: Measured): string[] {
  const { rows, month, free, lateRuns, withLateRuns } = minutesOfAMonth(given);
  return [
    '| workflow | runs a day | processor seconds of one, measured | minutes billed for one | minutes of a month |',
    '|---|---|---|---|---|',
    ...rows.map(
      ({ workflow, runs, seconds, minutes, month: own }) =>
        `| ${workflow} | ${runs} | ${seconds} | ${minutes} | ${own} |`,
    ),
    `| all | | | | ${month} of ${free} |`,
    `| with ${lateRuns} late runs a day (\`TIPOFF_LATE_RUNS=${lateRuns}\`) | | | | ${withLateRuns} of ${free} |`,
    '',
    `Measured by \`npm run measure:github\` on ${given.where}, in ${given.home}: every step of the workflows in the pocket runner, restoring and saving included${given.note === '' ? '' : ` (${given.note})`}; \`npm ci\` is ${given.install} s more. No run on GitHub was measured. A minute is billed for every 60 s begun of ${RUNNER_SECONDS} s for the runner, ${WAITING_SECONDS} s of waiting for providers in \`day\`, and ${FACTOR} s for each processor second. A month has ${DAYS_OF_A_MONTH} days with games.`,
  ];
}
