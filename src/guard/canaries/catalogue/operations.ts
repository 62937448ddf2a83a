import { addDays, easternInstant, SEASON_DAYS } from '#core/calendar.ts';
import { type TableContract, tableId } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import type { Heartbeat } from '#core/contracts/nba_orchestration.ts';
import { rejectedRows } from '#core/contracts/nba_raw.ts';
import { readBackupRecord, writeBackupRecord } from '#guard/backup-record.ts';
import {
  type Canary,
  type CanaryContext,
  type CheckedThing,
  defineCanary,
  MADE_BY_THE_DAY,
  type Moment,
} from '#guard/canaries/definition.ts';
import { readHalt } from '#guard/canaries/halt.ts';
import { CANARY_JOB, lastBeats } from '#guard/canaries/heartbeats.ts';
import type { LiveColumn } from '#platform/warehouse/port.ts';
import { RUNS } from './runs.ts';
import { whole } from './sql.ts';
import { WORK } from './work.ts';

/** The job that makes predictions, when the checks expect it to have run on a day with games, and how long before the first tip-off. */
const DAILY = { job: 'day', by: '12:45', minutesBeforeTip: 45 } as const;
/** What is said of the daily job when it has not come to an end today. */
const DAY_HAS_NOT_RUN = /^day: (?:has not run today|silent for)/;

async function silentJobs(
  { warehouse, state, deployment }: CanaryContext,
  { asOf, slate }: Moment,
): Promise<CheckedThing[]> {
  const beats = (await lastBeats({ warehouse, state })).filter(({ job }) => job !== CANARY_JOB);
  const never = deployment.scheduledJobs.filter(
    (job) => job !== CANARY_JOB && beats.every((beat) => beat.job !== job),
  );
  // Its own time bridges a day without games; on one with games, a run of yesterday is none.
  const today = easternInstant(slate, '00:00');
  const isOfBefore = ({ job, beat_at }: Heartbeat): boolean => job === DAILY.job && new Date(beat_at) < today;
  const isDue = beats.some(isOfBefore) && (await isDailyDue(warehouse, slate, asOf));
  return [
    ...beats.map((beat) => {
      const judged = judge(beat, asOf);
      if (judged.is_bad || !isDue || !isOfBefore(beat)) return judged;
      return { ...judged, is_bad: true, note: `has not run today, and there are games: ${judged.note}` };
    }),
    ...never.map((job) => ({
      subject: job,
      is_bad: true,
      note: 'is declared as scheduled and has never reported',
    })),
  ];
}

/** Whether there are games on a slate, and the daily job should have run for them. */
async function isDailyDue(
  warehouse: CanaryContext['warehouse'],
  slate: Moment['slate'],
  asOf: Date,
): Promise<boolean> {
  const [tonight] = await warehouse.query<{ readonly first_tip: string | null }>(
    'SELECT MIN(tipoff_at) AS first_tip FROM nba_reference.counted_games WHERE slate = CAST(@slate AS DATE)',
    { slate },
  );
  const firstTip = tonight?.first_tip ?? undefined;
  if (firstTip === undefined) return false;
  const last = Date.parse(firstTip) - DAILY.minutesBeforeTip * 60_000;
  return asOf >= easternInstant(slate, DAILY.by) || asOf.getTime() >= last;
}

/** A job is alive when it ended a run, and ended one well, within its own time. */
function judge(
  { job, beat_at, succeeded_at, max_silence_seconds, detail }: Heartbeat,
  asOf: Date,
): CheckedThing {
  const minutesSince = (instant: string): number =>
    Math.round((asOf.getTime() - Date.parse(instant)) / 60_000);
  const allowed = Math.round(max_silence_seconds / 60);
  const silent = minutesSince(beat_at);
  if (silent > allowed)
    return { subject: job, is_bad: true, note: `silent for ${silent} minutes, allowed ${allowed}` };
  const fruitless = succeeded_at === null || minutesSince(succeeded_at) > allowed;
  const since =
    succeeded_at === null
      ? 'has never ended well'
      : `has not ended well for ${minutesSince(succeeded_at)} minutes`;
  return {
    subject: job,
    is_bad: fruitless,
    note: fruitless ? `${since}: ${detail ?? 'it does not say why'}` : `reported ${silent} minutes ago`,
  };
}

const jobHeartbeats = defineCanary({
  id: 'job_heartbeats',
  phase: 'operations',
  question: 'Is every scheduled job alive?',
  expected:
    'a run of every job that ended well within its own time, and one of the daily job on a day with games',
  finding: 'no good run in time from {of:scheduled job|scheduled jobs}',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'platform',
  repair: 'tipoff fetch {slate}, then tipoff day {slate}; correct the schedule of the named job',
  dependsOn: [],
  explains: [
    { phases: MADE_BY_THE_DAY, checks: ['schedule_status_stale'], when: DAY_HAS_NOT_RUN },
    { checks: ['work_died'], when: DAY_HAS_NOT_RUN, about: /^day\b/ },
  ],
  whenEmpty: { skip: 'no job is declared in TIPOFF_SCHEDULED_JOBS, and none has ever reported' },
  look: { probe: silentJobs },
  sabotage: {
    sql: [
      "UPDATE nba_orchestration.heartbeats SET beat_at = fn.add_seconds(CAST(@as_of AS TIMESTAMP), -900000) WHERE job <> 'canaries'",
    ],
  },
  meaning:
    'A job that reported once does so no more, ends badly every time, has not run today although there are games, or is declared and has never run. The checks watch the others; the watchdog of the services watches the checks.',
  steps: [
    'Look at the scheduler: is the job paused, deleted or failing at its start?',
    'Never reported: the name in TIPOFF_SCHEDULED_JOBS is not the name the job reports under, or it has not run once.',
    '`tipoff status` shows what its last run said, under Jobs.',
    'A job that was retired: delete its row, then it is expected no more.',
  ],
});

async function drifted({ warehouse }: CanaryContext): Promise<CheckedThing[]> {
  const shapes = await warehouse.shapesOf(CONTRACTS);
  return CONTRACTS.map((table) => compare(table, shapes.get(tableId(table))));
}

function compare(table: TableContract, live: readonly LiveColumn[] | undefined): CheckedThing {
  const subject = tableId(table);
  if (live === undefined) return { subject, is_bad: true, note: 'does not exist' };
  const types = new Map(live.map(({ name, type }) => [name, type]));
  const missing = Object.keys(table.columns).filter((name) => !types.has(name));
  const other = Object.entries(table.columns).filter(
    ([name, { type }]) => types.has(name) && types.get(name) !== type,
  );
  const problems = [
    ...(missing.length > 0 ? [`lacks ${missing.join(', ')}`] : []),
    ...other.map(([name, { type }]) => `${name} is ${types.get(name)}, expected ${type}`),
  ];
  return { subject, is_bad: problems.length > 0, note: problems.join('; ') };
}

/** A table or columns that a statement may ask for are not there. */
const IS_LACKING = /: (?:lacks |does not exist)/;

const contractDrift = defineCanary({
  id: 'contract_drift',
  phase: 'operations',
  question: 'Does every live table have the columns its writer needs?',
  expected: 'every column of every contract, with its type',
  finding: 'columns are missing or of another type in {of:table|tables}',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'platform',
  repair: 'tipoff schema check, then tipoff schema apply',
  dependsOn: [],
  explains: [{ unasked: true, when: IS_LACKING }],
  whenEmpty: 'fail',
  look: { probe: drifted },
  sabotage: {
    act: async ({ warehouse }) => {
      const aside = { dataset: 'nba_orchestration', name: '_canary_proof_rejected_rows' } as const;
      const columns = Object.keys(rejectedRows.columns).join(', ');
      await warehouse.createTable(rejectedRows, aside);
      await warehouse.execute(
        `INSERT INTO ${tableId(aside)} (${columns}) SELECT ${columns} FROM ${tableId(rejectedRows)}`,
      );
      await warehouse.dropTable(rejectedRows);
      return async () => {
        await warehouse.createTable(rejectedRows);
        await warehouse.execute(
          `INSERT INTO ${tableId(rejectedRows)} (${columns}) SELECT ${columns} FROM ${tableId(aside)}`,
        );
        await warehouse.dropTable(aside);
      };
    },
  },
  meaning:
    'Code and table differ: the next write to the table is refused. Two columns missing from one table once cost a whole day of predictions. Columns beyond the contract are harmless and not named.',
  steps: [
    'tipoff schema check prints the statements that bring the table in line.',
    'Adding nullable columns is safe at any time; anything else is a migration.',
    'Was a version deployed whose migration was not run? See deployed_version.',
  ],
});

async function outdatedDeployments(
  { warehouse, deployment }: CanaryContext,
  { asOf }: Moment,
): Promise<CheckedThing[]> {
  const { codeVersion, expectedVersion = codeVersion } = deployment;
  const seen = await warehouse.query<{ code_version: string; last_at: string; processors: number }>(
    `SELECT code_version, MAX(finished_at) AS last_at, COUNT(DISTINCT processor) AS processors FROM nba_orchestration.phase_runs
     WHERE started_at > fn.add_seconds(CAST(@as_of AS TIMESTAMP), -${SEASON_DAYS * 86_400}) AND started_at <= CAST(@as_of AS TIMESTAMP)
     GROUP BY code_version ORDER BY last_at DESC LIMIT 1`,
    { as_of: asOf.toISOString() },
  );
  const things = [
    { subject: 'the checks', version: codeVersion },
    ...seen.map(({ code_version }) => ({ subject: 'the newest run', version: code_version })),
  ];
  return things.map(({ subject, version }) => ({
    subject,
    is_bad: version !== expectedVersion,
    note: `runs ${version}, main is ${expectedVersion}`,
  }));
}

const deployedVersion = defineCanary({
  id: 'deployed_version',
  phase: 'operations',
  question: 'Does what runs come from main?',
  expected: 'the version of main in the checks and in the newest run',
  finding: 'another version than that of main in {of:place|places} (the checks, the newest run)',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'warning' }],
  owner: 'platform',
  repair: 'gh run list --workflow ci.yml --branch main, then gh run rerun <run>',
  dependsOn: [],
  whenEmpty: 'fail',
  skips: (_moment, { deployment }) =>
    deployment.expectedVersion === undefined
      ? 'TIPOFF_EXPECTED_VERSION is not set: nobody says what main is'
      : undefined,
  look: { probe: outdatedDeployments },
  sabotage: {
    act: async ({ warehouse }, { asOf }) => {
      const bounds =
        'started_at > fn.add_seconds(CAST(@as_of AS TIMESTAMP), -86400) AND started_at <= CAST(@as_of AS TIMESTAMP)';
      const params = { as_of: asOf.toISOString() };
      await warehouse.execute(
        `UPDATE nba_orchestration.phase_runs SET code_version = code_version || '-stale' WHERE ${bounds}`,
        params,
      );
      return async () => {
        await warehouse.execute(
          `UPDATE nba_orchestration.phase_runs SET code_version = REPLACE(code_version, '-stale', '') WHERE ${bounds}`,
          params,
        );
      };
    },
  },
  meaning: 'A deployment did not arrive everywhere: corrections on main are not in force.',
  steps: [
    'Compare /version of each service with main.',
    'Look at the last deploy run: did it fail, or was it never started?',
    'Deploy again; the check is green after the next run of a phase.',
  ],
});

const configComplete = defineCanary({
  id: 'config_complete',
  phase: 'operations',
  question: 'Is every setting there that this installation needs, under its own name?',
  expected: 'no setting missing or misspelt',
  finding: '{n:setting is|settings are} missing or misspelt',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'warning' }],
  owner: 'platform',
  repair: 'gh variable set <variable> for a workflow, otherwise where the job or service is configured',
  dependsOn: [],
  whenEmpty: 'fail',
  look: {
    probe: async ({ deployment }) => [
      { subject: 'configuration', is_bad: false, note: null },
      ...deployment.configGaps.map((gap) => ({ subject: gap, is_bad: true, note: null })),
    ],
  },
  sabotage: {
    act: async (context) => {
      const undo = context.deployment.configGaps;
      context.deployment = {
        ...context.deployment,
        configGaps: [...undo, 'TIPOFF_SLACK_TOKEN is not set: alerts reach nobody'],
      };
      return async () => {
        context.deployment = { ...context.deployment, configGaps: undo };
      };
    },
  },
  meaning:
    'Something will not work and cannot say so itself: alerts without a channel were once computed and thrown away for months.',
  steps: [
    'The offender says which variable and what for.',
    'Set it where the job or service is configured, not in code.',
  ],
});

const ownChecksReadable = defineCanary({
  id: 'own_checks_readable',
  phase: 'operations',
  question: 'Can every check of your own be asked?',
  expected: 'one check that keeps the rules in every file of checks/',
  finding: 'no check that can be asked in {of:file|files} of checks/',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'warning' }],
  owner: 'platform',
  repair: 'tipoff canary list',
  dependsOn: [],
  whenEmpty: { pass: 'there are no checks of your own' },
  look: {
    probe: async ({ deployment }) =>
      (deployment.ownChecks ?? []).map(({ path, problem }) => ({
        subject: problem ?? path,
        is_bad: problem !== undefined,
        note: null,
      })),
  },
  sabotage: {
    act: async (context) => {
      const before = context.deployment;
      const ownChecks = [
        { path: 'checks/mine.yaml', problem: 'checks/mine.yaml, line 4: owner: expected some words' },
      ];
      context.deployment = { ...before, ownChecks };
      return async () => {
        context.deployment = before;
      };
    },
  },
  meaning:
    'A file of checks/ is not asked: something in it is missing, misspelt or against the rules for SQL. The offender says where. The other checks are asked all the same.',
  steps: [
    'The offender names file, line and what was expected; tipoff canary list says it again when it is corrected.',
    'docs/operations.md describes the fields of such a file.',
  ],
});

/** Hours after which the last verified back-up is old: a game day with some delay, and a week where there are no games. */
const MAX_BACKUP_HOURS = 26;
const MAX_BACKUP_HOURS_WITHOUT_GAMES = 8 * 24;

async function backups({ state }: CanaryContext, { asOf, slate, calendar }: Moment): Promise<CheckedThing[]> {
  const record = await readBackupRecord(state);
  const isPlaying = [0, 1, 2].some((days) => calendar.day(addDays(slate, -days)) !== undefined);
  const limit = isPlaying ? MAX_BACKUP_HOURS : MAX_BACKUP_HOURS_WITHOUT_GAMES;
  const hours =
    record === undefined ? undefined : (asOf.getTime() - Date.parse(record.created_at)) / 3_600_000;
  return [
    {
      subject: 'the last verified back-up',
      is_bad: hours === undefined || hours > limit,
      note:
        hours === undefined
          ? 'there is none'
          : `made ${Math.round(hours)} h ago, at most ${limit} h expected`,
    },
    ...(record?.refused ?? []).map((generation) => ({
      subject: `generation ${generation}`,
      is_bad: true,
      note: 'could not be used when the home was restored; the generation before it was',
    })),
  ];
}

const backupFresh = defineCanary({
  id: 'backup_fresh',
  phase: 'operations',
  question: 'Is there a fresh back-up that can be used?',
  expected: 'a verified back-up of today or yesterday, and none that was refused',
  finding: 'no fresh back-up that can be used: {note}',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'warning' }],
  owner: 'platform',
  repair: 'tipoff backup create, then tipoff backup verify',
  dependsOn: [],
  whenEmpty: 'fail',
  skips: (_moment, { deployment }) =>
    deployment.backup === undefined ? 'TIPOFF_BACKUP is not set: no back-up is declared' : undefined,
  look: { probe: backups },
  sabotage: {
    act: async ({ state }, { asOf }) => {
      const before = await readBackupRecord(state);
      const old = new Date(asOf.getTime() - 30 * 86_400_000).toISOString();
      await writeBackupRecord(state, {
        ...(before ?? { generation: 1, newest: 1, refused: [] }),
        created_at: old,
        verified_at: old,
      });
      return () => writeBackupRecord(state, before);
    },
  },
  meaning:
    'If this machine is lost now, so is what happened since the last back-up. On GitHub each job begins from the last back-up: an old one means that the runs since then were not saved.',
  steps: [
    'tipoff backup list shows the generations and those that cannot be read.',
    'A refused generation: was TIPOFF_BACKUP_KEY changed? Otherwise its file is damaged; the next tipoff backup create makes a good one.',
    'tipoff backup verify restores the newest one into a folder of its own and counts every row.',
  ],
});

/** GiB that one check may read in a day: 48 runs that each read the smallest amount that is billed, of some tables. */
const MAX_GIB_OF_ONE = 4;
/** GiB that all checks may read in a day. */
const MAX_GIB_OF_ALL = 100;

const byteBudget = defineCanary({
  id: 'byte_budget',
  phase: 'operations',
  question: 'Do the checks read more than they may?',
  expected: `at most ${MAX_GIB_OF_ONE} GiB a day for each check and ${MAX_GIB_OF_ALL} GiB for all of them`,
  finding: 'more bytes read in a day than allowed by {of:check|checks}',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'warning' }],
  owner: 'platform',
  repair: 'tipoff canary run --only <check> --json; bound its statement by its partitions',
  dependsOn: [],
  whenEmpty: {
    pass: 'nothing was billed in the last 24 hours: reading the embedded warehouse costs nothing',
  },
  look: {
    days: 2,
    sql: `
SELECT subject, gib > allowed AS is_bad, ${whole('gib')} || ' GiB read, allowed ' || ${whole('allowed')} AS note
FROM (
  SELECT canary_id AS subject, fn.safe_div(SUM(bytes), 1073741824) AS gib, ${MAX_GIB_OF_ONE} AS allowed
  FROM nba_orchestration.canary_results
  WHERE as_of > fn.add_seconds(CAST(@as_of AS TIMESTAMP), -86400) AND as_of <= CAST(@as_of AS TIMESTAMP) AND bytes IS NOT NULL
  GROUP BY canary_id
  UNION ALL
  SELECT 'all checks' AS subject, fn.safe_div(SUM(bytes), 1073741824) AS gib, ${MAX_GIB_OF_ALL} AS allowed
  FROM nba_orchestration.canary_results
  WHERE as_of > fn.add_seconds(CAST(@as_of AS TIMESTAMP), -86400) AND as_of <= CAST(@as_of AS TIMESTAMP) AND bytes IS NOT NULL
  HAVING COUNT(*) > 0
) AS spent`,
  },
  sabotage: {
    sql: [
      `INSERT INTO nba_orchestration.canary_results (run_id, canary_id, phase, slate, status, severity, expected, offender_count, offenders, reason, as_of, ran_at, bytes, ms, code_version)
SELECT 'sabotage', 'greedy_check', 'operations', MAX(slate), 'PASS', 'info', 'much', 0, '[]', 'reads every season', CAST(@as_of AS TIMESTAMP), CAST(@as_of AS TIMESTAMP), 9000000000, 1, 'proof'
FROM nba_reference.schedule`,
    ],
  },
  meaning:
    'A check reads seasons where it should read days. Run every half hour, that is the bill of the month. The engine refuses what goes beyond the budget of one run; this check sees what adds up.',
  steps: [
    'The offender is the check, or all checks together.',
    'Its statement in src/guard/canaries/catalogue: is every partitioned table bounded by @slate, @from or @as_of?',
    'Started more often than every half hour? Count its rows of the day in nba_orchestration.canary_results.',
  ],
});

/** Days after which a halt in force is a matter to ask about. */
const MAX_HALT_DAYS = 7;

async function haltInForce({ state }: CanaryContext, { asOf }: Moment): Promise<CheckedThing[]> {
  const halt = await readHalt(state);
  if (halt === undefined || Date.parse(halt.since) > asOf.getTime()) return [];
  const days = (asOf.getTime() - Date.parse(halt.since)) / 86_400_000;
  const over = Date.parse(halt.until) <= asOf.getTime();
  return [
    {
      subject: `halt by ${halt.by}: ${halt.reason}`,
      is_bad: over || days > MAX_HALT_DAYS,
      note: over
        ? `ended at ${halt.until} and was not lifted; the checks are on again`
        : `in force for ${Math.round(days)} days`,
    },
  ];
}

const operatorHalt = defineCanary({
  id: 'operator_halt',
  phase: 'operations',
  question: 'Did a halt end, or last too long, without anybody saying so?',
  expected: 'no halt, or one in force for less than a week',
  finding: 'a halt of the checks needs a decision: {note}',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'warning' }],
  owner: 'platform',
  repair: 'tipoff canary resume',
  dependsOn: [],
  whenEmpty: { pass: 'there is no halt' },
  ignoresHalt: true,
  look: { probe: haltInForce },
  sabotage: {
    act: async ({ state }, { asOf }) => {
      const before = await readHalt(state);
      const at = (hours: number): string => new Date(asOf.getTime() + hours * 3_600_000).toISOString();
      await state.transaction(async (tx) =>
        tx.put('operations', 'halt', { reason: 'maintenance', by: 'proof', since: at(-48), until: at(-24) }),
      );
      return () =>
        state.transaction(async (tx) => {
          if (before === undefined) tx.delete('operations', 'halt');
          else tx.put('operations', 'halt', before);
        });
    },
  },
  meaning:
    'A halt silences every other check. When its time is over the checks go on by themselves, and somebody should confirm that the pipeline does too.',
  steps: [
    'Is the reason still true? Then halt again with an end: tipoff canary halt --until <instant> --reason <reason>.',
    'Otherwise tipoff canary resume, and tipoff canary run: what was hidden shows now.',
  ],
});

/** The canaries of the phase `operations`, in the order of the data. */
export const OPERATIONS: readonly Canary[] = [
  jobHeartbeats,
  contractDrift,
  deployedVersion,
  configComplete,
  ownChecksReadable,
  backupFresh,
  ...RUNS,
  ...WORK,
  byteBudget,
  operatorHalt,
];
