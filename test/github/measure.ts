import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { GITHUB_JOBS } from '#core/clock.ts';
import { systemClock } from '#platform/clock.ts';
import { MEASURED_FILE, type Measured, readMeasured } from '#scripts/github-minutes.ts';
import { ROOT } from '#test/actions/run-action.ts';
import { FAKE_GITHUB_TOKEN, FAKE_REPOSITORY, fakeGitHub } from '#test/fakes/github-server.ts';
import { FAKE_TOKEN, fakeSlack } from '#test/fakes/slack-server.ts';
import { fakeProviders, providersAt } from './world.ts';

// TIPOFF_BACKUP_KEY=… npm run measure:github -- --saved DIR --at INSTANT --what TEXT [--workflow FILE]…: the processor seconds of one run
// of every workflow that has a schedule, each on an empty machine that restores and saves a home (made by `tipoff backup create
// --store DIR`), and of `npm ci`; or of some workflows, the others as they were. They become scripts/github-minutes.json.
// The snapshot workflow writes schema/snapshot, as it does there: put it back afterwards.
const { values } = parseArgs({
  options: {
    saved: { type: 'string' },
    at: { type: 'string' },
    what: { type: 'string' },
    workflow: { type: 'string', multiple: true },
  },
});
const { saved, at, what } = values;
const key = process.env['TIPOFF_BACKUP_KEY'];
if (saved === undefined || at === undefined || what === undefined || key === undefined)
  throw new Error(
    'expected --saved, --at, --what (what lies in the home, in a clause) and TIPOFF_BACKUP_KEY',
  );

const folder = await mkdtemp(join(tmpdir(), 'tipoff-measure-'));
const [github, slack, providers] = await Promise.all([fakeGitHub(), fakeSlack(), fakeProviders()]);

/** Runs a program and gives its processor seconds, with those of everything that it started. */
async function processorSeconds(
  program: string,
  options: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd = ROOT,
): Promise<number> {
  const script = 'TIMEFORMAT="processor %U %S"; time "$@"';
  const child = spawn('bash', ['-c', script, 'measured', program, ...options], { cwd, env });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  const code = await new Promise<number | null>((done) => child.on('close', done));
  const [, user, system] = /^processor ([\d.]+) ([\d.]+)$/m.exec(log) ?? [];
  if (code !== 0 || user === undefined) throw new Error(`${options.join(' ')} ended with ${code}\n${log}`);
  return Math.round((Number(user) + Number(system)) * 10) / 10;
}

try {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    USER: 'ann',
    GITHUB_ACTIONS: 'true',
    GITHUB_REPOSITORY: FAKE_REPOSITORY,
    GITHUB_API_URL: github.url,
    GITHUB_TOKEN: FAKE_GITHUB_TOKEN,
    TIPOFF_SLACK_API_URL: slack.url,
    ...providersAt(providers.url),
  };
  const before = values.workflow === undefined ? undefined : readMeasured();
  const seconds: Record<string, number> = { ...before?.seconds };
  for (const job of GITHUB_JOBS.filter(({ workflow }) => values.workflow?.includes(workflow) ?? true)) {
    const payload = join(folder, 'event.json');
    await writeFile(
      payload,
      JSON.stringify({ schedule: job.crons[0], repository: { visibility: 'private' } }),
    );
    const own = [
      ...[join(ROOT, 'scripts/workflow.ts'), `.github/workflows/${job.workflow}`, '--event', 'schedule'],
      ...['--payload', payload, '--home', join(folder, job.workflow)],
      // Drift reads approvals, which are of the present.
      ...(job.name === 'schema-drift' ? [] : ['--at', at]),
      ...['--var', `TIPOFF_BACKUP=${saved}`, '--secret', `TIPOFF_BACKUP_KEY=${key}`],
      ...['--secret', `TIPOFF_SLACK_TOKEN=${FAKE_TOKEN}`, '--var', 'TIPOFF_SLACK_CHANNEL=#canary-alerts'],
    ];
    seconds[job.workflow] = await processorSeconds(process.execPath, own, env);
    process.stdout.write(`${job.workflow}: ${seconds[job.workflow]} s\n`);
  }
  const checkout = join(folder, 'checkout');
  for (const file of ['package.json', 'package-lock.json', '.npmrc'])
    await cp(join(ROOT, file), join(checkout, file)).catch(() => undefined);
  const install =
    before?.install ?? (await processorSeconds('npm', ['ci', '--ignore-scripts'], env, checkout));
  const measured: Measured = {
    where: `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}, ${systemClock.now().toISOString().slice(0, 10)}`,
    home: what,
    note: '',
    install,
    seconds,
  };
  await writeFile(MEASURED_FILE, `${JSON.stringify(measured, null, 2)}\n`);
  process.stdout.write(`npm ci: ${install} s; written to ${MEASURED_FILE}\n`);
} finally {
  await Promise.all([github.close(), slack.close(), providers.close()]);
  await rm(folder, { recursive: true, force: true });
}
