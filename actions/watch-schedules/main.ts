import { z } from 'zod';
import { type ActionDeps, defineAction, said } from '#actions/lib/action.ts';
import { type GitHub, gitHub, PAGE, tokenOrAlone } from '#actions/lib/github.ts';
import { flag, text } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { askService, type ServiceInputs } from '#actions/lib/service.ts';
import { type Outcome, outcome } from '#core/check.ts';
import { messageOf } from '#core/errors.ts';

/** A workflow as GitHub has it. */
interface Workflow {
  readonly id: number;
  readonly path: string;
  readonly state: string;
}

/** `canaries.yml=1.5`: the workflow must have succeeded on schedule within so many hours. */
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
  workflows: z.string().default('canaries.yml=1.5').pipe(expectation),
  token: text(),
  enable: flag(true),
  service_url: text(),
  service_token: text(),
});
type Inputs = z.output<typeof inputs>;

/** What became of one schedule. */
interface Watched {
  readonly row: readonly [string, string, string, string];
  readonly problems: readonly Outcome[];
  readonly isEnabled: boolean;
  readonly isSilent: boolean;
}

/** Turns schedules on again that GitHub has turned off, names those whose last run is too long ago, and asks the coordinator how it is. */
export const action = defineAction({
  name: 'watch-schedules',
  title: 'Watchdog',
  inputs,
  outputs: { enabled: 0, silent: 0 },
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
      report: said({
        verdict: isBad ? 'failed' : enabled > 0 ? 'warning' : isWatching ? 'ok' : 'skipped',
        summary: `${isWatching ? `${silent} of ${watched.length} schedules silent, ${enabled} turned on again` : 'Without a token no schedule was looked at'}${service}.`,
        columns: ['workflow', 'state', 'last success', 'limit'],
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
  const token = tokenOrAlone(given, context);
  if (token === undefined) return [];
  const github = await gitHub(context, token);
  const { octokit, repo } = github;
  const known: Workflow[] = await octokit.paginate(octokit.rest.actions.listRepoWorkflows, {
    ...repo,
    ...PAGE,
  });
  const watched: Watched[] = [];
  for (const expected of workflows) {
    const found = known.find(({ path }) => path.endsWith(`/${expected.file}`));
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
    row: [file, 'absent', '', `within ${hours} h`],
    problems: [
      outcome({ check: 'schedule', title: `${file} does not exist`, status: 'fail', subject: file, reason }),
    ],
    isEnabled: false,
    isSilent: true,
  };
}

async function watch(
  { octokit, repo }: GitHub,
  { file, hours }: Expectation,
  { id, state }: Workflow,
  { enable, now }: { readonly enable: boolean; readonly now: Date },
): Promise<Watched> {
  const problems: Outcome[] = [];
  // Somebody who turned a workflow off by hand meant it; inactivity is nobody's decision.
  const isEnabled = state === 'disabled_inactivity' && enable;
  if (isEnabled) {
    await octokit.rest.actions.enableWorkflow({ ...repo, workflow_id: id });
    problems.push(
      outcome({
        check: 'schedule',
        title: `${file} was turned off by inactivity`,
        status: 'fail',
        severity: 'warning',
        subject: file,
        reason: 'It is on again.',
      }),
    );
  }
  const { data: seen } = await octokit.rest.actions.listWorkflowRuns({
    ...repo,
    workflow_id: id,
    event: 'schedule',
    status: 'success',
    per_page: 1,
  });
  const last = seen.workflow_runs[0]?.created_at;
  const isSilent = last === undefined || now.getTime() - Date.parse(last) > hours * 3_600_000;
  if (isSilent) {
    const since = last === undefined ? 'It never succeeded on schedule' : `Last success ${last}`;
    problems.push(
      outcome({
        check: 'schedule',
        title: `${file} is silent`,
        status: 'fail',
        subject: file,
        reason: `${since}; expected one within ${hours} h. State: ${state}.`,
      }),
    );
  }
  return {
    row: [file, isEnabled ? 'enabled again' : state, last ?? 'never', `within ${hours} h`],
    problems,
    isEnabled,
    isSilent,
  };
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
