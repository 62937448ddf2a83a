import { z } from 'zod';
import { type ActionDeps, defineAction, reportBody } from '#actions/lib/action.ts';
import { type GitHub, gitHub, PAGE, tokenUnlessLocal } from '#actions/lib/github.ts';
import { flag, text } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { askService, type ServiceInputs } from '#actions/lib/service.ts';
import { type Outcome, outcome } from '#core/check.ts';
import { messageOf } from '#core/errors.ts';

/** A workflow as GitHub describes it. */
interface Workflow {
  readonly id: number;
  readonly path: string;
  readonly state: string;
  readonly created_at: string;
}

/** `canaries.yml=6`: a scheduled run must have ended within that many hours, successful or not. */
interface Expectation {
  readonly file: string;
  readonly hours: number;
}
const expectation = z.string().transform((value, context): Expectation[] =>
  value.split(/[\s,]+/).flatMap((part) => {
    const match = /^([\w.-]+\.ya?ml)=(\d+(?:\.\d+)?)$/.exec(part);
    if (part === '') return [];
    if (match?.[1] === undefined || match[2] === undefined) {
      context.addIssue({ code: 'custom', message: `expected file.yml=hours, saw "${part}"` });
      return [];
    }
    return [{ file: match[1], hours: Number(match[2]) }];
  }),
);

const inputs = z.object({
  workflows: z.string().default('canaries.yml=6').pipe(expectation),
  token: text(),
  enable: flag(true),
  service_url: text(),
  service_token: text(),
});
type Inputs = z.output<typeof inputs>;

/** The state of one schedule. */
interface Watched {
  readonly row: readonly [string, string, string, string];
  readonly problems: readonly Outcome[];
  readonly isEnabled: boolean;
  readonly isSilent: boolean;
}

/**
 * Reports schedules whose last run is too long ago, keeps all of them (and its own) enabled, and checks the health of the
 * coordinator. GitHub disables the schedules of a public repository after 60 days without a commit; enabling an enabled one restarts
 * that period.
 */
export const action = defineAction({
  name: 'watch-schedules',
  title: 'Watchdog',
  inputs,
  outputs: { enabled: 0, silent: 0 },
  isGuard: true,
  run: async (given, deps) => {
    const watched = await watchAll(given, deps);
    const illness = given.service_url === undefined ? undefined : await illnessOf(given, deps);
    const [enabled, silent] = [
      watched.filter(({ isEnabled }) => isEnabled).length,
      watched.filter(({ isSilent }) => isSilent).length,
    ];
    const isWatching = watched.length > 0;
    const service =
      given.service_url === undefined
        ? ''
        : `, coordinator ${illness === undefined ? 'healthy' : 'not healthy'}`;
    const isBad = silent > 0 || illness !== undefined;
    return {
      report: reportBody({
        verdict: isBad ? 'failed' : enabled > 0 ? 'warning' : isWatching ? 'ok' : 'skipped',
        summary: `${isWatching ? `${silent} of ${watched.length} schedules late, ${enabled} turned on again` : 'Without a token no schedule was looked at'}${service}.`,
        columns: ['workflow', 'state', 'last run on schedule', 'limit'],
        rows: watched.map(({ row }) => [...row]),
        outcomes: [
          ...watched.flatMap(({ problems }) => problems),
          ...(illness === undefined
            ? []
            : [
                outcome({
                  check: 'coordinator_health',
                  title: 'The coordinator is not healthy',
                  status: 'fail',
                  reason: illness,
                }),
              ]),
        ],
        runbook: 'docs/runbooks/actions/watchdog.md',
      }),
      outputs: { enabled, silent },
    };
  },
});

async function watchAll(
  { workflows, token: given, enable }: Inputs,
  { context, clock }: ActionDeps,
): Promise<Watched[]> {
  const token = tokenUnlessLocal(given, context);
  if (token === undefined) return [];
  const github = await gitHub(context, token);
  const { octokit, repo } = github;
  const known: Workflow[] = await octokit.paginate(octokit.rest.actions.listRepoWorkflows, {
    ...repo,
    ...PAGE,
  });
  const find = (file: string) => known.find(({ path }) => path.endsWith(`/${file}`));
  const own = context.workflowFile === undefined ? undefined : find(context.workflowFile);
  if (own !== undefined && enable) await keepOn(github, own);
  const watched: Watched[] = [];
  for (const expected of workflows) {
    const found = find(expected.file);
    watched.push(
      found === undefined
        ? absent(expected)
        : await watch(github, expected, found, { enable, now: clock.now() }),
    );
  }
  return watched;
}

function absent({ file, hours }: Expectation): Watched {
  const reason = 'Correct the list of the watchdog, or restore the workflow.';
  return {
    row: [file, 'absent', '', limitText(hours)],
    problems: [
      outcome({ check: 'schedule', title: `${file} does not exist`, status: 'fail', subject: file, reason }),
    ],
    isEnabled: false,
    isSilent: true,
  };
}

/** Enables a workflow that GitHub disabled for inactivity, but not one that a person disabled. True when it had been disabled. */
async function keepOn({ octokit, repo }: GitHub, { id, state }: Workflow): Promise<boolean> {
  if (state !== 'active' && state !== 'disabled_inactivity') return false;
  await octokit.rest.actions.enableWorkflow({ ...repo, workflow_id: id });
  return state === 'disabled_inactivity';
}

async function watch(
  github: GitHub,
  { file, hours }: Expectation,
  workflow: Workflow,
  { enable, now }: { readonly enable: boolean; readonly now: Date },
): Promise<Watched> {
  const isEnabled = enable && (await keepOn(github, workflow));
  const about = { check: 'schedule', status: 'fail', subject: file } as const;
  const problems: Outcome[] = [];
  if (isEnabled)
    problems.push(
      outcome({
        ...about,
        title: `${file} was turned off by inactivity`,
        severity: 'warning',
        reason: 'It is on again.',
      }),
    );
  const { data } = await github.octokit.rest.actions.listWorkflowRuns({
    ...github.repo,
    workflow_id: workflow.id,
    event: 'schedule',
    status: 'completed',
    per_page: 1,
  });
  const [last] = data.workflow_runs;
  // For a workflow that has never run, the limit counts from the day on which GitHub first saw it.
  const age = (now.getTime() - Date.parse((last ?? workflow).created_at)) / 3_600_000;
  const isSilent = age > hours;
  if (isSilent) {
    const seen =
      last === undefined ? 'It has never run on schedule' : `Its last run is ${age.toFixed(1)} h old`;
    const off =
      workflow.state === 'disabled_fork'
        ? ' GitHub turns the schedules of a fork off: run the workflow setup, which turns them on.'
        : '';
    problems.push(
      outcome({
        ...about,
        title: `${file} is late`,
        reason: `${seen}; ${limitText(hours)} is its limit. State: ${workflow.state}.${off}`,
      }),
    );
  }
  const state = isEnabled ? 'enabled again' : workflow.state;
  const ended = last === undefined ? 'never' : `${last.created_at} ${last.conclusion ?? ''}`.trim();
  return { row: [file, state, ended, limitText(hours)], problems, isEnabled, isSilent };
}

function limitText(hours: number): string {
  return `${hours} h`;
}

/** What is wrong with the coordinator; undefined when it is healthy in depth. */
async function illnessOf(given: ServiceInputs, deps: ActionDeps): Promise<string | undefined> {
  try {
    await askService(deps, given, { method: 'GET', path: '/health/deep' });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

await main(import.meta.main, action);
