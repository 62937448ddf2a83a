import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { userName } from '#app/config/process.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of an action. On a laptop most of it is absent, and nothing depends on it. */
export interface RunContext {
  readonly isGitHub: boolean;
  readonly actor: string;
  /** Page of the run; undefined outside of GitHub. */
  readonly runUrl: string | undefined;
  /** `owner/name`. */
  readonly repository: string | undefined;
  readonly apiUrl: string;
  /** Root of the files at this commit, for links. */
  readonly filesUrl: string | undefined;
  readonly eventName: string;
  /** File of the workflow, such as `watchdog.yml`; undefined outside of GitHub. */
  readonly workflowFile: string | undefined;
  /** The pull request of the event. */
  readonly pull:
    | {
        readonly number: number;
        readonly headSha: string;
        readonly isFork: boolean;
        readonly isDraft: boolean;
      }
    | undefined;
  /** In a run with write access: the fork's pull request whose own run, without such access, has ended. */
  readonly fork: { readonly repository: string; readonly branch: string } | undefined;
  /** The commit a check belongs to: the head of the pull request, never its merge commit. */
  readonly sha: string | undefined;
  readonly outputFile: string | undefined;
  readonly summaryFile: string | undefined;
  /** Folder for files that steps pass to each other. */
  readonly folder: string;
}

const event = z.object({
  pull_request: z
    .object({
      number: z.int(),
      draft: z.boolean().default(false),
      head: z.object({ sha: z.string(), repo: z.object({ full_name: z.string() }).nullable() }),
    })
    .optional(),
  workflow_run: z
    .object({
      head_sha: z.string(),
      head_branch: z.string(),
      head_repository: z.object({ full_name: z.string() }),
    })
    .optional(),
});

export function readContext(env: Environment): RunContext {
  const repository = env['GITHUB_REPOSITORY'];
  const server = env['GITHUB_SERVER_URL'] ?? 'https://github.com';
  const { pull, ended } = readEvent(env['GITHUB_EVENT_PATH'], repository);
  const sha = pull?.headSha ?? ended?.head_sha ?? env['GITHUB_SHA'];
  const page = repository === undefined ? undefined : `${server}/${repository}`;
  const run = env['GITHUB_RUN_ID'];
  // An action used from another repository has its runbooks in its own.
  const origin = env['GITHUB_ACTION_REPOSITORY'] || repository;
  return {
    isGitHub: env['GITHUB_ACTIONS'] === 'true',
    actor: env['GITHUB_TRIGGERING_ACTOR'] ?? env['GITHUB_ACTOR'] ?? userName() ?? 'somebody',
    runUrl:
      page === undefined || run === undefined
        ? undefined
        : `${page}/actions/runs/${run}/attempts/${env['GITHUB_RUN_ATTEMPT'] ?? '1'}`,
    repository,
    apiUrl: env['GITHUB_API_URL'] ?? 'https://api.github.com',
    filesUrl:
      origin !== repository
        ? `${server}/${origin}/blob/main`
        : page === undefined || sha === undefined
          ? undefined
          : `${page}/blob/${sha}`,
    eventName: env['GITHUB_EVENT_NAME'] ?? 'local',
    workflowFile: /\/([^/@]+)@/.exec(env['GITHUB_WORKFLOW_REF'] ?? '')?.[1],
    pull,
    fork:
      ended === undefined
        ? undefined
        : { repository: ended.head_repository.full_name, branch: ended.head_branch },
    sha,
    outputFile: env['GITHUB_OUTPUT'] || undefined,
    summaryFile: env['GITHUB_STEP_SUMMARY'] || undefined,
    folder: env['RUNNER_TEMP'] ?? env['TMPDIR'] ?? '/tmp',
  };
}

/** What the event document contains: the pull request, or the finished run. */
function readEvent(path: string | undefined, repository: string | undefined) {
  if (path === undefined || !existsSync(path)) return {};
  const parsed = event.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  const { pull_request: pull, workflow_run: ended } = parsed.data ?? {};
  if (pull === undefined) return { ended };
  // A fork that was deleted has no repository: it is treated as a fork.
  const isFork = pull.head.repo === null || pull.head.repo.full_name !== repository;
  return { pull: { number: pull.number, headSha: pull.head.sha, isFork, isDraft: pull.draft } };
}

/** A reason with the person who gave it, for audit trails; a long reason is cut to keep the person. */
export function reasonWithRequester(context: RunContext, reason: string, limit = 500): string {
  const who = ` (asked by ${context.actor}${context.runUrl === undefined ? '' : `, ${context.runUrl}`})`;
  const room = Math.max(20, limit - who.length);
  return `${reason.length > room ? `${reason.slice(0, room - 1)}…` : reason}${who}`.slice(0, limit);
}
