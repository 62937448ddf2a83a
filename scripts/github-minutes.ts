import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { GITHUB_JOBS, JOBS_BY_CLOCK, LATE_CRONS, timesADay } from '#core/clock.ts';

/** Where `npm run measure:github` leaves what it has measured. */
export const MEASURED_FILE = join(import.meta.dirname, 'github-minutes.json');

const measured = z.strictObject({
  /** On what machine and when. */
  where: z.string(),
  /** What lies in the home that was worked on. */
  home: z.string(),
  /** What of it was put together otherwise; empty when all was measured as it is. */
  note: z.string(),
  /** Processor seconds of `npm ci --ignore-scripts` with packages in the cache. */
  install: z.number(),
  /** Processor seconds of one run of a workflow, set-up apart. */
  seconds: z.record(z.string(), z.number()),
});
export type Measured = z.output<typeof measured>;

/** Reads what was measured. Throws where it is not what `npm run measure:github` writes. */
export function readMeasured(): Measured {
  return measured.parse(JSON.parse(readFileSync(MEASURED_FILE, 'utf8')));
}

/** Minutes a month that GitHub gives to private repositories of a free account. */
const FREE_MINUTES = 2000;
const DAYS_OF_A_MONTH = 31;
/** Seconds on a hosted runner for one processor second here: its two processors are no faster, and others share their machine. */
export const FACTOR = 2;
/** Seconds of a job before and after its steps, checkout and the installation of Node among them. */
export const RUNNER_SECONDS = 15;
/** Seconds in which a run of the day waits for providers: about fifty answers, asked for at a polite pace. */
const WAITING_SECONDS = 40;

/** What a month of the season bills in a private repository, before late runs and with as many as fit. */
interface MinutesOfAMonth {
  readonly free: number;
  /** By workflow: runs a day, processor seconds measured, minutes billed for one run and for a month. */
  readonly rows: readonly {
    readonly workflow: string;
    readonly runs: number;
    readonly seconds: number;
    readonly minutes: number;
    readonly month: number;
  }[];
  readonly month: number;
  /** Late runs a day that the free minutes pay besides. */
  readonly lateRuns: number;
  readonly withLateRuns: number;
}

/** Minutes that GitHub bills for one run: every job is rounded up. */
function billed(workflow: string, { install, seconds }: Measured): number {
  const own = seconds[workflow];
  if (own === undefined) throw new Error(`${workflow} was not measured: npm run measure:github`);
  const waiting = workflow === JOBS_BY_CLOCK.day.github.workflow ? WAITING_SECONDS : 0;
  return Math.ceil((RUNNER_SECONDS + waiting + FACTOR * (install + own)) / 60);
}

/** Adds up the declared schedules with what a run was measured to take. */
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

/** The calculation as a table, with what it rests on. */
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
