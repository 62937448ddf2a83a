import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { type ActionDeps, defineAction, reportBody } from '#actions/lib/action.ts';
import { upsertCheck } from '#actions/lib/check.ts';
import { type Delivery, upsertComment } from '#actions/lib/comment.ts';
import type { RunContext } from '#actions/lib/context.ts';
import { type GitHub, gitHub, isPermissionProblem } from '#actions/lib/github.ts';
import { choice, flag, requiredText, text } from '#actions/lib/inputs.ts';
import { main } from '#actions/lib/main.ts';
import { upsertMessage } from '#actions/lib/slack.ts';
import { isProblem, outcome, type Report, report } from '#core/check.ts';
import { messageOf, TipoffError } from '#core/errors.ts';
import { parseReport } from '#platform/report/json.ts';

const inputs = z.object({
  report: text(),
  source: requiredText('the key of the report that the step leaves'),
  outcome: choice(['success', 'failure', 'cancelled', 'skipped', 'none'], 'none'),
  token: text(),
  comment: choice(['never', 'always', 'problems'], 'never'),
  check: flag(false),
  author: text().default('github-actions[bot]'),
  slack_token: text(),
  slack_channel: text(),
  slack_when: choice(['problems', 'always'], 'problems'),
});
type Inputs = z.output<typeof inputs>;

interface Delivered {
  readonly where: 'comment' | 'check' | 'slack';
  readonly how: Delivery | 'not allowed' | 'failed';
  readonly why?: string;
  /** Problems with what was delivered. */
  readonly warnings?: readonly string[];
}

/** The result without a token: nothing is posted, and the summary has the report. */
const NO_TOKEN = {
  comment: { where: 'comment', how: 'not allowed', why: 'no token was given' },
  check: { where: 'check', how: 'not allowed', why: 'no token was given' },
} as const satisfies Record<string, Delivered>;

/** Posts the report of another step to the pull request and to Slack: one comment, one check and one message, which later runs edit. */
export const action = defineAction({
  name: 'post-report',
  title: 'Report posted',
  inputs,
  outputs: { comment: 'left out', check: 'left out', slack: 'left out' },
  run: async (given, deps) => {
    const posted = readReport(given, deps.context);
    const delivered = [
      await toComment(given, deps, posted),
      await toCheck(given, deps, posted),
      await toSlack(given, deps, posted),
    ];
    const lost = delivered.filter(({ how }) => how === 'failed');
    const refused = delivered.filter(({ how }) => how === 'not allowed');
    const problems = [...lost, ...refused].map(({ where, how, why = '' }) =>
      outcome({
        check: `${where}_delivered`,
        title: `${posted.title}: ${where} not delivered`,
        status: 'fail',
        severity: how === 'failed' ? 'critical' : 'info',
        reason: why,
      }),
    );
    for (const { where, warnings = [] } of delivered)
      for (const message of warnings)
        problems.push(
          outcome({
            check: `${where}_delivered`,
            title: `${posted.title}: ${where} is doubtful`,
            status: 'fail',
            severity: 'warning',
            reason: message,
          }),
        );
    const changed = delivered.some(({ how }) => ['created', 'edited', 'removed'].includes(how));
    return {
      report: reportBody({
        verdict: lost.length > 0 ? 'failed' : problems.length > 0 ? 'warning' : changed ? 'ok' : 'nothing',
        summary: `${posted.title}: ${delivered.map(({ where, how }) => `${where} ${how}`).join(', ')}.`,
        outcomes: problems,
        runbook: 'docs/runbooks/actions/report-not-delivered.md',
      }),
      outputs: Object.fromEntries(delivered.map(({ where, how }) => [where, how])),
    };
  },
});

/**
 * The report that another step wrote. A step without a report stopped early, which is itself reported; for a step that never
 * writes one, the given outcome is reported.
 */
function readReport({ report: path, source, outcome: ended }: Inputs, { fork }: RunContext): Report {
  if (path === undefined || !existsSync(path)) {
    const about = { key: source.toLowerCase().replace(/[^a-z0-9:._-]+/g, '-'), title: source };
    if (ended === 'success')
      return report({ ...about, verdict: 'ok', summary: `The step ${source} is done.` });
    if (ended === 'skipped' || ended === 'cancelled')
      return report({ ...about, verdict: 'skipped', summary: `The step ${source} was ${ended}.` });
    const summary =
      ended === 'failure'
        ? `The step ${source} failed; the log of the run says why.`
        : `The step ${source} left no report: it stopped before it could say anything.`;
    const runbook = 'docs/runbooks/actions/report-not-delivered.md';
    return report({ ...about, verdict: 'error', summary, runbook });
  }
  const posted = parseReport(readFileSync(path, 'utf8'), `the input report (${path})`);
  if (fork === undefined || posted.key === source) return posted;
  // A fork controls its report: it may report as itself only.
  throw new TipoffError('TIPOFF_BAD_INPUT', `expected a report of ${source}, saw one of ${posted.key}`, {
    hint: 'Look at what the pull request does with its report.',
  });
}

/** A successful report under the action's plain key, so that a failure from before its subject was known turns green too. */
function beforeItKnew(posted: Report): Report | undefined {
  const [action = ''] = posted.key.split(':', 1);
  return action === posted.key || isProblem(posted) ? undefined : { ...posted, key: action };
}

/** The open pull request that the run of a fork was about; undefined when it is closed, or has a newer commit. */
async function pullOfFork({ octokit, repo }: GitHub, { fork, sha }: RunContext): Promise<number | undefined> {
  if (fork === undefined) return undefined;
  const head = `${fork.repository.split('/')[0] ?? ''}:${fork.branch}`;
  const { data } = await octokit.rest.pulls.list({ ...repo, state: 'open', head });
  return data.find((one) => one.head.sha === sha)?.number;
}

async function toComment(given: Inputs, deps: ActionDeps, posted: Report): Promise<Delivered> {
  const { pull, fork } = deps.context;
  const isThere = fork !== undefined || (pull !== undefined && !pull.isDraft);
  if (given.comment === 'never' || !isThere) return { where: 'comment', how: 'left out' };
  if (given.token === undefined) return NO_TOKEN.comment;
  return attempt('comment', deps, async () => {
    const github = await client(given, deps);
    const number = pull?.number ?? (await pullOfFork(github, deps.context));
    if (number === undefined) return 'left out';
    const options = { links: links(deps), author: given.author };
    const earlier = beforeItKnew(posted);
    if (earlier !== undefined) await upsertComment(github, number, earlier, { ...options, always: false });
    return upsertComment(github, number, posted, { ...options, always: given.comment === 'always' });
  });
}

async function toCheck(given: Inputs, deps: ActionDeps, posted: Report): Promise<Delivered> {
  const { sha } = deps.context;
  if (!given.check || sha === undefined) return { where: 'check', how: 'left out' };
  if (given.token === undefined) return NO_TOKEN.check;
  return attempt('check', deps, async () => {
    const github = await client(given, deps);
    const earlier = beforeItKnew(posted);
    if (earlier !== undefined) await upsertCheck(github, sha, earlier, links(deps), { onlyEdit: true });
    return upsertCheck(github, sha, posted, links(deps));
  });
}

async function toSlack(given: Inputs, deps: ActionDeps, posted: Report): Promise<Delivered> {
  const { slack_token: token, slack_channel: channel } = given;
  if (token === undefined) {
    if (channel === undefined) return { where: 'slack', how: 'left out' };
    return {
      where: 'slack',
      how: 'failed',
      why: `expected slack_token for the channel ${channel}, saw nothing`,
    };
  }
  // A wrong input concerns only the person who started the run, and is in its summary.
  if (deps.context.eventName === 'workflow_dispatch' && posted.code === 'TIPOFF_BAD_INPUT')
    return { where: 'slack', how: 'left out' };
  const target = {
    token,
    ...(channel === undefined ? {} : { channel }),
    owners: deps.slackOwners,
    apiUrl: deps.slackUrl,
    always: given.slack_when === 'always',
  };
  const { how, why, warnings } = await upsertMessage(target, posted, links(deps), deps.clock);
  const earlier = beforeItKnew(posted);
  if (earlier !== undefined && why === undefined)
    await upsertMessage({ ...target, always: false }, earlier, links(deps), deps.clock);
  return { where: 'slack', how, ...(why === undefined ? {} : { why }), warnings };
}

/**
 * Posts to one place without letting a failure keep the report from the others. A missing permission is expected on forks, where the
 * summary has the report; it is an error in the run that posts the report of a fork, whose only purpose that is.
 */
async function attempt(
  where: Delivered['where'],
  { context }: Pick<ActionDeps, 'context'>,
  deliver: () => Promise<Delivery>,
): Promise<Delivered> {
  try {
    return { where, how: await deliver() };
  } catch (error) {
    const hint = error instanceof TipoffError ? ` ${error.hint}` : '';
    return {
      where,
      how: isPermissionProblem(error) && context.fork === undefined ? 'not allowed' : 'failed',
      why: `${messageOf(error)}.${hint}`,
    };
  }
}

function client({ token = '' }: Inputs, { context }: ActionDeps): Promise<GitHub> {
  return gitHub(context, token);
}

function links({ context }: ActionDeps) {
  return { run: context.runUrl, files: context.filesUrl };
}

await main(import.meta.main, action);
