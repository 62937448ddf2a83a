import { type CanaryWorld, type CheckedThing, defineCanary, type Moment } from '#guard/canaries/definition.ts';

/** Hours after which yesterday's rows no longer say what runs today. */
const RECENT_HOURS = 24;

async function look({ warehouse, deployment }: CanaryWorld, { asOf }: Moment): Promise<CheckedThing[]> {
  const { codeVersion, expectedVersion = codeVersion } = deployment;
  const seen = await warehouse.query<{ code_version: string; last_at: string; processors: number }>(
    `SELECT code_version, MAX(finished_at) AS last_at, COUNT(DISTINCT processor) AS processors FROM nba_orchestration.phase_runs
     WHERE started_at > fn.add_seconds(CAST(@as_of AS TIMESTAMP), -${RECENT_HOURS * 3600}) AND started_at <= CAST(@as_of AS TIMESTAMP)
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

export const deployedVersion = defineCanary({
  id: 'deployed_version',
  phase: 'operations',
  question: 'Does what runs come from main?',
  expected: 'the version of main in the checks and in the newest run',
  looksAt: 'now',
  ladder: [{ by: '00:00', severity: 'warning' }],
  owner: 'platform',
  repair: 'deploy main again',
  dependsOn: [],
  whenEmpty: 'fail',
  skips: (_moment, { deployment }) =>
    deployment.expectedVersion === undefined ? 'TIPOFF_EXPECTED_VERSION is not set: nobody says what main is' : undefined,
  look: { probe: look },
  sabotage: {
    act: async ({ warehouse }, { asOf }) => {
      const bounds = 'started_at > fn.add_seconds(CAST(@as_of AS TIMESTAMP), -86400) AND started_at <= CAST(@as_of AS TIMESTAMP)';
      const params = { as_of: asOf.toISOString() };
      await warehouse.execute(`UPDATE nba_orchestration.phase_runs SET code_version = code_version || '-stale' WHERE ${bounds}`, params);
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
